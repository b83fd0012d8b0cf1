//! Secrets are typed, and shown nowhere.

use genesys_template::{ErrorKind as K, RequestTemplate, Scope, Template, Values};
use secrecy::SecretString;
use serde_json::json;

use crate::{input, json, problems};

const SECRET: &str = "pa\"ss/w0rd";

fn secret() -> Values {
    Values::new().with_secret("credentials.token", SecretString::from(SECRET))
}

#[test]
// errata ALL-16, RST-09
fn a_secret_is_rendered_for_its_place_and_shown_nowhere() {
    let request = RequestTemplate::builder(
        "https://h.example/{{credentials.token}}?t={{credentials.token}}",
        Scope::node(),
    )
    .with_header("authorization", "Bearer {{credentials.token}}")
    .with_header("x-plain", "{{input.a}}")
    .with_body(r#"{"t":"{{credentials.token}}","a":"{{input.a}}","bare":{{credentials.token}}}"#)
    .build()
    .unwrap();
    let values = secret().with_json("input", &json!({"a": "plain"}));
    let rendered = request.render(&values).unwrap();
    assert_eq!(rendered.header("Authorization"), Some("Bearer pa\"ss/w0rd"));
    assert_eq!(
        rendered.url(),
        "https://h.example/pa%22ss%2Fw0rd?t=pa%22ss%2Fw0rd"
    );
    assert_eq!(
        rendered.body(),
        Some(r#"{"t":"pa\"ss/w0rd","a":"plain","bare":"pa\"ss/w0rd"}"#)
    );

    let map = rendered.header_map().unwrap();
    assert!(map["authorization"].is_sensitive() && !map["x-plain"].is_sensitive());
    assert_eq!(
        rendered.redacted_url(),
        "https://h.example/[redacted]?t=[redacted]"
    );
    assert_eq!(
        rendered.redacted_body().unwrap(),
        r#"{"t":"[redacted]","a":"plain","bare":[redacted]}"#
    );
    let shown = format!("{rendered:?} {values:?} {request:?} {map:?}");
    assert!(!shown.contains("w0rd"), "{shown}");
    assert!(shown.contains("plain"));
}

#[test]
// errata ALL-16
fn errors_never_show_a_value() {
    let values = secret().with_json("input", &json!({"a": "w0rd\nvalue"}));
    let request = RequestTemplate::builder("https://h.example/{{input.a}}", Scope::node())
        .with_header("x", "{{input.a}}")
        .with_body(r#"{"a":{{input.b}},"c":{{credentials.none}}}"#)
        .build()
        .unwrap();
    let error = request.render(&values).unwrap_err();
    assert_eq!(error.problems().len(), 4);
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("w0rd"), "{shown}");
    let error = Values::new().with_text("input", "\"w0rd").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("w0rd"));
}

#[test]
fn a_secret_variable_takes_no_other_value() {
    let template = json(r#"{"t":"{{credentials.token}}"}"#).unwrap();
    let plain = Values::new().with_json("credentials", &json!({"token": "plain"}));
    let error = template.render(&plain).unwrap_err();
    assert_eq!(problems(&error), [(K::NotSecret, Some(6))]);
    assert!(template.render(&secret()).is_ok());
}

#[test]
fn one_variable_of_a_plain_root_may_be_secret() {
    let scope = Scope::node().with_secret("input.authToken");
    let template = Template::header("authorization", "Bearer {{input.authToken}}", &scope).unwrap();
    let plain = input(json!({"authToken": "w0rd"}));
    assert_eq!(template.render(&plain).unwrap_err().kind(), K::NotSecret);
    let values = Values::new().with_secret("input.authToken", SecretString::from("w0rd"));
    let rendered = template.render(&values).unwrap();
    assert_eq!(
        (rendered.text(), rendered.redacted()),
        ("Bearer w0rd", "Bearer [redacted]".to_owned())
    );
    assert_eq!(rendered.into_text(), "Bearer w0rd");
    // The whole of `input` would take the token along.
    let error = Template::json(r#"{"all":{{input}}}"#, &scope).unwrap_err();
    assert_eq!(problems(&error), [(K::SecretInside, Some(7))]);
    assert!(Template::json(r#"{"all":{{input.other}}}"#, &scope).is_ok());
    assert!(Template::json(r#"{"all":{{input.authTokens}}}"#, &scope).is_ok());
}

#[test]
fn a_secret_value_is_redacted_whatever_its_variable_is() {
    let values = Values::new().with_secret("input.a", SecretString::from("w0rd"));
    let rendered = json(r#"["{{input.a}}"]"#).unwrap().render(&values).unwrap();
    assert_eq!(rendered.text(), r#"["w0rd"]"#);
    assert!(!format!("{rendered:?}").contains("w0rd"));
    // It is not part of the root's value.
    let values = values.with_json("input", &json!({"b": 1}));
    let rendered = json("{{input}}").unwrap().render(&values).unwrap();
    assert_eq!(rendered.text(), r#"{"b":1}"#);
}
