//! An HTTP client for addresses that somebody else gave.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use resilience::timeout_at;

use crate::connect::Stream;
use crate::error::{Error, ErrorKind, Result};
use crate::guard::{CheckedAddress, Destination, Guard};

mod exchange;
mod hop;
mod redirect;
mod tls;

use exchange::Limits;
use hop::Hop;
use tls::Tls;

/// Sends HTTP/1.1 requests to destinations that a [`Guard`] allows, and nowhere else.
///
/// One request is one check, one connection and one answer: nothing is pooled, because a connection that outlives its check
/// would outlive the answer it was checked against. The checked addresses are tried in their order until one gives a
/// connection, TLS included; once the request may have gone out no other is tried. `Host` and the name that TLS verifies
/// are the URL's host. No proxy is used, no cookie kept, no body decompressed, nothing retried.
///
/// | limit | default | setter |
/// | --- | --- | --- |
/// | look-up | 5 s | [`EgressPolicy::with_lookup_timeout`](crate::EgressPolicy::with_lookup_timeout) |
/// | TCP and TLS, each address | 5 s | [`with_connect_timeout`](GuardedClientBuilder::with_connect_timeout) |
/// | the whole call, redirects included | 30 s | [`with_total_timeout`](GuardedClientBuilder::with_total_timeout) |
/// | header of an answer | 32 KiB, 100 fields | [`with_header_limit`](GuardedClientBuilder::with_header_limit) |
/// | body of an answer | 1 MiB | [`with_body_limit`](GuardedClientBuilder::with_body_limit) |
/// | redirects | 0 | [`with_max_redirects`](GuardedClientBuilder::with_max_redirects) |
///
/// Dropping the future of a call closes its connection. Cloning is cheap and shares everything.
#[derive(Clone)]
pub struct GuardedClient {
    guard: Guard,
    tls: Tls,
    limits: Limits,
    connect_timeout: Duration,
    total_timeout: Duration,
    max_redirects: usize,
}

impl GuardedClient {
    /// Starts with the defaults.
    pub fn builder(guard: Guard) -> GuardedClientBuilder {
        GuardedClientBuilder {
            guard,
            roots: None,
            limits: Limits {
                header: 32 << 10,
                body: 1 << 20,
            },
            connect_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(30),
            max_redirects: 0,
        }
    }

    /// The same client with another limit of redirects; see [`GuardedClientBuilder::with_max_redirects`].
    #[must_use]
    pub fn with_max_redirects(mut self, hops: usize) -> Self {
        self.max_redirects = hops;
        self
    }

    /// The guard.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Sends a request whose URI is absolute, and reads the whole answer. Every status is `Ok`.
    ///
    /// What is sent is what was checked: path and query are those of the one parse, so dot segments are resolved before they
    /// are sent. `Host`, `Content-Length` and the headers of the connection are set here; the caller's are dropped.
    ///
    /// # Errors
    /// [`ErrorKind::Blocked`], [`ErrorKind::Resolve`], [`ErrorKind::Connect`] and [`ErrorKind::Tls`] of the last address
    /// tried, [`ErrorKind::Timeout`], [`ErrorKind::Closed`], [`ErrorKind::Truncated`], [`ErrorKind::TooLarge`],
    /// [`ErrorKind::Protocol`], [`ErrorKind::Redirect`], [`ErrorKind::Request`] for `CONNECT`.
    /// [`Error::may_have_been_sent`] tells whether a server may have processed the request.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>> {
        let sent = AtomicBool::new(false);
        let host = request.uri().host().map(str::to_owned);
        // On the heap: the state of an exchange is large, and so would be every future that holds it.
        let call = Box::pin(self.follow(request, &sent));
        let clock = self.guard.clock();
        let result = match clock.now().checked_add(self.total_timeout) {
            Some(at) => timeout_at(&**clock, at, call).await.unwrap_or_else(|_| {
                let error = Error::new(ErrorKind::Timeout, "the limit of the whole call ran out");
                Err(match host {
                    Some(host) => error.with_host(host),
                    None => error,
                })
            }),
            None => call.await,
        };
        result.map_err(|error| error.with_sent(sent.load(Ordering::Relaxed)))
    }

    async fn follow(&self, request: Request<Bytes>, sent: &AtomicBool) -> Result<Response<Bytes>> {
        let mut hop = Hop::first(request)?;
        for left in (0..=self.max_redirects).rev() {
            let answer = self.exchange(&hop, sent).await?;
            if self.max_redirects == 0 {
                return Ok(answer);
            }
            match redirect::next(&hop, &answer)? {
                None => return Ok(answer),
                Some(_) if left == 0 => break,
                Some(next) => hop = next,
            }
        }
        Err(hop.named(Error::new(ErrorKind::Redirect, "too many")))
    }

    async fn exchange(&self, hop: &Hop, sent: &AtomicBool) -> Result<Response<Bytes>> {
        let destination = self.guard.check(&hop.url).await?;
        let (stream, address) = self.open(&destination).await.map_err(|e| hop.named(e))?;
        let request = hop.request(&destination)?;
        exchange::run(stream, request, self.limits, sent)
            .await
            .map_err(|error| hop.named(error).with_address(address.address().ip()))
    }

    /// A connection to the first checked address that gives one.
    async fn open(&self, destination: &Destination) -> Result<(Box<dyn Stream>, CheckedAddress)> {
        let mut last = Error::new(ErrorKind::Connect, "");
        for address in destination.addresses() {
            match self.open_one(destination, address).await {
                Ok(stream) => return Ok((stream, *address)),
                // Somebody between us and the address is lying; the next address is no remedy.
                Err(error) if error.is_blocked() => return Err(error),
                Err(error) => last = error.with_address(address.address().ip()),
            }
        }
        Err(last)
    }

    async fn open_one(
        &self,
        destination: &Destination,
        address: &CheckedAddress,
    ) -> Result<Box<dyn Stream>> {
        let open = async {
            let stream = self.guard.connect(address).await?;
            if destination.is_tls() {
                self.tls.handshake(destination.host(), stream).await
            } else {
                Ok(stream)
            }
        };
        let clock = self.guard.clock();
        match clock.now().checked_add(self.connect_timeout) {
            Some(at) => timeout_at(&**clock, at, open)
                .await
                .unwrap_or_else(|_| Err(Error::new(ErrorKind::Timeout, "no connection in time"))),
            None => open.await,
        }
    }
}

impl fmt::Debug for GuardedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardedClient")
            .field("guard", &self.guard)
            .field("limits", &self.limits)
            .field("connect_timeout", &self.connect_timeout)
            .field("total_timeout", &self.total_timeout)
            .field("max_redirects", &self.max_redirects)
            .finish_non_exhaustive()
    }
}

/// Settings of a [`GuardedClient`].
#[derive(Debug)]
#[must_use]
pub struct GuardedClientBuilder {
    guard: Guard,
    roots: Option<Vec<Vec<u8>>>,
    limits: Limits,
    connect_timeout: Duration,
    total_timeout: Duration,
    max_redirects: usize,
}

impl GuardedClientBuilder {
    /// Trusts these root certificates, in DER, **instead of** the platform's. May be called again to add more.
    pub fn with_root_certificates<C: Into<Vec<u8>>>(
        mut self,
        roots: impl IntoIterator<Item = C>,
    ) -> Self {
        let roots = roots.into_iter().map(Into::into);
        self.roots.get_or_insert_default().extend(roots);
        self
    }

    /// Sets how long TCP and TLS may take with each address. Default 5 s.
    pub fn with_connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Sets how long a call may take, from the look-up to the last byte of the answer after the last redirect. Default
    /// 30 s. It is what ends an answer that trickles.
    pub fn with_total_timeout(mut self, limit: Duration) -> Self {
        self.total_timeout = limit;
        self
    }

    /// Sets the largest header of an answer, status line included, in bytes. Default 32 KiB.
    pub fn with_header_limit(mut self, bytes: usize) -> Self {
        self.limits.header = bytes;
        self
    }

    /// Sets the largest body of an answer, in bytes. Default 1 MiB. An announced length above it fails before anything is
    /// read.
    pub fn with_body_limit(mut self, bytes: usize) -> Self {
        self.limits.body = bytes;
        self
    }

    /// Follows up to this many redirects. Default 0: a redirect is an answer like any other.
    ///
    /// Each hop is checked like the first URL, with a look-up of its own. From `https` to plain `http` is refused, whatever
    /// the policy allows ([`Blocked::Downgrade`](crate::Blocked::Downgrade)). To another origin go only the headers that
    /// describe content and client (`Accept`, `Accept-Language`, `Content-Type`, `Content-Language`, `Content-Encoding`,
    /// `User-Agent`), so no credential whatever its header's name. 303 turns every method but `HEAD` into `GET`, 301 and 302
    /// turn `POST`; 307 and 308 send method and body again.
    pub fn with_max_redirects(mut self, hops: usize) -> Self {
        self.max_redirects = hops;
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when a root certificate is not understood, the list of roots is empty, or the platform has
    /// none.
    pub fn build(self) -> Result<GuardedClient> {
        Ok(GuardedClient {
            tls: Tls::new(self.roots)?,
            guard: self.guard,
            limits: self.limits,
            connect_timeout: self.connect_timeout,
            total_timeout: self.total_timeout,
            max_redirects: self.max_redirects,
        })
    }
}
