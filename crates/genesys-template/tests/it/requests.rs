//! URL, headers and body as one.

use genesys_template::{
    ErrorKind as K, Part, Piece, Position, RenderedRequest, RequestTemplate, Scope, Values,
};
use secrecy::SecretString;
use serde_json::json;

/// The node of the tutorial, its token taken from the credentials.
fn node() -> RequestTemplate {
    RequestTemplate::builder(
        "https://api.external-system.com/v1/resources/{{input.targetId}}",
        Scope::node(),
    )
    .with_header("Authorization", "Bearer {{credentials.authToken}}")
    .with_header("Content-Type", "application/json")
    .with_body(r#"{"resourceId":"{{input.targetId}}","data":{{input.requestPayload}}}"#)
    .build()
    .unwrap()
}

fn values() -> Values {
    let input = json!({"targetId": "r/1", "requestPayload": {"priority": "high", "n": [1, 2]}});
    Values::new()
        .with_json("input", &input)
        .with_secret("credentials.authToken", SecretString::from("t0ken"))
}

#[test]
// errata RST-10, RST-11, RST-13
fn the_node_of_the_tutorial_renders_as_a_whole() {
    let rendered = node().render(&values()).unwrap();
    assert_eq!(
        rendered.url(),
        "https://api.external-system.com/v1/resources/r%2F1"
    );
    let headers: Vec<(&str, &str, bool)> = rendered
        .headers()
        .map(|header| (header.name.as_str(), header.value, header.sensitive))
        .collect();
    assert_eq!(
        headers,
        [
            ("authorization", "Bearer t0ken", true),
            ("content-type", "application/json", false),
        ]
    );
    assert_eq!(
        rendered.body(),
        Some(r#"{"resourceId":"r/1","data":{"n":[1,2],"priority":"high"}}"#)
    );
    assert!(rendered.is_complete());
}

#[test]
// errata RST-15
fn an_error_names_what_is_wrong_in_every_part() {
    let error = node().render(&Values::new()).unwrap_err();
    let named: Vec<(String, &Part)> = error
        .problems()
        .iter()
        .map(|problem| (problem.variable().unwrap().to_string(), problem.part()))
        .collect();
    assert_eq!(
        named,
        [
            ("input.targetId".to_owned(), &Part::Url),
            (
                "credentials.authToken".to_owned(),
                &Part::Header("authorization".into())
            ),
            ("input.targetId".to_owned(), &Part::Body),
            ("input.requestPayload".to_owned(), &Part::Body),
        ]
    );
    assert_eq!(error.missing().len(), 3);

    let error = RequestTemplate::builder("https://{{input.a}}/", Scope::node())
        .with_header("x", "{{nowhere.a}}")
        .with_header("host", "{{input.a}}")
        .with_header("X", "again")
        .with_header("x-1", "1")
        .with_header("X-1", "2")
        .with_body("{")
        .build()
        .unwrap_err();
    let kinds: Vec<K> = error
        .problems()
        .iter()
        .map(|problem| problem.kind())
        .collect();
    assert_eq!(
        kinds,
        [
            K::PlaceNotAllowed,
            K::UnknownRoot,
            K::PlaceNotAllowed,
            K::InvalidHeader,
            K::InvalidJson,
        ]
    );
    assert!(!error.is_value());
}

#[test]
fn spans_are_those_of_their_part() {
    let request =
        RequestTemplate::builder("https://h.example/{{input.a}}?x={{input.e}}", Scope::node())
            .with_header("x", "{{input.e}}")
            .with_body(r#"{"a":"{{input.a}}","b":"{{input.b}}"}"#)
            .build()
            .unwrap();
    let input = json!({"a": "1", "b": "2", "e": ""});
    let rendered = request
        .render(&Values::new().with_json("input", &input))
        .unwrap();
    let url: Vec<(&str, String)> = rendered
        .url_spans()
        .map(|span| (&rendered.url()[span.range], span.variable.to_string()))
        .collect();
    assert_eq!(
        url,
        [("1", "input.a".to_owned()), ("", "input.e".to_owned())]
    );
    let body = rendered.body().unwrap();
    let spans: Vec<(&str, String)> = rendered
        .body_spans()
        .map(|span| (&body[span.range], span.variable.to_string()))
        .collect();
    assert_eq!(
        spans,
        [("1", "input.a".to_owned()), ("2", "input.b".to_owned())]
    );
    let at = body.find('2').unwrap();
    assert_eq!(rendered.body_variable_at(at).unwrap().as_str(), "input.b");
    assert_eq!(rendered.body_variable_at(0), None);
}

#[test]
fn a_request_without_a_body_has_none() {
    let request = RequestTemplate::builder("https://h.example/", Scope::node())
        .with_header("accept", "application/json")
        .build()
        .unwrap();
    assert!(request.body().is_none());
    let rendered = request.render(&Values::new()).unwrap();
    assert_eq!(
        (
            rendered.body(),
            rendered.body_spans().count(),
            rendered.redacted_body()
        ),
        (None, 0, None)
    );
    assert_eq!(rendered.header("accept"), Some("application/json"));
    let empty = RenderedRequest::new();
    assert_eq!(
        (empty.url(), empty.body(), empty.headers().count()),
        ("", None, 0)
    );
}

#[test]
fn memory_is_used_again_and_nothing_of_an_earlier_rendering_stays() {
    let (one, other) = (
        node(),
        RequestTemplate::builder("http://h.example/", Scope::node())
            .build()
            .unwrap(),
    );
    let mut rendered = RenderedRequest::new();
    for _ in 0..3 {
        one.render_into(&values(), &mut rendered).unwrap();
        assert_eq!(
            format!("{rendered:?}"),
            format!("{:?}", one.render(&values()).unwrap())
        );
        other.render_into(&values(), &mut rendered).unwrap();
        assert_eq!(
            (rendered.url(), rendered.body(), rendered.headers().count()),
            ("http://h.example/", None, 0)
        );
        one.render_into(&Values::new(), &mut rendered).unwrap_err();
        assert_eq!(
            (rendered.url(), rendered.body(), rendered.headers().count()),
            ("", None, 0)
        );
    }
}

#[test]
fn one_limit_holds_for_all_parts_together() {
    let scope =
        Scope::node().with_limits(genesys_template::Limits::default().with_output_bytes(40));
    let request = RequestTemplate::builder("https://h.example/", scope)
        .with_body(r#"{"a":"{{input.a}}"}"#)
        .build()
        .unwrap();
    let render = |length: usize| {
        request.render(&Values::new().with_json("input", &json!({"a": "x".repeat(length)})))
    };
    assert!(render(14).is_ok());
    assert_eq!(render(15).unwrap_err().kind(), K::TooLarge);
}

#[test]
fn no_value_satisfies_a_variable_that_is_text_here_and_an_object_there() {
    let build = |scope| {
        RequestTemplate::builder("https://h.example/{{input.a}}", scope)
            .with_body("{{input.a.b}}")
            .build()
    };
    let error = build(Scope::node()).unwrap_err();
    assert_eq!(error.kind(), K::Conflict);
    assert_eq!(error.problems()[0].variable().unwrap().as_str(), "input.a");
    assert!(build(Scope::node().with_default("input.a.b", 1)).is_ok());
}

#[test]
fn pieces_lead_to_the_same_request_in_another_language() {
    let node = node();
    let lowered: String = node
        .url()
        .pieces()
        .map(|piece| match piece {
            Piece::Literal(text) => text.to_owned(),
            Piece::Hole(hole) => {
                assert_eq!(hole.position(), Position::PathSegment);
                format!("$esc.uriEncode(${{{}}})", hole.variable())
            }
        })
        .collect();
    assert_eq!(
        lowered,
        "https://api.external-system.com/v1/resources/$esc.uriEncode(${input.targetId})"
    );
    assert_eq!(node.headers().count(), 2);
    assert_eq!(node.body().unwrap().pieces().count(), 5);
    let names: Vec<&str> = node.variables().iter().map(|name| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "credentials.authToken",
            "input.requestPayload",
            "input.targetId"
        ]
    );
    assert_eq!(node.holes().filter(|hole| hole.is_secret()).count(), 1);
}
