//! Nodes as files.

use genesys_integrations::nodes::{
    EXAMPLE_DOCUMENT, Method, NodeError, NodeRule, RestNode, Severity,
};
use serde_json::{Value, json};

fn read(text: &str) -> Result<RestNode, NodeError> {
    RestNode::from_document(text.as_bytes())
}

fn minimal(more: &str) -> String {
    format!(
        r#"{{"name": "n", "type": "REST", "requestUrl": "https://a.example/x", "requestMethod": "POST"{more}}}"#
    )
}

#[test]
fn the_source_documents_node_is_read_and_its_token_is_a_credential() {
    // errata RST-09
    let node = read(EXAMPLE_DOCUMENT).unwrap();
    assert_eq!(node.method(), Method::POST);
    assert_eq!(node.headers()[0].1, "Bearer {{credentials.authToken}}");
    assert_eq!(node.retry().max_retries(), 3);
    let rules: Vec<_> = node
        .findings()
        .iter()
        .map(|found| (found.rule, found.severity))
        .collect();
    assert_eq!(
        rules,
        [
            (NodeRule::SecretMoved, Severity::Warning),
            (NodeRule::MayBeMissing, Severity::Warning),
        ]
    );
    let span = node.findings()[0].span.clone().unwrap();
    assert!(EXAMPLE_DOCUMENT[span.start..].starts_with("{{input.authToken}}"));
    let span = node.findings()[1].span.clone().unwrap();
    assert!(EXAMPLE_DOCUMENT[span].contains("JSON body template values"));
}

#[test]
fn what_is_written_is_read_back_and_equal_nodes_have_equal_bytes() {
    // errata ALL-31
    let node = read(EXAMPLE_DOCUMENT).unwrap();
    let text = serde_json::to_string(&node).unwrap();
    let again = read(&text).unwrap();
    assert_eq!(again, node);
    assert_eq!(serde_json::to_string(&again).unwrap(), text);
    assert_eq!(again.fingerprint(), node.fingerprint());
    let members: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(
        members["retryConfig"],
        json!({"maxRetries": 3, "backoffType": "exponential", "initialDelay": 1000, "maxDelay": 10000})
    );
    assert!(!members.contains_key("timeoutMs") && !members.contains_key("memoiseMs"));
    let own = read(&minimal(
        r#", "timeoutMs": 2500, "memoiseMs": 300000, "id": "x", "version": 3"#,
    ))
    .unwrap();
    assert_eq!(own.timeout().as_millis(), 2500);
    assert_eq!(own.memoise().unwrap().as_secs(), 300);
    assert_eq!(read(&serde_json::to_string(&own).unwrap()).unwrap(), own);
}

#[test]
fn headers_keep_the_order_of_the_document() {
    let node = read(&minimal(
        r#", "requestHeaders": {"Z": "1", "A": "2", "M": "3"}"#,
    ))
    .unwrap();
    let names: Vec<&str> = node
        .headers()
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["Z", "A", "M"]);
}

#[test]
fn what_is_no_json_is_refused_with_its_byte() {
    let deep = minimal(&format!(
        ", \"responseSchema\": {}{}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    ));
    let cases: [(&[u8], NodeRule, usize); 9] = [
        (b"", NodeRule::Json, 0),
        (b"{\"a\": 1,}", NodeRule::Json, 8),
        (b"{\"a\": 1} x", NodeRule::Json, 9),
        (b"{\"a\": \"\xff\"}", NodeRule::Json, 7),
        (b"{\"a\": \"\\ud800\"}", NodeRule::Json, 7),
        (b"{\"a\": \"\x00\"}", NodeRule::Json, 7),
        (b"{\"a\": 1, \"\\u0061\": 2}", NodeRule::DuplicateMember, 0),
        (b"[]", NodeRule::MemberType, 0),
        (
            deep.as_bytes(),
            NodeRule::TooDeep,
            deep.find('[').unwrap() + 50,
        ),
    ];
    for (bytes, rule, start) in cases {
        let error = RestNode::from_document(bytes).unwrap_err();
        let found = &error.findings()[0];
        assert_eq!(
            (found.rule, found.span.as_ref().unwrap().start),
            (rule, start),
            "{error}"
        );
    }
    let long = minimal(&format!(", \"description\": \"{}\"", "x".repeat(1_048_576)));
    assert!(read(&long).unwrap_err().has(NodeRule::TooLong));
}

#[test]
fn a_repeated_member_is_named_wherever_it_is() {
    let text = minimal(r#", "requestHeaders": {"X-A": "1", "X-A": "2"}"#);
    let error = read(&text).unwrap_err();
    assert_eq!(error.findings()[0].message, "has the member `X-A` twice");
    assert_eq!(
        error.findings()[0].span.as_ref().unwrap().start,
        text.rfind('{').unwrap()
    );
}

#[test]
fn a_digit_beyond_what_can_be_kept_is_refused_and_never_rounded() {
    let text = minimal(&format!(
        ", \"responseSchema\": {{\"maximum\": {}}}",
        "9".repeat(400)
    ));
    assert!(read(&text).unwrap_err().has(NodeRule::Schema));
}

#[test]
fn every_mistake_is_named_at_once_with_its_bytes() {
    let text = r#"{
        "nmae": "n", "type": "SOAP", "requestUrl": 7, "requestMethod": "get",
        "requestHeaders": {"X-A": 1, "X-B": "{{input.a-b}}", "A/B~": "x"},
        "requestBody": "{\"a\\u0062\": \"\\n{{input.x\"}",
        "retryConfig": {"maxRetries": -1, "backoffType": "linear", "initial": 1}
    }"#;
    let error = read(text).unwrap_err();
    let shown: Vec<(NodeRule, &str, &str)> = error
        .findings()
        .iter()
        .map(|found| {
            (
                found.rule,
                found.member.as_str(),
                &text[found.span.clone().unwrap()],
            )
        })
        .map(|(rule, member, span)| (rule, member, if span.len() > 40 { "…" } else { span }))
        .collect();
    for expected in [
        (NodeRule::MissingMember, "/name", "…"),
        (NodeRule::UnknownMember, "/nmae", "\"n\""),
        (NodeRule::NodeType, "/type", "\"SOAP\""),
        (NodeRule::MemberType, "/requestUrl", "7"),
        (NodeRule::Method, "/requestMethod", "\"get\""),
        (NodeRule::MemberType, "/requestHeaders/X-A", "1"),
        (NodeRule::Placeholder, "/requestHeaders/X-B", "-"),
        (NodeRule::Header, "/requestHeaders/A~1B~0", "\"x\""),
        (NodeRule::Placeholder, "/requestBody", "{"),
        (NodeRule::MemberType, "/retryConfig/maxRetries", "-1"),
        (NodeRule::Retry, "/retryConfig/backoffType", "\"linear\""),
        (NodeRule::UnknownMember, "/retryConfig/initial", "1"),
    ] {
        assert!(
            shown.contains(&expected),
            "{expected:?} is not in {shown:?}"
        );
    }
    let body = error
        .findings()
        .iter()
        .find(|found| found.member == "/requestBody")
        .unwrap();
    assert!(text[body.span.clone().unwrap().start..].starts_with("{{input.x"));
}
