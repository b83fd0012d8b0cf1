//! What a retry loop sees of a failed attempt.

use std::time::{Duration, Instant};

use resilience::{Class, Failure};

use super::{Error, ErrorKind};
use crate::transport::{TransportError, TransportErrorKind};

/// A failed attempt and what may be done about it: what a loop of [`Retry`](resilience::Retry) around a
/// [`Transport`](crate::Transport) works with.
///
/// Made from a [`TransportError`], it says what the transport knows: not sent, final, or maybe processed.
#[derive(Debug)]
pub struct AttemptError {
    error: Error,
    class: Class,
    throttle: bool,
    retry_at: Option<Instant>,
}

impl AttemptError {
    /// A failure of a class.
    pub fn new(error: Error, class: Class) -> Self {
        Self {
            error,
            class,
            throttle: false,
            retry_at: None,
        }
    }

    /// Sets whether the server asked to slow down, which has longer waits than an illness.
    #[must_use]
    pub fn with_throttle(mut self, throttle: bool) -> Self {
        self.throttle = throttle;
        self
    }

    /// Sets when the next attempt makes sense; none means that the policy decides.
    #[must_use]
    pub fn with_retry_at(mut self, at: Option<Instant>) -> Self {
        self.retry_at = at;
        self
    }

    /// What went wrong.
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// What went wrong, for the caller of the loop.
    pub fn into_error(self) -> Error {
        self.error
    }

    /// True when the request may have been processed. A truncated or oversized body is no answer, yet the server did its work.
    pub fn leaves_doubt(&self) -> bool {
        self.class == Class::MaybeProcessed
            || matches!(
                self.error.kind(),
                ErrorKind::Truncated | ErrorKind::BodyTooLarge
            )
    }
}

impl From<TransportError> for AttemptError {
    fn from(error: TransportError) -> Self {
        let (kind, class) = match error.kind() {
            TransportErrorKind::Connect => (ErrorKind::Connect, Class::NotSent),
            TransportErrorKind::Timeout => (ErrorKind::Timeout, Class::MaybeProcessed),
            TransportErrorKind::Reset => (ErrorKind::Reset, Class::MaybeProcessed),
            TransportErrorKind::Truncated => (ErrorKind::Truncated, Class::MaybeProcessed),
            // The same bytes would be refused or too large again.
            TransportErrorKind::Request => (ErrorKind::InvalidRequest, Class::Final),
            TransportErrorKind::BodyTooLarge => (ErrorKind::BodyTooLarge, Class::Final),
            _ => (ErrorKind::Transport, Class::MaybeProcessed),
        };
        Self::new(Error::new(kind, "").with_source(error), class)
    }
}

impl Failure for AttemptError {
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
        self.retry_at
    }

    /// Whoever made an error that has been through a retry loop has done what could be done, unless it names an instant.
    fn is_spent(&self) -> bool {
        self.error.stop().is_some() && self.retry_at.is_none()
    }

    fn summary(&self) -> String {
        match self.error.status() {
            Some(status) => format!("status {}", status.as_u16()),
            None => self.error.kind().to_string(),
        }
    }
}
