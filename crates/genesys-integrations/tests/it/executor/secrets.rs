//! A credential goes to the external system and nowhere else.

use std::sync::Arc;

use genesys_core::Recorder;
use genesys_core::observe::NoObserver;
use genesys_core::test_util::{RecordingAudit, Reply};
use genesys_core::vocabulary::Method;
use genesys_integrations::executor::{AnswerData, CacheOutcome, Caller, NodeCall};
use genesys_integrations::nodes::{EXAMPLE_DOCUMENT, RestNode};
use resilience::SeededRandom;
use resilience::test_util::FakeClock;
use serde_json::json;

use super::support::{World, prepare};

const SECRET: &str = "s3cr3t\"/token";

fn node() -> genesys_integrations::executor::PreparedNode {
    prepare(
        RestNode::builder(
            "n",
            Method::GET,
            "https://api.example.com/{{credentials.token}}/x",
        )
        .with_header("Authorization", "Bearer {{credentials.token}}"),
    )
}

#[tokio::test]
async fn a_secret_that_comes_back_is_blanked_out_and_not_kept() {
    // errata RST-09
    let world = World::with(|builder| builder.with_credential("token", SECRET.into()));
    let echo = json!({"status": format!("you sent {SECRET}"), SECRET: [SECRET, 1]});
    let fresh = |reply: Reply| reply.with_header("cache-control", "max-age=60");
    world.push([
        fresh(Reply::json(200, &echo)),
        fresh(Reply::body(200, "text/plain", format!("you sent {SECRET}"))),
        fresh(Reply::body(
            200,
            "application/json",
            r#"["\u0073\u0033\u0063\u0072\u0033\u0074\u0022/token"]"#,
        )),
    ]);
    let first = world.call(&node(), NodeCall::new("{}")).await.unwrap();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(first.data.json().unwrap()).unwrap(),
        json!({"status": "you sent [redacted]", "[redacted]": ["[redacted]", 1]})
    );
    let second = world.call(&node(), NodeCall::new("{}")).await.unwrap();
    assert_eq!(
        second.data,
        AnswerData::Other {
            media_type: "text/plain".into(),
            bytes: "[redacted]".into()
        }
    );
    let third = world.call(&node(), NodeCall::new("{}")).await.unwrap();
    assert_eq!(third.data.json(), Some(r#"["[redacted]"]"#));
    for done in [first, second, third] {
        assert_eq!(done.cache, CacheOutcome::Miss { stored: false });
    }
    assert_eq!(world.sent(), 3);
    assert_eq!(
        world.cloud.sent()[0].headers["authorization"],
        format!("Bearer {SECRET}")
    );
}

#[tokio::test]
async fn no_error_debug_or_audit_text_shows_a_secret_or_a_value() {
    let audit = RecordingAudit::new();
    let recorder = Recorder::new(
        Arc::new(NoObserver),
        Arc::new(audit.clone()),
        "client-1",
        Arc::new(FakeClock::new()),
        Arc::new(SeededRandom::new(1)),
    );
    let world = World::with(|builder| {
        builder
            .with_recorder(recorder)
            .with_credential("authToken", SECRET.into())
    });
    let node = prepare(
        RestNode::from_document(EXAMPLE_DOCUMENT.as_bytes())
            .unwrap()
            .to_builder(),
    );
    let body = json!({"message": format!("bad token {SECRET} for v4lue"), "status": 1});
    world.push([
        Reply::json(401, &body),
        Reply::json(500, &body),
        Reply::json(200, &body),
        Reply::body(200, "text/html", format!("<html>{SECRET} v4lue</html>")),
    ]);
    let mut shown = vec![format!("{:?} {node:?}", world.executor)];
    for input in [r#"{"targetId": "v4lue", "requestPayload": {}}"#; 4] {
        let call = NodeCall::new(input).with_caller(Caller::new("flow-1"));
        shown.push(format!("{call:?}"));
        let error = world.call(&node, call).await.unwrap_err();
        shown.push(format!("{error} {error:?}"));
    }
    shown.push(format!(
        "{:?}",
        world
            .call(&node, NodeCall::new(r#"{"targetId": "v4lue"}"#))
            .await
            .unwrap_err()
    ));
    shown.push(format!(
        "{:?}",
        world
            .call(&node, NodeCall::new(r#"{"targetId": ["v4lue"]}"#))
            .await
            .unwrap_err()
    ));
    shown.push(format!("{:?}", audit.entries()));
    assert_eq!(audit.entries().len(), 12);
    for text in shown {
        assert!(
            !text.contains("s3cr3t") && !text.contains("v4lue"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_call_may_bring_its_own_credential_and_shares_nothing_with_another() {
    // errata RST-28
    let world = World::with(|builder| builder.with_credential("token", "configured".into()));
    world.cloud.handle(|request| {
        let whose = request.headers["authorization"].to_str().unwrap().len();
        async move { Reply::json(200, &json!(whose)).with_header("cache-control", "max-age=60") }
    });
    let ask = |token: Option<&str>| {
        let call = NodeCall::new("{}").with_caller(Caller::new("flow-1"));
        match token {
            Some(token) => call.with_secret("token", token.into()),
            None => call,
        }
    };
    for (token, expected) in [
        (None, "17"),
        (Some("own"), "10"),
        (Some("other"), "12"),
        (None, "17"),
        (Some("own"), "10"),
    ] {
        let done = world.call(&node(), ask(token)).await.unwrap();
        assert_eq!(done.data.json(), Some(expected));
    }
    assert_eq!(world.sent(), 3, "three credentials, three requests");
}
