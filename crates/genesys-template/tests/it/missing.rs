//! Variables without a value.

use genesys_template::{ErrorKind as K, Missing, Scope, Template, Values};
use serde_json::json;

use crate::{input, json, problems};

#[test]
// errata RST-15
fn every_missing_variable_is_named_at_once() {
    let template =
        json(r#"{"a":"{{input.a}}","b":{{input.b}},"c":{{input.a}},"d":"{{input.d.e}}"}"#).unwrap();
    let error = template
        .render(&input(json!({"b": 1, "d": "no object"})))
        .unwrap_err();
    let names: Vec<&str> = error.missing().iter().map(|name| name.as_str()).collect();
    assert_eq!(names, ["input.a", "input.d.e"]);
    assert_eq!(
        problems(&error),
        [
            (K::Missing, Some(6)),
            (K::Missing, Some(39)),
            (K::Missing, Some(56)),
        ]
    );
    assert_eq!(
        error.to_string(),
        "body at byte 6, input.a: no value; body at byte 39, input.a: no value; body at byte 56, input.d.e: no value"
    );
}

#[test]
// errata RST-15
fn defaults_and_optional_variables_are_declared_beside_the_template() {
    let scope = Scope::node()
        .with_default("input.page", 1)
        .with_default("input.tags", json!(["a"]))
        .with_optional("input.note");
    let text = r#"{"page":{{input.page}},"text":"{{input.page}}","tags":{{input.tags}},"note":"{{input.note}}","raw":{{input.note}}}"#;
    let template = Template::json(text, &scope).unwrap();
    assert_eq!(
        template.render(&Values::new()).unwrap().text(),
        r#"{"page":1,"text":"1","tags":["a"],"note":"","raw":null}"#
    );
    let values = input(json!({"page": 2, "tags": null, "note": "n"}));
    assert_eq!(
        template.render(&values).unwrap().text(),
        r#"{"page":2,"text":"2","tags":null,"note":"n","raw":"n"}"#
    );
    // A default is held to the place like any value, and a null is no missing value.
    let path = Template::url("https://h.example/{{input.tags}}", &scope).unwrap();
    assert_eq!(
        path.render(&Values::new()).unwrap_err().kind(),
        K::NotScalar
    );
    let path = Template::url("https://h.example/{{input.page}}", &scope).unwrap();
    assert_eq!(
        path.render(&input(json!({"page": null})))
            .unwrap_err()
            .kind(),
        K::Null
    );
    let path = Template::url("https://h.example/{{input.note}}", &scope).unwrap();
    assert_eq!(
        path.render(&Values::new()).unwrap_err().kind(),
        K::EmptySegment
    );
}

#[test]
// errata RST-15
fn placeholders_stay_only_when_asked_to_and_never_for_secrets() {
    let scope = Scope::node().with_missing(Missing::Preserve);
    let text = r#"{"a":"{{ input.a }}","b":{{input.b}},"c":"{{input.c}}"}"#;
    let template = Template::json(text, &scope).unwrap();
    let rendered = template
        .render(&input(json!({"c": "{{input.a}}"})))
        .unwrap();
    assert_eq!(
        rendered.text(),
        r#"{"a":"{{ input.a }}","b":{{input.b}},"c":"\u007b\u007binput.a}}"}"#
    );
    assert!(!rendered.is_complete());
    let kept: Vec<bool> = rendered.spans().map(|span| span.preserved).collect();
    assert_eq!(kept, [true, true, false]);
    // Keeping them again changes nothing.
    let again = Template::json(rendered.text(), &scope).unwrap();
    assert_eq!(
        again.render(&Values::new()).unwrap().text(),
        rendered.text()
    );
    // The rest of the values completes it.
    let done = again
        .render(&input(json!({"a": 1, "b": {"x": "{"}})))
        .unwrap();
    assert!(done.is_complete());
    let parsed: serde_json::Value = serde_json::from_str(done.text()).unwrap();
    assert_eq!(
        parsed,
        json!({"a": "1", "b": {"x": "{"}, "c": "{{input.a}}"})
    );

    let header = Template::header("authorization", "Bearer {{credentials.token}}", &scope).unwrap();
    let error = header.render(&Values::new()).unwrap_err();
    assert_eq!(error.missing().len(), 1);
    let empty = Scope::node().with_missing(Missing::Empty);
    let header = Template::header("authorization", "Bearer {{credentials.token}}", &empty).unwrap();
    assert!(
        header.render(&Values::new()).is_err(),
        "no empty credential by accident"
    );
    let declared = Scope::node().with_optional("credentials.token");
    let header = Template::header("x", "{{credentials.token}}", &declared).unwrap();
    assert_eq!(header.render(&Values::new()).unwrap().text(), "");
}

#[test]
fn a_scope_that_means_nothing_is_refused_with_every_reason() {
    let scope = Scope::new()
        .with_root("a.b")
        .with_root("")
        .with_secret("other.token")
        .with_secret("credentials")
        .with_default("credentials.token", "x")
        .with_missing_variable("credentials", Missing::Preserve)
        .with_default("in put", 1);
    let error = Template::json("1", &scope).unwrap_err();
    assert_eq!(error.problems().len(), 6, "{error}");
    assert!(
        error
            .problems()
            .iter()
            .all(|problem| problem.kind() == K::InvalidScope)
    );
    assert!(!error.is_value());
}

#[test]
fn the_last_declaration_of_a_variable_counts() {
    let scope = Scope::node()
        .with_default("input.a", 1)
        .with_default("input.a", 2);
    let template = Template::json("{{input.a}}", &scope).unwrap();
    assert_eq!(template.render(&Values::new()).unwrap().text(), "2");
}
