//! What can go wrong, as a plain value.

use std::fmt;

use http::StatusCode;

/// What went wrong. Match on it with a wildcard arm: kinds may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is missing, contradictory or not understood. Nothing was sent.
    Config,
    /// The caller's input breaks a rule that is checked before sending. Nothing was sent.
    InvalidRequest,
    /// This profile, or this kind of object, cannot do what was asked. Nothing was sent.
    Unsupported,
    /// The host could not be reached. Nothing was sent.
    Connect,
    /// The login host refused the credentials or gave an unusable answer.
    Login,
    /// The login host, or the renewal back-off, asks to come back later.
    LoginThrottled,
    /// The circuit breaker of this host is open. Nothing was sent.
    BreakerOpen,
    /// The call's total deadline passed, or would pass before the next attempt could start.
    Deadline,
    /// One attempt took longer than its limit.
    Timeout,
    /// The connection closed before the answer was complete.
    Reset,
    /// The answer's body was cut off.
    Truncated,
    /// The answer's body is larger than accepted.
    BodyTooLarge,
    /// The transport failed in another way.
    Transport,
    /// A write was sent, failed midway, and nobody can know whether it took effect.
    OutcomeUnknown,
    /// 400: the platform refused the request's content.
    BadRequest,
    /// 401: no valid token, also after one renewal.
    Unauthenticated,
    /// 403: the client's roles do not permit it.
    PermissionDenied,
    /// 404: the object does not exist.
    NotFound,
    /// 405: the endpoint does not take this method.
    MethodNotAllowed,
    /// 409 or a 400 that names a version mismatch: somebody else changed the object.
    Conflict,
    /// 413: the request is too large.
    PayloadTooLarge,
    /// 415: the endpoint does not take this content type.
    UnsupportedMediaType,
    /// 422: the request is well-formed and its content is refused.
    Unprocessable,
    /// 425 or 429 that could not be waited out.
    RateLimited,
    /// 408, 502, 503 or 504: the service is not able to answer now.
    Unavailable,
    /// 500 or another 5xx.
    Server,
    /// A redirect: API calls follow none.
    Redirect,
    /// Any other status that is not 2xx.
    UnexpectedStatus,
    /// The answer is no JSON: an HTML page, another media type, or nothing where something must be.
    UnexpectedContent,
    /// The answer is malformed JSON, or a required member is missing or of another type.
    Decode,
    /// What the server says contradicts itself, such as a list that repeats a page.
    Protocol,
    /// An object did not reach the awaited state.
    State,
    /// The audit trail could not be written.
    Audit,
    /// A local file or queue failed.
    Io,
}

impl ErrorKind {
    /// The kind of a status that is not 2xx.
    pub fn from_status(status: StatusCode) -> Self {
        match status.as_u16() {
            300..=399 => ErrorKind::Redirect,
            400 => ErrorKind::BadRequest,
            401 => ErrorKind::Unauthenticated,
            403 => ErrorKind::PermissionDenied,
            404 => ErrorKind::NotFound,
            405 => ErrorKind::MethodNotAllowed,
            409 => ErrorKind::Conflict,
            413 => ErrorKind::PayloadTooLarge,
            415 => ErrorKind::UnsupportedMediaType,
            422 => ErrorKind::Unprocessable,
            425 | 429 => ErrorKind::RateLimited,
            408 | 502 | 503 | 504 => ErrorKind::Unavailable,
            500..=599 => ErrorKind::Server,
            _ => ErrorKind::UnexpectedStatus,
        }
    }

    /// True when the same call may succeed later without anyone changing anything.
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            ErrorKind::Connect
                | ErrorKind::LoginThrottled
                | ErrorKind::BreakerOpen
                | ErrorKind::Deadline
                | ErrorKind::Timeout
                | ErrorKind::Reset
                | ErrorKind::Truncated
                | ErrorKind::RateLimited
                | ErrorKind::Unavailable
                | ErrorKind::Server
        )
    }

    /// A stable lower-case name for labels, logs and audit lines.
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorKind::Config => "config",
            ErrorKind::InvalidRequest => "invalid_request",
            ErrorKind::Unsupported => "unsupported",
            ErrorKind::Connect => "connect",
            ErrorKind::Login => "login",
            ErrorKind::LoginThrottled => "login_throttled",
            ErrorKind::BreakerOpen => "breaker_open",
            ErrorKind::Deadline => "deadline",
            ErrorKind::Timeout => "timeout",
            ErrorKind::Reset => "reset",
            ErrorKind::Truncated => "truncated",
            ErrorKind::BodyTooLarge => "body_too_large",
            ErrorKind::Transport => "transport",
            ErrorKind::OutcomeUnknown => "outcome_unknown",
            ErrorKind::BadRequest => "bad_request",
            ErrorKind::Unauthenticated => "unauthenticated",
            ErrorKind::PermissionDenied => "permission_denied",
            ErrorKind::NotFound => "not_found",
            ErrorKind::MethodNotAllowed => "method_not_allowed",
            ErrorKind::Conflict => "conflict",
            ErrorKind::PayloadTooLarge => "payload_too_large",
            ErrorKind::UnsupportedMediaType => "unsupported_media_type",
            ErrorKind::Unprocessable => "unprocessable",
            ErrorKind::RateLimited => "rate_limited",
            ErrorKind::Unavailable => "unavailable",
            ErrorKind::Server => "server",
            ErrorKind::Redirect => "redirect",
            ErrorKind::UnexpectedStatus => "unexpected_status",
            ErrorKind::UnexpectedContent => "unexpected_content",
            ErrorKind::Decode => "decode",
            ErrorKind::Protocol => "protocol",
            ErrorKind::State => "state",
            ErrorKind::Audit => "audit",
            ErrorKind::Io => "io",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ErrorKind::Config => "configuration",
            ErrorKind::InvalidRequest => "invalid request",
            ErrorKind::Unsupported => "unsupported",
            ErrorKind::Connect => "no connection",
            ErrorKind::Login => "login failed",
            ErrorKind::LoginThrottled => "login throttled",
            ErrorKind::BreakerOpen => "circuit breaker open",
            ErrorKind::Deadline => "deadline exceeded",
            ErrorKind::Timeout => "attempt timed out",
            ErrorKind::Reset => "connection closed early",
            ErrorKind::Truncated => "answer cut off",
            ErrorKind::BodyTooLarge => "answer too large",
            ErrorKind::Transport => "transport failed",
            ErrorKind::OutcomeUnknown => "outcome unknown",
            ErrorKind::BadRequest => "refused",
            ErrorKind::Unauthenticated => "not authenticated",
            ErrorKind::PermissionDenied => "permission denied",
            ErrorKind::NotFound => "not found",
            ErrorKind::MethodNotAllowed => "method not allowed",
            ErrorKind::Conflict => "conflict",
            ErrorKind::PayloadTooLarge => "request too large",
            ErrorKind::UnsupportedMediaType => "content type not taken",
            ErrorKind::Unprocessable => "content refused",
            ErrorKind::RateLimited => "rate limited",
            ErrorKind::Unavailable => "service unavailable",
            ErrorKind::Server => "server error",
            ErrorKind::Redirect => "unexpected redirect",
            ErrorKind::UnexpectedStatus => "unexpected status",
            ErrorKind::UnexpectedContent => "unexpected content",
            ErrorKind::Decode => "answer not understood",
            ErrorKind::Protocol => "answer contradicts itself",
            ErrorKind::State => "state not reached",
            ErrorKind::Audit => "audit trail failed",
            ErrorKind::Io => "local i/o failed",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_token_and_a_missing_permission_are_different_kinds() {
        // errata INT-36
        assert_ne!(
            ErrorKind::from_status(StatusCode::UNAUTHORIZED),
            ErrorKind::from_status(StatusCode::FORBIDDEN)
        );
    }

    #[test]
    fn no_redirect_counts_as_success() {
        // errata ALL-14, WID-13
        for code in 300..400 {
            assert_eq!(
                ErrorKind::from_status(StatusCode::from_u16(code).unwrap()),
                ErrorKind::Redirect
            );
        }
    }
}
