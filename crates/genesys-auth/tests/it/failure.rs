//! A login host that fails sees no more than the policy allows.

use futures_util::future::{FutureExt, join_all};
use genesys_auth::TokenSource;
use genesys_core::observe::Outcome;
use genesys_core::test_util::{RecordedEvent, Reply};
use genesys_core::{ErrorKind, TransportErrorKind};
use std::error::Error as _;
use std::time::Duration;

use crate::support::{Login, oauth_error, settle};

fn refuse_connections(login: &Login) {
    login
        .transport
        .handle(|_| async { Reply::fail(TransportErrorKind::Connect) });
}

#[tokio::test]
async fn failed_early_renewals_back_off_while_the_old_token_serves() {
    let login = Login::new();
    let cache = login.cache();
    cache.token().await.unwrap();
    refuse_connections(&login);
    login.advance(3_300.0);
    // From here to 30 s before the expiry: 270 s.
    for _ in 0..2_690 {
        let token = cache
            .token()
            .now_or_never()
            .expect("ready at the first poll")
            .unwrap();
        assert_eq!(token.generation(), 1);
        settle().await;
        login.advance(0.1);
    }
    // Pauses of 1, 2, 4, … 60 s, of which at least half is waited.
    let renewals = login.requests() - 1;
    assert!((7..=15).contains(&renewals), "{renewals}");
    let failed = RecordedEvent::Renewal(Outcome::Failure(ErrorKind::Connect));
    assert_eq!(
        login
            .observer
            .events()
            .iter()
            .filter(|event| **event == failed)
            .count(),
        renewals
    );

    // The expiry ends the pause: the next caller tries.
    login.advance(2.0);
    let error = cache.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(login.requests() - 1, renewals + 1);
}

#[tokio::test]
async fn a_host_that_is_down_is_not_asked_in_a_hot_loop() {
    // errata ALL-03
    let login = Login::new();
    refuse_connections(&login);
    let cache = login.cache();
    let first = cache.token().await.unwrap_err();
    assert_eq!(first.kind(), ErrorKind::Connect);
    assert!(!first.was_sent());
    for _ in 0..6_000 {
        let error = cache.token().await.unwrap_err();
        if error.kind() == ErrorKind::LoginThrottled {
            assert!(error.is_transient());
            assert!(
                error
                    .retry_after()
                    .is_some_and(|wait| wait <= Duration::from_millis(60_001))
            );
            assert!(
                error
                    .source()
                    .unwrap()
                    .to_string()
                    .contains("no connection")
            );
        } else {
            assert_eq!(error.kind(), ErrorKind::Connect);
        }
        login.advance(0.01);
    }
    // 60 s of callers: pauses of 1, 2, 4, … s, at least half of each waited.
    assert!((5..=8).contains(&login.requests()), "{}", login.requests());
}

#[tokio::test]
async fn a_refused_secret_is_remembered_for_five_seconds() {
    // errata WID-05
    let login = Login::new();
    login
        .transport
        .handle(|_| async { oauth_error(401, "invalid_client", "client not found") });
    let cache = login.cache();
    let ends = join_all((0..1_000).map(|_| cache.token())).await;
    for error in ends.into_iter().map(Result::unwrap_err) {
        assert_eq!(
            (error.kind(), error.status().map(|s| s.as_u16())),
            (ErrorKind::Login, Some(401))
        );
        assert!(
            error
                .to_string()
                .contains("invalid_client: client not found"),
            "{error}"
        );
        assert!(!error.is_transient());
    }
    login.advance(4.9);
    assert!(
        cache
            .token()
            .await
            .unwrap_err()
            .to_string()
            .contains("invalid_client")
    );
    assert_eq!(login.requests(), 1);
    login.advance(0.1);
    cache.token().await.unwrap_err();
    assert_eq!(login.requests(), 2);
}

#[tokio::test]
async fn a_throttled_login_is_left_alone_for_as_long_as_it_asks() {
    let login = Login::new();
    login
        .transport
        .push(Reply::status(429).with_header("retry-after", "600"));
    let cache = login.cache();
    let error = cache.token().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.retry_after()),
        (ErrorKind::LoginThrottled, Some(Duration::from_secs(600)))
    );
    login.advance(599.0);
    let error = cache.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginThrottled);
    assert!(
        error
            .retry_after()
            .is_some_and(|wait| wait <= Duration::from_millis(1_001))
    );
    assert_eq!(login.requests(), 1);
    login.advance(1.0);
    cache.token().await.unwrap();
}

#[tokio::test]
async fn an_early_renewal_that_is_asked_to_wait_beyond_the_expiry_waits() {
    let login = Login::new();
    let cache = login.cache();
    cache.token().await.unwrap();
    login
        .transport
        .push(Reply::status(429).with_header("retry-after", "900"));
    login.advance(3_300.0);
    cache.token().await.unwrap();
    settle().await;
    assert_eq!(login.requests(), 2);
    login.advance(280.0);
    assert_eq!(
        cache.token().await.unwrap_err().kind(),
        ErrorKind::LoginThrottled
    );
    assert_eq!(login.requests(), 2);
    login.advance(620.0);
    assert_eq!(cache.token().await.unwrap().generation(), 2);
}

#[tokio::test]
async fn a_panic_in_an_early_renewal_is_followed_by_a_pause() {
    let login = Login::new();
    let cache = login.cache();
    cache.token().await.unwrap();
    login.transport.push(Reply::panic());
    login.advance(3_300.0);
    for _ in 0..100 {
        assert_eq!(cache.token().await.unwrap().generation(), 1);
        settle().await;
    }
    assert_eq!(login.requests(), 2);
    login.advance(6.0);
    cache.token().await.unwrap();
    settle().await;
    assert_eq!(cache.token().await.unwrap().generation(), 2);
}

#[tokio::test]
async fn an_api_that_refuses_every_token_does_not_cause_a_login_for_each_call() {
    // errata ALL-03, ALL-05
    let login = Login::new();
    let cache = login.cache();
    let mut refused = 0;
    for _ in 0..6_000 {
        match cache.token().await {
            Ok(token) => cache.invalidate(&token).await,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Unauthenticated);
                refused += 1;
            }
        }
        login.advance(0.01);
    }
    assert!((6..=12).contains(&login.requests()), "{}", login.requests());
    assert!(refused > 5_000);

    // A token that serves for a while ends the suspicion.
    login.advance(60.0);
    cache.token().await.unwrap();
    login.advance(60.0);
    for _ in 0..3 {
        let token = cache.token().await.unwrap();
        cache.invalidate(&token).await;
    }
    cache.token().await.unwrap();
}
