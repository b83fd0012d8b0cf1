//! Schemas: derived, and compared with a declared one.

use genesys_template::{DisagreementKind as D, RequestTemplate, Scope, Template, Values};
use serde_json::{Value, json};

use crate::json;

fn request(scope: Scope) -> RequestTemplate {
    RequestTemplate::builder("https://h.example/{{input.targetId}}", scope)
        .with_header("authorization", "Bearer {{credentials.token}}")
        .with_body(r#"{"id":"{{input.targetId}}","data":{{input.requestPayload}},"{{input.k}}":"{{input.customer.name}}","p":{{input.page}}}"#)
        .build()
        .unwrap()
}

fn found(disagreements: &[genesys_template::Disagreement]) -> Vec<(D, &str, &str)> {
    disagreements
        .iter()
        .map(|one| (one.kind(), one.variable(), one.pointer()))
        .collect()
}

#[test]
// errata RST-09
fn the_derived_schema_says_what_the_template_needs() {
    let schema = request(Scope::node().with_default("input.page", 1)).input_schema("input");
    let scalar = json!(["boolean", "number", "string"]);
    assert_eq!(
        schema,
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "targetId": {"type": scalar, "minLength": 1},
                "requestPayload": {},
                "k": {"type": "string"},
                "customer": {"type": "object", "properties": {"name": {"type": scalar}}, "required": ["name"]},
                "page": {},
            },
            "required": ["customer", "k", "requestPayload", "targetId"],
        })
    );
}

#[test]
fn an_input_of_the_right_types_renders_and_another_does_not() {
    let texts = [
        r#"{"a":"{{input.a}}","b":{{input.b}}}"#,
        r#"{"{{input.a}}":{{input.b.c}}}"#,
        r#"["{{input.b.c.d}}",{{input.a}}]"#,
        r#"{"a":"{{input.a}}","b":{{input.a}}}"#,
        "{{input}}",
    ];
    let samples = [
        json!("x"),
        json!(1),
        json!(null),
        json!([]),
        json!({}),
        json!({"c": {"d": "y"}}),
        json!({"c": 1}),
    ];
    let mut agreed = [0, 0];
    for text in texts {
        let template = json(text).unwrap();
        let schema = jsonschema::draft202012::new(&template.input_schema("input")).unwrap();
        for a in &samples {
            for b in samples.iter().map(Some).chain([None]) {
                let mut input = json!({ "a": a });
                if let Some(b) = b {
                    input["b"] = b.clone();
                }
                let renders = template
                    .render(&Values::new().with_json("input", &input))
                    .is_ok();
                assert_eq!(schema.is_valid(&input), renders, "{text} with {input}");
                agreed[usize::from(renders)] += 1;
            }
        }
    }
    assert!(agreed.iter().all(|count| *count > 20), "{agreed:?}");
}

#[test]
fn a_schema_that_fits_has_no_disagreement() {
    let request = request(Scope::node().with_default("input.page", 1));
    let declared = json!({
        "type": "object",
        "$defs": {"name": {"type": "string"}},
        "properties": {
            "targetId": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            "requestPayload": {"type": "object"},
            "k": {"enum": ["a", "b"]},
            "customer": {"$ref": "#/$defs/customer"},
            "page": true,
        },
        "required": ["targetId", "requestPayload", "k", "customer"],
    });
    let mut declared = declared;
    declared["$defs"]["customer"] = json!({
        "allOf": [
            {"type": "object", "required": ["name"]},
            {"properties": {"name": {"$ref": "#/$defs/name"}}},
        ],
    });
    assert_eq!(request.check_schema("input", &declared), []);
    // The derived one fits, of course.
    assert_eq!(
        request.check_schema("input", &request.input_schema("input")),
        []
    );
}

#[test]
// errata RST-09
fn every_disagreement_is_found_with_its_place() {
    let declared = json!({
        "type": "object",
        "properties": {
            "targetId": {"type": ["string", "null"]},
            "k": {"type": "integer"},
            "customer": {"type": "object", "properties": {"a/b": {}}},
            "page": {"type": "integer"},
            "unused": {"type": "string"},
        },
        "required": ["k", "page"],
    });
    let request = request(Scope::node());
    let disagreements = request.check_schema("input", &declared);
    assert_eq!(
        found(&disagreements),
        [
            (D::Undeclared, "input.customer.name", "/customer/name"),
            (D::Undeclared, "input.requestPayload", "/requestPayload"),
            (D::NeverFits, "input.k", "/k"),
            (D::MayNotFit, "input.targetId", "/targetId"),
            (D::MayBeMissing, "input.customer", "/customer"),
            (D::MayBeMissing, "input.targetId", "/targetId"),
            (D::Unused, "input.customer.a/b", "/customer/a~1b"),
            (D::Unused, "input.unused", "/unused"),
        ]
    );
    let errors = disagreements.iter().filter(|one| one.kind().is_error());
    assert_eq!(errors.count(), 3);
    assert_eq!(
        disagreements[2].to_string(),
        "input.k never fits its place: string is needed, number is allowed"
    );
}

#[test]
// errata RST-09
fn the_tutorial_declares_too_little_and_its_token_is_no_input() {
    let declared = json!({
        "type": "object",
        "properties": {
            "targetId": {"type": "string"},
            "requestPayload": {"type": "object"},
        },
        "required": ["targetId"],
    });
    let build = |scope: Scope, token: &str| {
        RequestTemplate::builder(
            "https://api.external-system.com/v1/resources/{{input.targetId}}",
            scope,
        )
        .with_header("Authorization", format!("Bearer {{{{{token}}}}}"))
        .with_body(r#"{"resourceId":"{{input.targetId}}","data":{{input.requestPayload}}}"#)
        .build()
        .unwrap()
    };
    let as_input = build(Scope::node(), "input.authToken").check_schema("input", &declared);
    assert_eq!(
        found(&as_input),
        [
            (D::Undeclared, "input.authToken", "/authToken"),
            (D::MayBeMissing, "input.requestPayload", "/requestPayload"),
        ]
    );
    let with_default = Scope::node().with_default("input.requestPayload", json!({}));
    assert_eq!(
        build(with_default.clone(), "credentials.authToken").check_schema("input", &declared),
        []
    );
    // Declared to be secret, it has no place in the schema.
    let secret = with_default.with_secret("input.authToken");
    let request = build(secret, "input.authToken");
    assert_eq!(request.check_schema("input", &declared), []);
    assert!(
        request.input_schema("input")["properties"]
            .get("authToken")
            .is_none()
    );
    let mut telling = declared;
    telling["properties"]["authToken"] = json!({"type": "string"});
    let disagreements = request.check_schema("input", &telling);
    assert_eq!(
        found(&disagreements),
        [(D::SecretDeclared, "input.authToken", "/authToken")]
    );
}

#[test]
fn schemas_of_any_shape_end_the_comparison() {
    let template = Template::json(r#"{"a":"{{input.a.b}}"}"#, &Scope::node()).unwrap();
    let cyclic = json!({"$ref": "#", "properties": {"a": {"$ref": "#/properties/a"}}});
    let _ = template.check_schema("input", &cyclic);
    let wide = json!({"allOf": [{"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}, {"oneOf": [{"$ref": "#"}, {"$ref": "#"}]}]});
    let _ = template.check_schema("input", &wide);
    for (schema, kind) in [
        (json!(true), D::MayNotFit),
        (json!(false), D::NeverFits),
        (json!({}), D::MayNotFit),
        (json!({"type": "string"}), D::NeverFits),
        (
            json!({"$ref": "https://elsewhere.example/schema"}),
            D::MayNotFit,
        ),
        (json!({"const": {}}), D::Undeclared),
        (json!("nonsense"), D::MayNotFit),
    ] {
        let disagreements = template.check_schema("input", &schema);
        assert!(
            disagreements.iter().any(|one| one.kind() == kind),
            "{schema}: {disagreements:?}"
        );
    }
    let open = json!({"type": "object", "required": ["a"], "additionalProperties": {"type": "object", "required": ["b"], "additionalProperties": {"type": "string"}}});
    assert_eq!(
        template.check_schema("input", &open),
        Vec::<genesys_template::Disagreement>::new()
    );
    let _: Value = template.input_schema("other");
}
