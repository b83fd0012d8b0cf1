//! Why a node could not be executed.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use genesys_core::{Error, ErrorKind};

use super::cache::CacheOutcome;
use super::execution::AttemptTrace;
use crate::schema::Violation;

/// What went wrong. Match on it with a wildcard arm: kinds may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExecutionErrorKind {
    /// The input is no JSON, has a member twice, or is too large. Nothing was sent.
    Malformed,
    /// The input breaks the node's input schema. Nothing was sent.
    Input,
    /// A value is missing, or does not fit the place that it would stand in. Nothing was sent.
    Template,
    /// The request may not be sent: the egress policy refuses where it would go. Nothing was sent.
    Refused,
    /// The external system could not be reached. Nothing was sent.
    Connect,
    /// The circuit breaker of the external system is open. Nothing was sent.
    BreakerOpen,
    /// The call's deadline passed, or would have passed before the next attempt.
    Deadline,
    /// An attempt took longer than the node allows.
    Timeout,
    /// The connection broke before there was an answer.
    Interrupted,
    /// The answer's body was cut off.
    Truncated,
    /// The answer is larger than accepted.
    TooLarge,
    /// 425 or 429 that could not be waited out.
    RateLimited,
    /// 408 or 5xx: the external system is not able to answer.
    Unavailable,
    /// Another status that is not 2xx. No 4xx is a success, whatever its body says.
    Status,
    /// The answer is empty, and the response schema does not allow that: it allows it when it allows `null`.
    Empty,
    /// The answer is no JSON, or has a member twice.
    NotJson,
    /// The answer breaks the response schema.
    Schema,
    /// The audit trail could not be written.
    Audit,
    /// Something in this process failed, such as a task that was stopped with its runtime.
    Internal,
}

impl ExecutionErrorKind {
    /// Every kind.
    pub const ALL: [Self; 19] = [
        Self::Malformed,
        Self::Input,
        Self::Template,
        Self::Refused,
        Self::Connect,
        Self::BreakerOpen,
        Self::Deadline,
        Self::Timeout,
        Self::Interrupted,
        Self::Truncated,
        Self::TooLarge,
        Self::RateLimited,
        Self::Unavailable,
        Self::Status,
        Self::Empty,
        Self::NotJson,
        Self::Schema,
        Self::Audit,
        Self::Internal,
    ];

    /// A stable lower-case name for labels, logs and audit lines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Input => "input",
            Self::Template => "template",
            Self::Refused => "refused",
            Self::Connect => "connect",
            Self::BreakerOpen => "breaker_open",
            Self::Deadline => "deadline",
            Self::Timeout => "timeout",
            Self::Interrupted => "interrupted",
            Self::Truncated => "truncated",
            Self::TooLarge => "too_large",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Status => "status",
            Self::Empty => "empty",
            Self::NotJson => "not_json",
            Self::Schema => "schema",
            Self::Audit => "audit",
            Self::Internal => "internal",
        }
    }

    /// True when the same call may succeed later without anyone changing anything.
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Connect
                | Self::BreakerOpen
                | Self::Deadline
                | Self::Timeout
                | Self::Interrupted
                | Self::Truncated
                | Self::RateLimited
                | Self::Unavailable
        )
    }

    /// True when the caller's input, or the node, has to change.
    pub fn is_input(self) -> bool {
        matches!(
            self,
            Self::Malformed | Self::Input | Self::Template | Self::Refused
        )
    }

    /// What the rest of the workspace calls it: in audit lines, for instance.
    pub(super) fn core(self) -> ErrorKind {
        match self {
            Self::Malformed | Self::Input | Self::Template | Self::Refused => {
                ErrorKind::InvalidRequest
            }
            Self::Connect => ErrorKind::Connect,
            Self::BreakerOpen => ErrorKind::BreakerOpen,
            Self::Deadline => ErrorKind::Deadline,
            Self::Timeout => ErrorKind::Timeout,
            Self::Interrupted => ErrorKind::Reset,
            Self::Truncated => ErrorKind::Truncated,
            Self::TooLarge => ErrorKind::BodyTooLarge,
            Self::RateLimited => ErrorKind::RateLimited,
            Self::Unavailable => ErrorKind::Unavailable,
            Self::Status => ErrorKind::UnexpectedStatus,
            Self::Empty | Self::NotJson => ErrorKind::UnexpectedContent,
            Self::Schema => ErrorKind::Decode,
            Self::Audit => ErrorKind::Audit,
            Self::Internal => ErrorKind::Transport,
        }
    }

    pub(super) fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::InvalidRequest => Self::Refused,
            ErrorKind::Connect => Self::Connect,
            ErrorKind::BreakerOpen => Self::BreakerOpen,
            ErrorKind::Deadline => Self::Deadline,
            ErrorKind::Timeout => Self::Timeout,
            ErrorKind::Truncated => Self::Truncated,
            ErrorKind::BodyTooLarge => Self::TooLarge,
            ErrorKind::RateLimited => Self::RateLimited,
            ErrorKind::Unavailable | ErrorKind::Server => Self::Unavailable,
            ErrorKind::Audit => Self::Audit,
            _ if error.status().is_some() => Self::Status,
            _ => Self::Interrupted,
        }
    }
}

impl fmt::Display for ExecutionErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the input is not usable",
            Self::Input => "the input breaks its schema",
            Self::Template => "the request cannot be made of the input",
            Self::Refused => "the request may not be sent",
            Self::Connect => "no connection",
            Self::BreakerOpen => "circuit breaker open",
            Self::Deadline => "deadline exceeded",
            Self::Timeout => "attempt timed out",
            Self::Interrupted => "connection closed early",
            Self::Truncated => "answer cut off",
            Self::TooLarge => "answer too large",
            Self::RateLimited => "rate limited",
            Self::Unavailable => "external system unavailable",
            Self::Status => "unexpected status",
            Self::Empty => "empty answer",
            Self::NotJson => "answer is no json",
            Self::Schema => "answer breaks its schema",
            Self::Audit => "audit trail failed",
            Self::Internal => "internal failure",
        })
    }
}

/// Why a node could not be executed, with everything that was tried. Cheap to clone: everybody who waited for one answer gets it.
///
/// Its text is one line without payloads: no URL, header, body or secret is ever part of it.
#[derive(Debug, Clone)]
pub struct ExecutionError(Arc<Inner>);

#[derive(Debug, Clone)]
pub(super) struct Inner {
    pub(super) kind: ExecutionErrorKind,
    pub(super) message: Cow<'static, str>,
    pub(super) node: Arc<str>,
    pub(super) context_id: String,
    pub(super) status: Option<u16>,
    pub(super) retry_after: Option<Duration>,
    pub(super) in_doubt: bool,
    pub(super) violations: Vec<Violation>,
    pub(super) missing: Vec<String>,
    pub(super) attempts: Vec<AttemptTrace>,
    pub(super) cache: CacheOutcome,
    pub(super) source: Option<Error>,
}

impl ExecutionError {
    pub(super) fn new(kind: ExecutionErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: message.into(),
            node: Arc::from(""),
            context_id: String::new(),
            status: None,
            retry_after: None,
            in_doubt: false,
            violations: Vec::new(),
            missing: Vec::new(),
            attempts: Vec::new(),
            cache: CacheOutcome::Off,
            source: None,
        }))
    }

    pub(super) fn change(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ExecutionErrorKind {
        self.0.kind
    }

    /// What the kind does not say; may be empty.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The node's name.
    pub fn node(&self) -> &str {
        &self.0.node
    }

    /// The id of this execution, that its audit line carries too.
    pub fn context_id(&self) -> &str {
        &self.0.context_id
    }

    /// The status of the external system's last answer, if there was one.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// How long to wait before the next try: what the external system asked for, or until the breaker lets one through.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// True when a write was sent and nobody can know whether it took effect.
    pub fn is_outcome_unknown(&self) -> bool {
        self.0.in_doubt
    }

    /// Every rule that input or answer broke.
    pub fn violations(&self) -> &[Violation] {
        &self.0.violations
    }

    /// Every variable that has no value, when that is what is wrong.
    pub fn missing(&self) -> &[String] {
        &self.0.missing
    }

    /// Every attempt, first to last.
    pub fn attempts(&self) -> &[AttemptTrace] {
        &self.0.attempts
    }

    /// Requests that were sent after the first one.
    pub fn retries(&self) -> u32 {
        super::execution::retries(&self.0.attempts)
    }

    /// What the cache did.
    pub fn cache(&self) -> CacheOutcome {
        self.0.cache
    }

    /// True when the same call may succeed later without anyone changing anything.
    pub fn is_transient(&self) -> bool {
        self.0.kind.is_transient()
    }

    /// The same in the words of the workspace, for an audit trail.
    pub(super) fn to_core(&self) -> Error {
        let mut error = Error::new(self.0.kind.core(), self.0.message.clone())
            .with_retry_after(self.0.retry_after);
        if let Some(status) = self
            .0
            .status
            .and_then(|status| http::StatusCode::from_u16(status).ok())
        {
            error = error.with_status(status);
        }
        if self.0.in_doubt {
            error = error.into_outcome_unknown();
        }
        error
    }
}

impl fmt::Display for ExecutionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if !inner.node.is_empty() {
            write!(f, "{}: ", inner.node)?;
        }
        write!(f, "{}", inner.kind)?;
        if let Some(status) = inner.status {
            write!(f, " (status {status})")?;
        }
        if !inner.message.is_empty() {
            write!(f, ": {}", inner.message)?;
        }
        if let Some(first) = inner.violations.first() {
            write!(f, ": {first}")?;
            if inner.violations.len() > 1 {
                write!(f, " and {} more", inner.violations.len() - 1)?;
            }
        }
        if inner.in_doubt {
            f.write_str("; it may have taken effect")?;
        }
        if let Some(wait) = inner.retry_after {
            write!(f, "; wait {} s", wait.as_secs_f64())?;
        }
        if inner.attempts.len() > 1 {
            write!(f, "; {} attempts", inner.attempts.len())?;
        }
        Ok(())
    }
}

impl std::error::Error for ExecutionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| source as _)
    }
}
