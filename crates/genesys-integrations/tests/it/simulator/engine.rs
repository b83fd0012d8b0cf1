//! What a flow is given.

use std::time::Duration;

use genesys_core::TransportErrorKind;
use genesys_core::test_util::Reply;
use genesys_core::vocabulary::Method;
use genesys_integrations::executor::{ExecutionErrorKind, NodeCall};
use genesys_integrations::nodes::{EXAMPLE_DOCUMENT, NodeRetry, RestNode};
use genesys_integrations::simulator::{Simulation, Simulator, SimulatorProblem, http_status};
use resilience::BreakerConfig;
use serde_json::{Value, json};

use crate::executor::support::{URL, World, get, memoised, ok, post};

fn simulator(world: &World) -> Simulator {
    Simulator::builder(world.executor.clone())
        .with_node(RestNode::from_document(EXAMPLE_DOCUMENT.as_bytes()).unwrap())
        .with_nodes([get().build().unwrap(), post().build().unwrap()])
        .build()
        .unwrap()
}

async fn ask(world: &World, name: &str, input: &str) -> (Simulation, Value) {
    let call = NodeCall::new(input).with_secret("authToken", "s3cr3t".into());
    let simulation = world.drive(simulator(world).simulate(name, call)).await;
    let json = serde_json::to_value(&simulation).unwrap();
    (simulation, json)
}

#[tokio::test]
async fn a_success_has_the_data_as_it_came_and_the_real_numbers() {
    // errata RST-44
    let world = World::new();
    let body = r#"{"status": "open", "id": 12345678901234567890123}"#;
    world.push([
        Reply::fail(TransportErrorKind::Connect),
        Reply::body(201, "application/json", body).with_header("cache-control", "max-age=9"),
    ]);
    let (done, json) = ask(&world, "Find case", r#"{"id": "A-1"}"#).await;
    assert!(done.is_success());
    assert_eq!(
        (done.status(), done.retries(), done.http_status().as_u16()),
        (201, 1, 200)
    );
    assert_eq!(
        (&json["success"], &json["status"], &json["retries"]),
        (&json!(true), &json!(201), &json!(1))
    );
    assert!(
        serde_json::to_string(&done)
            .unwrap()
            .contains(&format!(r#""data":{body},"#))
    );
    assert_eq!(json["cache"], json!({"outcome": "miss", "stored": false}));
    let trace = json["trace"].as_array().unwrap();
    assert_eq!(trace.len(), 2);
    assert_eq!(
        (&trace[0]["attempt"], &trace[0]["error"]),
        (&json!(1), &json!("connect"))
    );
    assert_eq!(trace[0]["started"], "2026-01-01T00:00:00.000Z");
    assert!(trace[0]["delayMs"].as_u64().unwrap() > 0 && trace[1]["status"] == 201);
    assert!(json.get("error").is_none() && json.get("code").is_none());
    assert_eq!(json["contextId"].as_str().unwrap().len(), 32);
}

#[tokio::test]
async fn a_failure_has_the_platforms_members_and_says_who_is_to_blame() {
    // errata RST-44, RST-45, RST-46
    let many = |reply: Reply, times: usize| std::iter::repeat_n(reply, times);
    for (replies, name, input, kind, http, status, retries) in [
        (
            vec![],
            "Find case",
            "{",
            ExecutionErrorKind::Malformed,
            400,
            400,
            0,
        ),
        (
            vec![],
            "Find case",
            "{}",
            ExecutionErrorKind::Input,
            422,
            422,
            0,
        ),
        (
            vec![],
            "Find case",
            r#"{"id": ".."}"#,
            ExecutionErrorKind::Template,
            422,
            422,
            0,
        ),
        (
            vec![Reply::status(404)],
            "Find case",
            r#"{"id": "1"}"#,
            ExecutionErrorKind::Status,
            502,
            404,
            0,
        ),
        (
            many(Reply::status(500), 4).collect(),
            "Find case",
            r#"{"id": "1"}"#,
            ExecutionErrorKind::Unavailable,
            502,
            500,
            3,
        ),
        (
            many(Reply::status(429), 4).collect(),
            "Find case",
            r#"{"id": "1"}"#,
            ExecutionErrorKind::RateLimited,
            503,
            429,
            3,
        ),
        (
            many(Reply::hang(), 4).collect(),
            "Find case",
            r#"{"id": "1"}"#,
            ExecutionErrorKind::Timeout,
            504,
            504,
            3,
        ),
        (
            vec![Reply::hang()],
            "Change case",
            r#"{"id": "1"}"#,
            ExecutionErrorKind::Timeout,
            504,
            504,
            0,
        ),
        (
            many(Reply::fail(TransportErrorKind::Connect), 4).collect(),
            "Change case",
            r#"{"id": "1"}"#,
            ExecutionErrorKind::Connect,
            502,
            502,
            3,
        ),
        (
            vec![Reply::json(200, &json!({"status": 1}))],
            "Find case",
            r#"{"id": "1"}"#,
            ExecutionErrorKind::Schema,
            502,
            200,
            0,
        ),
        (
            vec![Reply::status(204)],
            "Find case",
            r#"{"id": "1"}"#,
            ExecutionErrorKind::Empty,
            502,
            204,
            0,
        ),
        (
            vec![Reply::body(200, "text/html", "<p>")],
            "Find case",
            r#"{"id": "1"}"#,
            ExecutionErrorKind::NotJson,
            502,
            200,
            0,
        ),
    ] {
        let world = World::new();
        world.push(replies);
        let (failed, json) = ask(&world, name, input).await;
        let found = failed.result().unwrap().unwrap_err().kind();
        assert_eq!((found, failed.http_status().as_u16()), (kind, http));
        assert_eq!(
            (failed.status(), failed.retries()),
            (status, retries),
            "{kind}"
        );
        assert_eq!(
            (&json["success"], &json["status"]),
            (&json!(false), &json!(status))
        );
        assert_eq!(json["code"], format!("node.{}", kind.as_str()));
        assert_eq!(json["message"], kind.to_string());
        assert!(json["error"].as_str().unwrap().starts_with(name) && json.get("data").is_none());
        assert_eq!(http_status(kind).as_u16(), http);
    }
}

#[tokio::test]
async fn violations_and_missing_variables_are_all_there() {
    // errata RST-15, RST-39
    let world = World::new();
    world.push([Reply::json(200, &json!({"status": 1, "resultId": 2}))]);
    let (_, json) = ask(&world, "Find case", r#"{"id": "1"}"#).await;
    assert_eq!(json["violations"].as_array().unwrap().len(), 2);
    assert_eq!(json["violations"][0]["instancePath"], "/resultId");
    let call = NodeCall::new(r#"{"targetId": "1"}"#);
    let failed = world
        .drive(simulator(&world).simulate("ExternalRESTNode", call))
        .await;
    let json = serde_json::to_value(&failed).unwrap();
    assert_eq!(
        json["missing"],
        json!(["credentials.authToken", "input.requestPayload"])
    );
}

#[tokio::test]
async fn an_open_breaker_is_503_and_says_until_when() {
    // errata RST-46
    let world = World::with(|builder| {
        builder.with_breaker(BreakerConfig::default().with_consecutive_failures(1))
    });
    world.push([Reply::status(500)]);
    let node = RestNode::builder("n", Method::PATCH, URL).with_retry(NodeRetry::none());
    let simulator = Simulator::builder(world.executor.clone())
        .with_node(node.build().unwrap())
        .build()
        .unwrap();
    let ask = || world.drive(simulator.simulate("n", NodeCall::new(r#"{"id": "1"}"#)));
    assert_eq!(ask().await.status(), 500);
    let open = ask().await;
    assert_eq!(
        (open.http_status().as_u16(), open.status(), open.retries()),
        (503, 503, 0)
    );
    assert!(open.retry_after().unwrap() > Duration::ZERO);
    assert_eq!(
        (open.code().as_deref(), world.sent()),
        (Some("node.breaker_open"), 1)
    );
}

#[tokio::test]
async fn what_is_no_json_is_base64_with_its_media_type() {
    // errata RST-54
    let world = World::new();
    world.push([Reply::body(200, "image/png", vec![0x89, b'P'])]);
    let simulator = Simulator::builder(world.executor.clone())
        .with_node(RestNode::builder("n", Method::DELETE, URL).build().unwrap())
        .build()
        .unwrap();
    let done = world
        .drive(simulator.simulate("n", NodeCall::new(r#"{"id": "1"}"#)))
        .await;
    let json = serde_json::to_value(&done).unwrap();
    assert_eq!(
        (&json["mediaType"], &json["dataBase64"]),
        (&json!("image/png"), &json!("iVA="))
    );
    assert!(json.get("data").is_none());
}

#[tokio::test]
async fn a_memoised_answer_says_so_and_how_old_it_is() {
    let world = World::new();
    world.push([ok()]);
    let simulator = Simulator::builder(world.executor.clone())
        .with_node(memoised().build().unwrap())
        .build()
        .unwrap();
    let ask = || world.drive(simulator.simulate("Change case", NodeCall::new(r#"{"id": "1"}"#)));
    ask().await;
    world.advance(60);
    let json = serde_json::to_value(ask().await).unwrap();
    assert_eq!(json["cache"], json!({"outcome": "hit", "ageSeconds": 60}));
    assert_eq!(
        (&json["trace"], &json["retries"], &json["status"]),
        (&json!([]), &json!(0), &json!(200))
    );
}

#[tokio::test]
async fn a_node_that_is_not_there_is_404_and_forges_nothing() {
    let world = World::new();
    for name in [
        "",
        "find case",
        "__proto__",
        "../x",
        "a\r\nb",
        &"x".repeat(5_000),
    ] {
        let (failed, json) = ask(&world, name, "{}").await;
        assert_eq!(
            (failed.http_status().as_u16(), &json["code"]),
            (404, &json!("node.not_found"))
        );
        let error = json["error"].as_str().unwrap();
        assert!(error.len() < 200 && !error.contains('\n'), "{error}");
    }
    assert_eq!(world.sent(), 0);
}

#[test]
fn a_simulator_names_everything_that_is_wrong_with_its_nodes() {
    let world = World::new();
    let bad = |name: &str| {
        let schema = json!({"pattern": "(a)\\1"});
        RestNode::builder(name, Method::GET, URL)
            .with_response_schema(schema)
            .build()
            .unwrap()
    };
    let same = || get().build().unwrap();
    let builder = Simulator::builder(world.executor.clone());
    let error = builder
        .with_nodes([same(), bad("a"), same(), bad("b")])
        .build()
        .unwrap_err();
    assert_eq!(error.problems().len(), 3);
    assert_eq!(
        error.problems()[1],
        SimulatorProblem::SameName("Find case".into())
    );
    assert!(
        error
            .to_string()
            .starts_with("unusable nodes: a /responseSchema: the pattern")
    );
    let empty = Simulator::builder(world.executor.clone())
        .build()
        .unwrap_err();
    assert_eq!(empty.problems(), [SimulatorProblem::NoNodes]);
}
