//! The seam below the client: one HTTP exchange.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};

#[cfg(feature = "guard")]
mod guarded;
#[cfg(feature = "reqwest")]
mod reqwest;

#[cfg(feature = "guard")]
#[cfg_attr(docsrs, doc(cfg(feature = "guard")))]
pub use self::guarded::GuardedTransport;
#[cfg(feature = "reqwest")]
#[cfg_attr(docsrs, doc(cfg(feature = "reqwest")))]
pub use self::reqwest::{ReqwestTransport, ReqwestTransportBuilder};

/// Sends one request and reads the whole answer.
///
/// An implementation follows no redirect, bounds the body it reads, reports a body shorter than announced as
/// [`Truncated`](TransportErrorKind::Truncated), and retries nothing: the [`Client`](crate::Client) above it does. Dropping the
/// future abandons the exchange. `reqwest` is one implementation; tests use
/// [`ScriptedTransport`](crate::test_util::ScriptedTransport) (feature `test-util`).
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync {
    /// Performs the exchange. Every status is `Ok`; an error means that there is no complete answer.
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError>;
}

/// Why an exchange gave no complete answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No connection: name look-up, TCP or TLS failed, or the pool refused. Nothing was sent.
    Connect,
    /// The request could not be built or is not allowed. Nothing was sent.
    Request,
    /// A time limit of the transport's own ran out. The request may have been processed.
    Timeout,
    /// The connection closed or was reset before an answer was complete. The request may have been processed.
    Reset,
    /// The answer's body ended before its announced length. The request was processed.
    Truncated,
    /// The answer's body is larger than the transport accepts. The request was processed.
    BodyTooLarge,
    /// Anything else after bytes may have gone out.
    Other,
}

/// A failed exchange. Its text never holds a URL, a header or a body.
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl TransportError {
    /// An error of `kind`.
    pub fn new(kind: TransportErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// Attaches the cause. It must not name the URL: what a request carried stays out of errors.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What happened.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// False when it is certain that no byte of the request left this process, so that any method may be sent again.
    pub fn may_have_been_sent(&self) -> bool {
        !matches!(
            self.kind,
            TransportErrorKind::Connect | TransportErrorKind::Request
        )
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            TransportErrorKind::Connect => "no connection",
            TransportErrorKind::Request => "the request cannot be sent",
            TransportErrorKind::Timeout => "timed out",
            TransportErrorKind::Reset => "the connection closed before the answer was complete",
            TransportErrorKind::Truncated => "the answer's body is shorter than announced",
            TransportErrorKind::BodyTooLarge => "the answer's body is too large",
            TransportErrorKind::Other => "the exchange failed",
        })
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
