//! The endpoint resolver over real sockets, with a scripted cloud and scripted endpoints behind it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use genesys_core::test_util::{RecordingAudit, Reply, ScriptedTransport};
use genesys_core::{Client, Region, StaticToken};
use genesys_routing::resolver::{EndpointCheck, EndpointReason, EndpointResult, Resolver};
use genesys_routing::{EventRoute, GuideRoutes};
use genesys_services::{ResolverService, Server};
use serde_json::{Value, json};
use url::Url;

use crate::wire::{Running, body, exchange, post, start, status};

const JSON: &str = "content-type: application/json\r\n";
const HOOK: &str = "https://hooks.example.com/orders?tenant=hunter2";

/// Answers by host: `down` is unreachable, `slow` never answers.
#[derive(Debug)]
struct Endpoints;

#[async_trait]
impl EndpointCheck for Endpoints {
    async fn check(&self, uri: &Url) -> EndpointResult {
        match uri.host_str().unwrap().split('.').next().unwrap() {
            "down" => EndpointResult::unreachable(
                uri,
                EndpointReason::error("tcpFailed", "connection refused"),
            ),
            "slow" => std::future::pending().await,
            _ => EndpointResult::reachable(uri, Duration::from_millis(7)),
        }
    }
}

struct Stage {
    cloud: ScriptedTransport,
    audit: RecordingAudit,
    running: Running,
}

async fn stage() -> Stage {
    let cloud = ScriptedTransport::new();
    let audit = RecordingAudit::new();
    let client = Client::builder(Region::UsEast1)
        .with_token_source(StaticToken::new("a-token".into()).unwrap())
        .with_transport(cloud.shared())
        .with_audit(Arc::new(audit.clone()), "client-1")
        .build()
        .unwrap();
    let routes = Arc::new(GuideRoutes::new(client.clone()));
    let resolver = Resolver::new(&client, routes, Arc::new(Endpoints));
    let service = ResolverService::new(resolver).with_deadline(Duration::from_millis(500));
    Stage {
        cloud,
        audit,
        running: start(Server::new(service.router())).await,
    }
}

impl Stage {
    async fn send(&self, path: &str, headers: &str, body: &str) -> String {
        let request = post(path, &format!("{JSON}{headers}"), body);
        exchange(self.running.address, &request).await
    }

    async fn get(&self, path: &str, headers: &str) -> String {
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n");
        exchange(self.running.address, &request).await
    }

    /// The next resolve finds nothing and creates the route.
    fn script_creation(&self) {
        self.cloud.push(page(&[]));
        self.cloud.push(Reply::json(201, &seen(1)));
    }

    fn methods(&self) -> Vec<String> {
        let sent = self.cloud.sent();
        sent.iter()
            .map(|request| request.method.to_string())
            .collect()
    }
}

fn page(entities: &[Value]) -> Reply {
    Reply::json(
        200,
        &json!({"entities": entities, "pageNumber": 1, "pageSize": 100, "pageCount": 1, "total": entities.len()}),
    )
}

fn route(uri: &str) -> String {
    json!({
        "name": "orders", "type": "webhook", "uri": uri, "uris": [],
        "eventFilters": [{"eventType": "routing.queue.updated", "fields": ["id"]}],
    })
    .to_string()
}

/// What the cloud has after a creation.
fn seen(version: u64) -> Value {
    let mut seen = EventRoute::parse(route(HOOK).as_bytes()).unwrap().to_json();
    seen["id"] = json!("r-1");
    seen["version"] = json!(version);
    seen
}

#[tokio::test]
async fn a_route_is_created_and_the_answer_says_where_it_is() {
    // errata EVR-40
    let stage = stage().await;
    stage.script_creation();
    let answer = stage.send("/resolve", "", &route(HOOK)).await;
    assert_eq!(status(&answer), 201, "{answer}");
    assert!(answer.contains("\r\nlocation: /routes/r-1\r\n"), "{answer}");
    let created = body(&answer);
    assert_eq!(
        (&created["id"], &created["outcome"], &created["version"]),
        (&json!("r-1"), &json!("created"), &json!(1))
    );
    assert_eq!(created["route"]["name"], "orders");

    // What the location leads to is what the cloud has.
    stage.cloud.push(Reply::json(200, &seen(1)));
    let found = stage.get("/routes/r-1", "").await;
    assert_eq!(status(&found), 200, "{found}");
    assert_eq!(body(&found)["route"]["uri"], HOOK);
    stage.cloud.push(Reply::status(404));
    assert_eq!(status(&stage.get("/routes/r-2", "").await), 404);

    // The same again changes nothing.
    stage.cloud.push(page(&[seen(1)]));
    let again = stage.send("/resolve", "", &route(HOOK)).await;
    assert_eq!(status(&again), 200, "{again}");
    assert_eq!(body(&again)["outcome"], "unchanged");
    assert_eq!(stage.methods(), ["GET", "POST", "GET", "GET", "GET"]);
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let stage = stage().await;
    stage.cloud.push(page(&[]));
    let answer = stage.send("/resolve?dryRun=true", "", &route(HOOK)).await;
    assert_eq!(status(&answer), 200, "{answer}");
    assert_eq!(stage.methods(), ["GET"]);
    for query in ["dryRun=perhaps", "dryrun=true", "dryRun=true&dryRun=false"] {
        let answer = stage
            .send(&format!("/resolve?{query}"), "", &route(HOOK))
            .await;
        assert_eq!(status(&answer), 400, "{query}: {answer}");
    }
}

#[tokio::test]
async fn a_key_makes_a_resolve_happen_once() {
    let stage = stage().await;
    stage.script_creation();
    let key = "idempotency-key: deploy-41\r\n";
    let first = stage.send("/resolve", key, &route(HOOK)).await;
    assert_eq!(status(&first), 201, "{first}");
    let replay = stage.send("/resolve", key, &route(HOOK)).await;
    assert_eq!(status(&replay), 200, "{replay}");
    assert_eq!(body(&replay)["id"], "r-1");
    let other = route("https://other.example.com/");
    let reused = stage.send("/resolve", key, &other).await;
    assert_eq!(status(&reused), 409, "{reused}");
    assert_eq!(body(&reused)["type"], "about:blank#key-reused");
    let twice = format!("{key}{key}");
    for bad in ["idempotency-key: \r\n", &twice] {
        let answer = stage.send("/resolve", bad, &route(HOOK)).await;
        assert_eq!(status(&answer), 400, "{bad}: {answer}");
    }
    assert_eq!(stage.methods(), ["GET", "POST"]);
}

#[tokio::test]
async fn what_is_no_route_is_400_with_its_place_and_what_breaks_rules_is_422_with_every_finding() {
    // errata ALL-25, EVR-31
    let stage = stage().await;
    let unknown = route(HOOK).replace("\"name\"", "\"nmae\":1,\"name\"");
    let trailing = format!("{} {{}}", route(HOOK));
    let twice = route(HOOK).replace("\"name\"", "\"name\":\"x\",\"name\"");
    for broken in [
        "",
        "{",
        "[]",
        unknown.as_str(),
        trailing.as_str(),
        twice.as_str(),
    ] {
        let answer = stage.send("/resolve", "", broken).await;
        assert_eq!(status(&answer), 400, "{broken}: {answer}");
        assert!(
            answer.contains("application/problem+json"),
            "{broken}: {answer}"
        );
    }
    let answer = stage.send("/resolve", "", &unknown).await;
    let problem = body(&answer);
    assert!(
        problem["position"]["column"].as_u64() > Some(1),
        "{problem}"
    );
    assert_eq!(problem["position"]["line"], 1, "{problem}");

    let broken = json!({
        "name": "", "type": "webhook", "uri": "http://hooks.example.com/", "uris": [],
        "eventFilters": [{"eventType": "no.such.event", "fields": []}],
        "retryPolicy": {"maxRetries": 9, "retryInterval": 5.0, "backoffFactor": 2.0},
    })
    .to_string();
    let answer = stage.send("/resolve", "", &broken).await;
    assert_eq!(status(&answer), 422, "{answer}");
    let problem = body(&answer);
    let pointers: Vec<&str> = problem["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["pointer"].as_str().unwrap())
        .collect();
    for place in [
        "/name",
        "/uri",
        "/eventFilters/0",
        "/retryPolicy/maxRetries",
    ] {
        assert!(
            pointers.iter().any(|pointer| pointer.starts_with(place)),
            "{place}: {pointers:?}"
        );
    }
    assert_eq!(stage.methods().len(), 0, "nothing is sent");
}

#[tokio::test]
async fn failures_behind_the_service_have_their_own_statuses() {
    // errata EVR-31
    let stage = stage().await;
    let down = stage
        .send(
            "/resolve",
            "",
            &route("https://down.example.com/x?tenant=k3y"),
        )
        .await;
    assert_eq!(status(&down), 502, "{down}");
    let problem = body(&down);
    assert_eq!(problem["type"], "about:blank#unreachable");
    assert_eq!(problem["endpoints"][0]["reachable"], false);
    assert!(!down.contains("k3y"), "queries are secret: {down}");

    let slow = stage
        .send("/resolve", "", &route("https://slow.example.com/"))
        .await;
    assert_eq!(status(&slow), 504, "{slow}");
    assert_eq!(body(&slow)["stage"], "probe");
    assert_eq!(stage.methods().len(), 0, "nothing is deployed unverified");

    stage
        .cloud
        .push(Reply::status(429).with_header("retry-after", "200"));
    let throttled = stage.send("/resolve", "", &route(HOOK)).await;
    assert_eq!(status(&throttled), 503, "{throttled}");
    assert!(
        throttled.contains("\r\nretry-after: 200\r\n"),
        "{throttled}"
    );
}

#[tokio::test]
async fn a_route_that_somebody_else_keeps_changing_is_a_conflict() {
    let stage = stage().await;
    let mut old = seen(1);
    old["uri"] = json!("https://hooks.example.com/before");
    stage.cloud.handle(move |request| {
        let reply = match (
            request.method.as_str(),
            request.uri.path().ends_with("/r-1"),
        ) {
            ("GET", false) => page(&[old.clone()]),
            ("GET", true) => Reply::json(200, &old),
            _ => Reply::status(409),
        };
        async move { reply }
    });
    let conflict = stage.send("/resolve", "", &route(HOOK)).await;
    assert_eq!(status(&conflict), 409, "{conflict}");
}

#[tokio::test]
async fn callers_are_not_told_the_inside_of_a_failure() {
    // errata ALL-26
    let stage = stage().await;
    let leak = json!({"message": "NullPointerException at Db.java:17", "code": "internal"});
    stage.cloud.handle(move |_| {
        let reply = Reply::json(403, &leak).with_header("inin-correlation-id", "c-42");
        async move { reply }
    });
    for answer in [
        stage.send("/resolve", "", &route(HOOK)).await,
        stage.get("/routes/r-1", "").await,
    ] {
        assert_eq!(status(&answer), 502, "{answer}");
        assert!(!answer.contains("Db.java"), "{answer}");
        assert_eq!(body(&answer)["correlationId"], "c-42", "{answer}");
    }
    // The operator finds it in the trail, under the same id.
    let outcome = stage.audit.entries().pop().unwrap();
    assert_eq!(outcome.action, "resolve_operation");
}

#[tokio::test]
async fn metrics_come_as_json_or_as_prometheus_text_and_say_no_mean_of_nothing() {
    // errata EVR-34
    let stage = stage().await;
    let before = body(&stage.get("/metrics", "").await);
    assert_eq!(before["total_resolves"], 0);
    assert_eq!(before["avg_latency_ms"], 0.0);
    assert_eq!(before["reachability_rate"], Value::Null);
    stage.script_creation();
    stage.send("/resolve", "", &route(HOOK)).await;
    stage
        .send("/resolve", "", &route("https://down.example.com/"))
        .await;
    let after = body(&stage.get("/metrics", "accept: application/json\r\n").await);
    assert_eq!(after["total_resolves"], 2, "{after}");
    assert_eq!(after["successful_resolves"], 1);
    assert_eq!(after["reachability_rate"], 0.5);
    assert!(after["avg_latency_ms"].as_f64() > Some(0.0), "{after}");
    let text = stage.get("/metrics", "accept: text/plain\r\n").await;
    assert!(
        text.contains("content-type: text/plain; version=0.0.4"),
        "{text}"
    );
    assert!(
        text.lines().any(|line| line.starts_with("# TYPE ")),
        "{text}"
    );
}
