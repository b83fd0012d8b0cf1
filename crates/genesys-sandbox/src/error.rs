//! Why the sandbox could not be started, changed or waited for.

use std::error::Error as StdError;

/// What went wrong, as a value to match on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SandboxErrorKind {
    /// A setting makes no sense: a quota of zero, a window of zero, an address that is not loopback.
    Settings,
    /// A listener could not be opened.
    Listen,
    /// A key or a certificate of the TLS destinations could not be made.
    Certificates,
    /// A scripted fault or answer is not valid: a status outside its range, a header that is none, an unknown id.
    Script,
    /// What was waited for did not happen in time.
    Timeout,
}

/// An error of the sandbox itself. What the sandbox *answers* is never one of these.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SandboxError {
    kind: SandboxErrorKind,
    message: String,
    #[source]
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl SandboxError {
    pub(crate) fn new(kind: SandboxErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    pub(crate) fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> SandboxErrorKind {
        self.kind
    }

    /// True when a wait ran out of time.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.kind == SandboxErrorKind::Timeout
    }
}
