//! What a node may be.

use std::time::Duration;

use genesys_integrations::nodes::{
    Method, NodeError, NodeFinding, NodeRetry, NodeRule, RestNode, RestNodeBuilder, Severity,
};
use genesys_template::Values;
use secrecy::SecretString;
use serde_json::json;

const URL: &str = "https://api.example.com/v1/resources/{{input.targetId}}";

fn post() -> RestNodeBuilder {
    RestNode::builder("A node", Method::POST, URL)
}

fn refused(builder: RestNodeBuilder) -> NodeError {
    builder.build().unwrap_err()
}

fn find(findings: &[NodeFinding], rule: NodeRule) -> &NodeFinding {
    findings
        .iter()
        .find(|found| found.rule == rule)
        .unwrap_or_else(|| panic!("{rule} is not among {findings:?}"))
}

#[test]
fn a_schema_that_was_not_given_is_derived_from_the_templates() {
    // errata RST-08
    let node = post()
        .with_body(r#"{"id":"{{input.targetId}}","data":{{input.payload}}}"#)
        .build()
        .unwrap();
    assert_eq!(node.input_schema()["type"], "object");
    assert_eq!(
        node.input_schema()["required"],
        json!(["payload", "targetId"])
    );
    assert!(node.findings().is_empty());
    let without = RestNode::builder("n", Method::GET, "https://a.example/x")
        .build()
        .unwrap();
    assert_eq!(without.input_schema()["type"], "object");
}

#[test]
fn every_input_that_is_used_is_declared_and_every_disagreement_is_named_with_its_place() {
    // errata RST-08, RST-09
    let schema = json!({
        "type": "object",
        "properties": {"targetId": {"type": "object"}, "unused": {}, "maybe": {"type": "string"}},
    });
    let error = refused(
        post()
            .with_header("X-Trace", "{{input.other}}")
            .with_body(r#"{"a": "{{input.maybe}}"}"#)
            .with_input_schema(schema),
    );
    let never = find(error.findings(), NodeRule::NeverFits);
    assert_eq!(
        (never.member.as_str(), never.offset),
        ("/requestUrl", Some(37))
    );
    let undeclared = find(error.findings(), NodeRule::Undeclared);
    assert_eq!(undeclared.member, "/requestHeaders/X-Trace");
    let missing = find(error.findings(), NodeRule::MayBeMissing);
    assert_eq!(missing.severity, Severity::Warning);
    let unused = find(error.findings(), NodeRule::Unused);
    assert_eq!(unused.member, "/inputSchema/properties/unused");
}

#[test]
fn a_default_of_the_schema_stands_in_for_a_missing_input() {
    let schema = json!({
        "type": "object",
        "properties": {"targetId": {"type": "string"}, "payload": {"type": "object", "default": {"a": 1}}},
        "required": ["targetId"],
    });
    let node = post()
        .with_body(r#"{"data":{{input.payload}}}"#)
        .with_input_schema(schema)
        .build()
        .unwrap();
    assert!(node.findings().is_empty(), "{:?}", node.findings());
    let values = Values::new().with_json("input", &json!({"targetId": "t"}));
    let rendered = node.template().render(&values).unwrap();
    assert_eq!(rendered.body(), Some(r#"{"data":{"a":1}}"#));
}

#[test]
fn a_secret_of_the_input_becomes_a_credential_in_every_place() {
    // errata RST-09
    let node = post()
        .with_header("Authorization", "Bearer {{ input.authToken }}")
        .with_body(r#"{"again": "{{input.authToken}}", "é{{input.targetId}}": 1}"#)
        .with_input_schema(json!({
            "type": "object", "properties": {"targetId": {"type": "string"}}, "required": ["targetId"],
        }))
        .build()
        .unwrap();
    assert_eq!(node.headers()[0].1, "Bearer {{ credentials.authToken }}");
    assert_eq!(
        node.body(),
        Some(r#"{"again": "{{credentials.authToken}}", "é{{input.targetId}}": 1}"#)
    );
    let moved = find(node.findings(), NodeRule::SecretMoved);
    assert_eq!(moved.severity, Severity::Warning);
    assert_eq!(moved.offset, Some(7));
    let values = Values::new()
        .with_json("input", &json!({"targetId": "t"}))
        .with_secret("credentials.authToken", SecretString::from("s3cr3t"));
    assert!(node.template().render(&values).is_ok());
    // A derived schema does not ask for it.
    let derived = post()
        .with_header("X-Api-Key", "{{input.key}}")
        .build()
        .unwrap();
    assert_eq!(derived.input_schema()["required"], json!(["targetId"]));
}

#[test]
fn a_secret_that_is_declared_as_input_or_spelt_out_is_refused() {
    // errata RST-09
    let declared = json!({
        "type": "object", "properties": {"targetId": {}, "authToken": {"type": "string"}},
    });
    let error = refused(
        post()
            .with_header("Authorization", "Bearer {{input.authToken}}")
            .with_input_schema(declared),
    );
    assert!(error.has(NodeRule::Secret));
    let error = refused(post().with_header("authorization", "Bearer abc.def.ghi"));
    assert!(error.has(NodeRule::Secret));
    assert!(!format!("{error} {error:?}").contains("abc.def"));
    let likely = post()
        .with_header("X-Session-Token", "abc")
        .build()
        .unwrap();
    assert_eq!(
        find(likely.findings(), NodeRule::Secret).severity,
        Severity::Warning
    );
    let in_url = RestNode::builder("n", Method::GET, "https://a.example/?k={{credentials.key}}");
    let in_url = in_url.build().unwrap();
    assert_eq!(
        find(in_url.findings(), NodeRule::Secret).severity,
        Severity::Warning
    );
}

#[test]
fn placeholders_stand_where_a_value_can_stay_a_value() {
    // errata RST-13, RST-14, RST-18
    for (url, offset) in [
        ("https://{{input.host}}/x", 8),
        ("{{input.scheme}}://a.example/x", 0),
        ("https://a.example:{{input.port}}/x", 18),
        ("https://a.example/{{input.a", 18),
        ("https://a.example/{{input.{{input.a}}}}", 26),
        ("https://a.example/{{input.a-b}}", 27),
        ("https://a.example/{{input.a[0]}}", 27),
        ("https://a.example/{{output.a}}", 18),
        ("https://a.example/{{input}}", 18),
        ("https://a.example/{{}}", 20),
    ] {
        let error = refused(RestNode::builder("n", Method::GET, url));
        let found = find(error.findings(), NodeRule::Placeholder);
        assert_eq!(
            (found.member.as_str(), found.offset),
            ("/requestUrl", Some(offset)),
            "{url}"
        );
    }
    for url in [
        "",
        "/relative",
        "ftp://a.example/",
        "https://user:pass@a.example/",
        "https://a.example/#{{input.a}}",
        "https://a.example/a/../b",
        "https://a.example/a b",
        "https://a.example/\u{0}",
    ] {
        let error = refused(RestNode::builder("n", Method::GET, url));
        assert!(
            error.has(NodeRule::Url) || error.has(NodeRule::Empty),
            "{url}: {error}"
        );
    }
    for header in [
        "{{input.name}}",
        "a b",
        "x\r\ny",
        "Host",
        "Transfer-Encoding",
        "Content-Length",
    ] {
        assert!(
            !refused(post().with_header(header, "x"))
                .findings()
                .is_empty(),
            "{header}"
        );
    }
    let twice = post().with_header("X-A", "1").with_header("x-a", "2");
    assert!(refused(twice).has(NodeRule::Header));
    assert!(refused(post().with_header("X-A", "a\r\nb: c")).has(NodeRule::Header));
    for body in [
        "{\"a\": }",
        "{\"a\": 1, \"a\": 2}",
        "{{input.a}} {{input.b}}",
        "{\"a\": \"\\ud800\"}",
    ] {
        assert!(
            refused(post().with_body(body)).has(NodeRule::Body),
            "{body}"
        );
    }
}

#[test]
fn plain_http_is_for_loopback_alone() {
    for good in [
        "http://127.0.0.1:8080/x",
        "http://localhost/x",
        "http://[::1]/x",
    ] {
        assert!(
            RestNode::builder("n", Method::GET, good).build().is_ok(),
            "{good}"
        );
    }
    let error = refused(RestNode::builder("n", Method::GET, "http://10.0.0.1/x"));
    assert!(error.has(NodeRule::Scheme));
}

#[test]
fn a_body_is_json_and_belongs_to_a_method_that_has_one() {
    // errata RST-20, RST-21
    for method in [Method::GET, Method::HEAD] {
        let error = refused(RestNode::builder("n", method, URL).with_body("{}"));
        assert!(error.has(NodeRule::BodyNotAllowed));
    }
    let error = refused(
        post()
            .with_body("{}")
            .with_header("content-type", "text/plain"),
    );
    assert!(error.has(NodeRule::ContentType));
    for good in [
        "application/json; charset=utf-8",
        "application/merge-patch+json",
    ] {
        let node = post()
            .with_body("{}")
            .with_header("Content-Type", good)
            .build()
            .unwrap();
        assert_eq!(node.headers()[0].1, good);
    }
    assert!(refused(RestNode::builder("n", Method::TRACE, URL)).has(NodeRule::Method));
    let node = RestNode::builder("n", Method::DELETE, URL).build().unwrap();
    assert_eq!(node.method(), Method::DELETE);
}

#[test]
fn schemas_stay_in_their_document_and_in_their_bounds() {
    // errata RST-38
    for bad in [
        json!({"type": "object", "properties": {"a": {"$ref": "https://example.com/s.json"}}}),
        json!({"type": "object", "allOf": [{"$ref": "file:///etc/hosts"}]}),
        json!({"type": "object", "$defs": {"a": {"$ref": "other.json#/a"}}}),
    ] {
        let error = refused(post().with_response_schema(bad));
        assert!(error.has(NodeRule::RemoteReference), "{error}");
    }
    let own = json!({
        "$defs": {"a": {"$id": "https://example.com/a", "type": "string"}},
        "properties": {
            "x": {"$ref": "#/$defs/a"},
            "y": {"$ref": "https://example.com/a"},
            "$ref": {"type": "string"},
            "z": {"const": {"$ref": "https://example.com/data"}},
        },
    });
    assert!(post().with_response_schema(own).build().is_ok());
    assert!(refused(post().with_response_schema(json!(true))).has(NodeRule::Schema));
    assert!(refused(post().with_input_schema(json!({"type": "array"}))).has(NodeRule::Schema));
    let deep = (0..500).fold(json!({}), |inner, _| json!({"not": inner}));
    assert!(refused(post().with_response_schema(deep)).has(NodeRule::TooDeep));
    let deep = (0..60).fold(json!({}), |inner, _| json!([inner]));
    let data = json!({"const": deep});
    assert!(refused(post().with_response_schema(data)).has(NodeRule::TooDeep));
    let long = json!({"description": "x".repeat(300_000)});
    assert!(refused(post().with_response_schema(long)).has(NodeRule::TooLong));
    // A circle is no remote reference, and ends.
    let circle = json!({"type": "object", "properties": {"targetId": {"$ref": "#/properties/targetId"}}, "required": ["targetId"]});
    assert!(post().with_input_schema(circle).build().is_ok());
}

#[test]
fn names_numbers_and_times_are_bounded_and_all_violations_come_at_once() {
    let retry = NodeRetry::default()
        .with_max_retries(11)
        .with_initial_delay(Duration::from_secs(5))
        .with_max_delay(Duration::from_secs(1));
    let error = refused(
        RestNode::builder(" \u{202e}", Method::GET, "https://a.example/")
            .with_description("x".repeat(1_025))
            .with_retry(retry)
            .with_timeout(Duration::from_secs(61))
            .with_memoise(Duration::ZERO),
    );
    let rules: Vec<NodeRule> = error.findings().iter().map(|found| found.rule).collect();
    assert_eq!(
        rules,
        [
            NodeRule::Characters,
            NodeRule::Characters,
            NodeRule::TooLong,
            NodeRule::Retry,
            NodeRule::Retry,
            NodeRule::Time,
            NodeRule::Time,
        ]
    );
    assert!(refused(RestNode::builder("", Method::GET, URL)).has(NodeRule::Empty));
    assert!(
        refused(post().with_url(format!("https://a.example/{}", "x".repeat(2_048))))
            .has(NodeRule::TooLong)
    );
    assert!(
        refused(post().with_body(format!("\"{}\"", "x".repeat(100_000)))).has(NodeRule::TooLong)
    );
    assert!(refused(post().with_header("X", "x".repeat(4_097))).has(NodeRule::TooLong));
    let many = (0..33).fold(post(), |node, number| {
        node.with_header(format!("x-{number}"), "1")
    });
    assert!(refused(many).has(NodeRule::TooLong));
}

#[test]
fn attempts_are_retries_plus_one() {
    // errata RST-48
    let policy = NodeRetry::default().policy();
    assert_eq!(policy.max_attempts(), 4);
    assert_eq!(NodeRetry::none().policy().max_attempts(), 1);
    assert_eq!(policy.transient(), policy.throttle());
}

#[test]
fn a_list_of_findings_has_an_end() {
    let properties: serde_json::Map<_, _> =
        (0..5_000).map(|n| (format!("p{n}"), json!({}))).collect();
    let schema = json!({"type": "object", "properties": properties});
    let error = refused(post().with_input_schema(schema));
    assert_eq!(error.findings().len(), 101);
    assert!(error.has(NodeRule::Undeclared));
}

#[test]
fn nothing_of_a_builder_that_may_be_a_secret_is_shown() {
    let builder = post().with_header("Authorization", "Bearer s3cr3t");
    assert!(!format!("{builder:?}").contains("s3cr3t"));
}

#[test]
fn a_secret_that_is_spelt_out_is_told_with_whatever_else_is_wrong() {
    // errata RST-09
    let error = RestNode::builder("x", Method::GET, "https://api.example.com/{{broken")
        .with_header("Authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.c2VjcmV0")
        .build()
        .unwrap_err();
    assert!(error.has(NodeRule::Placeholder), "{error:?}");
    assert!(error.has(NodeRule::Secret), "{error:?}");
    assert!(!error.to_string().contains("eyJ"), "{error}");
}
