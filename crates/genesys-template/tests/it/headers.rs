//! Header values.

use genesys_template::{ErrorKind as K, Scope, Template};
use serde_json::json;

use crate::{header, input, problems};

#[test]
fn visible_ascii_passes_as_it_is() {
    let template = header("Bearer {{input.a}}\t{{ input.b }}").unwrap();
    let visible: String = (' '..='~').collect();
    let rendered = template
        .render(&input(json!({"a": visible, "b": 7})))
        .unwrap();
    assert_eq!(rendered.text(), format!("Bearer {visible}\t7"));
}

#[test]
// errata RST-14, RST-17
fn everything_else_is_refused() {
    let template = header("{{input.a}}").unwrap();
    for (value, kind) in [
        (json!("a\nb"), K::NotHeaderText),
        (json!("ü"), K::NotHeaderText),
        (json!(null), K::Null),
        (json!([]), K::NotScalar),
        (json!({}), K::NotScalar),
    ] {
        let error = template.render(&input(json!({ "a": value }))).unwrap_err();
        assert_eq!(problems(&error), [(kind, Some(0))], "{value}");
    }
    assert_eq!(
        problems(&header("a\nb").unwrap_err()),
        [(K::NotHeaderText, Some(1))]
    );
}

#[test]
fn names_are_names_and_never_have_a_hole() {
    for (name, kind) in [
        ("x-{{input.a}}", K::PlaceNotAllowed),
        ("{{input.a}}", K::PlaceNotAllowed),
        ("a b", K::InvalidHeader),
        ("", K::InvalidHeader),
        ("a:b", K::InvalidHeader),
        ("a\r\nb", K::InvalidHeader),
    ] {
        let error = Template::header(name, "x", &Scope::node()).unwrap_err();
        assert_eq!(error.kind(), kind, "{name}");
        assert_eq!(error.to_string().lines().count(), 1);
    }
}
