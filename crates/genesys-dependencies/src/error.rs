//! Why a mapping brought nothing back.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use genesys_core::{Error, ErrorKind};
use http::StatusCode;

use crate::progress::Phase;

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MapErrorKind {
    /// The credentials were refused, or their roles do not permit it.
    Denied,
    /// The cloud asks to come back later.
    Throttled,
    /// The deadline passed.
    Deadline,
    /// The cloud failed, or could not be reached.
    Upstream,
    /// Something is missing, and a complete map was asked for.
    Incomplete,
    /// The organisation is larger than the limits allow, or the work budget is spent.
    TooLarge,
    /// The mapping was stopped.
    Cancelled,
    /// The settings make no sense.
    Config,
    /// A snapshot on disk cannot be read or written.
    Store,
    /// The audit trail could not be written.
    Audit,
    /// A source or this crate panicked, or the runtime stopped.
    Internal,
}

impl MapErrorKind {
    /// A stable lower-case name for labels, reports and audit lines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Throttled => "throttled",
            Self::Deadline => "deadline",
            Self::Upstream => "upstream",
            Self::Incomplete => "incomplete",
            Self::TooLarge => "too_large",
            Self::Cancelled => "cancelled",
            Self::Config => "config",
            Self::Store => "store",
            Self::Audit => "audit",
            Self::Internal => "internal",
        }
    }

    fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Login | ErrorKind::Unauthenticated | ErrorKind::PermissionDenied => {
                Self::Denied
            }
            ErrorKind::RateLimited | ErrorKind::BreakerOpen | ErrorKind::LoginThrottled => {
                Self::Throttled
            }
            ErrorKind::Deadline => Self::Deadline,
            ErrorKind::Audit => Self::Audit,
            ErrorKind::Config | ErrorKind::InvalidRequest => Self::Config,
            ErrorKind::Io => Self::Store,
            _ => Self::Upstream,
        }
    }
}

/// A mapping brought nothing back. The last map stays.
///
/// Its text is one line without payloads or secrets.
#[derive(Clone)]
pub struct MapError(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    kind: MapErrorKind,
    phase: Phase,
    error: Error,
}

impl MapError {
    pub(crate) fn new(kind: MapErrorKind, phase: Phase, message: impl Into<String>) -> Self {
        let core = match kind {
            MapErrorKind::Denied => ErrorKind::PermissionDenied,
            MapErrorKind::Throttled => ErrorKind::RateLimited,
            MapErrorKind::Deadline => ErrorKind::Deadline,
            MapErrorKind::Config => ErrorKind::Config,
            MapErrorKind::Store => ErrorKind::Io,
            MapErrorKind::Audit => ErrorKind::Audit,
            _ => ErrorKind::State,
        };
        let error = Error::new(core, message.into());
        Self(Arc::new(Inner { kind, phase, error }))
    }

    pub(crate) fn call(phase: Phase, error: Error) -> Self {
        let kind = MapErrorKind::of(&error);
        Self(Arc::new(Inner { kind, phase, error }))
    }

    pub(crate) fn graph(phase: Phase, error: depgraph::Error) -> Self {
        let kind = match error.kind() {
            depgraph::ErrorKind::Cancelled => MapErrorKind::Cancelled,
            _ if error.is_limit() || error.is_interrupted() => MapErrorKind::TooLarge,
            _ => MapErrorKind::Internal,
        };
        Self::new(kind, phase, error.to_string())
    }

    /// What went wrong.
    pub fn kind(&self) -> MapErrorKind {
        self.0.kind
    }

    /// How far it came.
    pub fn phase(&self) -> Phase {
        self.0.phase
    }

    /// The error itself, with status, attempts and correlation id where the cloud was asked.
    pub fn error(&self) -> &Error {
        &self.0.error
    }

    /// How long the cloud asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.error.retry_after()
    }

    /// True when the same mapping may succeed later without anyone changing anything.
    pub fn is_transient(&self) -> bool {
        match self.0.kind {
            MapErrorKind::Throttled | MapErrorKind::Deadline | MapErrorKind::Cancelled => true,
            MapErrorKind::Upstream => self.0.error.is_transient(),
            _ => false,
        }
    }

    /// The status that a service answers with.
    pub fn status(&self) -> StatusCode {
        match self.0.kind {
            MapErrorKind::Denied | MapErrorKind::Upstream | MapErrorKind::Incomplete => {
                StatusCode::BAD_GATEWAY
            }
            MapErrorKind::Throttled | MapErrorKind::Cancelled => StatusCode::SERVICE_UNAVAILABLE,
            MapErrorKind::Deadline => StatusCode::GATEWAY_TIMEOUT,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.phase, self.0.error)
    }
}

impl fmt::Debug for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for MapError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.0.error)
    }
}
