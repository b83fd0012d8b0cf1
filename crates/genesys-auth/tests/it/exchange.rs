//! One exchange: its request, its retries and its limits.

use std::time::Duration;

use genesys_auth::{TokenCache, TokenExchange, TokenSource, TokenWire};
use genesys_core::observe::Outcome;
use genesys_core::test_util::{RecordedEvent, Reply};
use genesys_core::{ErrorKind, TransportErrorKind};
use http::Method;
use resilience::Clock;

use crate::support::{Login, oauth_error, token};

fn deadline(login: &Login) -> std::time::Instant {
    login.clock.now() + Duration::from_secs(30)
}

#[tokio::test]
async fn the_request_goes_to_the_login_host_as_basic_and_form() {
    // errata ALL-01, ALL-02, ALL-04, INT-04, WID-01
    let login = Login::new();
    let token = login.cache().token().await.unwrap();
    assert_eq!(token.authorization(), "Bearer token-1");
    let sent = login.transport.sent().remove(0);
    assert_eq!(sent.method, Method::POST);
    assert_eq!(sent.uri, "https://login.example.com/oauth/token");
    assert_eq!(sent.body, "grant_type=client_credentials");
    assert_eq!(
        sent.headers["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert!(sent.headers["authorization"].is_sensitive());
}

#[tokio::test]
async fn what_may_help_is_retried_until_a_token_comes() {
    // errata WID-05
    let login = Login::new();
    login
        .transport
        .push(Reply::fail(TransportErrorKind::Connect));
    login.transport.push(Reply::status(503));
    login.transport.push(oauth_error(
        400,
        "invalid_request",
        "rate limit exceeded; try again later",
    ));
    let oauth = login.oauth().build().unwrap();
    let token = login
        .clock
        .drive(oauth.exchange(deadline(&login)))
        .await
        .unwrap();
    assert_eq!(token.authorization(), "Bearer token-1");
    assert_eq!(login.requests(), 4);
    let retries = login.observer.events();
    assert!(
        retries
            .iter()
            .all(|event| matches!(event, RecordedEvent::Retry(name, _) if name == "oauth.token"))
    );
    assert_eq!(retries.len(), 3);
}

#[tokio::test]
async fn a_throttle_that_does_not_end_is_login_throttled_after_the_policys_attempts() {
    let login = Login::new();
    login
        .transport
        .handle(|_| async { oauth_error(400, "invalid_request", "rate limit exceeded;") });
    let oauth = login.oauth().build().unwrap();
    let error = login
        .clock
        .drive(oauth.exchange(deadline(&login)))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginThrottled);
    assert!(error.is_transient());
    assert_eq!(error.operation(), Some("oauth.token"));
    assert_eq!((login.requests(), error.attempts().len()), (4, 4));
}

#[tokio::test]
async fn retry_after_is_waited_out_in_full() {
    let login = Login::new();
    login
        .transport
        .push(Reply::status(429).with_header("retry-after", "7"));
    let oauth = login.oauth().build().unwrap();
    let started = login.clock.now();
    login
        .clock
        .drive(oauth.exchange(deadline(&login)))
        .await
        .unwrap();
    let waited = login.clock.now() - started;
    assert!(
        waited >= Duration::from_secs(7) && waited < Duration::from_secs(9),
        "{waited:?}"
    );
}

#[tokio::test]
async fn a_retry_after_beyond_the_deadline_fails_at_once_and_says_how_long() {
    let login = Login::new();
    login
        .transport
        .push(Reply::status(429).with_header("retry-after", "120"));
    let oauth = login.oauth().build().unwrap();
    let started = login.clock.now();
    let error = login
        .clock
        .drive(oauth.exchange(deadline(&login)))
        .await
        .unwrap_err();
    assert_eq!(login.clock.now(), started);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(120)));
    assert_eq!(login.requests(), 1);
}

#[tokio::test]
async fn a_refusal_is_not_retried() {
    for (status, error) in [
        (400, "invalid_grant"),
        (401, "invalid_client"),
        (403, "access_denied"),
    ] {
        let login = Login::new();
        login.transport.push(oauth_error(status, error, "no"));
        let oauth = login.oauth().build().unwrap();
        let failed = oauth.exchange(deadline(&login)).await.unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::Login);
        assert!(failed.to_string().contains(error), "{failed}");
        assert_eq!(login.requests(), 1);
    }
}

#[tokio::test]
async fn garbage_with_status_200_is_a_typed_error() {
    // errata ALL-03, RST-05
    let replies = [
        Reply::body(200, "text/html", "<html>maintenance</html>"),
        Reply::body(200, "application/json", "{\"access_token\":"),
        Reply::status(204),
        token("", 60),
        token("line\nend", 60),
    ];
    for reply in replies {
        let login = Login::new();
        login.transport.push(reply);
        let oauth = login.oauth().build().unwrap();
        let error = oauth.exchange(deadline(&login)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Login);
        assert_eq!(login.requests(), 1);
    }
}

#[tokio::test]
async fn a_silent_host_costs_one_attempts_limit_each_and_the_renewals_limit_in_all() {
    // errata ALL-06
    let login = Login::new();
    login.transport.handle(|_| async { Reply::hang() });
    let cache = TokenCache::new(login.oauth().build().unwrap());
    let started = login.clock.now();
    let error = login.clock.drive(cache.token()).await.unwrap_err();
    let took = login.clock.now() - started;
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.was_sent());
    assert!(
        took >= Duration::from_secs(20) && took <= Duration::from_secs(30),
        "{took:?}"
    );
    assert!((2..=3).contains(&login.requests()), "{}", login.requests());
    assert!(
        login
            .observer
            .events()
            .contains(&RecordedEvent::Renewal(Outcome::Failure(
                ErrorKind::Timeout
            )))
    );
}

#[tokio::test]
async fn every_problem_of_the_settings_is_reported_before_anything_is_sent() {
    // errata ALL-28
    let login = Login::new();
    let error = login
        .oauth()
        .with_attempt_timeout(Duration::ZERO)
        .with_user_agent("a\nb")
        .build()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(
        error.to_string().contains("timeout") && error.to_string().contains("user agent"),
        "{error}"
    );
    let error = login
        .oauth()
        .with_wire(TokenWire::Form)
        .build()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(login.requests(), 0);
}
