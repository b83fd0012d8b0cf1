//! What every store promises, as functions that panic when it does not hold.
//!
//! Each takes a fresh store and the clock that the store lives by. With a [`FakeClock`](super::FakeClock),
//! wrap the call in [`drive`](super::FakeClock::drive); with a real store, give the system's clock and
//! have a few seconds' patience.
#![allow(
    clippy::panic,
    clippy::expect_used,
    reason = "a contract that does not hold ends the test"
)]

use std::sync::Arc;
use std::time::Duration;

use crate::{CacheStore, Claim, Clock, DedupeStore, LeaseAnswer, QuotaReport, QuotaStore};

const SHORT: Duration = Duration::from_millis(400);
const LONG: Duration = Duration::from_secs(60);

async fn pass(clock: &dyn Clock, time: Duration) {
    let now = clock.now();
    clock
        .sleep_until(now.checked_add(time).expect("a short wait"))
        .await;
}

/// The contract of [`CacheStore`].
///
/// # Panics
/// When the store breaks it.
pub async fn cache_store(store: &dyn CacheStore, clock: &dyn Clock) {
    let value = |text: &str| -> Arc<[u8]> { Arc::from(text.as_bytes()) };
    let read = async |key: &str| store.get(key).await.expect("get");

    assert_eq!(read("a").await, None, "nothing is there at first");
    store.put("a", value("1"), LONG).await.expect("put");
    assert_eq!(read("a").await, Some(value("1")), "what was put is there");
    assert_eq!(read("b").await, None, "keys are apart");

    store.put("a", value("2"), LONG).await.expect("put");
    assert_eq!(read("a").await, Some(value("2")), "the newest value wins");

    store.put("e", value(""), LONG).await.expect("put");
    assert_eq!(read("e").await, Some(value("")), "an empty value is one");

    store.remove("a").await.expect("remove");
    store.remove("a").await.expect("removing twice is no error");
    assert_eq!(read("a").await, None, "what was removed is gone");

    store.put("a", value("3"), LONG).await.expect("put");
    store
        .put("a", value("4"), Duration::ZERO)
        .await
        .expect("put");
    assert_eq!(read("a").await, None, "a zero time removes");

    store.put("s", value("5"), SHORT).await.expect("put");
    assert_eq!(read("s").await, Some(value("5")));
    pass(clock, SHORT).await;
    assert_eq!(read("s").await, None, "what has expired is gone");
}

/// The contract of [`DedupeStore`].
///
/// # Panics
/// When the store breaks it.
pub async fn dedupe_store(store: &dyn DedupeStore, clock: &dyn Clock) {
    let claim = async |key: &str, lease| store.claim(key, lease).await.expect("claim");
    let new = async |key: &str, lease| match claim(key, lease).await {
        Claim::New(number) => number,
        other => panic!("expected a new claim of {key}, got {other:?}"),
    };

    let first = new("a", LONG).await;
    assert!(
        matches!(claim("a", LONG).await, Claim::Busy(wait) if wait <= LONG),
        "a claimed key is busy"
    );
    new("b", LONG).await;

    let stale = store.complete("a", first + 1_000_000, LONG).await;
    assert!(!stale.expect("complete"), "only the holder completes");
    let done = store.complete("a", first, LONG).await;
    assert!(done.expect("complete"), "the holder completes");
    assert_eq!(claim("a", LONG).await, Claim::Done);
    let late = store.release("a", first).await;
    assert!(!late.expect("release"), "what is done stays done");
    assert_eq!(claim("a", LONG).await, Claim::Done);

    let failed = new("c", LONG).await;
    assert!(store.release("c", failed).await.expect("release"));
    let again = new("c", LONG).await;
    assert!(again > failed, "numbers grow");

    let slow = new("d", SHORT).await;
    pass(clock, SHORT).await;
    let other = new("d", LONG).await;
    let late = store.complete("d", slow, LONG).await;
    assert!(!late.expect("complete"), "a lost lease completes nothing");
    let late = store.release("d", slow).await;
    assert!(!late.expect("release"), "a lost lease releases nothing");
    assert!(store.complete("d", other, SHORT).await.expect("complete"));
    pass(clock, SHORT).await;
    new("d", LONG).await;
}

/// The contract of [`QuotaStore`]. The store must be configured with the default probing limit.
///
/// # Panics
/// When the store breaks it.
pub async fn quota_store(store: &dyn QuotaStore, clock: &dyn Clock) {
    let lease = async |key: &str, want| match store.lease(key, want).await.expect("lease") {
        LeaseAnswer::Granted(lease) => lease,
        other => panic!("expected a lease of {key}, got {other:?}"),
    };
    let wait = async |key: &str| match store.lease(key, 1).await.expect("lease") {
        LeaseAnswer::Wait(wait) => wait,
        other => panic!("expected a wait for {key}, got {other:?}"),
    };
    let window = Duration::from_secs(2);

    let first = lease("a", 1).await;
    assert_eq!(first.slots, 1, "no more than was wanted");
    let report = QuotaReport::new(1, 10, window);
    store.report("a", first.id, report).await.expect("report");

    let rest = lease("a", 25).await;
    assert_eq!(rest.slots, 9, "no more than is left");
    assert!(wait("a").await <= window, "a spent window is waited for");
    assert_eq!(lease("b", 1).await.slots, 1, "keys are apart");

    store.give_back("a", rest.id, 4).await.expect("give back");
    let returned = lease("a", 25).await;
    assert_eq!(returned.slots, 4, "what was returned is there again");
    let unknown = store.give_back("a", rest.id + 1_000_000, 4).await;
    unknown.expect("an unknown lease is no error");

    let others = QuotaReport::new(10, 10, window);
    store.report("a", rest.id, others).await.expect("report");
    store
        .give_back("a", returned.id, 4)
        .await
        .expect("give back");
    wait("a").await;

    pass(clock, window + Duration::from_millis(50)).await;
    assert!(lease("a", 1).await.slots == 1, "a new window is fresh");

    store.throttled("c", SHORT).await.expect("throttled");
    assert!(wait("c").await <= SHORT, "a refused token waits");
    pass(clock, SHORT).await;
    assert_eq!(lease("c", 1).await.slots, 1, "and goes on afterwards");
}
