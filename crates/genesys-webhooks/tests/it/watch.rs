//! Watching by polling.

use std::time::Duration;

use futures_util::StreamExt;
use genesys_core::ErrorKind;
use genesys_core::test_util::Reply;
use genesys_core::transport::TransportErrorKind;
use genesys_webhooks::{PlatformWatch, Status, StatusSource, Watch};
use resilience::Clock;
use serde_json::json;

use crate::support::{World, world};

fn state(code: &str) -> Reply {
    Reply::json(
        200,
        &json!({"id": "int-1", "intendedState": "ENABLED", "reportedState": {"code": code, "detail": null}}),
    )
}

/// Every attempt of one call fails.
fn outage(world: &World) {
    world.push_all((0..4).map(|_| Reply::fail(TransportErrorKind::Connect)));
}

#[tokio::test]
async fn only_changes_are_told_and_the_first_poll_is_the_baseline() {
    // errata INT-03, DEP-32
    let world = world();
    world.push_all(
        [
            "INACTIVE",
            "INACTIVE",
            "ACTIVATING",
            "ACTIVATING",
            "ACTIVE",
            "PAUSED",
        ]
        .map(state),
    );
    let watch = PlatformWatch::new(world.client.clone());
    let told: Vec<_> = world
        .clock
        .drive(async {
            watch
                .changes("int-1")
                .await
                .unwrap()
                .take(3)
                .map(Result::unwrap)
                .collect()
                .await
        })
        .await;
    let pairs: Vec<_> = told
        .iter()
        .map(|change| format!("{} {}", change.old, change.new))
        .collect();
    assert_eq!(
        pairs,
        ["inactive activating", "activating active", "active paused"]
    );
    assert!(
        told.iter()
            .all(|change| change.source == StatusSource::Poll && change.integration_id == "int-1")
    );
    assert_eq!(told[2].at, world.clock.wall());
    assert_eq!(world.calls(), ["GET /api/v2/integrations/int-1"; 6]);
}

#[tokio::test]
async fn polls_are_an_interval_apart_and_spread() {
    let world = world();
    let transport = world.transport.clone();
    let clock = world.clock.clone();
    let times = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = times.clone();
    transport.handle(move |_| {
        seen.lock().unwrap().push(clock.now());
        let reply = if seen.lock().unwrap().len() > 50 {
            state("ACTIVE")
        } else {
            state("INACTIVE")
        };
        async { reply }
    });
    let watch = PlatformWatch::new(world.client.clone()).with_interval(Duration::from_secs(10));
    world
        .clock
        .drive(async {
            watch
                .changes("int-1")
                .await
                .unwrap()
                .next()
                .await
                .unwrap()
                .unwrap()
        })
        .await;
    let times = times.lock().unwrap().clone();
    let gaps: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(
        gaps.iter()
            .all(|gap| (Duration::from_secs(9)..=Duration::from_secs(11)).contains(gap)),
        "{gaps:?}"
    );
    assert!(gaps.windows(2).any(|pair| pair[0] != pair[1]), "no spread");
}

#[tokio::test]
async fn transient_failures_are_tolerated_up_to_the_bound() {
    let world = world();
    let watch = PlatformWatch::new(world.client.clone())
        .with_tolerance(2)
        .with_interval(Duration::from_secs(60));
    world.push_all([state("INACTIVE")]);
    // Two failed polls, a good one that resets the count, two more, and the change.
    outage(&world);
    outage(&world);
    world.push_all([state("INACTIVE")]);
    outage(&world);
    outage(&world);
    world.push_all([state("ACTIVE")]);
    world
        .clock
        .drive(async {
            let mut changes = watch.changes("int-1").await.unwrap();
            assert_eq!(changes.next().await.unwrap().unwrap().new, Status::Active);
            // From here on nothing answers.
            assert_eq!(
                changes.next().await.unwrap().unwrap_err().kind(),
                ErrorKind::Connect
            );
            assert!(changes.next().await.is_none());
        })
        .await;
}

#[tokio::test]
async fn a_final_failure_ends_the_stream_at_once() {
    // errata ALL-14, ALL-15
    for (reply, kind) in [
        (Reply::status(404), ErrorKind::NotFound),
        (Reply::status(302), ErrorKind::Redirect),
        (
            Reply::json(200, &json!({"id": "int-1", "intendedState": "ENABLED"})),
            ErrorKind::Decode,
        ),
        (
            Reply::json(
                200,
                &json!({"id": "int-1", "reportedState": {"code": null}}),
            ),
            ErrorKind::Decode,
        ),
        (
            Reply::body(200, "text/html", "<html>"),
            ErrorKind::UnexpectedContent,
        ),
    ] {
        let world = world();
        let watch = PlatformWatch::new(world.client.clone());
        world.push_all([state("INACTIVE"), reply]);
        world
            .clock
            .drive(async {
                let mut changes = watch.changes("int-1").await.unwrap();
                assert_eq!(changes.next().await.unwrap().unwrap_err().kind(), kind);
                assert!(changes.next().await.is_none());
            })
            .await;
        assert_eq!(world.calls().len(), 2);
    }
}

#[tokio::test]
async fn a_failure_of_the_first_poll_is_the_answer() {
    // errata ALL-17
    let world = world();
    let watch = PlatformWatch::new(world.client.clone());
    world.push_all([Reply::status(404)]);
    assert_eq!(
        watch.changes("int-1").await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert_eq!(
        watch.changes("").await.unwrap_err().kind(),
        ErrorKind::InvalidRequest
    );
    assert_eq!(world.calls().len(), 1);
}

#[tokio::test]
async fn the_server_may_ask_for_more_patience_than_the_interval() {
    // errata ALL-09
    let world = world();
    let watch = PlatformWatch::new(world.client.clone());
    world.push_all([
        state("INACTIVE"),
        Reply::status(429).with_header("retry-after", "600"),
        state("ACTIVE"),
    ]);
    let started = world.clock.now();
    world
        .clock
        .drive(async {
            let mut changes = watch.changes("int-1").await.unwrap();
            changes.next().await.unwrap().unwrap();
        })
        .await;
    assert!(world.clock.now() - started >= Duration::from_secs(600));
    assert_eq!(world.calls().len(), 3);
}

#[tokio::test]
async fn a_dropped_next_loses_nothing_and_a_dropped_stream_leaves_nothing() {
    // errata ALL-10
    let world = world();
    let watch = PlatformWatch::new(world.client.clone());
    world.push_all([state("INACTIVE"), state("ACTIVE")]);
    let mut changes = watch.changes("int-1").await.unwrap();
    for _ in 0..3 {
        let mut next = Box::pin(changes.next());
        assert!(futures_util::poll!(&mut next).is_pending());
    }
    assert_eq!((world.clock.pending_sleeps(), world.calls().len()), (1, 1));
    world.clock.drive(changes.next()).await.unwrap().unwrap();
    assert_eq!(world.calls().len(), 2);
    let mut next = Box::pin(changes.next());
    assert!(futures_util::poll!(&mut next).is_pending());
    drop(next);
    drop(changes);
    assert_eq!((world.clock.pending_sleeps(), world.calls().len()), (0, 2));
}
