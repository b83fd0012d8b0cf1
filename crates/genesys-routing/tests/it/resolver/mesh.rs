//! Telling others.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use genesys_core::test_util::{Reply, ScriptedTransport};
use genesys_core::transport::TransportErrorKind;
use genesys_routing::resolver::{ResolveOutcome, Resolver};
use genesys_webhooks::{Notifier, SigningKey, TargetUrl, Verifier};
use resilience::{Clock, RetryPolicy};
use serde_json::{Value, json};

use super::{Stage, options, page, route, seen, stage};

fn with_mesh(stage: &Stage, mesh: &ScriptedTransport) -> Resolver {
    let clock = Arc::new(stage.world.clock.clone());
    let notifier = Notifier::new(mesh.shared(), SigningKey::from_bytes(&[7; 32]).unwrap())
        .with_clock(clock)
        .with_retry(RetryPolicy::default().with_max_attempts(2));
    let targets = [
        "https://mesh-1.example.com/hook",
        "https://mesh-2.example.com/hook?zone=a",
    ];
    let targets = targets.map(|target| TargetUrl::parse(target).unwrap());
    stage.resolver.clone().with_mesh(notifier, targets)
}

#[tokio::test]
async fn a_change_is_told_to_everybody_signed() {
    // errata EVR-41
    let stage = stage();
    let mesh = ScriptedTransport::new();
    mesh.handle(|_| async { Reply::status(204) });
    let resolver = with_mesh(&stage, &mesh);
    stage.script_creation();
    let (route, options) = (route(), options());
    let report = stage
        .world
        .drive(resolver.resolve(&route, &options))
        .await
        .unwrap();
    let told: Vec<(&str, bool, Option<u16>)> = report
        .notifications
        .iter()
        .map(|one| (one.target.as_str(), one.delivered, one.status))
        .collect();
    assert_eq!(
        told,
        [
            ("https://mesh-1.example.com/hook", true, Some(204)),
            (
                "https://mesh-2.example.com/hook?zone=[redacted]",
                true,
                Some(204)
            ),
        ]
    );
    let sent = mesh.sent();
    assert_eq!(sent.len(), 2);
    let verifier = Verifier::new([SigningKey::from_bytes(&[7; 32]).unwrap()])
        .unwrap()
        .with_clock(Arc::new(stage.world.clock.clone()));
    for request in &sent {
        let body: Bytes = request.body.clone();
        verifier.verify(&request.headers, &body).unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["event"], "event_route.resolved");
        assert_eq!(
            body["route"],
            json!({"id": "r-1", "name": "orders", "version": 1})
        );
        assert_eq!(body["outcome"], "created");
        assert_eq!(body["endpoints"][0]["latencyMs"], 7.0);
        let at = stage.world.clock.wall().duration_since(UNIX_EPOCH).unwrap();
        assert!(
            at > Duration::ZERO
                && body["timestamp"]
                    .as_str()
                    .unwrap()
                    .starts_with("2026-01-01T")
        );
        assert!(!body.to_string().contains("hunter2"), "{body}");
    }
}

#[tokio::test]
async fn nobody_is_told_of_what_did_not_change_unless_asked() {
    let stage = stage();
    let mesh = ScriptedTransport::new();
    mesh.handle(|_| async { Reply::status(204) });
    let resolver = with_mesh(&stage, &mesh);
    let route = route();
    for (options, told) in [
        (options(), 0),
        (options().with_dry_run(true), 0),
        (options().with_notify_unchanged(true), 2),
    ] {
        stage.world.push_all([page(&[seen(&route, 1)])]);
        let report = stage
            .world
            .drive(resolver.resolve(&route, &options))
            .await
            .unwrap();
        assert_eq!(
            (report.notifications.len(), mesh.sent().len()),
            (told, told)
        );
    }
}

#[tokio::test]
async fn a_callback_that_fails_is_reported_and_fails_nothing() {
    let stage = stage();
    let mesh = ScriptedTransport::new();
    mesh.handle(|request| {
        let reply = match request.uri.host() {
            Some("mesh-1.example.com") => Reply::fail(TransportErrorKind::Connect),
            _ => Reply::hang(),
        };
        async move { reply }
    });
    let resolver = with_mesh(&stage, &mesh);
    stage.script_creation();
    let (route, options) = (route(), options());
    let report = stage
        .world
        .drive(resolver.resolve(&route, &options))
        .await
        .unwrap();
    assert_eq!(report.outcome, ResolveOutcome::Created);
    let [down, hanging] = report.notifications.as_slice() else {
        panic!("{report:?}")
    };
    assert_eq!((down.delivered, down.attempts), (false, 2));
    assert!(
        down.error.as_deref().unwrap().contains("no connection"),
        "{down:?}"
    );
    assert!(!hanging.delivered && hanging.error.is_some());
    // The limit of the whole holds.
    assert!(report.elapsed <= Duration::from_secs(30), "{report:?}");
}
