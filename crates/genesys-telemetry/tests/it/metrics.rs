//! Metrics on the event stream.

use std::time::Duration;

use genesys_core::ErrorKind;
use genesys_core::observe::{
    AttemptFinished, BreakerChanged, CallFinished, Event, Observer, OperationFinished, Outcome,
    RetryScheduled, TokenRenewal,
};
use genesys_core::vocabulary::{Method, StatusCode};
use genesys_telemetry::Metrics;
use genesys_telemetry::metrics::OTHER;
use resilience::State;

pub const MS: Duration = Duration::from_millis(1);

pub fn call(
    metrics: &Metrics,
    name: &str,
    outcome: Outcome,
    elapsed: Duration,
    wire: Duration,
    attempts: u32,
) {
    let mut event = CallFinished::new(name, Method::GET, "/api/v2/x/{id}", outcome);
    (event.elapsed, event.wire, event.attempts) = (elapsed, wire, attempts);
    metrics.on_event(&Event::CallFinished(&event));
}

pub fn operation(metrics: &Metrics, name: &str, outcome: Outcome, elapsed: Duration) {
    metrics.on_event(&Event::OperationFinished(&OperationFinished::new(
        name, outcome, elapsed,
    )));
}

pub fn breaker(metrics: &Metrics, key: &str, from: State, to: State) {
    metrics.on_event(&Event::BreakerChanged(&BreakerChanged::new(
        key, from, to, "test",
    )));
}

pub fn everything() -> Metrics {
    let metrics = Metrics::new();
    call(
        &metrics,
        "integrations.get",
        Outcome::Success,
        120 * MS,
        100 * MS,
        1,
    );
    call(
        &metrics,
        "integrations.get",
        Outcome::Failure(ErrorKind::Timeout),
        900 * MS,
        300 * MS,
        3,
    );
    call(
        &metrics,
        "integrations.get",
        Outcome::Cancelled,
        5000 * MS,
        1 * MS,
        1,
    );
    let mut attempt = AttemptFinished::new(
        "integrations.get",
        1,
        Outcome::Failure(ErrorKind::RateLimited),
    );
    attempt.status = Some(StatusCode::TOO_MANY_REQUESTS);
    metrics.on_event(&Event::AttemptFinished(&attempt));
    metrics.on_event(&Event::RetryScheduled(&RetryScheduled::new(
        "integrations.get",
        1,
        MS,
        "429",
    )));
    operation(&metrics, "CREATE", Outcome::Success, 10 * MS);
    breaker(&metrics, "api.example", State::Closed, State::Open);
    breaker(&metrics, "api.example", State::Open, State::HalfOpen);
    metrics.on_event(&Event::TokenRenewal(&TokenRenewal::new(
        Outcome::Success,
        40 * MS,
    )));
    metrics
}

#[test]
fn waiting_is_told_apart_from_the_wire_and_failures_from_successes() {
    // errata ALL-22, ALL-23, WID-37
    let snapshot = everything().snapshot();
    let get = &snapshot.calls["integrations.get"];
    assert_eq!(
        (
            get.outcomes.success,
            get.outcomes.failure,
            get.outcomes.cancelled
        ),
        (1, 1, 1)
    );
    assert_eq!(get.outcomes.failures, [("timeout".to_owned(), 1)].into());
    assert_eq!(get.outcomes.success_rate, Some(0.5));
    assert_eq!(get.elapsed.success.unwrap().max, 120 * MS);
    assert_eq!(get.elapsed.failure.unwrap().max, 900 * MS);
    assert_eq!(
        (get.wire.unwrap().max, get.waiting.unwrap().max),
        (300 * MS, 600 * MS)
    );
    assert_eq!((get.attempts, get.retries), (5, 1));
    assert_eq!(get.answers, [(429, 1)].into());
    assert_eq!(snapshot.breakers["api.example"].state, "half_open");
    assert_eq!(snapshot.renewals.outcomes.success, 1);
}

#[test]
fn before_the_first_there_is_no_rate_and_no_percentile() {
    // errata EVR-34
    let json = serde_json::to_string(&Metrics::new().snapshot()).unwrap();
    assert_eq!(
        json,
        r#"{"calls":{},"operations":{},"breakers":{},"renewals":{"outcomes":{"total":0,"success":0,"failure":0,"cancelled":0,"failures":{}},"elapsed":{}},"folded":0}"#
    );
    let metrics = Metrics::new();
    operation(&metrics, "CREATE", Outcome::Cancelled, MS);
    let json = serde_json::to_string(&metrics.snapshot().operations).unwrap();
    assert_eq!(
        json,
        r#"{"CREATE":{"outcomes":{"total":1,"success":0,"failure":0,"cancelled":1,"failures":{}},"elapsed":{}}}"#
    );
}

#[test]
fn the_unit_in_a_name_is_the_unit_of_its_value() {
    // errata EVR-35, ALL-31
    let metrics = Metrics::new();
    operation(
        &metrics,
        "CREATE",
        Outcome::Success,
        Duration::from_micros(1500),
    );
    let json = serde_json::to_string(&metrics.snapshot().operations["CREATE"].elapsed).unwrap();
    assert_eq!(
        json,
        r#"{"success":{"count":1,"sum_ms":1.5,"mean_ms":1.5,"p50_ms":1.5,"p90_ms":1.5,"p99_ms":1.5,"max_ms":1.5}}"#
    );
}

#[test]
fn a_failed_validation_counts_under_its_own_name_and_outcome() {
    // errata DEP-41, WID-36
    let metrics = Metrics::new();
    operation(&metrics, "mapping", Outcome::Success, MS);
    operation(
        &metrics,
        "validation",
        Outcome::Failure(ErrorKind::InvalidRequest),
        MS,
    );
    let operations = metrics.snapshot().operations;
    assert_eq!(operations["mapping"].outcomes.success_rate, Some(1.0));
    assert_eq!(operations["validation"].outcomes.success_rate, Some(0.0));
}

#[test]
fn memory_is_bounded_by_the_number_of_names() {
    // errata ALL-20
    let metrics = Metrics::with_names(2);
    for index in 0..1000 {
        operation(&metrics, &format!("op-{index}"), Outcome::Success, MS);
    }
    let snapshot = metrics.snapshot();
    assert_eq!(snapshot.operations.len(), 3);
    assert_eq!(snapshot.operations[OTHER].outcomes.success, 998);
    assert_eq!(snapshot.folded, 998);
}

#[test]
fn a_snapshot_taken_under_load_is_consistent() {
    // errata EVR-33, WID-35, DEP-40
    let metrics = Metrics::new();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for index in 0..10_000_u32 {
                    let outcome = match index % 3 {
                        0 => Outcome::Success,
                        1 => Outcome::Failure(ErrorKind::Timeout),
                        _ => Outcome::Cancelled,
                    };
                    call(&metrics, "a", outcome, MS, MS, 1);
                }
            });
        }
        for _ in 0..50 {
            let snapshot = metrics.snapshot();
            let Some(a) = snapshot.calls.get("a") else {
                continue;
            };
            assert_eq!(a.outcomes.total, a.attempts);
            assert_eq!(
                a.outcomes.failures.values().sum::<u64>(),
                a.outcomes.failure
            );
            assert_eq!(
                a.wire.map_or(0, |wire| wire.count),
                a.outcomes.success + a.outcomes.failure
            );
        }
    });
    assert_eq!(metrics.snapshot().calls["a"].outcomes.total, 20_000);
}
