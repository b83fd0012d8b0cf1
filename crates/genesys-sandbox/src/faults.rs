//! Scripted faults: what goes wrong, for which requests, how often, and whether the request takes effect first.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{SandboxError, SandboxErrorKind};
use crate::ledger::Host;
use crate::seeded::Stream;

/// Rules held at once.
const RULES: usize = 1_000;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[non_exhaustive]
pub enum FaultKind {
    /// A status with these headers and this body. Without a body the platform's error body is made.
    Status {
        /// 200–599.
        status: u16,
        /// Sent as given, so `Retry-After` can have either form, or none that is valid.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// A JSON value, or a string that is sent as text as it is.
        #[serde(default)]
        body: Option<Value>,
    },
    /// The answer is late. Joins with another fault.
    Latency {
        /// Milliseconds, on the wire of the admin endpoint.
        delay_ms: u64,
    },
    /// The connection is reset: a TCP RST and no byte of an answer.
    Reset,
    /// The answer is cut: `Content-Length` promises more than is sent before the connection closes.
    Cut,
    /// The request is taken and never answered; the connection stays open.
    Stall,
    /// The token that came with the request is expired at the server, for good: 401.
    ExpiredToken,
    /// An HTML page, as a proxy in between makes it.
    HtmlPage {
        /// The page's status, 200–599.
        status: u16,
    },
    /// The right status and content type, and JSON that ends too early.
    MalformedJson,
    /// The right status and body under `text/plain`.
    WrongContentType,
}

impl FaultKind {
    /// The kind's name, as in the ledger and on the admin endpoint.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Latency { .. } => "latency",
            Self::Reset => "reset",
            Self::Cut => "cut",
            Self::Stall => "stall",
            Self::ExpiredToken => "expiredToken",
            Self::HtmlPage { .. } => "htmlPage",
            Self::MalformedJson => "malformedJson",
            Self::WrongContentType => "wrongContentType",
        }
    }
}

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
    skip: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
}

/// The members that a rule on the admin endpoint may have; anything else is refused, so that a misspelt filter
/// cannot turn into a rule for everything.
pub(crate) const MEMBERS: [&str; 12] = [
    "kind",
    "status",
    "headers",
    "body",
    "delayMs",
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
            FaultKind::Cut | FaultKind::MalformedJson | FaultKind::WrongContentType => Stage::After,
            _ => Stage::Before,
        })
    }

    fn check(&self) -> Result<(), SandboxError> {
        let refuse = |message: String| Err(SandboxError::new(SandboxErrorKind::Script, message));
        if let FaultKind::Status { status, .. } | FaultKind::HtmlPage { status } = &self.kind
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

    fn concerns(&self, host: Host, method: &Method, path: &str) -> bool {
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

/// Names a rule, to remove it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct FaultId(pub(crate) u64);

/// A rule and what it did so far.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FaultStatus {
    /// Its id.
    pub id: FaultId,
    /// Matching requests seen.
    pub seen: u64,
    /// Requests struck.
    pub fired: u64,
    /// The rule.
    #[serde(flatten)]
    pub fault: Fault,
}

/// What the rules decided for one request.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) delay_before: Duration,
    pub(crate) delay_after: Duration,
    pub(crate) fault: Option<Fault>,
}

#[derive(Debug, Default)]
struct Book {
    rules: Vec<FaultStatus>,
    next: u64,
}

/// The rules in force. They can be changed while requests are under way; a request is judged when it arrives.
#[derive(Debug)]
pub struct Faults {
    book: Mutex<Book>,
    chance: Stream,
}

impl Faults {
    pub(crate) fn new(chance: Stream) -> Self {
        Self {
            book: Mutex::default(),
            chance,
        }
    }

    /// Adds a rule. Rules are asked in the order in which they were added; the first that strikes wins, except that
    /// latencies add up and join the winner.
    ///
    /// # Errors
    /// [`SandboxErrorKind::Script`] for a status outside 200–599, an invalid header, method, path or probability, and
    /// when 1,000 rules are in force.
    pub fn add(&self, fault: Fault) -> Result<FaultId, SandboxError> {
        fault.check()?;
        let mut book = self.lock();
        if book.rules.len() >= RULES {
            return Err(SandboxError::new(
                SandboxErrorKind::Script,
                "too many fault rules are in force",
            ));
        }
        book.next += 1;
        let id = FaultId(book.next);
        book.rules.push(FaultStatus {
            id,
            seen: 0,
            fired: 0,
            fault,
        });
        Ok(id)
    }

    /// Removes a rule; false when there was none.
    pub fn remove(&self, id: FaultId) -> bool {
        let mut book = self.lock();
        let before = book.rules.len();
        book.rules.retain(|rule| rule.id != id);
        book.rules.len() != before
    }

    /// Removes every rule.
    pub fn clear(&self) {
        self.lock().rules.clear();
    }

    /// The rules and what each did so far.
    #[must_use]
    pub fn list(&self) -> Vec<FaultStatus> {
        self.lock().rules.clone()
    }

    pub(crate) fn judge(&self, host: Host, method: &Method, path: &str) -> Verdict {
        let mut verdict = Verdict::default();
        for rule in &mut self.lock().rules {
            let latency = match rule.fault.kind {
                FaultKind::Latency { delay_ms } => Some(Duration::from_millis(delay_ms)),
                _ => None,
            };
            if latency.is_none() && verdict.fault.is_some()
                || !rule.fault.concerns(host, method, path)
            {
                continue;
            }
            rule.seen += 1;
            let spent = rule.fault.count.is_some_and(|count| rule.fired >= count);
            if rule.seen <= rule.fault.skip || spent {
                continue;
            }
            if rule
                .fault
                .probability
                .is_some_and(|p| !self.chance.chance(p))
            {
                continue;
            }
            rule.fired += 1;
            match (latency, rule.fault.stage()) {
                (Some(delay), Stage::Before) => {
                    verdict.delay_before = verdict.delay_before.saturating_add(delay)
                }
                (Some(delay), Stage::After) => {
                    verdict.delay_after = verdict.delay_after.saturating_add(delay)
                }
                (None, _) => verdict.fault = Some(rule.fault.clone()),
            }
        }
        verdict
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strikes(faults: &Faults, path: &str) -> bool {
        faults.judge(Host::Api, &Method::GET, path).fault.is_some()
    }

    #[test]
    fn a_star_is_one_segment_and_two_stars_are_the_rest() {
        assert!(path_matches("/a/*/c", "/a/b/c"));
        assert!(!path_matches("/a/*/c", "/a/b/b/c"));
        assert!(path_matches("/a/**", "/a/b/c"));
        assert!(path_matches("/a/**", "/a"));
        assert!(!path_matches("/a/*", "/a/"));
        assert!(!path_matches("/a", "/a/b"));
    }

    #[test]
    fn skip_lets_pass_and_count_spends_the_rule() {
        let faults = Faults::new(Stream::new(1, 1));
        faults
            .add(Fault::reset().with_path("/x").with_skip(1).with_count(2))
            .unwrap();
        let struck: Vec<bool> = (0..5).map(|_| strikes(&faults, "/x")).collect();
        assert_eq!(struck, [false, true, true, false, false]);
        assert!(!strikes(&faults, "/y"));
        assert_eq!((faults.list()[0].seen, faults.list()[0].fired), (5, 2));
    }

    #[test]
    fn probability_is_drawn_from_the_seed() {
        let run = || {
            let faults = Faults::new(Stream::new(9, 1));
            faults.add(Fault::reset().with_probability(0.5)).unwrap();
            (0..64).map(|_| strikes(&faults, "/")).collect::<Vec<_>>()
        };
        let first = run();
        assert_eq!(first, run());
        assert!(first.contains(&true) && first.contains(&false));
    }

    #[test]
    fn latencies_add_up_and_join_the_first_fault_that_strikes() {
        let faults = Faults::new(Stream::new(1, 1));
        for fault in [
            Fault::latency(Duration::from_millis(5)),
            Fault::status(503),
            Fault::status(500),
            Fault::latency(Duration::from_millis(7)),
        ] {
            faults.add(fault).unwrap();
        }
        let verdict = faults.judge(Host::Api, &Method::GET, "/");
        assert_eq!(verdict.delay_before, Duration::from_millis(12));
        assert_eq!(verdict.fault, Some(Fault::status(503)));
        assert_eq!(faults.list()[2].seen, 0);
    }

    #[test]
    fn a_rule_that_makes_no_sense_is_refused() {
        let faults = Faults::new(Stream::new(1, 1));
        for fault in [
            Fault::status(99),
            Fault::status(503).with_header("bad name", "x"),
            Fault::reset().with_probability(1.5),
            Fault::reset().with_path("x"),
            Fault::expired_token().after_effect(),
        ] {
            assert_eq!(
                faults.add(fault).unwrap_err().kind(),
                SandboxErrorKind::Script
            );
        }
        assert!(faults.list().is_empty());
    }
}
