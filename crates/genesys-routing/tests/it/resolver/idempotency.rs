//! One key, one resolve.

use futures_util::FutureExt;
use futures_util::future::join_all;
use genesys_core::test_util::Reply;
use genesys_routing::EventRoute;
use genesys_routing::resolver::{IdempotencyKey, ResolveErrorKind, ResolveOptions, ResolveOutcome};

use super::{Endpoint, STANDBY, TOPIC, options, page, route, seen, stage};

fn keyed(key: &str) -> ResolveOptions {
    options().with_idempotency_key(IdempotencyKey::new(key).unwrap())
}

fn other() -> EventRoute {
    EventRoute::https("orders", STANDBY)
        .with_event(TOPIC)
        .build()
        .unwrap()
}

#[tokio::test]
async fn the_same_key_replays_the_report_and_another_route_is_refused() {
    let stage = stage();
    stage.script_creation();
    let (route, options) = (route(), keyed("k-1"));
    let first = stage
        .world
        .drive(stage.resolver.resolve(&route, &options))
        .await;
    let first = first.unwrap();
    let again = stage.resolver.resolve(&route, &options).await.unwrap();
    assert_eq!(again.outcome, ResolveOutcome::Replayed);
    assert_eq!((&again.id, again.change), (&first.id, first.change));
    assert_eq!(again.endpoints, first.endpoints);
    assert_eq!(stage.check.calls(), 2);

    let error = stage
        .resolver
        .resolve(&other(), &options)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.status().as_u16()),
        (ResolveErrorKind::KeyReused, 409)
    );
    assert_eq!(stage.world.methods(), "GET POST");

    // Another key is another resolve.
    stage.world.push_all([page(&[seen(&route, 1)])]);
    let options = keyed("k-2");
    let report = stage.resolve(&route, &options).await.unwrap();
    assert_eq!(report.outcome, ResolveOutcome::Unchanged);
}

#[tokio::test]
async fn a_thousand_callers_with_one_key_cause_one_submission() {
    let stage = stage();
    stage.script_creation();
    let (route, options) = (route(), keyed("k-1"));
    let all = join_all((0..1_000).map(|_| stage.resolver.resolve(&route, &options)));
    let reports = stage.world.drive(all).await;
    let count = |outcome| {
        reports
            .iter()
            .filter(|report| report.as_ref().unwrap().outcome == outcome)
            .count()
    };
    assert_eq!(
        (
            count(ResolveOutcome::Created),
            count(ResolveOutcome::Replayed)
        ),
        (1, 999)
    );
    assert_eq!(
        (stage.check.calls(), stage.world.methods().as_str()),
        (2, "GET POST")
    );
    assert_eq!(
        stage.resolver.metrics().snapshot().successful_resolves,
        1_000
    );
}

#[tokio::test]
async fn another_route_is_refused_while_the_first_one_is_under_way() {
    let stage = stage();
    stage.check.set("hooks.example.com", Endpoint::Hangs);
    let (route, options) = (route(), keyed("k-1"));
    let mut first = stage.resolver.resolve(&route, &options).boxed();
    assert!(futures_util::poll!(&mut first).is_pending());
    let error = stage
        .resolver
        .resolve(&other(), &options)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ResolveErrorKind::KeyReused);
    // The key is free again when whoever had it is gone.
    drop(first);
    stage
        .world
        .push_all([page(&[]), Reply::json(201, &seen(&other(), 1))]);
    let route = other();
    let report = stage.resolve(&route, &options).await.unwrap();
    assert_eq!(report.outcome, ResolveOutcome::Created);
}

#[tokio::test]
async fn when_the_first_caller_goes_away_or_fails_the_next_one_takes_over() {
    // errata ALL-06
    for goes_away in [true, false] {
        let stage = stage();
        stage.check.set("hooks.example.com", Endpoint::Hangs);
        let (route, options) = (route(), keyed("k-1"));
        let mut first = stage.resolver.resolve(&route, &options).boxed();
        let mut second = stage.resolver.resolve(&route, &options).boxed();
        assert!(futures_util::poll!(&mut first).is_pending());
        assert!(futures_util::poll!(&mut second).is_pending());
        assert_eq!(stage.check.calls(), 2);
        if goes_away {
            drop(first);
        } else {
            // The deadline of the first comes; the second has its own.
            stage
                .world
                .clock
                .advance(std::time::Duration::from_secs(29));
            let mut third = stage.resolver.resolve(&route, &options).boxed();
            assert!(futures_util::poll!(&mut third).is_pending());
            stage.world.clock.advance(std::time::Duration::from_secs(1));
            assert_eq!(first.await.unwrap_err().kind(), ResolveErrorKind::Deadline);
            second = third;
        }
        stage.check.set(
            "hooks.example.com",
            Endpoint::Answers(std::time::Duration::ZERO),
        );
        stage.script_creation();
        let report = stage.world.drive(second).await.unwrap();
        assert_eq!(report.outcome, ResolveOutcome::Created);
    }
}

#[tokio::test]
async fn a_dry_run_uses_no_key_up() {
    let stage = stage();
    stage.world.push_all([page(&[])]);
    let (route, options) = (route(), keyed("k-1"));
    let dry = options.clone().with_dry_run(true);
    stage.resolve(&route, &dry).await.unwrap();
    stage.script_creation();
    let report = stage.resolve(&route, &options).await.unwrap();
    assert_eq!(report.outcome, ResolveOutcome::Created);
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day() {
    let stage = stage();
    stage.script_creation();
    let (route, options) = (route(), keyed("k-1"));
    stage.resolve(&route, &options).await.unwrap();
    stage
        .world
        .clock
        .advance(std::time::Duration::from_secs(24 * 3_600 + 1));
    stage.world.push_all([page(&[seen(&route, 1)])]);
    let report = stage.resolve(&route, &options).await.unwrap();
    assert_eq!(report.outcome, ResolveOutcome::Unchanged);
}

#[test]
fn a_key_is_visible_text_that_is_not_printed() {
    for bad in ["", "a b", "a\n", "ü", &"x".repeat(256)] {
        assert!(IdempotencyKey::new(bad).is_err(), "{bad:?}");
    }
    let key = IdempotencyKey::new("k-1").unwrap();
    assert_eq!(key.as_str(), "k-1");
    assert!(!format!("{key:?}").contains("k-1"));
}
