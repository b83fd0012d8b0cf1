//! The error of this crate.

use std::fmt;
use std::net::IpAddr;

use crate::guard::Blocked;
use crate::resolve::ResolveError;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a destination was refused or not reached, and whether anything was sent to it.
///
/// Its text is one line that names the host and never a path, a query, user info, a header or a body. The address that
/// was dialled or refused is told by [`address`](Self::address) alone: a caller who asked for a name need not learn what
/// it resolves to inside a network.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    detail: &'static str,
    blocked: Option<Blocked>,
    resolve: Option<ResolveError>,
    host: Option<String>,
    address: Option<IpAddr>,
    sent: bool,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The policy refuses the destination; [`Error::blocked`] has the rule. Trying again changes nothing.
    Blocked,
    /// The name gave no address; [`Error::resolve`] has the reason.
    Resolve,
    /// No address took a TCP connection.
    Connect,
    /// The TLS handshake failed, or the certificate is not trusted.
    Tls,
    /// A time limit ran out.
    Timeout,
    /// The connection closed or broke before an answer was complete.
    Closed,
    /// The answer's body ended before its announced length.
    Truncated,
    /// The answer's header or body is larger than accepted.
    TooLarge,
    /// The answer is no HTTP.
    Protocol,
    /// A redirect could not be followed: too many, or its target is no URL.
    Redirect,
    /// The request cannot be sent as it is.
    Request,
    /// The settings cannot be used.
    Config,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, detail: &'static str) -> Self {
        Self(Box::new(Inner {
            kind,
            detail,
            blocked: None,
            resolve: None,
            host: None,
            address: None,
            sent: false,
            source: None,
        }))
    }

    pub(crate) fn with_resolve(mut self, resolve: ResolveError) -> Self {
        self.0.resolve = Some(resolve);
        self
    }

    pub(crate) fn with_host(mut self, host: impl Into<String>) -> Self {
        self.0.host = Some(host.into());
        self
    }

    pub(crate) fn with_address(mut self, address: IpAddr) -> Self {
        self.0.address = Some(address);
        self
    }

    #[cfg(feature = "client")]
    pub(crate) fn with_sent(mut self, sent: bool) -> Self {
        self.0.sent |= sent;
        self
    }

    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The rule that refused the destination, for [`ErrorKind::Blocked`].
    pub fn blocked(&self) -> Option<Blocked> {
        self.0.blocked
    }

    /// Why the name gave no address, for [`ErrorKind::Resolve`] and a look-up that took too long.
    pub fn resolve(&self) -> Option<ResolveError> {
        self.0.resolve
    }

    /// The host of the URL, if it had one.
    pub fn host(&self) -> Option<&str> {
        self.0.host.as_deref()
    }

    /// The address that was refused or dialled last.
    pub fn address(&self) -> Option<IpAddr> {
        self.0.address
    }

    /// True when the policy refuses the destination. Usual cause: a caller's URL that points into a private network;
    /// remedy: another URL, or an allowance in the [`EgressPolicy`](crate::EgressPolicy).
    pub fn is_blocked(&self) -> bool {
        self.0.kind == ErrorKind::Blocked
    }

    /// True when a time limit ran out. Usual cause: a receiver that is slow or drops packets; remedy: a longer limit.
    pub fn is_timeout(&self) -> bool {
        self.0.kind == ErrorKind::Timeout
    }

    /// False when it is certain that no byte of the request left this process, so that any method may be sent again. True
    /// says that a server may have processed it, also when a later hop of a redirect was refused.
    pub fn may_have_been_sent(&self) -> bool {
        self.0.sent
    }

    /// True when the same call may succeed later without anyone changing anything: look-ups that failed for another reason
    /// than a name without addresses, connections, time limits.
    pub fn is_transient(&self) -> bool {
        match self.0.kind {
            ErrorKind::Resolve => self.0.resolve != Some(ResolveError::NotFound),
            ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Closed | ErrorKind::Truncated => {
                true
            }
            _ => false,
        }
    }
}

impl From<Blocked> for Error {
    fn from(blocked: Blocked) -> Self {
        let mut error = Self::new(ErrorKind::Blocked, "");
        error.0.blocked = Some(blocked);
        error
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0.kind {
            ErrorKind::Blocked => "blocked",
            ErrorKind::Resolve => "no address",
            ErrorKind::Connect => "no connection",
            ErrorKind::Tls => "no secure connection",
            ErrorKind::Timeout => "timed out",
            ErrorKind::Closed => "the connection closed before the answer was complete",
            ErrorKind::Truncated => "the answer's body is shorter than announced",
            ErrorKind::TooLarge => "the answer is too large",
            ErrorKind::Protocol => "the answer is no HTTP",
            ErrorKind::Redirect => "the redirect is not followed",
            ErrorKind::Request => "the request cannot be sent",
            ErrorKind::Config => "the settings cannot be used",
        })?;
        match (self.0.blocked, self.0.resolve) {
            (Some(blocked), _) => write!(f, ": {blocked}")?,
            (None, Some(resolve)) => write!(f, ": {resolve}")?,
            (None, None) if !self.0.detail.is_empty() => write!(f, ": {}", self.0.detail)?,
            (None, None) => {}
        }
        if let Some(host) = &self.0.host {
            write!(f, " (host {host})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
