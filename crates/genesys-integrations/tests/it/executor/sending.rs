//! What is sent, how often, and when.

use std::sync::Arc;
use std::time::Duration;

use genesys_core::observe::NoObserver;
use genesys_core::test_util::{RecordingAudit, Reply};
use genesys_core::vocabulary::Method;
use genesys_core::{Recorder, TransportErrorKind};
use genesys_integrations::executor::{ExecutionErrorKind, NodeCall};
use genesys_integrations::nodes::{NodeRetry, RestNode};
use resilience::test_util::FakeClock;
use resilience::{BreakerConfig, Clock as _, SeededRandom};
use serde_json::json;

use super::support::{World, call, get, input, memoised, ok, post, prepare};

#[tokio::test]
async fn the_registered_method_url_headers_and_body_are_sent() {
    // errata RST-20, RST-21
    for method in [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ] {
        let world = World::new();
        world.push([Reply::status(204)]);
        let mut node = RestNode::builder(
            "n",
            method.clone(),
            "https://api.example.com/v1/{{input.id}}?a={{input.id}}",
        )
        .with_header("X-Id", "{{input.id}}");
        let writes = !matches!(method, Method::GET | Method::HEAD);
        if writes {
            node = node
                .with_header("Content-Type", "application/merge-patch+json")
                .with_body(r#"{"id": "{{input.id}}"}"#);
        }
        let done = world
            .run(&prepare(node), json!({"id": "a b/c\"d"}))
            .await
            .unwrap();
        assert_eq!((done.status, done.retries()), (204, 0));
        let sent = &world.cloud.sent()[0];
        assert_eq!(sent.method, method);
        assert_eq!(
            sent.uri,
            "https://api.example.com/v1/a%20b%2Fc%22d?a=a%20b%2Fc%22d"
        );
        assert_eq!(sent.headers["x-id"], "a b/c\"d");
        if writes {
            assert_eq!(sent.headers["content-type"], "application/merge-patch+json");
            assert_eq!(sent.body, r#"{"id": "a b/c\"d"}"#);
        } else {
            assert!(sent.body.is_empty() && !sent.headers.contains_key("content-type"));
        }
    }
}

#[tokio::test]
async fn values_stay_values_whatever_they_hold() {
    // errata RST-10, RST-11, RST-12, RST-13, RST-16, RST-19, RST-53
    let world = World::new();
    world.cloud.handle(|_| async { ok() });
    let node = prepare(
        RestNode::builder("n", Method::POST, "https://api.example.com/v1/{{input.id}}")
            .with_body(r#"{"id":"{{input.id}}","data":{{input.data}}}"#),
    );
    let data = format!(
        r#"{{"n": 1{}, "t": [true, null, "{{{{input.id}}}}"]}}"#,
        "0".repeat(400)
    );
    let text =
        format!(r#"{{"id": "x\",\"admin\":\"y {{{{credentials.token}}}}", "data": {data}}}"#);
    let done = world.call(&node, NodeCall::new(text)).await.unwrap();
    assert_eq!(done.status, 200);
    let body = String::from_utf8(world.cloud.sent()[0].body.to_vec()).unwrap();
    assert_eq!(
        body,
        format!(r#"{{"id":"x\",\"admin\":\"y {{{{credentials.token}}}}","data":{data}}}"#)
    );
    // Two dots from two values, an authority and a second line never leave.
    for bad in ["..", "a\u{0}", "a\r\nb"] {
        let input = json!({"id": bad, "data": 1});
        let refused = world.run(&node, input).await.map_err(|error| error.kind());
        assert!(
            matches!(refused, Err(ExecutionErrorKind::Template)),
            "{bad:?}: {refused:?}"
        );
    }
    let host = world
        .run(&node, json!({"id": "@evil.example/", "data": 1}))
        .await
        .unwrap();
    assert_eq!(host.status, 200);
    assert_eq!(
        world.cloud.sent()[1].uri,
        "https://api.example.com/v1/%40evil.example%2F"
    );
}

#[tokio::test]
async fn nothing_is_sent_when_the_input_does_not_fit() {
    // errata RST-08, RST-09, RST-14, RST-15, RST-17
    let world = World::new();
    let node = prepare(
        RestNode::builder("n", Method::POST, "https://api.example.com/v1/{{input.id}}")
            .with_header("X-Note", "{{input.note}}")
            .with_header("Authorization", "Bearer {{credentials.token}}")
            .with_input_schema(json!({
                "type": "object",
                "properties": {"id": {"type": ["string", "null"]}, "note": {"type": "string"}},
                "required": ["id"],
            })),
    );
    let kind = |input: String| async { world.call(&node, NodeCall::new(input)).await.unwrap_err() };

    for text in [
        "",
        "{",
        "[1,]",
        "nul",
        r#"{"id": "a", "id": "b"}"#,
        r#"{"id": "\ud800"}"#,
        &"[".repeat(10_000),
    ] {
        let error = kind(text.to_owned()).await;
        assert_eq!(error.kind(), ExecutionErrorKind::Malformed, "{text}");
    }
    let huge = format!(r#"{{"id": "{}"}}"#, "x".repeat(10 << 20));
    assert_eq!(kind(huge).await.kind(), ExecutionErrorKind::Malformed);

    let error = kind(json!({"note": 7}).to_string()).await;
    assert_eq!(error.kind(), ExecutionErrorKind::Input);
    assert_eq!(error.violations().len(), 2);

    let error = kind(json!({"id": "a"}).to_string()).await;
    assert_eq!(error.kind(), ExecutionErrorKind::Template);
    assert_eq!(error.missing(), ["input.note", "credentials.token"]);
    assert_eq!(
        error.to_string(),
        "n: the request cannot be made of the input: no value for input.note, credentials.token"
    );

    for bad in ["a\r\nX-Admin: 1", "\u{0}", "ä"] {
        let call = NodeCall::new(json!({"id": "a", "note": bad}).to_string())
            .with_secret("token", "t".into());
        let error = world.call(&node, call).await.unwrap_err();
        assert_eq!(error.kind(), ExecutionErrorKind::Template, "{bad:?}");
    }
    let null = NodeCall::new(json!({"id": null, "note": "x"}).to_string())
        .with_secret("token", "t".into());
    assert_eq!(
        world.call(&node, null).await.unwrap_err().kind(),
        ExecutionErrorKind::Template
    );
    assert_eq!(world.sent(), 0);
}

#[tokio::test]
async fn a_call_is_attempted_at_once_and_waited_for_only_between_attempts() {
    // errata RST-22, RST-23, RST-24, RST-25, RST-41, RST-48
    let world = World::new();
    world.push([
        Reply::status(503),
        Reply::fail(TransportErrorKind::Truncated),
        ok(),
    ]);
    let node = prepare(memoised());
    let begun = world.clock.now();
    let done = world.run(&node, input()).await.unwrap();
    assert_eq!(done.retries(), 2);
    let trace = &done.attempts;
    assert_eq!(
        trace.iter().map(|one| one.number).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert_eq!(trace[0].status, Some(503));
    assert_eq!(trace[0].error, Some(ExecutionErrorKind::Unavailable));
    assert_eq!(
        (trace[1].status, trace[1].error),
        (None, Some(ExecutionErrorKind::Truncated))
    );
    assert_eq!(
        (trace[2].status, trace[2].error, trace[2].delay),
        (Some(200), None, Duration::ZERO)
    );
    let waited: Duration = trace.iter().map(|one| one.delay).sum();
    assert_eq!(world.clock.now() - begun, waited);
    assert_eq!(done.elapsed, waited);
    // Each attempt carried the whole request.
    let sent = world.cloud.sent();
    assert!(
        sent.iter()
            .all(|one| one.body == sent[0].body && !one.body.is_empty())
    );
    // The node says three retries: four attempts and no more, from one layer.
    world.cloud.handle(|_| async { Reply::status(503) });
    let error = world.run(&node, json!({"id": "B"})).await.unwrap_err();
    assert_eq!(
        (error.retries(), error.status(), error.kind()),
        (3, Some(503), ExecutionErrorKind::Unavailable)
    );
    assert_eq!(world.sent(), 3 + 4);
}

#[tokio::test]
async fn a_write_that_may_have_been_processed_is_not_repeated() {
    for (reply, kind) in [
        (Reply::status(503), ExecutionErrorKind::Unavailable),
        (
            Reply::fail(TransportErrorKind::Reset),
            ExecutionErrorKind::Interrupted,
        ),
        (
            Reply::fail(TransportErrorKind::BodyTooLarge),
            ExecutionErrorKind::TooLarge,
        ),
        (Reply::hang(), ExecutionErrorKind::Timeout),
    ] {
        let world = World::new();
        world.push([reply]);
        let error = world.run(&prepare(post()), input()).await.unwrap_err();
        assert_eq!((error.kind(), world.sent()), (kind, 1));
        assert!(error.is_outcome_unknown(), "{error}");
    }
    // What was certainly not processed is.
    let world = World::new();
    world.push([
        Reply::fail(TransportErrorKind::Connect),
        Reply::status(429),
        ok(),
    ]);
    let done = world.run(&prepare(post()), input()).await.unwrap();
    assert_eq!((done.retries(), world.sent()), (2, 3));
}

#[tokio::test]
async fn a_throttle_is_waited_out_in_both_spellings_and_never_cut_short() {
    // errata RST-42
    for named in ["7", "Thu, 01 Jan 2026 00:00:07 GMT"] {
        let world = World::new();
        world.push([Reply::status(429).with_header("retry-after", named), ok()]);
        let done = world.run(&prepare(post()), input()).await.unwrap();
        assert_eq!(done.attempts[0].retry_after, Some(Duration::from_secs(7)));
        assert!(done.attempts[0].delay >= Duration::from_secs(7));
    }
    let world = World::new();
    world.push([Reply::status(429).with_header("retry-after", "3600")]);
    let begun = world.clock.now();
    let error = world.run(&prepare(post()), input()).await.unwrap_err();
    assert_eq!(error.kind(), ExecutionErrorKind::RateLimited);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
    assert_eq!(world.clock.now(), begun);
}

#[tokio::test]
async fn a_call_ends_by_its_deadline_and_an_attempt_by_its_timeout() {
    // errata RST-06, RST-22
    let world = World::new();
    world.cloud.handle(|_| async { Reply::hang() });
    let node = prepare(get().with_timeout(Duration::from_secs(4)));
    let begun = world.clock.now();
    let limited = call(&input()).with_deadline(Duration::from_secs(10));
    let error = world.call(&node, limited).await.unwrap_err();
    assert!(matches!(
        error.kind(),
        ExecutionErrorKind::Timeout | ExecutionErrorKind::Deadline
    ));
    assert!(world.clock.now() - begun <= Duration::from_secs(10));

    let world = World::new();
    world.cloud.handle(|_| async { Reply::hang() });
    let one = prepare(post().with_timeout(Duration::from_secs(4)));
    let error = world.run(&one, input()).await.unwrap_err();
    assert_eq!(error.kind(), ExecutionErrorKind::Timeout);
    assert_eq!(error.attempts()[0].latency, Duration::from_secs(4));
    let short = call(&input()).with_deadline(Duration::from_secs(1));
    assert_eq!(
        world.call(&one, short).await.unwrap_err().kind(),
        ExecutionErrorKind::Deadline
    );
}

#[tokio::test]
async fn an_ill_server_is_left_alone_and_the_call_says_until_when() {
    let world = World::with(|builder| {
        builder.with_breaker(BreakerConfig::default().with_consecutive_failures(3))
    });
    world.cloud.handle(|_| async { Reply::status(500) });
    let node = prepare(get().with_retry(NodeRetry::none()));
    for _ in 0..3 {
        assert_eq!(
            world.run(&node, input()).await.unwrap_err().status(),
            Some(500)
        );
    }
    let error = world.run(&node, input()).await.unwrap_err();
    assert_eq!(error.kind(), ExecutionErrorKind::BreakerOpen);
    assert!(error.retry_after().is_some() && error.is_transient());
    assert_eq!(
        (world.sent(), error.retries(), error.attempts().len()),
        (3, 0, 1)
    );
    // Another server is another breaker.
    let other = RestNode::builder("o", Method::GET, "https://other.example.com/{{input.id}}");
    let error = world
        .run(&prepare(other.with_retry(NodeRetry::none())), input())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ExecutionErrorKind::Unavailable);
}

#[tokio::test]
async fn every_execution_leaves_an_intent_and_an_outcome() {
    let audit = RecordingAudit::new();
    let clock = FakeClock::new();
    let recorder = Recorder::new(
        Arc::new(NoObserver),
        Arc::new(audit.clone()),
        "client-1",
        Arc::new(clock),
        Arc::new(SeededRandom::new(1)),
    );
    let world = World::with(|builder| builder.with_recorder(recorder));
    world.push([Reply::status(500), ok(), Reply::status(404)]);
    let node = prepare(memoised());
    let done = world.run(&node, input()).await.unwrap();
    let error = world.run(&node, json!({"id": "B"})).await.unwrap_err();
    let entries = audit.entries();
    assert_eq!(entries.len(), 4);
    assert!(
        entries.iter().all(
            |one| one.action == "node_executed" && one.target.as_deref() == Some("Change case")
        )
    );
    let outcome = &entries[1].attributes;
    assert_eq!(outcome["contextId"], *done.context_id);
    assert_eq!(
        (&outcome["status"], &outcome["retries"], &outcome["cache"]),
        (&json!(200), &json!(1), &json!("miss"))
    );
    assert_eq!(entries[3].attributes["kind"], "status");
    assert_eq!(entries[3].attributes["contextId"], *error.context_id());
}
