//! The dependency mapper over real sockets, with a scripted cloud behind it.

use std::sync::{Arc, Mutex};

use depgraph::Policy;
use genesys_core::test_util::{Reply, ScriptedTransport};
use genesys_core::{Client, Profile, Region, StaticToken};
use genesys_dependencies::Mapper;
use genesys_routing::read::ReadOptions;
use genesys_services::{MapperService, Server};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::wire::{Running, body, exchange, start, status};

/// A cloud that can be changed, stopped and broken.
struct Cloud {
    queues: Mutex<Vec<Value>>,
    broken: Mutex<Option<Reply>>,
    gate: Semaphore,
}

struct Stage {
    cloud: Arc<Cloud>,
    running: Running,
}

fn queue(id: &str, name: &str, backup: Option<&str>) -> Value {
    let mut queue = json!({"id": id, "name": name, "memberCount": 3});
    if let Some(backup) = backup {
        queue["directRouting"] = json!({"backupQueueId": backup});
    }
    queue
}

/// Two queues that back each other up, and one that stands alone.
async fn stage() -> Stage {
    let cloud = Arc::new(Cloud {
        queues: Mutex::new(vec![
            queue("q-1", "Sales", Some("q-2")),
            queue("q-2", "Overflow", Some("q-1")),
            queue("q-3", "</script><b>\u{202e}Support", None),
        ]),
        broken: Mutex::default(),
        gate: Semaphore::new(Semaphore::MAX_PERMITS),
    });
    let transport = ScriptedTransport::new();
    let answering = Arc::clone(&cloud);
    transport.handle(move |request| {
        let path = request.uri.path().to_owned();
        let cloud = Arc::clone(&answering);
        async move {
            drop(cloud.gate.acquire().await);
            if let Some(reply) = cloud.broken.lock().unwrap().clone() {
                return reply;
            }
            match path.as_str() {
                "/api/v2/organizations/me" => {
                    Reply::json(200, &json!({"id": "org-1", "name": "Acme"}))
                }
                "/api/v2/routing/queues" => {
                    let queues = cloud.queues.lock().unwrap().clone();
                    let total = queues.len();
                    Reply::json(
                        200,
                        &json!({"entities": queues, "pageNumber": 1, "pageCount": 1, "total": total}),
                    )
                }
                _ => Reply::json(200, &json!({"entities": [], "pageNumber": 1})),
            }
        }
    });
    let client = Client::builder(Region::EuWest1)
        .with_token_source(StaticToken::new("a-token".into()).unwrap())
        .with_transport(transport.shared())
        .build()
        .unwrap();
    // A policy that forbids circles.
    let mapper = Mapper::for_profile(Profile::Guide, &client, &ReadOptions::default())
        .with_policy(Policy::default());
    let router = MapperService::new(mapper).router();
    Stage {
        cloud,
        running: start(Server::new(router)).await,
    }
}

impl Stage {
    async fn call(&self, method: &str, path: &str, headers: &str) -> String {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n{headers}\r\n"
        );
        exchange(self.running.address, &request).await
    }

    async fn get(&self, path: &str) -> String {
        self.call("GET", path, "").await
    }

    async fn crawl(&self) -> String {
        self.call("POST", "/map-dependencies?wait=30", "").await
    }
}

#[tokio::test]
async fn a_crawl_is_started_or_joined_and_its_map_is_read() {
    // errata DEP-44, DEP-42, DEP-39
    let stage = stage().await;
    let nothing = stage.get("/map-dependencies").await;
    assert_eq!(status(&nothing), 404, "{nothing}");

    stage.cloud.gate.forget_permits(Semaphore::MAX_PERMITS);
    for _ in 0..2 {
        let begun = stage.call("POST", "/map-dependencies", "").await;
        assert_eq!(status(&begun), 202, "{begun}");
        assert!(
            begun.contains("\r\nlocation: /map-dependencies\r\n"),
            "{begun}"
        );
        assert_eq!(body(&begun)["run"], 1, "{begun}");
    }
    let meanwhile = stage.get("/map-dependencies").await;
    assert_eq!(status(&meanwhile), 202, "{meanwhile}");
    assert_eq!(body(&meanwhile)["status"], "running");
    let impatient = stage.call("POST", "/map-dependencies?wait=0", "").await;
    assert_eq!(status(&impatient), 202, "{impatient}");
    stage.cloud.gate.add_permits(1_000);
    // Everybody who asks meanwhile asks for the same one.
    let mut shown = stage.get("/map-dependencies").await;
    while status(&shown) == 202 {
        shown = stage.get("/map-dependencies").await;
    }
    assert_eq!(status(&shown), 200, "{shown}");
    let counts = body(&stage.get("/metrics").await);
    assert_eq!(counts["total_mappings"], 1, "{counts}");

    let shown = body(&shown);
    assert_eq!(
        (&shown["status"], &shown["queues"], &shown["graph_valid"]),
        (&json!("complete"), &json!(3), &json!(false))
    );
    assert!(shown["latency_ms"].as_f64() > Some(0.0));
    assert_eq!(shown["organization"]["id"], "org-1");
    assert_eq!(shown["resolution_accuracy"], 1.0);
    assert!(shown["graph"].is_object() && shown["findings"].is_object());
    for (method, path) in [
        ("PUT", "/map-dependencies"),
        ("POST", "/diff"),
        ("GET", "/x"),
    ] {
        let answer = stage.call(method, path, "").await;
        assert!(matches!(status(&answer), 404 | 405), "{answer}");
    }
}

#[tokio::test]
async fn findings_are_an_answer_and_an_error_only_when_that_is_asked_for() {
    // errata DEP-43
    let stage = stage().await;
    assert_eq!(status(&stage.crawl().await), 200);
    for (path, expected) in [
        ("/map-dependencies", 200),
        ("/map-dependencies?strict", 422),
        ("/map-dependencies?strict=true", 422),
        ("/map-dependencies?strict=false", 200),
        ("/map-dependencies?strict=perhaps", 400),
        ("/map-dependencies?format=dot&strict", 422),
        ("/map-dependencies?format=pdf", 400),
        ("/map-dependencies?formt=dot", 400),
    ] {
        let answer = stage.get(path).await;
        assert_eq!(status(&answer), expected, "{path}: {answer}");
    }
    let strict = stage
        .call("POST", "/map-dependencies?wait=30&strict", "")
        .await;
    assert_eq!(status(&strict), 422, "{strict}");
    assert_eq!(body(&strict)["graph_valid"], false);
}

#[tokio::test]
async fn a_map_comes_in_the_form_that_is_asked_for() {
    let stage = stage().await;
    stage.crawl().await;
    for (path, accept, media_type, part) in [
        (
            "/map-dependencies",
            "text/vnd.graphviz",
            "text/vnd.graphviz",
            "digraph",
        ),
        (
            "/map-dependencies",
            "text/vnd.mermaid;q=1",
            "text/vnd.mermaid",
            "flowchart",
        ),
        (
            "/map-dependencies",
            "text/html,*/*",
            "text/html",
            "<!doctype html>",
        ),
        (
            "/map-dependencies",
            "*/*",
            "application/json",
            "\"graph_valid\":false",
        ),
        (
            "/map-dependencies?format=mermaid",
            "text/html",
            "text/vnd.mermaid",
            "flowchart",
        ),
        ("/", "*/*", "text/html", "<!doctype html>"),
    ] {
        let answer = stage
            .call("GET", path, &format!("accept: {accept}\r\n"))
            .await;
        assert_eq!(status(&answer), 200, "{path} {accept}: {answer}");
        assert!(
            answer.contains(&format!("content-type: {media_type}")),
            "{answer}"
        );
        assert!(
            answer.contains("x-content-type-options: nosniff"),
            "{answer}"
        );
        assert!(answer.contains(part), "{path} {accept}: {answer}");
        if media_type == "text/html" {
            assert_eq!(
                answer.matches("</script>").count(),
                1,
                "a name closes nothing"
            );
        }
    }
    let near = stage
        .get("/map-dependencies?format=dot&focus=Sales&depth=1")
        .await;
    assert!(
        near.contains("Overflow") && !near.contains("Support"),
        "{near}"
    );
}

#[tokio::test]
async fn a_map_is_asked_and_a_bad_question_is_told_where() {
    let stage = stage().await;
    assert_eq!(status(&stage.get("/query?q=deps(Sales)").await), 404);
    stage.crawl().await;
    let found = body(&stage.get("/query?q=deps(Sales)").await);
    assert_eq!(found["total"], 2, "{found}");
    assert_eq!(found["objects"][0]["name"], "Sales");
    let path = body(&stage.get("/query?q=some_path(Sales,%20Overflow)").await);
    assert_eq!(path["path"].as_array().unwrap().len(), 1, "{path}");
    for (query, column) in [("deps(Sales)%20-%20nobody", Some(15)), ("deps(", Some(6))] {
        let answer = stage.get(&format!("/query?q={query}")).await;
        assert_eq!(status(&answer), 400, "{answer}");
        assert_eq!(body(&answer)["column"].as_u64(), column, "{answer}");
    }
    assert_eq!(status(&stage.get("/query").await), 400);
    let huge = format!("/query?q={}", "a".repeat(40_000));
    let refused = stage.get(&huge).await;
    assert_eq!(status(&refused), 400, "{refused}");
    assert!(refused.contains("too long"), "{refused}");
}

#[tokio::test]
async fn two_maps_are_compared() {
    // errata DEP-46
    let stage = stage().await;
    stage.crawl().await;
    assert_eq!(status(&stage.get("/diff").await), 404);
    *stage.cloud.queues.lock().unwrap() = vec![
        queue("q-1", "Verkauf", None),
        queue("q-4", "New", Some("q-1")),
    ];
    stage.crawl().await;
    let drift = body(&stage.get("/diff").await).to_string();
    for part in ["Verkauf", "q-4", "q-2"] {
        assert!(drift.contains(part), "{part} is not in {drift}");
    }
}

#[tokio::test]
async fn a_crawl_that_fails_says_so_and_leaves_the_last_map() {
    let stage = stage().await;
    let fail = |reply: Option<Reply>| *stage.cloud.broken.lock().unwrap() = reply;
    let denied = json!({"message": "at Db.java:17", "code": "not.authorized"});
    fail(Some(
        Reply::json(403, &denied).with_header("inin-correlation-id", "c-42"),
    ));
    let refused = stage.crawl().await;
    assert_eq!(status(&refused), 502, "{refused}");
    assert!(!refused.contains("Db.java"), "{refused}");
    assert_eq!(body(&refused)["correlationId"], "c-42", "{refused}");
    // Whoever comes later learns why there is none.
    let later = stage.get("/map-dependencies").await;
    assert_eq!(status(&later), 502, "{later}");

    fail(None);
    assert_eq!(status(&stage.crawl().await), 200);
    fail(Some(Reply::status(429).with_header("retry-after", "200")));
    let throttled = stage.crawl().await;
    assert_eq!(status(&throttled), 503, "{throttled}");
    assert!(throttled.contains("\r\nretry-after: "), "{throttled}");
    let kept = stage.get("/map-dependencies").await;
    assert_eq!(status(&kept), 200, "{kept}");

    let counts = body(&stage.get("/metrics").await);
    assert_eq!(counts["total_mappings"], 3, "{counts}");
    assert_eq!(counts["resolution_accuracy"], 1.0);
    let text = stage
        .call("GET", "/metrics", "accept: text/plain\r\n")
        .await;
    assert!(
        text.lines().any(|line| line.starts_with("# TYPE ")),
        "{text}"
    );
}
