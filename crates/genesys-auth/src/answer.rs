//! What the login host answers: a token, or why there is none.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use genesys_core::redact;
use http::Response;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

use crate::failure::{LoginFailure, MAX_TEXT, refused};

/// No token of the platform lives longer than two days; a year is certainly no life but a mistake.
const MAX_LIFE: Duration = Duration::from_secs(366 * 24 * 60 * 60);

const NOT_WHOLE: &str = "the answer's expires_in is no whole number of seconds";
const NOT_POSITIVE: &str = "the answer's expires_in is not positive";
const TOO_LONG: &str = "the answer's expires_in is longer than a year";

/// A usable answer.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) secret: SecretString,
    pub(crate) life: Duration,
}

/// Reads an answer. `secrets` are blanked out of whatever the host says; `wall` is the time of receipt.
pub(crate) fn read(
    response: &Response<Bytes>,
    secrets: &[&str],
    wall: SystemTime,
) -> Result<Granted, LoginFailure> {
    let status = response.status();
    let correlation = response
        .headers()
        .get("inin-correlation-id")
        .and_then(|id| id.to_str().ok())
        .map(|id| redact::external_text(id, secrets, MAX_TEXT));
    let failure = if status.is_success() {
        match granted(response.body()) {
            Ok(granted) => return Ok(granted),
            Err(why) => LoginFailure::unusable(why),
        }
    } else {
        refused(response, secrets, wall)
    };
    Err(LoginFailure {
        error: failure
            .error
            .with_status(status)
            .with_correlation_id(correlation),
        ..failure
    })
}

#[derive(Deserialize)]
struct RawGrant {
    access_token: Option<SecretString>,
    token_type: Option<Value>,
    expires_in: Option<Value>,
}

/// The token of an answer, or why there is none. The reason never holds a part of the answer.
fn granted(body: &[u8]) -> Result<Granted, &'static str> {
    // The parser's own message may quote the answer and is not passed on.
    let raw: RawGrant =
        serde_json::from_slice(body).map_err(|_| match body.trim_ascii_start().first() {
            Some(b'<') => "the answer is an HTML page",
            _ => "the answer is no token in JSON",
        })?;
    let secret = raw
        .access_token
        .filter(|token| !token.expose_secret().trim().is_empty())
        .ok_or("the answer's access_token is missing or empty")?;
    match raw.token_type.as_ref().and_then(Value::as_str) {
        Some(kind) if kind.eq_ignore_ascii_case("bearer") => {}
        _ => return Err("the answer's token_type is not bearer"),
    }
    Ok(Granted {
        secret,
        life: life(raw.expires_in)?,
    })
}

fn life(value: Option<Value>) -> Result<Duration, &'static str> {
    let number = match value {
        Some(Value::Number(number)) => number,
        Some(_) => return Err(NOT_WHOLE),
        None => return Err("the answer's expires_in is missing"),
    };
    let Some(seconds) = number.as_u64() else {
        return Err(match number.as_f64() {
            Some(seconds) if seconds <= 0.0 => NOT_POSITIVE,
            Some(seconds) if seconds > MAX_LIFE.as_secs_f64() => TOO_LONG,
            _ => NOT_WHOLE,
        });
    };
    match seconds {
        0 => Err(NOT_POSITIVE),
        seconds if seconds > MAX_LIFE.as_secs() => Err(TOO_LONG),
        seconds => Ok(Duration::from_secs(seconds)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genesys_core::ErrorKind;
    use proptest::prelude::*;
    use resilience::{Class, Failure};
    use serde_json::json;

    fn answer(status: u16, body: impl Into<Bytes>) -> Result<Granted, LoginFailure> {
        let response = Response::builder()
            .status(status)
            .header("inin-correlation-id", "c-1")
            .body(body.into())
            .unwrap();
        read(&response, &["s3cr3t"], SystemTime::UNIX_EPOCH)
    }

    fn answer_json(status: u16, body: &Value) -> Result<Granted, LoginFailure> {
        answer(status, body.to_string())
    }

    #[test]
    fn a_token_answer_is_read() {
        let body =
            json!({"access_token": "t", "token_type": "Bearer", "expires_in": 86400, "scope": "x"});
        let granted = answer_json(200, &body).unwrap();
        assert_eq!(granted.secret.expose_secret(), "t");
        assert_eq!(granted.life, Duration::from_secs(86_400));
    }

    #[test]
    fn an_unusable_token_answer_is_a_typed_error() {
        // errata ALL-03, RST-03, RST-05
        let base = json!({"access_token": "t-abc", "token_type": "bearer", "expires_in": 10});
        let cases = [
            ("access_token", json!(""), "access_token"),
            ("access_token", json!("  "), "access_token"),
            ("access_token", Value::Null, "access_token"),
            ("access_token", json!(12_345_678), "no token in JSON"),
            ("expires_in", Value::Null, "expires_in is missing"),
            ("expires_in", json!(0), "not positive"),
            ("expires_in", json!(-1), "not positive"),
            ("expires_in", json!(-0.5), "not positive"),
            ("expires_in", json!(1.5), "whole number"),
            ("expires_in", json!("3600"), "whole number"),
            ("expires_in", json!(u64::MAX), "longer than a year"),
            ("expires_in", json!(1e300), "longer than a year"),
            ("token_type", json!("mac"), "token_type"),
            ("token_type", Value::Null, "token_type"),
        ];
        for (member, value, wanted) in cases {
            let mut body = base.clone();
            body[member] = value;
            let failure = answer_json(200, &body).unwrap_err();
            let text = failure.error.to_string();
            assert_eq!(failure.class, Class::Final, "{body}");
            assert_eq!(failure.error.kind(), ErrorKind::Login, "{body}");
            assert!(
                text.contains(wanted) && text.contains("c-1"),
                "{body}: {text}"
            );
            assert!(
                !text.contains("t-abc") && !text.contains("12345678"),
                "{text}"
            );
        }
        for (body, wanted) in [
            ("", "no token"),
            ("{", "no token"),
            ("[]", "no token"),
            (" <html>", "HTML"),
        ] {
            let failure = answer(200, body).unwrap_err();
            assert_eq!(failure.error.kind(), ErrorKind::Login);
            assert!(failure.error.to_string().contains(wanted), "{body}");
        }
    }

    #[test]
    fn a_400_that_names_the_rate_limit_is_a_throttle_and_no_refusal() {
        // errata WID-05
        let body =
            json!({"error": "invalid_request", "description": "Rate limit exceeded; try later"});
        let failure = answer_json(400, &body).unwrap_err();
        assert_eq!((failure.class, failure.throttle), (Class::Refused, true));
        assert_eq!(failure.error.kind(), ErrorKind::LoginThrottled);
        for body in [
            json!({"error": "invalid_request", "description": "no rate limit exceeded"}),
            json!({"error": "invalid_client", "description": "rate limit exceeded"}),
            json!({"error": "invalid_grant"}),
        ] {
            let failure = answer_json(400, &body).unwrap_err();
            assert_eq!(
                (failure.class, failure.error.kind()),
                (Class::Final, ErrorKind::Login),
                "{body}"
            );
        }
    }

    #[test]
    fn each_status_says_whether_a_retry_may_help() {
        for (status, class, kind) in [
            (302, Class::Final, ErrorKind::Redirect),
            (401, Class::Final, ErrorKind::Login),
            (403, Class::Final, ErrorKind::Login),
            (404, Class::Final, ErrorKind::Login),
            (408, Class::MaybeProcessed, ErrorKind::Unavailable),
            (429, Class::Refused, ErrorKind::LoginThrottled),
            (500, Class::MaybeProcessed, ErrorKind::Server),
            (503, Class::MaybeProcessed, ErrorKind::Unavailable),
        ] {
            let failure = answer(status, "<html>down</html>").unwrap_err();
            assert_eq!(
                (failure.class, failure.error.kind()),
                (class, kind),
                "{status}"
            );
            assert!(failure.error.was_sent());
        }
    }

    #[test]
    fn the_longest_description_is_shown_bounded_and_without_the_secret() {
        // errata WID-05, ALL-16
        let long = format!("client s3cr3t\n{}", "x".repeat(1_000));
        let body =
            json!({"error": "invalid_client", "description": "short", "error_description": long});
        let text = answer_json(401, &body).unwrap_err().error.to_string();
        assert!(text.contains("invalid_client: client [redacted]"), "{text}");
        assert!(
            !text.contains("s3cr3t") && !text.contains('\n') && text.len() < 500,
            "{text}"
        );
    }

    #[test]
    fn retry_after_is_carried() {
        let response = Response::builder()
            .status(429)
            .header("retry-after", "7")
            .body(Bytes::new())
            .unwrap();
        let failure = read(&response, &[], SystemTime::UNIX_EPOCH).unwrap_err();
        assert_eq!(failure.retry_after(), Some(Duration::from_secs(7)));
    }

    proptest! {
        #[test]
        fn no_answer_makes_the_reader_panic(status in 200_u16..600, body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = answer(status, body);
        }
    }
}
