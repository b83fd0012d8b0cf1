//! Size, depth and number.

use genesys_template::{ErrorKind as K, Limits, Scope, Template, Values};
use serde_json::json;

use crate::{input, json, problems};

fn with(limits: Limits) -> Scope {
    Scope::node().with_limits(limits)
}

#[test]
fn ten_megabytes_are_refused_before_they_are_written() {
    let big = "a".repeat(10 << 20);
    let values = input(json!({ "a": big }));
    for text in [
        r#"{"a":"{{input.a}}"}"#,
        r#"{"a":{{input.a}}}"#,
        r#"{"a":{{input}}}"#,
    ] {
        let error = json(text).unwrap().render(&values).unwrap_err();
        assert_eq!(
            (error.kind(), error.is_value()),
            (K::TooLarge, true),
            "{text}"
        );
    }
    let scope = with(Limits::default().with_output_bytes(11 << 20));
    let template = Template::json(r#""{{input.a}}""#, &scope).unwrap();
    assert_eq!(
        template.render(&values).unwrap().text().len(),
        big.len() + 2
    );
    // What grows by being escaped is held to the limit as it comes out.
    let values = input(json!({"a": "\u{1}".repeat(2 << 20)}));
    assert_eq!(template.render(&values).unwrap_err().kind(), K::TooLarge);
}

#[test]
fn the_output_has_a_limit_to_the_byte() {
    let template = |limit| {
        let scope = with(Limits::default().with_output_bytes(limit));
        Template::json(r#"{"a":"{{input.a}}"}"#, &scope).unwrap()
    };
    let values = input(json!({"a": "12\n"}));
    assert_eq!(
        template(12).render(&values).unwrap().text(),
        r#"{"a":"12\n"}"#
    );
    assert_eq!(
        template(11).render(&values).unwrap_err().kind(),
        K::TooLarge
    );
    assert_eq!(template(3).render(&values).unwrap_err().kind(), K::TooLarge);
}

#[test]
fn ten_thousand_levels_are_refused_without_a_stack() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(
        problems(&json(&deep).unwrap_err()),
        [(K::TooDeep, Some(50))]
    );
    let values = Values::new()
        .with_text("input", &format!("{{\"a\":{deep}}}"))
        .unwrap();
    let error = json(r#"{"x":{{input.a}}}"#)
        .unwrap()
        .render(&values)
        .unwrap_err();
    assert_eq!(problems(&error), [(K::TooDeep, Some(5))]);
    assert!(error.is_value());
}

#[test]
fn depth_counts_what_is_around_a_hole_and_what_is_in_it() {
    let scope = with(Limits::default().with_depth(3));
    let template = Template::json(r#"{"a":[{{input.a}}]}"#, &scope).unwrap();
    assert!(template.render(&input(json!({"a": {"b": 1}}))).is_ok());
    let error = template
        .render(&input(json!({"a": {"b": []}})))
        .unwrap_err();
    assert_eq!(error.kind(), K::TooDeep);
}

#[test]
fn templates_have_limits_of_their_own() {
    let scope = with(Limits::default().with_holes(2).with_template_bytes(60));
    assert!(Template::json("[{{input.a}},{{input.b}}]", &scope).is_ok());
    let error = Template::json("[{{input.a}},{{input.b}},{{input.c}}]", &scope).unwrap_err();
    assert_eq!(problems(&error), [(K::TooManyHoles, Some(25))]);
    let long = format!("\"{}\"", "x".repeat(60));
    assert_eq!(
        Template::json(&long, &scope).unwrap_err().kind(),
        K::TooLarge
    );
}

#[test]
fn hostile_texts_take_linear_time() {
    // Each of these is quadratic or worse for a naive reader; a quadratic one would not finish.
    let limits = Limits::default()
        .with_template_bytes(64 << 20)
        .with_holes(1 << 20);
    let scope = with(limits);
    let many = 1 << 17;
    for text in [
        "{{".repeat(many),
        "{{a".repeat(many),
        format!("{}}}}}", "{{ ".repeat(many)),
        "[".repeat(many),
        "\"\\u".repeat(many),
        "{\"a\":".repeat(many),
        format!("https://h.example/{}", "/".repeat(many)),
        format!("https://h.example/{}", "../".repeat(many)),
        format!("https://h.example/?{}", "&=".repeat(many)),
    ] {
        let _ = Template::json(&text, &scope);
        let _ = Template::url(&text, &scope);
        let _ = Template::header("x", &text, &scope);
        let _ = Values::new().with_text("input", &text);
    }
    let keys: Vec<String> = (0..100_000)
        .map(|number| format!("\"{number}\":{number}"))
        .collect();
    let values = Values::new()
        .with_text("input", &format!("{{{}}}", keys.join(",")))
        .unwrap();
    assert!(json("{{input.a}}").unwrap().render(&values).is_err());
}
