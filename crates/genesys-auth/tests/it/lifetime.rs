//! When tokens are renewed and given up.

use futures_util::future::FutureExt;
use genesys_auth::{TokenCache, TokenSource};
use genesys_core::ErrorKind;
use genesys_core::observe::Outcome;
use genesys_core::test_util::RecordedEvent;
use resilience::Clock;
use std::time::Duration;

use crate::support::{Login, settle};

fn ready(cache: &TokenCache) -> u64 {
    cache
        .token()
        .now_or_never()
        .expect("ready at the first poll")
        .unwrap()
        .generation()
}

#[tokio::test]
async fn a_planned_renewal_makes_no_caller_wait() {
    // errata ALL-06, EVR-03, RST-03
    let login = Login::new();
    let cache = login.cache();
    cache.token().await.unwrap();
    login.advance(0.79 * 3_600.0);
    assert_eq!(ready(&cache), 1);
    settle().await;
    assert_eq!(login.requests(), 1, "too early for a renewal");

    login.close();
    login.advance(0.12 * 3_600.0);
    for _ in 0..1_000 {
        assert_eq!(ready(&cache), 1);
    }
    settle().await;
    assert_eq!(login.requests(), 2);
    for _ in 0..1_000 {
        assert_eq!(
            ready(&cache),
            1,
            "the old token serves while the renewal runs"
        );
    }
    login.open();
    settle().await;
    assert_eq!(ready(&cache), 2);
    assert_eq!(login.requests(), 2);
    let renewal = RecordedEvent::Renewal(Outcome::Success);
    assert_eq!(login.observer.events(), [renewal.clone(), renewal]);
}

#[tokio::test]
async fn a_lapsed_token_is_waited_for() {
    // errata RST-03
    let login = Login::new();
    let cache = login.cache();
    cache.token().await.unwrap();
    login.advance(3_571.0);
    assert!(
        cache.peek().is_none(),
        "within 30 s of its expiry a token is given up"
    );
    assert_eq!(cache.token().await.unwrap().generation(), 2);
    assert_eq!(login.requests(), 2);
}

#[tokio::test]
async fn the_shortest_lives_serve_most_of_their_time_with_one_request() {
    // errata WID-03
    for life in [1, 30, 31] {
        let login = Login::new();
        login.set_life(life);
        let cache = login.cache();
        cache.token().await.unwrap();
        let step = life as f64 * 0.79 / 100.0;
        for _ in 0..100 {
            login.advance(step);
            assert_eq!(ready(&cache), 1);
            settle().await;
        }
        assert_eq!(login.requests(), 1, "life {life}");
        login.advance(life as f64 * 0.12);
        assert!(cache.peek().is_none(), "life {life}");
        assert_eq!(cache.token().await.unwrap().generation(), 2);
    }
}

#[tokio::test]
async fn a_life_of_zero_is_an_error_that_backs_off() {
    // errata ALL-03, WID-03
    let login = Login::new();
    login.set_life(0);
    let cache = login.cache();
    for _ in 0..1_000 {
        let error = cache.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Login);
        assert!(error.to_string().contains("expires_in"), "{error}");
    }
    assert_eq!(login.requests(), 1);
    login.set_life(60);
    login.advance(5.0);
    assert_eq!(cache.token().await.unwrap().generation(), 1);
}

#[tokio::test]
async fn the_expiry_is_fixed_at_receipt_and_counts_from_the_request() {
    // errata EVR-01
    let login = Login::new();
    login.set_life(100);
    login.close();
    let cache = login.cache();
    let asked_at = login.clock.now();
    let waiting = tokio::spawn({
        let cache = cache.clone();
        async move { cache.token().await }
    });
    settle().await;
    login.advance(8.0);
    login.open();
    let token = waiting.await.unwrap().unwrap();
    let expires_at = asked_at + Duration::from_secs(100);
    assert_eq!(token.expires_at(), Some(expires_at));
    login.advance(50.0);
    assert_eq!(cache.token().await.unwrap().expires_at(), Some(expires_at));
    login.advance(42.0);
    assert!(cache.peek().is_none());
}

#[tokio::test]
async fn a_token_that_lapsed_on_its_way_is_an_error() {
    let login = Login::new();
    login.set_life(5);
    login.close();
    let cache = login.cache();
    let waiting = tokio::spawn({
        let cache = cache.clone();
        async move { cache.token().await }
    });
    settle().await;
    login.advance(5.0);
    login.open();
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Login);
    assert!(error.to_string().contains("lapsed"), "{error}");
}

#[tokio::test]
async fn a_day_of_short_lives_leaves_nothing_behind() {
    let login = Login::new();
    login.set_life(300);
    let cache = login.cache();
    for _ in 0..24 * 60 * 2 {
        cache.token().await.unwrap();
        settle().await;
        login.advance(30.0);
    }
    // One renewal at 240–270 s of each life, seen at the next look: every 270 to 300 s.
    assert!(
        (288..=325).contains(&login.requests()),
        "{}",
        login.requests()
    );
    assert_eq!(login.clock.pending_sleeps(), 0);
}
