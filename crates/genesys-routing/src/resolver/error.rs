//! Why a route was not resolved.

use std::fmt;
use std::time::Duration;

use genesys_core::{Error, ErrorKind};
use http::StatusCode;

use super::check::EndpointResult;
use crate::route::{RouteError, Violation};

/// How far a resolve came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Stage {
    /// Reading and checking the route, and recording the intent.
    Validate,
    /// Waiting for another resolve with the same key.
    Wait,
    /// Probing the endpoints.
    Probe,
    /// Comparing with what exists, and writing.
    Submit,
    /// Recording the outcome.
    Record,
}

impl Stage {
    /// A stable lower-case name for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::Wait => "wait",
            Self::Probe => "probe",
            Self::Submit => "submit",
            Self::Record => "record",
        }
    }
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResolveErrorKind {
    /// The text is not the JSON form of a route.
    Syntax,
    /// The route breaks rules.
    Rules,
    /// The profile cannot do this kind of target or change.
    Unsupported,
    /// Too few endpoints are reachable.
    Unreachable,
    /// The key was used for another route.
    KeyReused,
    /// Somebody else changed the route, or several have its name.
    Conflict,
    /// The cloud refuses it; the same resolve would be refused again.
    Refused,
    /// The cloud asks to come back later.
    Throttled,
    /// The deadline passed. After [`Stage::Submit`] nobody can know whether the route was written.
    Deadline,
    /// A write was sent and nobody can know whether it took effect. Resolving again settles it.
    OutcomeUnknown,
    /// The cloud failed, or could not be reached.
    Upstream,
    /// The audit trail could not be written.
    Audit,
}

impl ResolveErrorKind {
    /// A stable lower-case name for labels and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Rules => "rules",
            Self::Unsupported => "unsupported",
            Self::Unreachable => "unreachable",
            Self::KeyReused => "key_reused",
            Self::Conflict => "conflict",
            Self::Refused => "refused",
            Self::Throttled => "throttled",
            Self::Deadline => "deadline",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::Upstream => "upstream",
            Self::Audit => "audit",
        }
    }

    fn of(error: &Error) -> Self {
        if error.is_outcome_unknown() {
            return Self::OutcomeUnknown;
        }
        match error.kind() {
            ErrorKind::InvalidRequest => Self::Rules,
            ErrorKind::Unsupported => Self::Unsupported,
            ErrorKind::Conflict => Self::Conflict,
            ErrorKind::BadRequest
            | ErrorKind::NotFound
            | ErrorKind::MethodNotAllowed
            | ErrorKind::PayloadTooLarge
            | ErrorKind::UnsupportedMediaType
            | ErrorKind::Unprocessable => Self::Refused,
            ErrorKind::RateLimited | ErrorKind::BreakerOpen | ErrorKind::LoginThrottled => {
                Self::Throttled
            }
            ErrorKind::Deadline => Self::Deadline,
            ErrorKind::Audit => Self::Audit,
            _ => Self::Upstream,
        }
    }
}

/// A route was not resolved. Holds what was found out about its endpoints.
///
/// Its text is one line without payloads, queries or secrets.
#[derive(Clone)]
pub struct ResolveError(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    kind: ResolveErrorKind,
    stage: Stage,
    error: Error,
    route: Option<RouteError>,
    endpoints: Vec<EndpointResult>,
}

impl ResolveError {
    fn new(kind: ResolveErrorKind, stage: Stage, error: Error) -> Self {
        Self(Box::new(Inner {
            kind,
            stage,
            error,
            route: None,
            endpoints: Vec::new(),
        }))
    }

    pub(super) fn invalid(route: RouteError) -> Self {
        let kind = if route.is_syntax() {
            ResolveErrorKind::Syntax
        } else {
            ResolveErrorKind::Rules
        };
        let mut invalid = Self::new(kind, Stage::Validate, Error::from(route.clone()));
        invalid.0.route = Some(route);
        invalid
    }

    pub(super) fn audit(error: Error) -> Self {
        Self::new(ResolveErrorKind::Audit, Stage::Record, error)
    }

    pub(super) fn key_reused() -> Self {
        let message = "the idempotency key was used for another route";
        let error = Error::new(ErrorKind::Conflict, message);
        Self::new(ResolveErrorKind::KeyReused, Stage::Wait, error)
    }

    pub(super) fn unreachable(endpoints: Vec<EndpointResult>) -> Self {
        let failed = endpoints.iter().filter(|one| !one.reachable);
        let told: Vec<String> = failed
            .map(|one| {
                let codes: Vec<&str> = one
                    .reasons
                    .iter()
                    .filter(|reason| reason.error)
                    .map(|reason| reason.code.as_str())
                    .collect();
                format!("{} ({})", one.uri, codes.join(", "))
            })
            .collect();
        let message = format!("too few endpoints are reachable: {}", told.join("; "));
        let error = Error::new(ErrorKind::State, message);
        Self::new(ResolveErrorKind::Unreachable, Stage::Probe, error).with_endpoints(endpoints)
    }

    pub(super) fn deadline(stage: Stage) -> Self {
        let message = format!("the deadline passed in the stage {}", stage.as_str());
        let error = Error::new(ErrorKind::Deadline, message).with_sent(stage >= Stage::Submit);
        Self::new(ResolveErrorKind::Deadline, stage, error)
    }

    pub(super) fn submit(error: Error) -> Self {
        Self::new(ResolveErrorKind::of(&error), Stage::Submit, error)
    }

    pub(super) fn with_endpoints(mut self, endpoints: Vec<EndpointResult>) -> Self {
        self.0.endpoints = endpoints;
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ResolveErrorKind {
        self.0.kind
    }

    /// How far it came.
    pub fn stage(&self) -> Stage {
        self.0.stage
    }

    /// The error itself, with status, attempts and correlation id where the cloud was asked.
    pub fn error(&self) -> &Error {
        &self.0.error
    }

    /// What is wrong with the route, for [`ResolveErrorKind::Syntax`] and [`ResolveErrorKind::Rules`].
    pub fn route_error(&self) -> Option<&RouteError> {
        self.0.route.as_ref()
    }

    /// Every violation of a rule.
    pub fn violations(&self) -> &[Violation] {
        self.0.route.as_ref().map_or(&[], RouteError::violations)
    }

    /// Every endpoint that was probed, the primary first.
    pub fn endpoints(&self) -> &[EndpointResult] {
        &self.0.endpoints
    }

    /// How long the cloud asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.error.retry_after()
    }

    /// True when nobody can know whether the route was written. Resolving again settles it.
    pub fn is_outcome_unknown(&self) -> bool {
        match self.0.kind {
            ResolveErrorKind::OutcomeUnknown => true,
            ResolveErrorKind::Deadline => self.0.stage >= Stage::Submit && self.0.error.was_sent(),
            _ => false,
        }
    }

    /// The status that a service answers with.
    pub fn status(&self) -> StatusCode {
        match self.0.kind {
            ResolveErrorKind::Syntax => StatusCode::BAD_REQUEST,
            ResolveErrorKind::Rules | ResolveErrorKind::Unsupported => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            ResolveErrorKind::KeyReused | ResolveErrorKind::Conflict => StatusCode::CONFLICT,
            ResolveErrorKind::Unreachable
            | ResolveErrorKind::Refused
            | ResolveErrorKind::OutcomeUnknown
            | ResolveErrorKind::Upstream => StatusCode::BAD_GATEWAY,
            ResolveErrorKind::Throttled => StatusCode::SERVICE_UNAVAILABLE,
            ResolveErrorKind::Deadline => StatusCode::GATEWAY_TIMEOUT,
            ResolveErrorKind::Audit => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.route {
            Some(route) => route.fmt(f),
            None => self.0.error.fmt(f),
        }
    }
}

impl fmt::Debug for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ResolveError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.0.error)
    }
}
