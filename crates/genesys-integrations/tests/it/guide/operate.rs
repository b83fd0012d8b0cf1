//! States and tests.

use super::*;

#[tokio::test(start_paused = true)]
async fn enabling_sets_the_status_and_waits_until_it_is_reported() {
    // errata INT-30, INT-20
    let rig = Rig::new();
    rig.push(200, seen("i-1", "activating"));
    rig.push(404, json!({}))
        .push(200, seen("i-1", "activating"))
        .push(200, seen("i-1", "active"));
    let change = GuideIntegrations::new(rig.client.clone())
        .set_state(&id("i-1"), IntendedState::Enabled)
        .await
        .unwrap();
    assert_eq!(
        (change.intended, &change.reported),
        (IntendedState::Enabled, &IntegrationState::Active)
    );
    // 250, 375 and 562.5 ms, each rounded up by the timer.
    assert!(
        (1187..1192).contains(&change.waited.as_millis()),
        "{:?}",
        change.waited
    );
    let item = "GET /api/v2/integrations/i-1";
    assert_eq!(
        rig.lines(),
        ["PATCH /api/v2/integrations/i-1", item, item, item]
    );
    assert_eq!(rig.body(0), json!({"status": "active"}));
}

#[tokio::test(start_paused = true)]
async fn a_state_that_is_not_reached_in_time_is_a_typed_error() {
    // errata INT-30, INT-39
    let rig = Rig::new();
    rig.transport
        .handle(|_| std::future::ready(Reply::json(200, &seen("i-1", "activating"))));
    let limits = Limits::default().with_state(seconds(10));
    let integrations = GuideIntegrations::new(rig.client.clone()).with_limits(limits);
    let error = integrations
        .set_state(&id("i-1"), IntendedState::Enabled)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::State);
    let source = std::error::Error::source(&error)
        .unwrap()
        .downcast_ref::<StateNotReached>()
        .unwrap();
    assert_eq!(source.reported, IntegrationState::Activating);
    assert!(source.waited <= seconds(10), "{:?}", source.waited);
}

#[tokio::test(start_paused = true)]
async fn a_failed_test_is_a_report_with_a_typed_duration() {
    // errata INT-35, INT-23
    let rig = Rig::new();
    rig.push(
        200,
        json!({"status": "Failed", "message": "the endpoint\nanswered 401", "responseTime": 87}),
    );
    let integrations = GuideIntegrations::new(rig.client.clone());
    let report = integrations
        .test(&id("i-1"), &TestRequest::once())
        .await
        .unwrap();
    assert_eq!(report.status, TestStatus::Failed);
    assert_eq!(report.response_time.unwrap().as_millis(), 87);
    assert_eq!(report.message, "the endpoint\u{fffd}answered 401");
    assert_eq!(rig.lines(), ["POST /api/v2/integrations/i-1/test"]);
}

#[tokio::test(start_paused = true)]
async fn a_test_runs_once_unless_it_is_marked_repeatable() {
    // errata INT-26, INT-24, ALL-07
    let rig = Rig::new();
    rig.transport
        .handle(|_| std::future::ready(Reply::status(503)));
    let integrations = GuideIntegrations::new(rig.client.clone());
    let once = integrations
        .test(&id("i-1"), &TestRequest::once())
        .await
        .unwrap_err();
    assert_eq!(
        (once.kind(), once.attempts().len()),
        (ErrorKind::OutcomeUnknown, 1)
    );
    // errata ALL-11, INT-21
    let again = integrations
        .test(&id("i-1"), &TestRequest::repeatable())
        .await
        .unwrap_err();
    assert_eq!(
        (again.kind(), again.status().unwrap().as_u16()),
        (ErrorKind::Unavailable, 503)
    );
}

#[tokio::test(start_paused = true)]
async fn three_failures_open_the_breaker_of_tests_and_the_fourth_attempt_waits_for_its_probe() {
    // errata INT-14, INT-15, INT-16, INT-17
    let rig = Rig::new();
    for _ in 0..3 {
        rig.transport.push(Reply::status(500));
    }
    rig.push(
        200,
        json!({"status": "Success", "message": "ok", "responseTime": 1}),
    );
    let integrations = GuideIntegrations::new(rig.client.clone());
    let started = rig.now();
    let report = integrations
        .test(&id("i-1"), &TestRequest::repeatable())
        .await
        .unwrap();
    assert!(report.is_success());
    assert_eq!(
        rig.lines().len(),
        4,
        "nothing is sent while the breaker is open"
    );
    assert!(rig.since(started) >= seconds(4), "{:?}", rig.since(started));
    let opened = rig.observer.events().into_iter().any(|event| {
        matches!(event, RecordedEvent::Breaker(key, _, resilience::State::Open) if key.ends_with("integrations.test"))
    });
    assert!(opened, "a transition is an event");
}

#[tokio::test(start_paused = true)]
async fn the_breaker_outlives_a_call_and_clones_share_it() {
    // errata INT-14, INT-16
    let rig = Rig::new();
    rig.transport
        .handle(|_| std::future::ready(Reply::status(500)));
    let integrations = GuideIntegrations::new(rig.client.clone());
    for _ in 0..3 {
        integrations
            .test(&id("i-1"), &TestRequest::once())
            .await
            .unwrap_err();
    }
    let error = integrations
        .clone()
        .test(&id("i-2"), &TestRequest::once())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BreakerOpen);
    assert!(error.retry_after().unwrap() <= seconds(5) && !error.was_sent());
    assert_eq!(rig.lines().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn callers_errors_and_throttling_open_no_breaker() {
    // errata INT-18, INT-19, INT-25, INT-27, INT-28, ALL-09
    let rig = Rig::new();
    let integrations = GuideIntegrations::new(rig.client.clone());
    for status in [400, 403, 404, 422] {
        rig.push(status, json!({"message": "no"}));
        let error = integrations
            .test(&id("i-1"), &TestRequest::repeatable())
            .await
            .unwrap_err();
        assert_eq!(error.attempts().len(), 1, "a caller's error is not retried");
    }
    for _ in 0..4 {
        rig.transport
            .push(Reply::status(429).with_header("retry-after", "2"));
    }
    rig.push(200, json!({"status": "Success"}));
    let started = rig.now();
    assert!(
        integrations
            .test(&id("i-1"), &TestRequest::once())
            .await
            .unwrap()
            .is_success()
    );
    assert!(rig.since(started) >= seconds(8));
}
