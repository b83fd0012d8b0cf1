//! What a failure is over HTTP.

use http::StatusCode;

use crate::executor::ExecutionErrorKind;

/// The status of the simulator's own answer to a failure.
///
/// | who is to blame | kinds | status |
/// | --- | --- | --- |
/// | the caller, by form | `malformed` | 400 |
/// | the caller, by content | `input`, `template`, `refused` | 422 |
/// | the external system | `connect`, `interrupted`, `truncated`, `too_large`, `unavailable`, `status`, `empty`, `not_json`, `schema` | 502 |
/// | time | `timeout`, `deadline` | 504 |
/// | load | `breaker_open`, `rate_limited` | 503, with `Retry-After` |
/// | we | `audit`, `internal`, and kinds of later versions | 500 |
pub fn http_status(kind: ExecutionErrorKind) -> StatusCode {
    use ExecutionErrorKind as Kind;

    match kind {
        Kind::Malformed => StatusCode::BAD_REQUEST,
        Kind::Input | Kind::Template | Kind::Refused => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Connect
        | Kind::Interrupted
        | Kind::Truncated
        | Kind::TooLarge
        | Kind::Unavailable
        | Kind::Status
        | Kind::Empty
        | Kind::NotJson
        | Kind::Schema => StatusCode::BAD_GATEWAY,
        Kind::Timeout | Kind::Deadline => StatusCode::GATEWAY_TIMEOUT,
        Kind::BreakerOpen | Kind::RateLimited => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Audit | Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_its_status() {
        // errata RST-45, RST-46
        let table = [
            ("malformed", 400),
            ("input", 422),
            ("template", 422),
            ("refused", 422),
            ("connect", 502),
            ("breaker_open", 503),
            ("deadline", 504),
            ("timeout", 504),
            ("interrupted", 502),
            ("truncated", 502),
            ("too_large", 502),
            ("rate_limited", 503),
            ("unavailable", 502),
            ("status", 502),
            ("empty", 502),
            ("not_json", 502),
            ("schema", 502),
            ("audit", 500),
            ("internal", 500),
        ];
        let found: Vec<_> = ExecutionErrorKind::ALL
            .into_iter()
            .map(|kind| (kind.as_str(), http_status(kind).as_u16()))
            .collect();
        assert_eq!(found, table);
    }
}
