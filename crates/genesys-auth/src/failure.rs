//! A failed attempt at the login host, and what it means for a retry.

use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use genesys_core::redact;
use genesys_core::{Error, ErrorKind, TransportError, TransportErrorKind};
use http::{Response, StatusCode, header};
use resilience::{Class, Failure, RetryAfter};
use serde_json::Value;

/// The most characters shown of what the login host says.
pub(crate) const MAX_TEXT: usize = 300;
/// How the login host begins the description of a 400 that really is a throttle.
const THROTTLED: &str = "rate limit exceeded";

/// A failed attempt, with what it means for a retry.
#[derive(Debug)]
pub(crate) struct LoginFailure {
    pub(crate) error: Error,
    pub(crate) class: Class,
    pub(crate) throttle: bool,
}

impl LoginFailure {
    pub(crate) fn new(error: Error, class: Class) -> Self {
        Self {
            error,
            class,
            throttle: false,
        }
    }

    /// The attempt ran into its own limit.
    pub(crate) fn timeout(limit: Duration) -> Self {
        let message = format!(
            "the login host did not answer within {:.1} s",
            limit.as_secs_f64()
        );
        Self::new(
            Error::new(ErrorKind::Timeout, message).with_sent(true),
            Class::MaybeProcessed,
        )
    }

    /// An answer with success that gives no usable token.
    pub(crate) fn unusable(why: &'static str) -> Self {
        Self::new(Error::new(ErrorKind::Login, why), Class::Final)
    }
}

impl From<TransportError> for LoginFailure {
    fn from(error: TransportError) -> Self {
        let (kind, class) = match error.kind() {
            TransportErrorKind::Connect => (ErrorKind::Connect, Class::NotSent),
            TransportErrorKind::Request => (ErrorKind::Config, Class::Final),
            TransportErrorKind::Timeout => (ErrorKind::Timeout, Class::MaybeProcessed),
            TransportErrorKind::Reset => (ErrorKind::Reset, Class::MaybeProcessed),
            TransportErrorKind::Truncated => (ErrorKind::Truncated, Class::MaybeProcessed),
            TransportErrorKind::BodyTooLarge => (ErrorKind::BodyTooLarge, Class::Final),
            _ => (ErrorKind::Transport, Class::MaybeProcessed),
        };
        let sent = error.may_have_been_sent();
        let error = Error::new(kind, "at the login host")
            .with_sent(sent)
            .with_source(error);
        Self::new(error, class)
    }
}

impl Failure for LoginFailure {
    fn class(&self) -> Class {
        self.class
    }

    fn is_throttle(&self) -> bool {
        self.throttle
    }

    fn retry_after(&self) -> Option<Duration> {
        self.error.retry_after()
    }

    fn retry_at(&self) -> Option<Instant> {
        None
    }

    fn summary(&self) -> String {
        match self.error.status() {
            Some(status) => format!("{} (status {})", self.error.kind(), status.as_u16()),
            None => self.error.kind().to_string(),
        }
    }
}

/// What an answer without success means. `secrets` are blanked out of what the host says.
pub(crate) fn refused(
    response: &Response<Bytes>,
    secrets: &[&str],
    wall: SystemTime,
) -> LoginFailure {
    let status = response.status();
    let said = Said::read(response.body());
    let throttle = matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::TOO_EARLY
    ) || (status == StatusCode::BAD_REQUEST && said.is_throttle());
    let (kind, class) = match status.as_u16() {
        _ if throttle => (ErrorKind::LoginThrottled, Class::Refused),
        300..=399 => (ErrorKind::Redirect, Class::Final),
        408 | 500..=599 => (ErrorKind::from_status(status), Class::MaybeProcessed),
        _ => (ErrorKind::Login, Class::Final),
    };
    let wait = response.headers().get_all(header::RETRY_AFTER);
    let wait = RetryAfter::parse(wait.iter().map(|value| value.as_bytes()), wall);
    let message = redact::external_text(&said.text(), secrets, MAX_TEXT);
    LoginFailure {
        error: Error::new(kind, message).with_retry_after(wait),
        class,
        throttle,
    }
}

/// What an error body says. The login host's members come in three spellings; a host that answers with the API's
/// error body is understood too.
#[derive(Debug, Default)]
struct Said {
    error: Option<String>,
    descriptions: Vec<String>,
}

impl Said {
    fn read(body: &[u8]) -> Self {
        let Ok(Value::Object(mut members)) = serde_json::from_slice(body) else {
            return Self::default();
        };
        let mut text = |name: &str| match members.remove(name) {
            Some(Value::String(text)) if !text.trim().is_empty() => Some(text),
            _ => None,
        };
        Self {
            error: text("error").or_else(|| text("code")),
            descriptions: ["description", "error_description", "message"]
                .into_iter()
                .filter_map(text)
                .collect(),
        }
    }

    fn is_throttle(&self) -> bool {
        self.error.as_deref() == Some("invalid_request")
            && self.descriptions.iter().any(|text| {
                text.get(..THROTTLED.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(THROTTLED))
            })
    }

    fn text(&self) -> String {
        let longest = self.descriptions.iter().max_by_key(|text| text.len());
        match (&self.error, longest) {
            (Some(error), Some(description)) => format!("{error}: {description}"),
            (Some(text), None) | (None, Some(text)) => text.clone(),
            (None, None) => String::new(),
        }
    }
}
