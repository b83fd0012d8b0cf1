//! Schemas that strangers wrote, held against what strangers sent.

use genesys_integrations::schema::{Draft, Schema, SchemaErrorKind, SchemaLimits};
use serde_json::{Map, Value, json};

fn refusal(schema: Value) -> SchemaErrorKind {
    match Schema::compile(&schema) {
        Ok(_) => panic!("accepted: {schema}"),
        Err(error) => error.kind(),
    }
}

/// Definitions `d0` to `dN`, each made of the next by `link`.
fn chain(length: usize, link: impl Fn(Value) -> Value, last: Value) -> Value {
    let mut definitions = Map::new();
    for index in 0..length {
        let next = json!({"$ref": format!("#/definitions/d{}", index + 1)});
        definitions.insert(format!("d{index}"), link(next));
    }
    definitions.insert(format!("d{length}"), last);
    json!({"definitions": definitions, "$ref": "#/definitions/d0"})
}

/// `inner` below `depth` members; made without recursion.
fn within(name: &str, depth: usize, inner: Value) -> Value {
    (0..depth).fold(inner, |value, _| {
        Value::Object(Map::from_iter([(name.to_owned(), value)]))
    })
}

fn nested(depth: usize, inner: Value) -> Value {
    within("a", depth, inner)
}

#[test]
fn every_violation_is_named_with_its_place_in_value_and_schema() {
    // errata RST-37, RST-39
    let schema = Schema::compile(&json!({
        "type": "object",
        "properties": {"status": {"type": "string"}, "n": {"maximum": 3}, "list": {"items": {"enum": ["a", "b"]}}},
        "required": ["status", "resultId"],
        "additionalProperties": false,
    }))
    .unwrap();
    let found = schema.violations(&json!({"status": 1, "n": 4, "list": ["a", "c"], "x/y": 0}));
    let mut places: Vec<(&str, &str, &str)> = found
        .iter()
        .map(|one| (&*one.keyword, &*one.instance_path, &*one.schema_path))
        .collect();
    places.sort_unstable();
    assert_eq!(
        places,
        [
            ("additionalProperties", "", "/additionalProperties"),
            ("enum", "/list/1", "/properties/list/items/enum"),
            ("maximum", "/n", "/properties/n/maximum"),
            ("required", "", "/required"),
            ("type", "/status", "/properties/status/type"),
        ]
    );
}

#[test]
fn no_message_quotes_a_value() {
    let schema = Schema::compile(&json!({
        "properties": {
            "a": {"type": "integer"}, "b": {"const": 1}, "c": {"pattern": "^x"}, "d": {"maxLength": 3}, "e": {"maximum": 3},
            "f": {"enum": [1]}, "g": {"not": {"type": "string"}}, "h": {"anyOf": [{"type": "null"}]}, "i": {"oneOf": [{"type": "null"}]},
            "j": {"contains": {"type": "null"}}, "k": {"uniqueItems": true}, "l": {"multipleOf": 2}, "m": false,
            "n": {"propertyNames": {"maxLength": 1}}, "o": {"if": true, "then": {"type": "null"}}, "p": {"format": "email"},
            "q": {"items": [{}], "additionalItems": false},
        }
    }))
    .unwrap();
    let text = "s3cr3t-424242";
    let value = json!({
        "a": text, "b": text, "c": text, "d": text, "e": 424_242, "f": text, "g": text, "h": text, "i": text, "j": [text],
        "k": [text, text], "l": 424_243, "m": text, "n": {"s3cr3t-424242": 1}, "o": text, "p": text, "q": [1, text],
    });
    let found = schema.violations(&value);
    assert_eq!(found.len(), 16);
    for violation in &found {
        let shown = format!("{violation} {}", serde_json::to_string(violation).unwrap());
        assert!(
            !shown.contains("424242") && !shown.contains("424243"),
            "{shown}"
        );
        assert!(!violation.message.contains('\n'));
    }
}

#[test]
fn the_draft_is_pinned_by_the_schema_or_by_us() {
    let tuple = |uri: Option<&str>| {
        let mut schema = json!({"prefixItems": [{"type": "string"}]});
        if let Some(uri) = uri {
            schema["$schema"] = uri.into();
        }
        schema
    };
    // A keyword of 2020-12 that draft 7 does not know.
    let seven = Schema::compile(&tuple(None)).unwrap();
    assert_eq!(
        (seven.draft(), seven.is_valid(&json!([1]))),
        (Draft::Draft7, true)
    );
    for draft in Draft::ALL {
        let schema = Schema::compile(&tuple(Some(draft.uri()))).unwrap();
        assert_eq!(schema.draft(), draft);
        assert_eq!(schema.is_valid(&json!([1])), draft != Draft::Draft202012);
    }
    for other in [
        "http://json-schema.org/draft-04/schema#",
        "http://json-schema.org/draft-06/schema#",
        "http://json-schema.org/schema#",
        "https://example.com/mine",
    ] {
        assert_eq!(
            refusal(tuple(Some(other))),
            SchemaErrorKind::Draft,
            "{other}"
        );
    }
}

#[test]
fn a_schema_within_is_held_to_the_same_drafts() {
    let other = json!({"$id": "x", "$schema": "http://json-schema.org/draft-04/schema#"});
    for (schema, pointer) in [
        (json!({"properties": {"a": other}}), "/properties/a/$schema"),
        (
            json!({"definitions": {"a": other}}),
            "/definitions/a/$schema",
        ),
    ] {
        let error = Schema::compile(&schema).unwrap_err();
        assert_eq!(
            (error.kind(), error.pointer()),
            (SchemaErrorKind::Draft, pointer)
        );
    }
    // Not where it is a value, or a member's name.
    let data = json!({"const": other, "properties": {"$schema": {"type": "string"}}});
    assert!(Schema::compile(&data).is_ok());
}

#[test]
fn a_schema_reaches_neither_network_nor_file() {
    // errata RST-38
    for reference in [
        "https://example.com/schema.json",
        "http://127.0.0.1:9/schema.json",
        "file:///etc/passwd",
        "file:schema.json",
        "ftp://example.com/x",
        "//example.com/x",
        "other.json",
        "other.json#/definitions/a",
    ] {
        for place in [
            json!({"$ref": reference}),
            json!({"properties": {"a": {"items": {"$ref": reference}}}}),
            json!({"$id": "https://example.com/here/", "allOf": [{"$ref": reference}]}),
        ] {
            assert_eq!(
                refusal(place),
                SchemaErrorKind::RemoteReference,
                "{reference}"
            );
        }
    }
    let recursive =
        json!({"$schema": Draft::Draft202012.uri(), "$dynamicRef": "https://example.com/x#a"});
    assert_eq!(refusal(recursive), SchemaErrorKind::RemoteReference);
    assert_eq!(
        refusal(json!({"$ref": "#/definitions/none"})),
        SchemaErrorKind::BrokenReference
    );
    // What was handed in is no network.
    let handed = Schema::builder()
        .with_document("https://example.com/text.json", json!({"type": "string"}))
        .compile(&json!({"$ref": "https://example.com/text.json"}))
        .unwrap();
    assert!(handed.is_valid(&json!("x")) && !handed.is_valid(&json!(1)));
}

#[test]
fn a_schema_that_never_ends_is_refused() {
    for endless in [
        json!({"$ref": "#"}),
        json!({"allOf": [{"$ref": "#"}]}),
        json!({"not": {"$ref": "#"}}),
        json!({"if": {"anyOf": [{"$ref": "#/if"}]}}),
        json!({"definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}}, "$ref": "#/definitions/a"}),
        json!({"definitions": {"a": {"$id": "#x", "oneOf": [{"$ref": "#x"}]}}, "properties": {"p": {"$ref": "#x"}}}),
        json!({"$schema": Draft::Draft202012.uri(), "$defs": {"a": {"$anchor": "x", "dependentSchemas": {"k": {"$ref": "#x"}}}}, "$ref": "#x"}),
        json!({"$schema": Draft::Draft201909.uri(), "allOf": [{"$recursiveRef": "#"}]}),
    ] {
        assert_eq!(
            refusal(endless.clone()),
            SchemaErrorKind::Cycle,
            "{endless}"
        );
    }
    // One that leads back for a part of the value ends with the value.
    let tree =
        Schema::compile(&json!({"properties": {"a": {"$ref": "#"}, "n": {"type": "integer"}}}))
            .unwrap();
    assert!(tree.is_valid(&nested(50, json!({"n": 1}))));
    assert_eq!(tree.violations(&nested(50, json!({"n": "x"}))).len(), 1);
}

#[test]
fn references_that_multiply_or_go_on_for_ever_are_refused() {
    let double = |next: Value| json!({"allOf": [next.clone(), next]});
    assert!(Schema::compile(&chain(8, double, json!({"type": "string"}))).is_ok());
    for length in [16, 20, 30] {
        assert_eq!(
            refusal(chain(length, double, json!({}))),
            SchemaErrorKind::TooWide
        );
    }
    let below = |next: Value| json!({"properties": {"a": next.clone(), "b": next}});
    assert_eq!(
        refusal(chain(30, below, json!({}))),
        SchemaErrorKind::TooWide
    );
    // Chains that a stack could not hold, of the engine's compiler or of its validator.
    assert_eq!(
        refusal(chain(20_000, |next| next, json!({}))),
        SchemaErrorKind::TooWide
    );
    let deep = |next: Value| json!({"items": next});
    assert_eq!(
        refusal(chain(2_000, deep, json!({}))),
        SchemaErrorKind::TooWide
    );
}

#[test]
fn the_longest_schemas_allowed_fit_a_small_stack() {
    let run = || {
        let back = json!({"properties": {"a": {"$ref": "#/definitions/d0"}}});
        let long = Schema::compile(&chain(60, |next| next, back)).unwrap();
        assert!(long.is_valid(&nested(63, json!({}))));
        assert!(Schema::compile(&chain(480, |next| json!({"items": next}), json!({}))).is_ok());
    };
    // What a worker of a runtime has.
    let thread = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(run)
        .unwrap();
    thread.join().unwrap();
}

#[test]
fn a_schema_that_branches_on_itself_is_decided_and_explained_as_far_as_that_ends() {
    let schema = Schema::compile(&json!({"anyOf": [
        {"properties": {"a": {"$ref": "#"}, "n": {"type": "integer"}}},
        {"properties": {"a": {"$ref": "#"}, "n": {"type": "null"}}},
    ]}))
    .unwrap();
    assert!(schema.is_valid(&nested(60, json!({"n": 1}))));
    assert_eq!(
        schema.violations(&nested(3, json!({"n": "x"})))[0].keyword,
        "anyOf"
    );
    let deep = schema.violations(&nested(60, json!({"n": "x"})));
    assert_eq!((deep.len(), &*deep[0].keyword), (1, "depth"));
}

#[test]
fn patterns_are_matched_in_linear_time_or_refused() {
    for pattern in [
        "(a)\\1",
        "(?=a)b",
        "(?<!a)b",
        "((a{100}){100}){100}",
        "(?P<n>a)(?P=n)",
    ] {
        assert_eq!(
            refusal(json!({"pattern": pattern})),
            SchemaErrorKind::Pattern,
            "{pattern}"
        );
        let names = json!({"patternProperties": {pattern: {}}});
        assert_eq!(refusal(names), SchemaErrorKind::Pattern, "{pattern}");
    }
    // Catastrophic for an engine that goes back.
    let schema = Schema::compile(&json!({"pattern": "^(a+)+$"})).unwrap();
    assert!(!schema.is_valid(&json!("a".repeat(200_000) + "b")));
}

#[test]
fn sizes_and_depths_are_bounded_without_a_stack() {
    let deep = |depth| nested(depth, json!({}));
    let schema = Schema::compile(&json!({})).unwrap();
    assert!(schema.is_valid(&deep(63)));
    // A value this deep cannot even be dropped on a small stack.
    let abyss = std::mem::ManuallyDrop::new(deep(10_000));
    let found = schema.violations(&abyss);
    assert_eq!((&*found[0].keyword, found.len()), ("depth", 1));
    let abyss = std::mem::ManuallyDrop::new(within("not", 10_000, json!({})));
    let refused = Schema::compile(&abyss).map(drop).unwrap_err();
    assert_eq!(refused.kind(), SchemaErrorKind::TooDeep);

    let text = format!(r#"{{"description": "{}"}}"#, "x".repeat(300_000));
    assert_eq!(
        Schema::parse(&text).unwrap_err().kind(),
        SchemaErrorKind::TooLarge
    );
    assert_eq!(
        Schema::parse(&"[".repeat(10_000)).unwrap_err().kind(),
        SchemaErrorKind::Json
    );
    let few = Schema::builder()
        .with_limits(SchemaLimits::default().with_violations(3))
        .compile(&json!({"items": {"type": "null"}}))
        .unwrap();
    assert_eq!(few.violations(&json!([1, 2, 3, 4, 5])).len(), 3);
}

#[test]
fn what_is_no_schema_is_refused_with_its_place() {
    let error = Schema::compile(&json!({"properties": {"a": {"type": "strin"}}})).unwrap_err();
    assert_eq!(
        (error.kind(), error.pointer()),
        (SchemaErrorKind::Invalid, "/properties/a/type")
    );
    for bad in [
        json!(7),
        json!([]),
        json!({"required": "a"}),
        json!({"$schema": 7}),
        json!({"minLength": -1}),
    ] {
        assert_eq!(refusal(bad.clone()), SchemaErrorKind::Invalid, "{bad}");
    }
    assert!(Schema::compile(&json!(true)).unwrap().is_valid(&json!(1)));
}

#[test]
fn formats_are_notes_unless_they_are_asked_for() {
    let schema = json!({"format": "ipv4"});
    for draft in Draft::ALL {
        let builder = Schema::builder().with_default_draft(draft);
        assert!(builder.compile(&schema).unwrap().is_valid(&json!("x")));
        assert!(
            !builder
                .with_formats()
                .compile(&schema)
                .unwrap()
                .is_valid(&json!("x"))
        );
    }
}

#[test]
fn names_that_mean_something_elsewhere_are_names() {
    let schema = Schema::compile(&json!({
        "properties": {"__proto__": {"type": "string"}, "constructor": {"type": "string"}, "$ref": {"type": "string"}},
        "required": ["__proto__"],
    }))
    .unwrap();
    assert!(schema.is_valid(&json!({"__proto__": "x", "$ref": "https://example.com"})));
    assert_eq!(schema.violations(&json!({"constructor": 1})).len(), 2);
}

#[test]
fn a_compiled_schema_is_shared_and_not_compiled_again() {
    // errata RST-38
    let schema = Schema::compile(&json!({"type": "object"})).unwrap();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let schema = schema.clone();
            std::thread::spawn(move || (0..1_000).all(|n| schema.is_valid(&json!({"n": n}))))
        })
        .collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
}
