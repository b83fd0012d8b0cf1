//! The external system that nodes call, with everything that goes wrong in one.

use std::time::Duration;

use genesys_sandbox::{Fault, Host, Outcome, RESOURCE_TOKEN, ResourceServer, SandboxErrorKind};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::support::{Setup, read};

struct Client {
    server: ResourceServer,
    http: reqwest::Client,
}

impl Client {
    async fn new() -> Self {
        Self {
            server: ResourceServer::start().await.unwrap(),
            http: reqwest::Client::builder()
                .no_proxy()
                .pool_max_idle_per_host(0)
                .build()
                .unwrap(),
        }
    }

    fn ask(&self, method: Method, id: &str) -> RequestBuilder {
        let url = format!("{}/v1/resources/{id}", self.server.url());
        self.http.request(method, url).bearer_auth(RESOURCE_TOKEN)
    }

    async fn get(&self) -> Response {
        self.ask(Method::GET, "42").send().await.unwrap()
    }

    fn fault(&self, fault: Fault) {
        self.server.faults().add(fault.with_count(1)).unwrap();
    }
}

/// The schema of the source document.
fn fits(answer: &Value) -> bool {
    let schema = json!({
        "type": "object",
        "properties": {"status": {"type": "string"}, "resultId": {"type": "string"}},
        "required": ["status"],
    });
    jsonschema::is_valid(&schema, answer)
}

#[tokio::test]
async fn an_answer_says_what_was_asked_and_shows_no_secret() {
    // The method and the content type that were sent are the ones that arrive.
    let client = Client::new().await;
    let answer = client
        .ask(Method::PUT, "a%2Fb%20c?full=yes&api_key=hidden")
        .header("content-type", "application/vnd.example+json")
        .header("x-trace", "t-1")
        .header("x-api-key", "hidden")
        .header("cookie", "session=hidden")
        .body(r#"{"data":{"a":[1,"x"]}}"#)
        .send()
        .await
        .unwrap();
    let answer = read(answer).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    let body = &answer.body;
    assert!(fits(body));
    assert_eq!(body["resourceId"], "a/b c");
    assert_eq!(
        (
            &body["status"],
            &body["resultId"],
            &body["method"],
            &body["caller"]
        ),
        (
            &json!("ok"),
            &json!("result-1"),
            &json!("PUT"),
            &json!("default")
        )
    );
    assert_eq!(
        body["query"],
        json!([{"name": "full", "value": "yes"}, {"name": "api_key", "value": "[redacted]"}])
    );
    assert_eq!(
        body["headers"]["content-type"],
        "application/vnd.example+json"
    );
    assert_eq!(body["headers"]["x-trace"], "t-1");
    for secret in ["authorization", "cookie", "x-api-key"] {
        assert_eq!(body["headers"][secret], "[redacted]");
    }
    assert_eq!(body["body"], json!({"data": {"a": [1, "x"]}}));

    let ledger = client.server.ledger();
    assert_eq!(ledger.len(), 1);
    assert_eq!(
        (ledger[0].host, ledger[0].status, ledger[0].route.as_deref()),
        (Host::Resources, Some(200), Some("/v1/resources/{id}"))
    );
    assert_eq!(ledger[0].query_keys, ["full", "api_key"]);
    for text in [
        format!("{ledger:?}"),
        body.to_string(),
        format!("{:?}", client.server),
    ] {
        assert!(
            !text.contains("hidden") && !text.contains(RESOURCE_TOKEN),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_body_comes_back_byte_by_byte_and_other_bytes_as_what_they_are() {
    // The digits of a number arrive as they were sent, and what is no JSON is not passed off as it.
    let client = Client::new().await;
    let send = async |body: Vec<u8>| {
        let request = client.ask(Method::POST, "1").body(body);
        request.send().await.unwrap().text().await.unwrap()
    };
    let digits = "7".repeat(400);
    let sent = format!(r#"{{"n":{digits},"e":1e+06,"big":9007199254740993,"n":1}}"#);
    let answer = send(sent.clone().into_bytes()).await;
    assert!(answer.contains(&format!(r#""body":{sent}"#)), "{answer}");
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    assert!(send(deep.clone().into_bytes()).await.contains(&deep));
    for (bytes, member, value) in [
        (&b"a=1&b=2"[..], "text", "a=1&b=2"),
        (b"\xff\xfe", "base64", "//4="),
        (b"{", "text", "{"),
    ] {
        let answer: Value = serde_json::from_str(&send(bytes.to_vec()).await).unwrap();
        assert_eq!(
            (&answer["body"], &answer[member]),
            (&Value::Null, &json!(value))
        );
    }
    let answer: Value = serde_json::from_str(&send(Vec::new()).await).unwrap();
    assert!(answer["body"].is_null() && answer.get("text").is_none());
}

#[tokio::test]
async fn only_a_known_token_is_served_and_each_says_whose_it_is() {
    // Two callers never look the same to the system that is called.
    let client = Client::new().await;
    let with = async |token: &str| {
        let url = format!("{}/v1/resources/1", client.server.url());
        let answer = client
            .http
            .get(url)
            .bearer_auth(token)
            .send()
            .await
            .unwrap();
        let challenge = answer.headers().contains_key("www-authenticate");
        let answer = read(answer).await;
        (
            answer.status.as_u16(),
            challenge,
            answer.body["caller"].clone(),
        )
    };
    client.server.add_caller("alice", "a-token").unwrap();
    assert_eq!(with("a-token").await, (200, false, json!("alice")));
    assert_eq!(with(RESOURCE_TOKEN).await, (200, false, json!("default")));
    assert_eq!(with("b-token").await, (401, true, Value::Null));
    client.server.set_token("b-token");
    assert_eq!(with("b-token").await, (200, false, json!("default")));
    for gone in ["a-token", RESOURCE_TOKEN] {
        assert_eq!(with(gone).await.0, 401);
    }
    let bare = format!("{}/v1/resources/1", client.server.url());
    assert_eq!(client.http.get(bare).send().await.unwrap().status(), 401);
    client.fault(Fault::expired_token());
    assert_eq!(with("b-token").await.0, 401);
    assert_eq!(with("b-token").await.0, 401);
}

#[tokio::test]
async fn other_paths_methods_and_bodies_are_refused() {
    let client = Client::new().await;
    for (method, path, status) in [
        (Method::GET, "/", 404),
        (Method::GET, "/v1/resources", 404),
        (Method::GET, "/v1/resources/", 404),
        (Method::GET, "/v1/resources/a/b", 404),
        (Method::GET, "/v1/resources/%ff", 400),
        (Method::OPTIONS, "/v1/resources/a", 405),
        (Method::DELETE, "/v1/resources/a", 200),
        (Method::PATCH, "/v1/resources/a", 200),
    ] {
        let url = format!("{}{path}", client.server.url());
        let request = client.http.request(method.clone(), url);
        let answer = request.bearer_auth(RESOURCE_TOKEN).send().await.unwrap();
        assert_eq!(answer.status(), status, "{method} {path}");
        assert_eq!(answer.headers().contains_key("allow"), status == 405);
    }
    let long = client.ask(Method::POST, "a").body("x".repeat(512_001));
    assert_eq!(long.send().await.unwrap().status(), 413);
    let head = client.ask(Method::HEAD, "a").send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert!(head.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn both_forms_of_retry_after_say_when_to_come_back() {
    // Throttling is real here, in both forms of the header.
    let client = Client::new().await;
    client.fault(Fault::retry_after(429, Duration::from_secs(7)));
    let answer = client.get().await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["retry-after"]),
        (429, &"7".parse().unwrap())
    );
    client.fault(Fault::retry_after_date(503, Duration::from_secs(3_600)));
    let answer = client.get().await;
    assert_eq!(answer.status(), 503);
    let at = |name: &str| {
        let text = answer.headers()[name].to_str().unwrap();
        jiff::fmt::rfc2822::parse(text)
            .unwrap()
            .timestamp()
            .as_second()
    };
    // The date counts from the moment of the answer and never falls short.
    assert!((3_600..3_660).contains(&(at("retry-after") - at("date"))));
    assert_eq!(client.get().await.status(), 200);
}

#[tokio::test]
async fn an_answer_can_be_an_error_empty_a_page_cut_spoilt_or_of_another_shape() {
    // An empty answer, a page and a wrong shape are three different things on the wire.
    let client = Client::new().await;
    for status in [500, 502, 503, 504] {
        client.fault(Fault::status(status));
        let answer = read(client.get().await).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["status"]),
            (status, &json!("error"))
        );
    }
    client.fault(Fault::status(204));
    let empty = client.get().await;
    assert_eq!(empty.status(), 204);
    assert!(!empty.headers().contains_key("content-length"));
    assert!(empty.bytes().await.unwrap().is_empty());

    client.fault(Fault::html_page(200));
    let page = client.get().await;
    assert!(
        page.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
    assert!(page.text().await.unwrap().starts_with("<!DOCTYPE html>"));

    client.fault(Fault::wrong_schema());
    let wrong = read(client.get().await).await;
    assert_eq!(wrong.status, 200);
    assert!(wrong.body["status"].is_number() && !fits(&wrong.body));

    client.fault(Fault::malformed_json());
    let text = client.get().await.text().await.unwrap();
    assert!(serde_json::from_str::<Value>(&text).is_err());

    client.fault(Fault::cut());
    let cut = client.get().await;
    assert_eq!(cut.status(), 200);
    assert!(cut.bytes().await.is_err());

    client.fault(Fault::reset());
    assert!(client.ask(Method::GET, "42").send().await.is_err());

    assert!(fits(&read(client.get().await).await.body));
    let counts = client.server.counts();
    assert_eq!(
        (counts.requests, counts.status(200), counts.status(204)),
        (11, 5, 1)
    );
    assert_eq!(
        counts
            .faults
            .iter()
            .map(|(kind, n)| (kind.as_str(), *n))
            .collect::<Vec<_>>(),
        [
            ("cut", 1),
            ("htmlPage", 1),
            ("malformedJson", 1),
            ("reset", 1),
            ("status", 5),
            ("wrongSchema", 1)
        ]
    );
    let ledger = client.server.ledger();
    assert_eq!(ledger[8].outcome, Outcome::Broken);
    client.server.clear_ledger();
    assert_eq!(
        (
            client.server.counts().requests,
            client.server.ledger().len()
        ),
        (0, 0)
    );
}

#[tokio::test]
async fn a_body_that_drips_comes_whole_in_many_parts() {
    let client = Client::new().await;
    client.fault(Fault::drip(16, Duration::from_millis(2)));
    let mut answer = client.get().await;
    let length = answer.content_length().unwrap();
    let (mut parts, mut whole) = (0_u64, Vec::new());
    while let Some(part) = answer.chunk().await.unwrap() {
        parts += 1;
        whole.extend_from_slice(&part);
    }
    assert!(parts > 1);
    assert_eq!(whole.len() as u64, length);
    assert!(fits(&serde_json::from_slice(&whole).unwrap()));
}

#[tokio::test]
async fn cache_headers_are_sent_as_set_and_an_etag_is_compared() {
    // An upstream that says how long its answers live.
    let client = Client::new().await;
    for (name, value) in [
        ("Cache-Control", "max-age=60"),
        ("Age", "12"),
        ("Vary", "Accept-Language, Authorization"),
        ("ETag", "W/\"v1\""),
    ] {
        client.server.set_header(name, value).unwrap();
    }
    let answer = client.get().await;
    for (name, value) in [
        ("cache-control", "max-age=60"),
        ("age", "12"),
        ("etag", "W/\"v1\""),
    ] {
        assert_eq!(answer.headers()[name], value);
    }
    for (method, tag, status) in [
        (Method::GET, "\"v0\", \"v1\"", 304),
        (Method::HEAD, "*", 304),
        (Method::GET, "\"v0\"", 200),
        (Method::POST, "\"v1\"", 200),
    ] {
        let request = client.ask(method, "42").header("if-none-match", tag);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{tag}");
        assert_eq!(answer.headers()["vary"], "Accept-Language, Authorization");
    }
    client
        .server
        .set_header("Cache-Control", "no-store")
        .unwrap();
    assert_eq!(client.get().await.headers()["cache-control"], "no-store");
    client.server.clear_headers();
    assert!(!client.get().await.headers().contains_key("age"));
    for (name, value) in [
        ("Content-Length", "0"),
        ("bad name", "v"),
        ("X-Split", "a\r\nb"),
    ] {
        let error = client.server.set_header(name, value).unwrap_err();
        assert_eq!(error.kind(), SandboxErrorKind::Script);
    }
}

#[tokio::test]
async fn every_answer_has_a_new_result_so_a_stored_one_shows() {
    let client = Client::new().await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(read(client.get().await).await.body["resultId"].clone());
    }
    assert_eq!(seen, ["result-1", "result-2", "result-3"]);
}

#[tokio::test]
async fn the_sandbox_has_one_with_rules_and_a_ledger_apart_from_its_own() {
    let setup = Setup::new().await;
    let server = setup.sandbox.resources();
    setup.sandbox.faults().add(Fault::status(500)).unwrap();
    let url = format!("{}/v1/resources/1", server.url());
    let ask = async || {
        let request = setup.http.get(&url).bearer_auth(RESOURCE_TOKEN);
        request.send().await.unwrap().status().as_u16()
    };
    let before = setup.sandbox.counts().requests;
    assert_eq!(ask().await, 200);
    server.faults().add(Fault::status(502)).unwrap();
    assert_eq!(ask().await, 502);
    assert_eq!(
        (server.counts().requests, setup.sandbox.counts().requests),
        (2, before)
    );
    let address = server.address();
    setup.sandbox.shutdown().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn it_can_be_set_up_from_another_process() {
    let setup = Setup::new().await;
    let ask = async |method: Method, path: &str, body: Option<Value>| {
        let url = format!("{}/_sandbox/resources{path}", setup.sandbox.api_url());
        let request = setup.http.request(method, url);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        read(request.send().await.unwrap()).await
    };
    let shown = ask(Method::GET, "", None).await.body;
    assert_eq!(shown["url"], setup.sandbox.resources().url());
    let set = json!({"token": "mine", "headers": {"Cache-Control": "no-store"}});
    assert_eq!(ask(Method::POST, "", Some(set)).await.status, 204);
    for rule in [
        json!({"kind": "retryAfter", "status": 429, "seconds": 3, "date": true, "count": 1}),
        json!({"kind": "drip", "bytes": 8, "delayMs": 1, "count": 1}),
        json!({"kind": "wrongSchema", "count": 1, "skip": 9}),
    ] {
        assert_eq!(ask(Method::POST, "/faults", Some(rule)).await.status, 201);
    }
    for bad in [
        json!({"kind": "drip", "bytes": 0, "delayMs": 1}),
        json!({"kind": "nothing"}),
    ] {
        assert_eq!(ask(Method::POST, "/faults", Some(bad)).await.status, 400);
    }
    let bad = json!({"headers": {"Age": "1", "Date": "now"}});
    assert_eq!(ask(Method::POST, "", Some(bad)).await.status, 400);
    let url = format!("{}/v1/resources/1", setup.sandbox.resources().url());
    let call = async |token: &str| {
        setup
            .http
            .get(&url)
            .bearer_auth(token)
            .send()
            .await
            .unwrap()
    };
    assert_eq!(call("mine").await.status(), 429);
    let dripped = call("mine").await;
    assert_eq!(dripped.headers()["cache-control"], "no-store");
    assert!(!dripped.headers().contains_key("age"));
    assert!(fits(&read(dripped).await.body));
    assert_eq!(call(RESOURCE_TOKEN).await.status(), 401);
    let ledger = ask(Method::GET, "/ledger", None).await.body;
    assert_eq!(ledger["entries"][0]["faults"], json!(["retryAfter"]));
    assert_eq!(ledger["entries"][0]["host"], "resources");
    assert_eq!(
        ask(Method::GET, "", None).await.body["counts"]["requests"],
        3
    );
    assert_eq!(ask(Method::DELETE, "/faults/1", None).await.status, 204);
    assert_eq!(
        ask(Method::GET, "/faults", None)
            .await
            .body
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(ask(Method::DELETE, "/faults", None).await.status, 204);
    assert_eq!(ask(Method::DELETE, "/ledger", None).await.status, 204);
    assert_eq!(ask(Method::GET, "/faults", None).await.body, json!([]));
    assert_eq!(
        ask(Method::GET, "", None).await.body["counts"]["requests"],
        0
    );
}
