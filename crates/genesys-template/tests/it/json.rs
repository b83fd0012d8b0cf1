//! JSON documents: places, structure, the webhook's payload.

use genesys_template::{ErrorKind as K, Position as P, Scope, Template, Values};
use serde_json::{Value, json};

use crate::{input, json, problems};

#[test]
fn a_hole_stands_in_a_string_in_a_key_or_for_a_value() {
    let text = r#" { "a{{input.a}}" : "{{input.b}}", "c" : [ {{input.c}} , "x{{ input.d }}{{input.e}}" ], "\"{{input.f}}" : {{input.g}} } "#;
    let positions: Vec<P> = json(text)
        .unwrap()
        .holes()
        .map(|hole| hole.position())
        .collect();
    assert_eq!(
        positions,
        [
            P::JsonKey,
            P::JsonString,
            P::JsonValue,
            P::JsonString,
            P::JsonString,
            P::JsonKey,
            P::JsonValue
        ]
    );
    assert_eq!(
        json("{{input}}")
            .unwrap()
            .holes()
            .next()
            .unwrap()
            .position(),
        P::JsonValue
    );
}

#[test]
fn text_between_the_holes_is_kept_to_the_byte() {
    let text = " {\"n\" : 1.0e-0,\r\n\t\"s\":\"\\u00e9é\\/\" , \"v\" : {{input.v}} }\n";
    let rendered = json(text)
        .unwrap()
        .render(&input(json!({"v": []})))
        .unwrap();
    assert_eq!(rendered.text(), text.replace("{{input.v}}", "[]"));
}

#[test]
// errata RST-12
fn what_is_no_json_around_its_holes_is_refused_at_its_byte() {
    for (text, offset) in [
        ("", 0),
        ("{{input.a}}{{input.b}}", 11),
        ("1{{input.a}}", 1),
        ("{{input.a}}1", 11),
        ("{\"a\":{{input.a}}{{input.b}}}", 16),
        ("{\"a\":-{{input.a}}}", 6),
        ("[{{input.a}} {{input.b}}]", 13),
        ("{ {{input.a}}: 1}", 2),
        ("{ {{input.a}} }", 2),
        ("{\"a\" {{input.a}}}", 5),
        ("\"{{input.a}}", 12),
        ("\"\\{{input.a}}\"", 1),
        ("\"\\u00{{input.a}}\"", 1),
        ("[{{input.a}}", 12),
        ("[{{input.a}}}", 12),
        ("{\"a\":1,}", 7),
        ("'{{input.a}}'", 0),
        ("tru{{input.a}}", 0),
        ("[1, // {{input.a}}\n2]", 4),
    ] {
        let error = json(text).unwrap_err();
        assert_eq!(
            problems(&error),
            [(K::InvalidJson, Some(offset))],
            "{text}: {error}"
        );
    }
}

#[test]
// errata RST-10, RST-17, RST-53
fn a_value_has_its_type_and_a_string_takes_scalars_alone() {
    let bare = json("[{{input.a}}]").unwrap();
    let quoted = json("[\"{{input.a}}\"]").unwrap();
    for (value, text) in [
        (json!("x"), Some("x")),
        (json!(7), Some("7")),
        (json!(true), Some("true")),
        (json!(null), None),
        (json!({"a": 1}), None),
        (json!([1]), None),
    ] {
        let values = input(json!({ "a": value }));
        let parsed: Value = serde_json::from_str(bare.render(&values).unwrap().text()).unwrap();
        assert_eq!(parsed, json!([value]));
        match text {
            Some(text) => {
                let rendered = quoted.render(&values).unwrap();
                let parsed: Value = serde_json::from_str(rendered.text()).unwrap();
                assert_eq!(parsed, json!([text]));
            }
            None => {
                let kind = quoted.render(&values).unwrap_err().kind();
                assert_eq!(
                    kind,
                    if value.is_null() {
                        K::Null
                    } else {
                        K::NotScalar
                    }
                );
            }
        }
    }
}

#[test]
// errata DEP-33
fn the_payload_of_a_webhook_has_quoted_and_bare_holes() {
    let text = r#"{"orgId":"{{org.id}}","serviceTiers":["standard","premium"],"connectionLimits":{{queue.memberCount}},"timestamp":"{{timestamp}}"}"#;
    let payload = Template::json(text, &Scope::webhook()).unwrap();
    let names: Vec<&str> = payload
        .variables()
        .iter()
        .map(|name| name.as_str())
        .collect();
    assert_eq!(names, ["org.id", "queue.memberCount", "timestamp"]);

    let values = Values::new()
        .with_json("org", &json!({"id": "a\"b"}))
        .with_json("timestamp", &json!("2026-01-02T03:04:05Z"));
    // No empty place after a colon: what is missing is an error.
    let error = payload.render(&values).unwrap_err();
    assert_eq!(error.missing().len(), 1);
    assert_eq!(
        error.to_string(),
        "body at byte 79, queue.memberCount: no value"
    );

    let values = values.with_json("queue", &json!({"memberCount": 25}));
    let parsed: Value = serde_json::from_str(payload.render(&values).unwrap().text()).unwrap();
    assert_eq!(
        parsed,
        json!({
            "orgId": "a\"b",
            "serviceTiers": ["standard", "premium"],
            "connectionLimits": 25,
            "timestamp": "2026-01-02T03:04:05Z",
        })
    );
}

#[test]
fn a_byte_of_the_output_leads_to_its_variable() {
    let template = json(r#"{"a":"x{{input.a}}{{input.b}}","c":{{input.c}}}"#).unwrap();
    let rendered = template
        .render(&input(json!({"a": "é\"", "b": "", "c": [1, 2]})))
        .unwrap();
    let text = rendered.text();
    assert_eq!(text, r#"{"a":"xé\"","c":[1,2]}"#);
    let at = |needle| {
        let offset = text.find(needle).unwrap();
        rendered
            .variable_at(offset)
            .map(|variable| variable.as_str())
    };
    assert_eq!(
        (at("x"), at("é"), at("\\\""), at("[1"), at("2]"), at("}")),
        (
            None,
            Some("input.a"),
            Some("input.a"),
            Some("input.c"),
            Some("input.c"),
            None
        )
    );
    let spans: Vec<&str> = rendered.spans().map(|span| &text[span.range]).collect();
    assert_eq!(spans, ["é\\\"", "", "[1,2]"]);
}

#[test]
fn rendering_again_gives_the_same_bytes() {
    let template = json(r#"{"a":"{{input.a}}","b":{{input.b}}}"#).unwrap();
    let values = input(json!({"a": "x", "b": {"z": 1, "y": 2}}));
    let first = template.render(&values).unwrap();
    let mut again = template
        .render(&input(json!({"a": "longer than before", "b": 1})))
        .unwrap();
    template.render_into(&values, &mut again).unwrap();
    assert_eq!(first.text(), again.text());
    // What came out is a template without holes, which renders to itself.
    let fixed = json(first.text()).unwrap();
    assert_eq!(fixed.render(&Values::new()).unwrap().text(), first.text());
    // After an error nothing of an earlier result is left.
    template
        .render_into(&Values::new(), &mut again)
        .unwrap_err();
    assert_eq!((again.text(), again.spans().count()), ("", 0));
}
