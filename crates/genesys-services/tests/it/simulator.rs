//! The simulator over real sockets, with a scripted external system behind it.

use std::net::SocketAddr;
use std::time::Duration;

use genesys_core::TransportErrorKind;
use genesys_core::test_util::{Reply, ScriptedTransport};
use genesys_integrations::executor::Executor;
use genesys_integrations::nodes::{EXAMPLE_DOCUMENT, Method, RestNode};
use genesys_integrations::simulator::Simulator;
use genesys_services::{Server, SimulatorService};
use resilience::{BreakerConfig, RetryPolicy};
use serde_json::{Value, json};

use crate::wire::{Running, body, exchange, post, start, start_on, status};

const JSON: &str = "content-type: application/json\r\n";
const PROBLEM: &str = "content-type: application/json\r\naccept: application/problem+json\r\n";
const INPUT: &str = r#"{"targetId": "A-1", "requestPayload": {"amount": 12345678901234567890.10}}"#;
const TOKEN: &str = "t0ken-of-the-caller";

struct Stage {
    system: ScriptedTransport,
    running: Running,
}

fn service(system: &ScriptedTransport, credential: Option<&str>) -> SimulatorService {
    let node = RestNode::from_document(EXAMPLE_DOCUMENT.as_bytes())
        .unwrap()
        .to_builder()
        .with_memoise(Duration::from_secs(300))
        .build()
        .unwrap();
    let url = "https://api.example.com/v1/slow/{{input.id}}";
    let other = RestNode::builder("Other", Method::GET, url)
        .build()
        .unwrap();
    let mut executor = Executor::builder(system.shared())
        .with_retry(RetryPolicy::default().with_max_attempts(1))
        .with_breaker(BreakerConfig::default().with_consecutive_failures(3));
    if let Some(credential) = credential {
        executor = executor.with_credential("authToken", credential.into());
    }
    let simulator = Simulator::builder(executor.build())
        .with_nodes([node, other])
        .build()
        .unwrap();
    SimulatorService::new(simulator, "ExternalRESTNode")
}

async fn stage(credential: Option<&str>) -> Stage {
    let system = ScriptedTransport::new();
    let router = service(&system, credential).router();
    Stage {
        running: start(Server::new(router)).await,
        system,
    }
}

impl Stage {
    async fn send(&self, path: &str, headers: &str, body: &str) -> String {
        exchange(self.running.address, &post(path, headers, body)).await
    }
}

fn done() -> Reply {
    Reply::json(200, &json!({"status": "ok", "resultId": "result-1"}))
}

#[tokio::test]
async fn a_node_runs_and_tells_its_attempts() {
    // errata RST-45
    let stage = stage(Some("configured")).await;
    stage.system.push(done());
    let answer = stage.send("/simulate/node", JSON, INPUT).await;
    assert_eq!(status(&answer), 200, "{answer}");
    let told = body(&answer);
    assert_eq!(
        (&told["success"], &told["status"], &told["retries"]),
        (&json!(true), &json!(200), &json!(0))
    );
    assert_eq!(told["data"]["resultId"], "result-1");
    assert_eq!(told["trace"][0]["status"], 200, "{told}");
    let sent = &stage.system.sent()[0];
    assert_eq!(sent.headers["authorization"], "Bearer configured");
    // Digit by digit.
    let text = String::from_utf8(sent.body.to_vec()).unwrap();
    assert!(text.contains("12345678901234567890.10"), "{text}");

    // The document's POST says that it may be memoised.
    let again = stage.send("/simulate/node", JSON, INPUT).await;
    assert_eq!(body(&again)["cache"]["outcome"], "hit", "{again}");
    assert_eq!(stage.system.sent().len(), 1);
}

#[tokio::test]
async fn several_nodes_are_run_by_name() {
    let stage = stage(None).await;
    stage.system.push(Reply::json(200, &json!({})));
    let answer = stage
        .send("/simulate/nodes/Other", JSON, r#"{"id": 7}"#)
        .await;
    assert_eq!(status(&answer), 200, "{answer}");
    assert_eq!(
        stage.system.sent()[0].uri,
        "https://api.example.com/v1/slow/7"
    );
    let unknown = stage.send("/simulate/nodes/None", JSON, "{}").await;
    assert_eq!(status(&unknown), 404, "{unknown}");
    assert_eq!(body(&unknown)["code"], "node.not_found");
    let request = "GET /simulate/nodes HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let listed = body(&exchange(stage.running.address, request).await);
    let names: Vec<&Value> = listed["entities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| &node["name"])
        .collect();
    assert_eq!(names, ["ExternalRESTNode", "Other"]);
    assert_eq!(
        listed["entities"][1]["inputSchema"]["required"],
        json!(["id"])
    );
}

#[tokio::test]
async fn a_callers_token_is_used_once_and_never_told() {
    // errata RST-09
    let stage = stage(None).await;
    let missing = stage.send("/simulate/node", JSON, INPUT).await;
    assert_eq!(status(&missing), 422, "{missing}");
    assert_eq!(body(&missing)["missing"], json!(["credentials.authToken"]));

    let echo = json!({"status": TOKEN, "resultId": TOKEN});
    stage.system.push(Reply::json(200, &echo));
    stage.system.push(Reply::status(401));
    let with_token = INPUT.replacen('{', &format!("{{\"auth\\u0054oken\": \"{TOKEN}\", "), 1);
    stage.send("/simulate/node", JSON, &with_token).await;
    let failed = stage.send("/simulate/node", JSON, &with_token).await;
    let sent = stage.system.sent();
    assert_eq!(sent[0].headers["authorization"], format!("Bearer {TOKEN}"));
    assert!(!String::from_utf8_lossy(&sent[0].body).contains(TOKEN));
    assert_eq!(
        sent.len(),
        2,
        "an answer that repeats the secret is not kept"
    );
    assert_eq!(status(&failed), 502, "{failed}");
    assert!(!failed.contains(TOKEN), "{failed}");

    let twice = with_token.replacen('{', &format!("{{\"authToken\": \"{TOKEN}\", "), 1);
    for bad in [twice.as_str(), r#"{"authToken": 7}"#] {
        let answer = stage.send("/simulate/node", JSON, bad).await;
        assert_eq!(status(&answer), 400, "{answer}");
        assert!(!answer.contains(TOKEN), "{answer}");
    }
}

#[tokio::test]
async fn beyond_loopback_no_credential_is_taken() {
    let system = ScriptedTransport::new();
    let server = Server::new(service(&system, None).router()).with_token("0123456789abcdef".into());
    let running = start_on(server, "0.0.0.0:0").await;
    let address = SocketAddr::from(([127, 0, 0, 1], running.address.port()));
    let headers = format!("{JSON}authorization: Bearer 0123456789abcdef\r\n");
    let input = format!(r#"{{"authToken": "{TOKEN}", "targetId": "A-1", "requestPayload": {{}}}}"#);
    let answer = exchange(address, &post("/simulate/node", &headers, &input)).await;
    assert_eq!(status(&answer), 403, "{answer}");
    assert!(!answer.contains(TOKEN), "{answer}");
    assert_eq!(system.sent().len(), 0);
}

#[tokio::test]
async fn every_failure_has_its_status_and_its_problem_form() {
    // errata RST-45, RST-46
    let stage = stage(Some("configured")).await;
    for (broken, expected) in [
        ("", 400),
        ("[1]", 400),
        (r#"{"targetId": "a", "targetId": "b"}"#, 400),
        ("{} {}", 400),
        ("{}", 422),
        (r#"{"targetId": "../admin", "requestPayload": {}}"#, 422),
        (r#"{"targetId": 7, "requestPayload": {}}"#, 422),
    ] {
        let answer = stage.send("/simulate/node", JSON, broken).await;
        assert_eq!(status(&answer), expected, "{broken}: {answer}");
    }
    assert_eq!(stage.system.sent().len(), 0, "nothing was sent");

    let input = |id: &str| INPUT.replace("A-1", id);
    let wrong = Reply::json(200, &json!({"status": 7}));
    for (id, reply, expected, code) in [
        ("schema", wrong, 502, "node.schema"),
        (
            "no-json",
            Reply::body(200, "text/html", "<p>"),
            502,
            "node.not_json",
        ),
        ("status", Reply::status(404), 502, "node.status"),
        (
            "busy",
            Reply::status(429).with_header("retry-after", "7"),
            503,
            "node.rate_limited",
        ),
        (
            "a",
            Reply::fail(TransportErrorKind::Reset),
            502,
            "node.interrupted",
        ),
        ("b", Reply::status(500), 502, "node.unavailable"),
        (
            "c",
            Reply::fail(TransportErrorKind::Connect),
            502,
            "node.connect",
        ),
        ("d", done(), 503, "node.breaker_open"),
    ] {
        stage.system.push(reply);
        let answer = stage.send("/simulate/node", PROBLEM, &input(id)).await;
        assert_eq!(status(&answer), expected, "{id}: {answer}");
        assert!(
            answer.contains("content-type: application/problem+json"),
            "{id}: {answer}"
        );
        let problem = body(&answer);
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], expected, "{problem}");
        assert!(problem["contextId"].is_string(), "{problem}");
        let waits = answer.contains("\r\nretry-after: ");
        assert_eq!(waits, expected == 503, "{id}: {answer}");
    }
}
