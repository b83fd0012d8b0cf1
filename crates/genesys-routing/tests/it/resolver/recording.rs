//! One count and one audit entry, on every path.

use std::time::Duration;

use genesys_core::audit::AuditPhase;
use genesys_core::observe::Outcome;
use genesys_core::test_util::Reply;
use genesys_core::transport::TransportErrorKind;
use genesys_routing::resolver::{ResolveErrorKind, ResolveMetrics};
use serde_json::json;

use super::{Endpoint, options, page, route, seen, stage};

#[tokio::test]
async fn every_way_to_fail_is_counted_and_audited_once() {
    // errata EVR-32, ALL-22
    let stage = stage();
    let (resolver, options) = (&stage.resolver, options());
    let refused = |text: &'static [u8]| resolver.resolve_json(text, &options);
    assert!(refused(b"nonsense").await.is_err());
    assert!(refused(b"{}").await.is_err());
    stage
        .check
        .set("hooks.example.com", Endpoint::Fails("dnsFailed"));
    let route = route();
    assert!(stage.resolve(&route, &options).await.is_err());
    stage.check.set(
        "hooks.example.com",
        Endpoint::Answers(Duration::from_millis(1)),
    );
    stage.world.push_all([page(&[]), Reply::status(403)]);
    assert!(stage.resolve(&route, &options).await.is_err());
    stage.script_creation();
    assert!(stage.resolve(&route, &options).await.is_ok());

    let counted = resolver.metrics().snapshot();
    assert_eq!(
        (counted.total_resolves, counted.successful_resolves),
        (5, 1)
    );
    // Measured on the probes: 6 endpoints, 5 of them reachable.
    assert_eq!(
        (counted.probed_endpoints, counted.reachable_endpoints),
        (6, 5)
    );
    assert_eq!(counted.reachability_rate, Some(5.0 / 6.0));

    let entries = stage.world.audit.entries();
    let outcomes: Vec<bool> = entries
        .iter()
        .filter(|entry| entry.phase == AuditPhase::Outcome)
        .map(|entry| entry.outcome == Some(Outcome::Success))
        .collect();
    assert_eq!(outcomes, [false, false, false, false, true]);
    assert!(
        entries
            .iter()
            .all(|entry| entry.action == "resolve_operation")
    );
}

#[tokio::test]
async fn the_audit_has_the_documents_members_with_their_units_and_no_query() {
    // errata EVR-06, EVR-35, EVR-37
    let stage = stage();
    stage.check.set(
        "standby.example.net",
        Endpoint::Answers(Duration::from_micros(1_500)),
    );
    stage
        .check
        .set("hooks.example.com", Endpoint::Fails("status"));
    let route = route();
    assert!(stage.resolve(&route, &options()).await.is_err());
    stage
        .check
        .set("hooks.example.com", Endpoint::Answers(Duration::ZERO));
    stage.script_creation();
    stage.resolve(&route, &options()).await.unwrap();

    let entries = stage.world.audit.entries();
    let failed = &entries[1].attributes;
    assert_eq!(failed["integration_name"], "orders");
    assert_eq!(
        failed["uri"],
        "https://hooks.example.com/orders?tenant=[redacted]"
    );
    assert_eq!(
        (&failed["success"], &failed["endpoint_count"]),
        (&json!(false), &json!(2))
    );
    assert!(
        failed["error"].as_str().unwrap().contains("(status)"),
        "{failed:?}"
    );
    assert_eq!(failed["latency_ms"], 1.5);
    let done = &entries[3].attributes;
    assert_eq!(
        (&done["success"], &done["latency_ms"]),
        (&json!(true), &json!(1.5))
    );
    assert_eq!(
        (&done["id"], &done["outcome"]),
        (&json!("r-1"), &json!("created"))
    );
    assert!(!done.contains_key("error"));
    assert_eq!(entries[3].target.as_deref(), Some("orders"));
    assert!(!format!("{entries:?}").contains("hunter2"), "{entries:?}");
}

#[tokio::test]
async fn a_refused_text_is_audited_by_what_can_be_told_of_it() {
    // errata ALL-21, ALL-16
    let stage = stage();
    let text = json!({"name": "or\r\nders", "uri": "https://user:hunter2@h.example.com/?k=hunter2", "uris": ["a", "b"]}).to_string();
    let options = options();
    let refused = stage.resolver.resolve_json(text.as_bytes(), &options);
    assert_eq!(refused.await.unwrap_err().kind(), ResolveErrorKind::Rules);
    let entries = stage.world.audit.entries();
    let told = &entries[1].attributes;
    assert_eq!(told["integration_name"], "or\u{fffd}\u{fffd}ders");
    assert_eq!(told["endpoint_count"], 3);
    assert!(!format!("{entries:?}").contains("hunter2"), "{entries:?}");
}

#[tokio::test]
async fn a_caller_that_goes_away_ends_the_work_and_is_counted() {
    // errata EVR-43, ALL-22
    let stage = stage();
    stage.check.set("hooks.example.com", Endpoint::Hangs);
    let route = route();
    let options = options();
    let mut resolving = Box::pin(stage.resolver.resolve(&route, &options));
    assert!(futures_util::poll!(&mut resolving).is_pending());
    assert_eq!(stage.check.calls(), 2);
    drop(resolving);
    let counted = stage.resolver.metrics().snapshot();
    assert_eq!(
        (counted.total_resolves, counted.successful_resolves),
        (1, 0)
    );
    let entries = stage.world.audit.entries();
    assert_eq!(entries[1].outcome, Some(Outcome::Cancelled));
    assert_eq!(entries[1].attributes["success"], false);
    assert_eq!(stage.world.calls(), [] as [String; 0]);
}

#[test]
fn before_the_first_resolve_nothing_is_divided_by_nothing() {
    // errata EVR-34
    let snapshot = ResolveMetrics::default().snapshot();
    let json = serde_json::to_value(snapshot).unwrap();
    assert_eq!(
        json,
        json!({"total_resolves": 0, "successful_resolves": 0, "probed_endpoints": 0, "reachable_endpoints": 0,
            "reachability_rate": null, "avg_latency_ms": 0.0})
    );
    let text = snapshot.to_prometheus();
    assert!(
        text.contains("event_route_resolves_total{result=\"success\"} 0\n"),
        "{text}"
    );
    assert!(
        !text.contains("NaN") && !text.contains("quantile"),
        "{text}"
    );
}

#[tokio::test]
async fn latencies_have_percentiles() {
    // errata ALL-23, EVR-33
    let stage = stage();
    for millis in 1..=100_u64 {
        let latency = Duration::from_millis(millis);
        stage
            .check
            .set("hooks.example.com", Endpoint::Answers(latency));
        stage
            .check
            .set("standby.example.net", Endpoint::Answers(Duration::ZERO));
        stage.world.push_all([page(&[seen(&route(), 1)])]);
        let route = route();
        stage.resolve(&route, &options()).await.unwrap();
    }
    let snapshot = stage.resolver.metrics().snapshot();
    assert_eq!(snapshot.total_resolves, 100);
    assert!(
        (snapshot.avg_latency_ms - 50.5).abs() < 1e-6,
        "{snapshot:?}"
    );
    for (found, expected) in [
        (snapshot.p50_latency_ms, 50.0),
        (snapshot.p90_latency_ms, 90.0),
        (snapshot.p99_latency_ms, 99.0),
        (snapshot.max_latency_ms, 100.0),
    ] {
        let found = found.unwrap();
        assert!(
            (found - expected).abs() <= expected * 0.001,
            "{found} {expected}"
        );
    }
    let text = snapshot.to_prometheus();
    assert!(
        text.contains("event_route_resolve_seconds{quantile=\"0.5\"} 0.05"),
        "{text}"
    );
}

#[tokio::test]
async fn what_the_cloud_answers_becomes_the_callers_status() {
    // errata EVR-31, ALL-11
    for (replies, kind, status) in [
        (vec![Reply::status(400)], ResolveErrorKind::Refused, 502),
        (vec![Reply::status(403)], ResolveErrorKind::Upstream, 502),
        (
            vec![Reply::status(429).with_header("retry-after", "600")],
            ResolveErrorKind::Throttled,
            503,
        ),
        (vec![Reply::status(503); 4], ResolveErrorKind::Upstream, 502),
    ] {
        let stage = stage();
        stage.world.push_all(replies);
        let route = route();
        let options = options().with_deadline(Duration::from_secs(3_600));
        let error = stage.resolve(&route, &options).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.status().as_u16()),
            (kind, status),
            "{error}"
        );
        assert!(error.error().status().is_some());
        assert_eq!(error.endpoints().len(), 2);
        if kind == ResolveErrorKind::Throttled {
            assert_eq!(error.retry_after(), Some(Duration::from_secs(600)));
        }
    }
    // A creation that nobody can know about.
    let stage = stage();
    stage.world.transport.handle(|request| {
        let reply = match request.method.as_str() {
            "GET" => page(&[]),
            _ => Reply::fail(TransportErrorKind::Reset),
        };
        async move { reply }
    });
    let route = route();
    let options = options();
    let error = stage.resolve(&route, &options).await.unwrap_err();
    assert_eq!(error.kind(), ResolveErrorKind::OutcomeUnknown);
    assert!(error.is_outcome_unknown());
}
