//! One scripted fault: what goes wrong, for which requests, how often, and whether the request takes effect first.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::entry::Host;
use crate::error::{SandboxError, SandboxErrorKind};

mod kind;

pub use kind::FaultKind;

/// The longest `Retry-After` in seconds: a year.
const LONGEST_WAIT: u64 = 31_536_000;

/// Whether the request takes effect before the fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The fault strikes first: the request changes nothing.
    Before,
    /// The request is processed as usual, then the fault takes its answer.
    After,
}

/// One rule. Strikes every request of both hosts until it is narrowed.
///
/// ```
/// use genesys_sandbox::{Fault, Host};
///
/// let fault = Fault::status(503)
///     .with_header("Retry-After", "2")
///     .with_method(http::Method::POST)
///     .with_path("/api/v2/integrations/*/test")
///     .with_count(2);
/// # let _ = (fault, Host::Api);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    #[serde(flatten)]
    kind: FaultKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    when: Option<Stage>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    host: Option<Host>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(default)]
    pub(crate) skip: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) count: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) probability: Option<f64>,
}

/// The members that a rule on the admin endpoint may have; anything else is refused, so that a misspelt filter
/// cannot turn into a rule for everything.
pub(crate) const MEMBERS: [&str; 17] = [
    "kind",
    "status",
    "headers",
    "body",
    "delayMs",
    "seconds",
    "date",
    "bytes",
    "pages",
    "claims",
    "when",
    "host",
    "method",
    "path",
    "skip",
    "count",
    "probability",
];

impl Fault {
    /// A rule that does this to every request.
    #[must_use]
    pub fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            when: None,
            host: None,
            method: None,
            path: None,
            skip: 0,
            count: None,
            probability: None,
        }
    }

    /// Answers `status` with the platform's error body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::new(FaultKind::Status {
            status,
            headers: BTreeMap::new(),
            body: None,
        })
    }

    /// Delays the answer by `delay` (whole milliseconds).
    #[must_use]
    pub fn latency(delay: Duration) -> Self {
        Self::new(FaultKind::Latency {
            delay_ms: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
        })
    }

    /// Resets the connection.
    #[must_use]
    pub fn reset() -> Self {
        Self::new(FaultKind::Reset)
    }

    /// Cuts the answer in its body, after the request took effect.
    #[must_use]
    pub fn cut() -> Self {
        Self::new(FaultKind::Cut)
    }

    /// Never answers.
    #[must_use]
    pub fn stall() -> Self {
        Self::new(FaultKind::Stall)
    }

    /// Expires the token of the request.
    #[must_use]
    pub fn expired_token() -> Self {
        Self::new(FaultKind::ExpiredToken)
    }

    /// Answers an HTML page with `status`.
    #[must_use]
    pub fn html_page(status: u16) -> Self {
        Self::new(FaultKind::HtmlPage { status })
    }

    /// Answers JSON that ends too early, after the request took effect.
    #[must_use]
    pub fn malformed_json() -> Self {
        Self::new(FaultKind::MalformedJson)
    }

    /// Answers under `text/plain`, after the request took effect.
    #[must_use]
    pub fn wrong_content_type() -> Self {
        Self::new(FaultKind::WrongContentType)
    }

    /// Answers `status` with a `Retry-After` of so many whole seconds.
    #[must_use]
    pub fn retry_after(status: u16, after: Duration) -> Self {
        Self::new(FaultKind::RetryAfter {
            status,
            seconds: after.as_secs(),
            date: false,
        })
    }

    /// As [`retry_after`](Self::retry_after), as an HTTP date, which is counted from the moment of the answer.
    #[must_use]
    pub fn retry_after_date(status: u16, after: Duration) -> Self {
        Self::new(FaultKind::RetryAfter {
            status,
            seconds: after.as_secs(),
            date: true,
        })
    }

    /// Answers JSON whose members have other types than they should, after the request took effect.
    #[must_use]
    pub fn wrong_schema() -> Self {
        Self::new(FaultKind::WrongSchema)
    }

    /// Lets a list say that it has `pages` pages.
    #[must_use]
    pub fn page_count(pages: u64) -> Self {
        Self::new(FaultKind::PageCount { pages })
    }

    /// Answers with the first page of a list, whichever was asked for. With `claims` it has the number of the page that
    /// was, and without its own.
    #[must_use]
    pub fn repeated_page(claims: bool) -> Self {
        Self::new(FaultKind::RepeatedPage { claims })
    }

    /// Takes the `id` from the first entity of a list.
    #[must_use]
    pub fn without_id() -> Self {
        Self::new(FaultKind::WithoutId)
    }

    /// Sends the body of the answer `bytes` at a time, with a pause (whole milliseconds) after each few.
    #[must_use]
    pub fn drip(bytes: usize, pause: Duration) -> Self {
        Self::new(FaultKind::Drip {
            bytes,
            delay_ms: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
        })
    }

    /// Adds a header; for [`FaultKind::Status`] alone.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        if let FaultKind::Status { headers, .. } = &mut self.kind {
            headers.insert(name.into(), value.into());
        }
        self
    }

    /// Sets the body; for [`FaultKind::Status`] alone. A JSON string is sent as plain text.
    #[must_use]
    pub fn with_body(mut self, value: impl Into<Value>) -> Self {
        if let FaultKind::Status { body, .. } = &mut self.kind {
            *body = Some(value.into());
        }
        self
    }

    /// Strikes only requests with this method.
    #[must_use]
    pub fn with_method(mut self, method: Method) -> Self {
        self.method = Some(method.to_string());
        self
    }

    /// Strikes only paths that match: `*` stands for one segment, a last `**` for any rest (also none).
    #[must_use]
    pub fn with_path(mut self, pattern: impl Into<String>) -> Self {
        self.path = Some(pattern.into());
        self
    }

    /// Strikes only requests to this host.
    #[must_use]
    pub fn with_host(mut self, host: Host) -> Self {
        self.host = Some(host);
        self
    }

    /// Lets the first `skip` matching requests pass.
    #[must_use]
    pub fn with_skip(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }

    /// Strikes `count` times and is spent. Without a count it goes on until it is removed.
    #[must_use]
    pub fn with_count(mut self, count: u64) -> Self {
        self.count = Some(count);
        self
    }

    /// Strikes a matching request with this probability, 0 to 1, drawn from the sandbox's seed.
    #[must_use]
    pub fn with_probability(mut self, probability: f64) -> Self {
        self.probability = Some(probability);
        self
    }

    /// Strikes before the request takes effect. The default, except for the kinds that spoil an answer's body.
    #[must_use]
    pub fn before_effect(mut self) -> Self {
        self.when = Some(Stage::Before);
        self
    }

    /// Lets the request take effect, then takes its answer.
    #[must_use]
    pub fn after_effect(mut self) -> Self {
        self.when = Some(Stage::After);
        self
    }

    /// What goes wrong.
    #[must_use]
    pub fn kind(&self) -> &FaultKind {
        &self.kind
    }

    /// When it strikes.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.when.unwrap_or(match self.kind {
            FaultKind::Cut
            | FaultKind::MalformedJson
            | FaultKind::WrongContentType
            | FaultKind::WrongSchema
            | FaultKind::PageCount { .. }
            | FaultKind::RepeatedPage { .. }
            | FaultKind::WithoutId
            | FaultKind::Drip { .. } => Stage::After,
            _ => Stage::Before,
        })
    }

    /// Refuses a rule that makes no sense.
    pub(crate) fn check(&self) -> Result<(), SandboxError> {
        let refuse = |message: String| Err(SandboxError::new(SandboxErrorKind::Script, message));
        if let FaultKind::Status { status, .. }
        | FaultKind::HtmlPage { status }
        | FaultKind::RetryAfter { status, .. } = &self.kind
            && !(200..=599).contains(status)
        {
            return refuse(format!("fault status {status} is outside 200 to 599"));
        }
        if let FaultKind::Status { headers, .. } = &self.kind {
            for (name, value) in headers {
                if http::HeaderName::try_from(name).is_err()
                    || http::HeaderValue::try_from(value).is_err()
                {
                    return refuse(format!("fault header {name:?} is not a valid header"));
                }
            }
        }
        if let FaultKind::RetryAfter { seconds, .. } = self.kind
            && seconds > LONGEST_WAIT
        {
            return refuse(format!("a wait of {seconds} s is longer than a year"));
        }
        let spoils_a_page = matches!(
            self.kind,
            FaultKind::PageCount { .. } | FaultKind::RepeatedPage { .. } | FaultKind::WithoutId
        );
        if spoils_a_page && self.when == Some(Stage::Before) {
            return refuse("a page can only be spoilt after it was made".into());
        }
        if let FaultKind::Drip { bytes: 0, .. } = self.kind {
            return refuse("a body cannot come 0 bytes at a time".into());
        }
        if self.kind == FaultKind::ExpiredToken && self.when == Some(Stage::After) {
            return refuse("a token can only be expired before the request".into());
        }
        if let Some(p) = self.probability
            && !(0.0..=1.0).contains(&p)
        {
            return refuse(format!("fault probability {p} is outside 0 to 1"));
        }
        if let Some(pattern) = &self.path
            && !pattern.starts_with('/')
        {
            return refuse(format!(
                "fault path {pattern:?} does not begin with a slash"
            ));
        }
        if let Some(method) = &self.method
            && Method::try_from(method.as_str()).is_err()
        {
            return refuse(format!("fault method {method:?} is not a method"));
        }
        Ok(())
    }

    /// True when the rule is about such a request.
    pub(crate) fn concerns(&self, host: Host, method: &Method, path: &str) -> bool {
        self.host.is_none_or(|wanted| wanted == host)
            && self
                .method
                .as_deref()
                .is_none_or(|wanted| wanted.eq_ignore_ascii_case(method.as_str()))
            && self
                .path
                .as_deref()
                .is_none_or(|pattern| path_matches(pattern, path))
    }
}

fn path_matches(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (Some("**"), _) | (None, None) => return true,
            (Some("*"), Some(segment)) if !segment.is_empty() => {}
            (Some(a), Some(b)) if a == b => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_one_segment_and_two_stars_are_the_rest() {
        assert!(path_matches("/a/*/c", "/a/b/c"));
        assert!(!path_matches("/a/*/c", "/a/b/b/c"));
        assert!(path_matches("/a/**", "/a/b/c"));
        assert!(path_matches("/a/**", "/a"));
        assert!(!path_matches("/a/*", "/a/"));
        assert!(!path_matches("/a", "/a/b"));
    }
}
