//! The error of every crate that talks to the cloud.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

mod attempt;
mod body;
mod kind;

pub use attempt::AttemptError;
pub use body::{Detail, Limit, PlatformError};
pub use kind::ErrorKind;
pub use resilience::{AttemptRecord, Stop};

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed, whether it was sent, and whether it may succeed later.
///
/// Its text is one line without payloads: no URL query, header, request body or secret is ever part of it, and what the
/// platform says is bounded and stripped of control characters.
///
/// ```
/// use genesys_core::{Error, ErrorKind};
///
/// fn advice(error: &Error) -> String {
///     match error.kind() {
///         ErrorKind::PermissionDenied => format!("grant {}", error.missing_permission().unwrap_or("the missing permission")),
///         ErrorKind::OutcomeUnknown => "look the object up before creating it again".into(),
///         _ if error.is_transient() => format!("try again after {:?}", error.retry_after()),
///         _ => error.to_string(),
///     }
/// }
/// # let _ = advice;
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    kind: ErrorKind,
    cause: Option<ErrorKind>,
    message: Cow<'static, str>,
    operation: Option<Cow<'static, str>>,
    status: Option<StatusCode>,
    platform: Option<PlatformError>,
    missing_permission: Option<String>,
    correlation_id: Option<String>,
    retry_after: Option<Duration>,
    sent: bool,
    stop: Option<Stop>,
    attempts: Vec<AttemptRecord>,
    elapsed: Duration,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of `kind`; `message` adds what the kind does not say and holds no payload.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            cause: None,
            message: message.into(),
            operation: None,
            status: None,
            platform: None,
            missing_permission: None,
            correlation_id: None,
            retry_after: None,
            sent: false,
            stop: None,
            attempts: Vec::new(),
            elapsed: Duration::ZERO,
            source: None,
        }))
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What the kind does not say; may be empty.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What the last attempt met, behind an [`ErrorKind::OutcomeUnknown`]; the kind itself otherwise.
    pub fn cause(&self) -> ErrorKind {
        self.0.cause.unwrap_or(self.0.kind)
    }

    /// The operation that failed, such as `integrations.create`.
    pub fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }

    /// The status of the last answer, if there was one.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// The platform's own error body, if the answer had one.
    pub fn platform(&self) -> Option<&PlatformError> {
        self.0.platform.as_ref()
    }

    /// The platform's error code, such as `not.found`.
    pub fn code(&self) -> Option<&str> {
        self.0
            .platform
            .as_ref()
            .and_then(|body| body.code.as_deref())
    }

    /// The permission that a 403 names, such as `integrations:integration:add`.
    ///
    /// A client-credentials client is authorised by its roles: grant the permission to a role of the OAuth client. A new
    /// token does not help.
    pub fn missing_permission(&self) -> Option<&str> {
        self.0.missing_permission.as_deref()
    }

    /// The id under which the platform's support finds the request.
    pub fn correlation_id(&self) -> Option<&str> {
        self.0.correlation_id.as_deref()
    }

    /// How long to wait before the next try, before any cap: what the server asked for, or the time until a breaker or a
    /// renewal lets the next one through.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// False when it is certain that no byte of any attempt reached the server.
    pub fn was_sent(&self) -> bool {
        self.0.sent
    }

    /// Every attempt made, first to last, with its status or cause.
    pub fn attempts(&self) -> &[AttemptRecord] {
        &self.0.attempts
    }

    /// From the call's start to its end, waits included.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// Why no further attempt was made; none for an error that no retry loop has seen.
    pub fn stop(&self) -> Option<Stop> {
        self.0.stop
    }

    /// True when the same call may succeed later without anyone changing anything.
    ///
    /// The client has already retried what it may: an outer loop should wait minutes, not milliseconds.
    pub fn is_transient(&self) -> bool {
        self.0.kind.is_transient()
    }

    /// True when nobody can know whether a write took effect; look the object up before sending it again.
    pub fn is_outcome_unknown(&self) -> bool {
        self.0.kind == ErrorKind::OutcomeUnknown
    }

    /// True for an answer that says the object does not exist.
    pub fn is_not_found(&self) -> bool {
        self.cause() == ErrorKind::NotFound
    }

    /// Attaches the cause.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// Names the operation, unless one is named already.
    #[must_use]
    pub fn with_operation(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        self.0.operation.get_or_insert_with(|| operation.into());
        self
    }

    /// Changes the kind and keeps everything else.
    #[must_use]
    pub fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// Sets the status.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = Some(status);
        self.0.sent = true;
        self
    }

    /// Sets the correlation id, when there is one.
    #[must_use]
    pub fn with_correlation_id(mut self, id: Option<String>) -> Self {
        if id.is_some() {
            self.0.correlation_id = id;
        }
        self
    }

    /// Sets how long the server asked to wait.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    /// Sets whether bytes may have reached the server.
    #[must_use]
    pub fn with_sent(mut self, sent: bool) -> Self {
        self.0.sent = sent;
        self
    }

    /// Says that the write may or may not have taken effect; the former kind becomes the [`cause`](Error::cause).
    #[must_use]
    pub fn into_outcome_unknown(mut self) -> Self {
        if self.0.kind != ErrorKind::OutcomeUnknown {
            self.0.cause = Some(self.0.kind);
            self.0.kind = ErrorKind::OutcomeUnknown;
        }
        self
    }

    /// The opposite of [`into_outcome_unknown`](Error::into_outcome_unknown), for a call whose effect does not matter.
    #[must_use]
    pub fn into_cause(mut self) -> Self {
        if let Some(cause) = self.0.cause.take() {
            self.0.kind = cause;
        }
        self
    }

    pub(crate) fn with_platform(mut self, body: PlatformError) -> Self {
        self.0.missing_permission = body.missing_permission();
        self.0.platform = Some(body);
        self
    }

    /// Adds what a retry loop knows. An error with a history is spent: an outer loop does not repeat it.
    #[must_use]
    pub fn with_history(
        mut self,
        stop: Stop,
        attempts: Vec<AttemptRecord>,
        elapsed: Duration,
    ) -> Self {
        self.0.stop = Some(stop);
        self.0.attempts = attempts;
        self.0.elapsed = elapsed;
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        if let Some(operation) = &inner.operation {
            write!(f, "{operation}: ")?;
        }
        write!(f, "{}", inner.kind)?;
        if let Some(cause) = inner.cause {
            write!(f, " after: {cause}")?;
        }
        if let Some(status) = inner.status {
            write!(f, " (status {})", status.as_u16())?;
        }
        if !inner.message.is_empty() {
            write!(f, ": {}", inner.message)?;
        }
        if let Some(permission) = &inner.missing_permission {
            write!(f, "; missing permission {permission}")?;
        }
        if let Some(body) = &inner.platform {
            write!(f, "; the platform says {body}")?;
        }
        if let Some(wait) = inner.retry_after {
            write!(f, "; wait {} s", wait.as_secs_f64())?;
        }
        if inner.attempts.len() > 1 {
            write!(
                f,
                "; {} attempts in {:.1} s",
                inner.attempts.len(),
                inner.elapsed.as_secs_f64()
            )?;
        }
        if let Some(id) = &inner.correlation_id {
            write!(f, "; correlation id {id}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_pointer_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
        fn is_error<T: std::error::Error + Send + Sync + 'static>() {}
        is_error::<Error>();
    }

    #[test]
    fn the_text_is_one_line_and_names_what_matters() {
        let error = Error::new(ErrorKind::PermissionDenied, "")
            .with_operation("integrations.create")
            .with_status(StatusCode::FORBIDDEN)
            .with_platform(PlatformError {
                code: Some("missing.permission".into()),
                message_params: [(
                    "permission".to_owned(),
                    "integrations:integration:add".to_owned(),
                )]
                .into(),
                ..PlatformError::default()
            })
            .with_correlation_id(Some("c-1".into()));
        assert_eq!(
            error.to_string(),
            "integrations.create: permission denied (status 403); missing permission integrations:integration:add; \
             the platform says missing.permission; correlation id c-1"
        );
    }
}
