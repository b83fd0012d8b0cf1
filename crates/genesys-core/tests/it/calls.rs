//! What a call sends, repeats and reports.

use std::time::Duration;

use genesys_core::error::Stop;
use genesys_core::observe::Outcome;
use genesys_core::test_util::{RecordedEvent, Reply};
use genesys_core::vocabulary::{ExposeSecret, Method, SecretString};
use genesys_core::{ErrorKind, TransportErrorKind};
use serde_json::{Value, json};

use crate::support::Fixture;

const ROUTE: &str = "/api/v2/integrations/{id}";

#[tokio::test(start_paused = true)]
async fn a_call_carries_the_token_the_agent_and_an_encoded_path() {
    // errata ALL-17, ALL-02
    let fixture = Fixture::new();
    fixture
        .transport
        .push(Reply::json(200, &json!({"id": "x"})));
    let client = fixture.client();
    let _: Value = client
        .get(ROUTE)
        .segment("id", "a/b c")
        .query("name", "Ä&b=c")
        .json()
        .await
        .unwrap();
    let sent = &fixture.transport.sent()[0];
    assert_eq!(
        sent.uri,
        "https://api.mypurecloud.com/api/v2/integrations/a%2Fb%20c?name=%C3%84%26b%3Dc"
    );
    assert_eq!(sent.headers["authorization"], "Bearer token-1");
    assert!(sent.headers["authorization"].is_sensitive());
    assert!(
        sent.headers["user-agent"]
            .to_str()
            .unwrap()
            .starts_with("genesys-core/")
    );
}

#[tokio::test(start_paused = true)]
async fn every_status_is_repeated_or_not_by_one_table() {
    // errata ALL-07, ALL-14, INT-25, EVR-30, RST-43, INT-28, DEP-02
    let cases = [
        (400, Method::GET, 1),
        (401, Method::GET, 2),
        (401, Method::POST, 2),
        (403, Method::GET, 1),
        (404, Method::GET, 1),
        (408, Method::GET, 4),
        (408, Method::POST, 1),
        (409, Method::PUT, 1),
        (425, Method::POST, 4),
        (429, Method::POST, 4),
        (429, Method::GET, 4),
        (500, Method::GET, 4),
        (500, Method::PATCH, 1),
        (501, Method::GET, 1),
        (502, Method::DELETE, 4),
        (503, Method::PUT, 4),
        (503, Method::POST, 1),
        (504, Method::POST, 1),
        (302, Method::GET, 1),
    ];
    for (status, method, attempts) in cases {
        let fixture = Fixture::new();
        fixture.transport.handle(move |_| async move {
            Reply::status(status).with_header("location", "https://evil.example/")
        });
        let client = fixture.client();
        let error = client
            .request(method.clone(), "/api/v2/x")
            .deadline(Duration::from_secs(3600))
            .empty()
            .await
            .unwrap_err();
        assert_eq!(
            fixture.transport.sent().len(),
            attempts,
            "{method} {status}"
        );
        assert_eq!(error.status().unwrap().as_u16(), status);
        let attempts_heard = fixture
            .observer
            .events()
            .iter()
            .filter(|event| matches!(event, RecordedEvent::Attempt(..)))
            .count();
        assert_eq!(attempts_heard, attempts);
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_is_repeated_after_doubt_only_by_the_callers_word() {
    // errata ALL-07, INT-26, WID-11
    for (kind, error_kind) in [
        (TransportErrorKind::Reset, ErrorKind::Reset),
        (TransportErrorKind::Timeout, ErrorKind::Timeout),
        (TransportErrorKind::Truncated, ErrorKind::Truncated),
    ] {
        let fixture = Fixture::new();
        fixture.transport.push(Reply::fail(kind));
        let client = fixture.client();
        let error = client
            .post("/api/v2/x")
            .with_json(&json!({}))
            .empty()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
        assert_eq!(error.cause(), error_kind);
        assert!(error.was_sent());
        assert_eq!(error.stop(), Some(Stop::NotRepeatable));
        assert_eq!(fixture.transport.sent().len(), 1);

        fixture.transport.push(Reply::fail(kind));
        fixture
            .transport
            .push(Reply::json(200, &json!({"ok": true})));
        let answer: Value = client
            .post("/api/v2/x")
            .with_json(&json!({"a": 1}))
            .idempotent(true)
            .json()
            .await
            .unwrap();
        assert_eq!(answer["ok"], true);
        let sent = fixture.transport.sent();
        // errata ALL-12, RST-23, EVR-28
        assert_eq!(sent[1].body, sent[2].body);
        assert_eq!(&sent[2].body[..], br#"{"a":1}"#);
    }
}

#[tokio::test(start_paused = true)]
async fn what_never_left_is_sent_again_whatever_the_method() {
    // errata ALL-07, INT-22
    let fixture = Fixture::new();
    fixture
        .transport
        .push(Reply::fail(TransportErrorKind::Connect));
    fixture.transport.push(Reply::json(201, &json!({})));
    fixture.client().post("/api/v2/x").empty().await.unwrap();
    assert_eq!(fixture.transport.sent().len(), 2);

    let fixture = Fixture::new();
    fixture
        .transport
        .handle(|_| async { Reply::fail(TransportErrorKind::Connect) });
    let error = fixture
        .client()
        .post("/api/v2/x")
        .empty()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(error.attempts().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_after_doubt_proves_nothing() {
    // The first PUT may have been applied; that the second is refused does not say that nothing happened.
    let fixture = Fixture::new();
    fixture
        .transport
        .push(Reply::fail(TransportErrorKind::Reset));
    fixture
        .transport
        .push(Reply::json(409, &json!({"code": "version.conflict"})));
    let error = fixture.client().put("/api/v2/x").empty().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.cause()),
        (ErrorKind::OutcomeUnknown, ErrorKind::Conflict)
    );
}

#[tokio::test(start_paused = true)]
async fn an_accepted_write_with_an_unreadable_answer_is_unknown_and_a_read_is_not() {
    for (reply, cause) in [
        (
            Reply::body(201, "application/json", "{\"id\": "),
            ErrorKind::Decode,
        ),
        (
            Reply::body(201, "text/html", "<html>"),
            ErrorKind::UnexpectedContent,
        ),
        (Reply::status(201), ErrorKind::UnexpectedContent),
    ] {
        let fixture = Fixture::new();
        fixture.transport.push(reply);
        let error = fixture
            .client()
            .post("/api/v2/x")
            .json::<Value>()
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.cause()),
            (ErrorKind::OutcomeUnknown, cause)
        );
    }
    let fixture = Fixture::new();
    // errata ALL-13, WID-12
    fixture
        .transport
        .push(Reply::body(200, "application/json", "{\"id\": "));
    let error = fixture
        .client()
        .get("/api/v2/x")
        .json::<Value>()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test(start_paused = true)]
async fn a_401_renews_once_and_replays_once() {
    // errata ALL-05, INT-37
    let fixture = Fixture::new();
    fixture.transport.push(Reply::status(401));
    fixture.transport.push(Reply::json(201, &json!({})));
    fixture.client().post("/api/v2/x").empty().await.unwrap();
    let sent = fixture.transport.sent();
    assert_eq!(sent[0].headers["authorization"], "Bearer token-1");
    assert_eq!(sent[1].headers["authorization"], "Bearer token-2");

    let fixture = Fixture::new();
    fixture.transport.handle(|_| async { Reply::status(401) });
    let error = fixture.client().get("/api/v2/x").empty().await.unwrap_err();
    // errata INT-36
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(fixture.transport.sent().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_403_names_the_permission_and_asks_for_no_new_token() {
    // errata ALL-04, DEP-03
    let fixture = Fixture::new();
    fixture.transport.push(Reply::json(
        403,
        &json!({"code": "missing.permission", "message": "missing the following permission(s): integrations:integration:add", "contextId": "ctx-9"}),
    ));
    let error = fixture
        .client()
        .post("/api/v2/x")
        .empty()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert_eq!(
        error.missing_permission(),
        Some("integrations:integration:add")
    );
    assert_eq!(error.correlation_id(), Some("ctx-9"));
    assert_eq!(
        fixture
            .tokens
            .invalidated
            .load(std::sync::atomic::Ordering::SeqCst),
        0
    );
    assert_eq!(fixture.transport.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_waited_out_in_both_forms_and_never_shortened() {
    // errata ALL-09, INT-27, WID-09, EVR-42
    let in_three = httpdate(std::time::SystemTime::now() + Duration::from_secs(3));
    for (value, least) in [
        ("3", 3.0),
        (in_three.as_str(), 1.5),
        ("-5", 0.0),
        ("garbage", 0.0),
    ] {
        let fixture = Fixture::new();
        fixture.transport.push(
            Reply::json(429, &json!({"code": "too.many.requests.retry.after"}))
                .with_header("retry-after", value),
        );
        fixture.transport.push(Reply::status(204));
        let started = tokio::time::Instant::now();
        fixture.client().post("/api/v2/x").empty().await.unwrap();
        let waited = started.elapsed().as_secs_f64();
        assert!(waited >= least, "{value}: {waited}");
        assert!(waited < least + 5.0, "{value}: {waited}");
    }
}

fn httpdate(at: std::time::SystemTime) -> String {
    // The wall clock is the system's also in virtual time.
    let seconds = at.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let at = jiff::Timestamp::from_second(i64::try_from(seconds).unwrap()).unwrap();
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_beyond_the_deadline_or_the_cap_fails_at_once() {
    // errata ALL-09, WID-08, EVR-31, ALL-11
    for (value, deadline) in [("60", 30), ("181", 3600), ("99999999999999999999", 3600)] {
        let fixture = Fixture::new();
        fixture
            .transport
            .handle(move |_| async move { Reply::status(429).with_header("retry-after", value) });
        let started = tokio::time::Instant::now();
        let error = fixture
            .client()
            .get("/api/v2/x")
            .deadline(Duration::from_secs(deadline))
            .empty()
            .await
            .unwrap_err();
        assert_eq!(started.elapsed(), Duration::ZERO);
        assert_eq!(error.kind(), ErrorKind::RateLimited);
        assert!(
            error.retry_after().unwrap() >= Duration::from_secs(60),
            "{error}"
        );
        assert_eq!(fixture.transport.sent().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_error_tells_every_attempt() {
    // errata ALL-11, ALL-10, INT-24, WID-14
    let fixture = Fixture::new();
    fixture.transport.push(Reply::status(500));
    fixture
        .transport
        .push(Reply::fail(TransportErrorKind::Reset));
    fixture.transport.push(Reply::status(502));
    fixture.transport.push(
        Reply::json(503, &json!({"message": "down", "contextId": "ctx-1"}))
            .with_header("inin-correlation-id", "corr-1"),
    );
    let error = fixture
        .client()
        .get("/api/v2/x")
        .operation("things.list")
        .empty()
        .await
        .unwrap_err();
    let attempts: Vec<_> = error
        .attempts()
        .iter()
        .map(|attempt| attempt.summary.clone())
        .collect();
    assert_eq!(
        attempts,
        [
            "status 500",
            "connection closed early",
            "status 502",
            "status 503"
        ]
    );
    assert_eq!(error.correlation_id(), Some("corr-1"));
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.is_transient());
    let text = error.to_string();
    assert!(
        text.starts_with(
            "things.list: service unavailable (status 503); the platform says down; 4 attempts in"
        ),
        "{text}"
    );
    // Nothing waits before the first and after the last attempt.
    assert_eq!(error.attempts()[0].waited_before, Duration::ZERO);
    let waited: Duration = error
        .attempts()
        .iter()
        .map(|attempt| attempt.waited_before)
        .sum();
    assert_eq!(error.elapsed(), waited);
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_at_its_deadline_and_an_attempt_at_its_limit() {
    // errata INT-39, RST-06, EVR-18, RST-22
    let fixture = Fixture::new();
    fixture.transport.handle(|_| async { Reply::hang() });
    let client = fixture.client();
    let started = tokio::time::Instant::now();
    let error = client
        .get("/api/v2/x")
        .attempt_timeout(Duration::from_secs(2))
        .deadline(Duration::from_secs(5))
        .empty()
        .await
        .unwrap_err();
    assert!(started.elapsed() <= Duration::from_secs(5));
    assert!(
        matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Deadline),
        "{error}"
    );

    let started = tokio::time::Instant::now();
    let error = client.post("/api/v2/x").empty().await.unwrap_err();
    assert_eq!(started.elapsed(), Duration::from_secs(30));
    assert_eq!(
        (error.kind(), error.cause()),
        (ErrorKind::OutcomeUnknown, ErrorKind::Timeout)
    );
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_is_reported_as_cancelled_exactly_once() {
    // errata ALL-22, ALL-10, EVR-43
    let fixture = Fixture::new();
    fixture.transport.handle(|_| async { Reply::hang() });
    let client = fixture.client();
    let call = client.get("/api/v2/x").operation("x").empty();
    assert!(
        tokio::time::timeout(Duration::from_secs(1), call)
            .await
            .is_err()
    );
    let closing: Vec<_> = fixture
        .observer
        .events()
        .into_iter()
        .filter(|event| matches!(event, RecordedEvent::Call(..)))
        .collect();
    assert_eq!(
        closing,
        [RecordedEvent::Call("x".into(), Outcome::Cancelled, 1)]
    );
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_fails_fast_with_the_time_of_the_next_probe() {
    // errata INT-14, INT-15, INT-16
    let fixture = Fixture::new();
    fixture.transport.handle(|_| async { Reply::status(503) });
    let client = fixture
        .builder()
        .with_breaker(genesys_core::policy::guide_000_breaker())
        .build()
        .unwrap();
    for _ in 0..3 {
        client.post("/api/v2/x/y").empty().await.unwrap_err();
    }
    assert_eq!(fixture.transport.sent().len(), 3);
    let started = tokio::time::Instant::now();
    let error = client.post("/api/v2/x/z").empty().await.unwrap_err();
    assert_eq!(started.elapsed(), Duration::ZERO);
    assert_eq!(error.kind(), ErrorKind::BreakerOpen);
    assert!(!error.was_sent());
    let wait = error.retry_after().unwrap();
    assert!(
        wait > Duration::from_secs(3) && wait <= Duration::from_secs(5),
        "{wait:?}"
    );
    assert_eq!(fixture.transport.sent().len(), 3);

    tokio::time::sleep(wait).await;
    fixture.transport.push(Reply::status(204));
    client.post("/api/v2/x/y").empty().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn neither_a_refusal_nor_throttling_opens_the_breaker() {
    // errata INT-18, INT-19
    for status in [400, 401, 403, 404, 409, 422, 429] {
        let fixture = Fixture::new();
        fixture
            .transport
            .handle(move |_| async move { Reply::status(status) });
        let client = fixture
            .builder()
            .with_breaker(genesys_core::policy::guide_000_breaker())
            .with_retry(genesys_core::vocabulary::RetryPolicy::none())
            .build()
            .unwrap();
        for _ in 0..10 {
            let error = client.get("/api/v2/x").empty().await.unwrap_err();
            assert_eq!(error.status().unwrap().as_u16(), status);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_version_mismatch_is_a_conflict_whatever_its_status() {
    for status in [400, 408, 409] {
        let fixture = Fixture::new();
        fixture.transport.push(Reply::json(
            status,
            &json!({"message": "The supplied version 1 does not match the current version 2"}),
        ));
        let error = fixture.client().put("/api/v2/x").empty().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{status}");
        assert_eq!(fixture.transport.sent().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn no_secret_reaches_an_error_also_when_the_platform_echoes_it() {
    // errata ALL-16, INT-11, INT-13
    let fixture = Fixture::new();
    let password = SecretString::from("hunter2&+=%");
    fixture.transport.push(Reply::json(
        400,
        &json!({"message": format!("password {} refused for token-1", password.expose_secret()), "code": "bad"}),
    ));
    let error = fixture
        .client()
        .post("/api/v2/x")
        .with_json(&json!({"password": password.expose_secret()}))
        .with_secret(&password)
        .empty()
        .await
        .unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(
        !shown.contains("hunter2") && !shown.contains("token-1"),
        "{shown}"
    );
    assert!(shown.contains("refused"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn a_header_of_the_clients_own_is_refused_before_anything_is_sent() {
    let fixture = Fixture::new();
    let error = fixture
        .client()
        .get("/api/v2/x")
        .header(
            http::header::AUTHORIZATION,
            http::HeaderValue::from_static("Bearer mine"),
        )
        .empty()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(fixture.transport.sent().is_empty());
}

#[test]
fn every_wrong_setting_of_a_client_is_named_at_once() {
    let error = genesys_core::Client::builder(genesys_core::Region::UsEast1)
        .with_attempt_timeout(Duration::ZERO)
        .with_total_timeout(Duration::ZERO)
        .with_user_agent("bad\nagent")
        .build()
        .unwrap_err();
    let text = error.to_string();
    for part in [
        "token source",
        "attempt timeout",
        "total timeout",
        "user agent",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

/// Throttled for the first three seconds of its life.
#[derive(Debug)]
struct ThrottledLogin(tokio::time::Instant);

#[async_trait::async_trait]
impl genesys_core::TokenSource for ThrottledLogin {
    async fn token(&self) -> Result<std::sync::Arc<genesys_core::Token>, genesys_core::Error> {
        let left = Duration::from_secs(3).saturating_sub(self.0.elapsed());
        if left.is_zero() {
            return genesys_core::Token::new(SecretString::from("late")).map(Into::into);
        }
        Err(genesys_core::Error::new(ErrorKind::LoginThrottled, "").with_retry_after(Some(left)))
    }

    async fn invalidate(&self, _seen: &genesys_core::Token) {}
}

#[tokio::test(start_paused = true)]
async fn a_throttled_login_postpones_a_call_within_its_deadline() {
    let fixture = Fixture::new();
    fixture.transport.handle(|_| async { Reply::status(204) });
    let started = tokio::time::Instant::now();
    let client = fixture
        .builder()
        .with_token_source(ThrottledLogin(started))
        .build()
        .unwrap();
    let error = client
        .post("/api/v2/x")
        .deadline(Duration::from_secs(2))
        .empty()
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), started.elapsed()),
        (ErrorKind::LoginThrottled, Duration::ZERO)
    );
    client.post("/api/v2/x").empty().await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(3));
    assert_eq!(fixture.transport.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deletion_whose_answer_was_lost_counts_as_done() {
    let fixture = Fixture::new();
    let client = fixture.client();
    for (first, existed) in [(None, false), (Some(TransportErrorKind::Reset), true)] {
        if let Some(kind) = first {
            fixture.transport.push(Reply::fail(kind));
        }
        fixture.transport.push(Reply::status(404));
        assert_eq!(client.delete("/api/v2/x").gone().await.unwrap(), existed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_proxys_page_is_no_answer_also_when_nobody_reads_it() {
    // errata ALL-14
    let fixture = Fixture::new();
    let client = fixture.client();
    let page = || Reply::body(200, "text/html", "<html>busy</html>");
    fixture.transport.push(page());
    let error = client.get("/api/v2/x").empty().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedContent);
    for gone in [true, false] {
        fixture.transport.push(page());
        let call = client.delete("/api/v2/x");
        let error = if gone {
            call.gone().await.unwrap_err()
        } else {
            call.empty().await.unwrap_err()
        };
        assert_eq!(
            (error.kind(), error.cause()),
            (ErrorKind::OutcomeUnknown, ErrorKind::UnexpectedContent)
        );
    }
    fixture
        .transport
        .push(Reply::json(200, &json!({"unread": true})));
    client.delete("/api/v2/x").empty().await.unwrap();
}
