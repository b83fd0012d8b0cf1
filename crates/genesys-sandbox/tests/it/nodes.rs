//! The guide profile's REST nodes.

use std::time::Duration;

use genesys_sandbox::{Fault, OauthClient, Object, Sandbox, Verb};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Setup, token};

const LIST: &str = "/api/v2/custom-integrations/nodes";

/// The source document's node, with its token taken from the credentials.
fn node(name: &str) -> Value {
    json!({
        "name": name,
        "description": "Node with dynamic injection",
        "type": "REST",
        "requestUrl": "https://api.external-system.com/v1/resources/{{input.targetId}}",
        "requestMethod": "POST",
        "requestHeaders": {
            "Authorization": "Bearer {{credentials.authToken}}",
            "Content-Type": "application/json",
        },
        "requestBody": r#"{"resourceId":"{{input.targetId}}","data":{{input.requestPayload}}}"#,
        "inputSchema": {
            "type": "object",
            "properties": {"targetId": {"type": "string"}, "requestPayload": {"type": "object"}},
            "required": ["targetId"],
        },
        "responseSchema": {
            "type": "object",
            "properties": {"status": {"type": "string"}, "resultId": {"type": "string"}},
            "required": ["status"],
        },
        "retryConfig": {
            "maxRetries": 3, "backoffType": "exponential", "initialDelay": 1_000, "maxDelay": 10_000,
        },
    })
}

/// The fields that a refusal names, in order.
fn fields(answer: &Answer) -> Vec<&str> {
    let mut fields: Vec<&str> = answer.body["details"]
        .as_array()
        .unwrap()
        .iter()
        .map(|detail| detail["fieldName"].as_str().unwrap())
        .collect();
    fields.sort_unstable();
    fields
}

async fn put(setup: &Setup, path: &str, body: &Value) -> Answer {
    setup.send(Method::PUT, path, Some(body.clone())).await
}

#[tokio::test]
async fn a_node_is_created_read_found_replaced_and_deleted() {
    // errata RST-08: the schema of the inputs is part of the node.
    let setup = Setup::new().await;
    let created = setup.post(LIST, node("ExternalRESTNode")).await;
    assert_eq!(created.status, 201, "{created:?}");
    let mut expected = node("ExternalRESTNode");
    expected["id"] = created.body["id"].clone();
    expected["version"] = json!(1);
    assert_eq!(created.body, expected);
    let path = format!("{LIST}/{}", created.id());
    assert_eq!(setup.get(&path).await.body, expected);

    // What was read can be sent back, and every replacement counts on.
    expected["requestUrl"] =
        json!("https://api.external-system.com/v2/resources/{{ input.targetId }}");
    let replaced = put(&setup, &path, &expected).await;
    expected["version"] = json!(2);
    assert_eq!((replaced.status.as_u16(), &replaced.body), (200, &expected));
    assert_eq!(setup.get(&path).await.body, expected);
    assert_eq!(setup.sandbox.state().nodes, [expected]);

    assert_eq!(setup.send(Method::DELETE, &path, None).await.status, 204);
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(setup.send(method, &path, None).await.status, 404);
    }
    assert_eq!(put(&setup, &path, &node("a")).await.status, 404);
    let counts = setup.sandbox.counts();
    let effects =
        [Verb::Created, Verb::Updated, Verb::Deleted].map(|verb| counts.effect(Object::Node, verb));
    assert_eq!(effects, [1, 1, 1]);
    assert!(setup.sandbox.state().is_empty());
}

#[tokio::test]
async fn a_list_has_numbered_pages_and_finds_by_name_which_is_unique() {
    // Whoever looks before it registers finds what it registered before.
    let setup = Setup::new().await;
    for name in ["a", "b", "c"] {
        assert_eq!(setup.post(LIST, node(name)).await.status, 201);
    }
    let again = setup.post(LIST, node("b")).await;
    assert_eq!(
        (again.status.as_u16(), again.body["code"].as_str()),
        (409, Some("duplicate.name"))
    );
    let page = setup
        .get(&format!("{LIST}?pageSize=2&pageNumber=2"))
        .await
        .body;
    assert_eq!(
        (
            &page["total"],
            &page["pageCount"],
            &page["entities"][0]["name"]
        ),
        (&json!(3), &json!(2), &json!("c"))
    );
    let found = setup.get(&format!("{LIST}?name=b")).await.body;
    assert_eq!(
        (&found["total"], &found["entities"][0]["name"]),
        (&json!(1), &json!("b"))
    );
    assert_eq!(setup.get(&format!("{LIST}?name=B")).await.body["total"], 0);
    assert_eq!(setup.get(&format!("{LIST}?pageSize=0")).await.status, 400);
}

#[tokio::test]
async fn a_replacement_needs_the_current_version_and_changes_nothing_without_it() {
    let setup = Setup::new().await;
    setup.post(LIST, node("other")).await;
    let path = format!("{LIST}/{}", setup.post(LIST, node("a")).await.id());
    let before = setup.sandbox.state();
    let mut body = node("a");
    for (version, status, code) in [
        (json!(null), 400, "bad.request"),
        (json!("1"), 400, "bad.request"),
        (json!(0), 409, "general.conflict"),
        (json!(2), 409, "general.conflict"),
    ] {
        body["version"] = version;
        let answer = put(&setup, &path, &body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body["code"].as_str()),
            (status, Some(code))
        );
    }
    body["version"] = json!(1);
    body["name"] = json!("other");
    assert_eq!(
        put(&setup, &path, &body).await.body["code"],
        "duplicate.name"
    );
    assert_eq!(setup.sandbox.state(), before);
    // Its own name is no duplicate.
    body["name"] = json!("a");
    assert_eq!(put(&setup, &path, &body).await.body["version"], 2);
}

#[tokio::test]
async fn every_violation_of_a_node_is_named_at_once() {
    // errata RST-09, RST-14, RST-18, RST-20, RST-38
    let setup = Setup::new().await;
    let body = json!({
        "name": " ",
        "description": 7,
        "type": "SOAP",
        "requestUrl": "https://{{input.host}}/v1",
        "requestMethod": "GET",
        "requestHeaders": {
            "Authorization": "Bearer {{input.authToken}}",
            "Cookie": "session=secret",
            "Transfer-Encoding": "chunked",
            "X-{{input.name}}": "v",
            "X-Split": "a\r\nX-Evil: {{input.targetId}}",
            "X-Open": "{{input.targetId",
            "X-Org": "{{org.id}}",
            "X-Twice": "1",
            "x-twice": "2",
        },
        "requestBody": "{\"a\":{{input.a b}}}",
        "inputSchema": {"type": "object", "properties": {"targetId": {"type": "text"}}},
        "responseSchema": {"$ref": "https://example.com/schema.json"},
        "retryConfig": {"maxRetries": 11, "backoffType": "linear", "initialDelay": 500, "maxDelay": 400, "jitter": true},
        "colour": "red",
    });
    let answer = setup.post(LIST, body).await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        fields(&answer),
        [
            "colour",
            "description",
            "inputSchema",
            "name",
            "requestBody",
            "requestBody",
            "requestHeaders[\"Authorization\"]",
            "requestHeaders[\"Authorization\"]",
            "requestHeaders[\"Cookie\"]",
            "requestHeaders[\"Transfer-Encoding\"]",
            "requestHeaders[\"X-Open\"]",
            "requestHeaders[\"X-Org\"]",
            "requestHeaders[\"X-Split\"]",
            "requestHeaders[\"X-{{input.name}}\"]",
            "requestHeaders[\"x-twice\"]",
            "requestUrl",
            "requestUrl",
            "responseSchema",
            "retryConfig.backoffType",
            "retryConfig.jitter",
            "retryConfig.maxDelay",
            "retryConfig.maxRetries",
            "type",
        ]
    );
    let message = answer.body["message"].as_str().unwrap();
    for part in [
        "requestBody has a malformed placeholder at byte 5",
        "names input.authToken, which inputSchema does not declare",
        "names org.id, which is neither of input nor of credentials",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert!(!answer.body.to_string().contains("session=secret"));
    assert!(setup.sandbox.state().is_empty());
}

#[tokio::test]
async fn each_rule_of_a_node_holds_at_its_edge() {
    // errata RST-09, RST-13, RST-18, RST-20, RST-38
    let setup = Setup::new().await;
    let cases: [(&str, Value, &[&str]); 44] = [
        (
            "requestUrl",
            json!("https://h.example/{{input.targetId}}/a?b={{input.targetId}}"),
            &[],
        ),
        (
            "requestUrl",
            json!("http://127.0.0.1:9/{{ input.targetId }}"),
            &[],
        ),
        ("requestUrl", json!("http://10.0.0.1/"), &["requestUrl"]),
        ("requestUrl", json!("{{input.targetId}}"), &["requestUrl"]),
        (
            "requestUrl",
            json!("https://h.example:{{input.targetId}}/"),
            &["requestUrl"],
        ),
        (
            "requestUrl",
            json!("https://h.example{{input.targetId}}"),
            &["requestUrl"],
        ),
        (
            "requestUrl",
            json!("https://u:{{input.targetId}}@h.example/"),
            &["requestUrl"],
        ),
        (
            "requestUrl",
            json!("https://u:p@h.example/"),
            &["requestUrl"],
        ),
        (
            "requestUrl",
            json!("https://h.example/a/%2E%2e/{{input.targetId}}"),
            &["requestUrl"],
        ),
        (
            "requestUrl",
            json!("https://h.example/a\\..\\b"),
            &["requestUrl"],
        ),
        (
            "requestUrl",
            json!("https://h.example/a\tb"),
            &["requestUrl"],
        ),
        (
            "requestUrl",
            json!("https://h.example/#{{input.targetId}}"),
            &["requestUrl"],
        ),
        (
            "requestUrl",
            json!("https://h.example/{{input.targetId.deep}}"),
            &[],
        ),
        (
            "requestUrl",
            json!("https://h.example/{{input.targetid}}"),
            &["requestUrl"],
        ),
        (
            "requestUrl",
            json!("https://h.example/{{input.target-id}}"),
            &["requestUrl"],
        ),
        (
            "requestUrl",
            json!("https://h.example/{{input.{{input.targetId}}}}"),
            &["requestUrl"],
        ),
        (
            "requestUrl",
            json!("https://h.example/{{constructor.name}}"),
            &["requestUrl"],
        ),
        (
            "requestUrl",
            json!("https://h.example/".to_owned() + &"x".repeat(2_031)),
            &["requestUrl"],
        ),
        ("requestMethod", json!("PATCH"), &[]),
        ("requestMethod", json!("post"), &["requestMethod"]),
        ("requestMethod", json!("GET"), &["requestBody"]),
        ("requestMethod", json!("HEAD"), &["requestBody"]),
        ("requestBody", json!(null), &[]),
        (
            "requestBody",
            json!("[{{input.requestPayload}},\"\\\"{{input.targetId}}\"]"),
            &[],
        ),
        ("requestBody", json!("{\"{{input.targetId}}\":1}"), &[]),
        (
            "requestBody",
            json!("{ {{input.targetId}}:1}"),
            &["requestBody"],
        ),
        (
            "requestBody",
            json!("1{{input.targetId}}"),
            &["requestBody"],
        ),
        (
            "requestBody",
            json!("{{input.targetId}} {{input.targetId}}"),
            &["requestBody"],
        ),
        (
            "requestBody",
            json!("name={{input.targetId}}"),
            &["requestBody"],
        ),
        ("requestBody", json!({"a": 1}), &["requestBody"]),
        ("requestHeaders", json!(null), &[]),
        (
            "requestHeaders",
            json!({"Authorization": "Bearer {{credentials.authToken}}"}),
            &[],
        ),
        (
            "requestHeaders",
            json!({"Authorization": "Bearer 42"}),
            &["requestHeaders[\"Authorization\"]"],
        ),
        (
            "requestHeaders",
            json!({"Authorization": "{{credentials.a}}{{input.targetId}}"}),
            &["requestHeaders[\"Authorization\"]"],
        ),
        (
            "requestHeaders",
            json!({"X-Api-Key": "{{credentials.key}}"}),
            &[],
        ),
        (
            "requestHeaders",
            json!({"Host": "h"}),
            &["requestHeaders[\"Host\"]"],
        ),
        (
            "inputSchema",
            json!(null),
            &["requestBody", "requestBody", "requestUrl"],
        ),
        (
            "inputSchema",
            json!({"type": "array"}),
            &["inputSchema", "requestBody", "requestBody", "requestUrl"],
        ),
        (
            "inputSchema",
            json!([]),
            &["inputSchema", "requestBody", "requestBody", "requestUrl"],
        ),
        ("responseSchema", json!(null), &[]),
        (
            "responseSchema",
            json!({"$ref": "file:///etc/hosts"}),
            &["responseSchema"],
        ),
        (
            "responseSchema",
            json!({"pattern": "(?=a)b"}),
            &["responseSchema"],
        ),
        (
            "retryConfig",
            json!({"maxRetries": 0, "backoffType": "exponential"}),
            &[],
        ),
        (
            "retryConfig",
            json!({"maxDelay": 999}),
            &["retryConfig.maxDelay"],
        ),
    ];
    for (n, (member, value, wanted)) in cases.into_iter().enumerate() {
        let mut body = node(&format!("node {n}"));
        body[member] = value;
        let answer = setup.post(LIST, body.clone()).await;
        if wanted.is_empty() {
            assert_eq!(answer.status, 201, "{body}: {answer:?}");
        } else {
            assert_eq!(answer.status, 400, "{body}");
            assert_eq!(fields(&answer), wanted, "{body}");
        }
    }
    // A body of another media type has no shape to keep, and a caller's media type stands.
    let mut form = node("form");
    form["requestHeaders"]["Content-Type"] = json!("application/x-www-form-urlencoded");
    form["requestBody"] = json!("name={{input.targetId}}");
    let answer = setup.post(LIST, form.clone()).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.body["requestHeaders"], form["requestHeaders"]);
}

#[tokio::test]
async fn a_body_that_is_too_deep_or_too_long_is_refused_before_it_is_read() {
    let setup = Setup::new().await;
    let send = async |body: String| {
        let request = setup
            .request(Method::POST, LIST)
            .header("content-type", "application/json");
        crate::support::read(request.body(body).send().await.unwrap())
            .await
            .status
            .as_u16()
    };
    let deep = format!(
        "{{\"inputSchema\":{}{}}}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    assert_eq!(send(deep).await, 400);
    assert_eq!(
        send(format!("{{\"name\":\"{}\"}}", "x".repeat(512_000))).await,
        413
    );
    // As many broken placeholders as fit.
    let mut many = node("many");
    many["requestBody"] = json!("{{".repeat(50_000));
    assert_eq!(send(many.to_string()).await, 400);
    assert!(setup.sandbox.state().is_empty());
}

#[tokio::test]
async fn a_node_wants_the_permissions_of_actions() {
    let reader = OauthClient::new("reader", "r").with_permissions(["integrations:action:view"]);
    let mut setup = Setup::with(Sandbox::builder().with_client(reader)).await;
    let path = format!("{LIST}/{}", setup.post(LIST, node("a")).await.id());
    setup.token = token(&setup.http, &setup.sandbox, "reader", "r").await;
    for path in [LIST, path.as_str()] {
        assert_eq!(setup.get(path).await.status, 200);
    }
    for (method, path, missing) in [
        (Method::POST, LIST, "add"),
        (Method::PUT, path.as_str(), "edit"),
        (Method::DELETE, path.as_str(), "delete"),
    ] {
        let answer = setup.send(method, path, Some(node("b"))).await;
        assert_eq!(answer.status, 403);
        assert_eq!(
            answer.body["messageParams"]["permissions"],
            format!("integrations:action:{missing}")
        );
    }
    setup.token = "none".into();
    assert_eq!(setup.get(LIST).await.status, 401);
}

#[tokio::test]
async fn nodes_meet_the_quota_the_faults_and_the_rules_of_every_body() {
    let setup = Setup::with(Sandbox::builder().with_quota(5, Duration::from_secs(60))).await;
    let lost = Fault::reset().after_effect().with_path(LIST).with_count(1);
    setup.sandbox.faults().add(lost).unwrap();
    // The create took effect although its answer was lost.
    let create = setup.request(Method::POST, LIST).json(&node("a"));
    assert!(create.send().await.is_err());
    assert_eq!(setup.sandbox.state().nodes.len(), 1);
    assert_eq!(setup.post(LIST, node("a")).await.status, 409);
    let text = setup
        .request(Method::POST, LIST)
        .header("content-type", "text/plain")
        .body("{}");
    assert_eq!(text.send().await.unwrap().status(), 415);
    assert_eq!(setup.post(LIST, json!([])).await.status, 400);
    assert_eq!(setup.send(Method::PATCH, LIST, None).await.status, 405);
    let over = setup.get(LIST).await;
    assert_eq!(over.status, 429);
    assert!(!over.header("retry-after").is_empty());
}
