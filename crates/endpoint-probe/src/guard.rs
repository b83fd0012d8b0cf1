//! The egress guard: nothing is dialled that was not checked.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use resilience::{Clock, SystemClock, timeout_at};
use url::Url;

use crate::address::AddressClass;
use crate::connect::{Connector, Stream, TcpConnector};
use crate::error::{Error, ErrorKind, Result};
use crate::resolve::{Resolution, ResolveError, Resolver, SystemResolver};

mod blocked;
mod destination;
mod host;
mod policy;

pub use blocked::Blocked;
pub use destination::{CheckedAddress, Destination};
pub use host::{HostPattern, HostPatternError};
pub use policy::EgressPolicy;

use policy::Target;

/// Longest URL accepted as text, in bytes.
const MAX_TEXT: usize = 8192;

/// Decides where connections may go, and opens them.
///
/// [`check`](Self::check) judges a URL, looks its name up **once** and judges every answer: one that the policy refuses
/// blocks the destination, because a name with a public and a private address is an attack or a mistake.
/// [`connect`](Self::connect) takes only addresses that were checked, judges them again under its own policy, dials exactly
/// that address and compares the peer. A name that resolves differently the next time changes nothing: there is no next
/// time between check and connection.
///
/// No proxy is ever used. Cloning is cheap and shares everything.
///
/// ```
/// use std::sync::Arc;
/// use endpoint_probe::test_util::{ScriptedConnector, ScriptedResolver};
/// use endpoint_probe::{AddressClass, Blocked, EgressPolicy, Guard};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let names = ScriptedResolver::new()
///     .with_answer("hooks.example.com", ["93.184.216.34".parse()?])
///     .with_answer("rebind.example.com", ["93.184.216.34".parse()?, "169.254.169.254".parse()?]);
/// // `Guard::system(policy)` looks names up and dials for real.
/// let guard = Guard::new(EgressPolicy::new(), Arc::new(names), Arc::new(ScriptedConnector::accepting()));
///
/// let destination = guard.check(&"https://hooks.example.com/in".parse()?).await?;
/// for address in destination.addresses() {
///     let _stream = guard.connect(address).await?;
/// }
///
/// let refused = guard.check(&"https://rebind.example.com/".parse()?).await.unwrap_err();
/// assert_eq!(refused.blocked(), Some(Blocked::Address(AddressClass::Metadata)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Guard {
    policy: Arc<EgressPolicy>,
    resolver: Arc<dyn Resolver>,
    connector: Arc<dyn Connector>,
    clock: Arc<dyn Clock>,
}

impl Guard {
    /// A guard with a resolver and a connector of your own, on the system's clock.
    pub fn new(
        policy: EgressPolicy,
        resolver: Arc<dyn Resolver>,
        connector: Arc<dyn Connector>,
    ) -> Self {
        Self {
            policy: Arc::new(policy),
            resolver,
            connector,
            clock: Arc::new(SystemClock),
        }
    }

    /// A guard on the system's resolver and plain TCP.
    pub fn system(policy: EgressPolicy) -> Self {
        Self::new(policy, Arc::new(SystemResolver), Arc::new(TcpConnector))
    }

    /// Sets the clock that limits look-ups. Default: the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The rules.
    pub fn policy(&self) -> &EgressPolicy {
        &self.policy
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Parses a URL, once, and checks it as [`check`](Self::check) does.
    ///
    /// Spellings that the parser would repair in silence are refused: white space, control characters, backslashes.
    ///
    /// # Errors
    /// [`Blocked::Text`] for such a spelling, for more than 8 KiB and for what is no absolute URL; else as
    /// [`check`](Self::check).
    pub async fn check_text(&self, text: &str) -> Result<Destination> {
        self.check(&parse(text, None)?).await
    }

    /// Judges a URL and every address of its host, with one look-up and no connection.
    ///
    /// # Errors
    /// [`ErrorKind::Blocked`] with the first rule that refuses it; [`ErrorKind::Resolve`] when the name has no address;
    /// [`ErrorKind::Timeout`] when the look-up takes longer than
    /// [`with_lookup_timeout`](EgressPolicy::with_lookup_timeout). Nothing was sent.
    pub async fn check(&self, url: &Url) -> Result<Destination> {
        let named = |error: Error| match url.host_str() {
            Some(host) => error.with_host(host),
            None => error,
        };
        let target = self.policy.target(url).map_err(|why| named(why.into()))?;
        let started = self.clock.now();
        let resolution = match target.literal() {
            Some(address) => Resolution::new([address]),
            None => self.look_up(target.name()).await.map_err(named)?,
        };
        let lookup = self.clock.now().saturating_duration_since(started);
        let addresses = self.judge(&target, &resolution.addresses).map_err(named)?;
        Ok(Destination::new(
            url,
            &target,
            addresses,
            resolution.aliases,
            lookup,
        ))
    }

    async fn look_up(&self, name: &str) -> Result<Resolution> {
        let fail = |error| Error::new(ErrorKind::Resolve, "").with_resolve(error);
        let lookup = self.resolver.resolve(name);
        let limit = self.policy.lookup_timeout();
        let answer = match self.clock.now().checked_add(limit) {
            Some(at) => timeout_at(&*self.clock, at, lookup)
                .await
                .unwrap_or(Err(ResolveError::TimedOut)),
            None => lookup.await,
        };
        match answer {
            Ok(resolution) if resolution.addresses.is_empty() => Err(fail(ResolveError::NotFound)),
            Ok(resolution) => Ok(resolution),
            Err(ResolveError::TimedOut) => {
                Err(Error::new(ErrorKind::Timeout, "").with_resolve(ResolveError::TimedOut))
            }
            Err(error) => Err(fail(error)),
        }
    }

    /// Every answer must pass: one that does not blocks all.
    fn judge(&self, target: &Target<'_>, answers: &[IpAddr]) -> Result<Vec<CheckedAddress>> {
        if answers.len() > self.policy.max_addresses() {
            return Err(Blocked::TooManyAddresses.into());
        }
        let mut checked: Vec<CheckedAddress> = Vec::with_capacity(answers.len());
        for &answer in answers {
            let class = self
                .policy
                .check_address(answer)
                .map_err(|why| Error::from(why).with_address(answer))?;
            if target.is_plain() && class != AddressClass::Loopback {
                return Err(Error::from(Blocked::Scheme).with_address(answer));
            }
            // A mapped address is dialled as what it is, so that it is also compared as that.
            let address = SocketAddr::new(answer.to_canonical(), target.port());
            if !checked.iter().any(|seen| seen.address() == address) {
                checked.push(CheckedAddress::new(address, class));
            }
        }
        Ok(checked)
    }

    /// Dials one checked address and makes sure that it answered.
    ///
    /// There is no time limit of its own: put one around it, dropping the future closes the connection.
    ///
    /// # Errors
    /// [`ErrorKind::Blocked`] when this guard's policy refuses the address (one of another guard's), or with
    /// [`Blocked::Peer`] when another address answers than the one dialled; [`ErrorKind::Connect`] when the connector
    /// fails.
    pub async fn connect(&self, address: &CheckedAddress) -> Result<Box<dyn Stream>> {
        let address = address.address();
        let marked = |error: Error| error.with_address(address.ip());
        self.policy
            .check_address(address.ip())
            .map_err(|why| marked(why.into()))?;
        let fail = |error| marked(Error::new(ErrorKind::Connect, "").with_source(error));
        let stream = self.connector.connect(address).await.map_err(fail)?;
        let peer = stream.peer_addr().map_err(fail)?;
        if (peer.ip().to_canonical(), peer.port()) == (address.ip(), address.port()) {
            Ok(stream)
        } else {
            Err(marked(Blocked::Peer.into()))
        }
    }
}

/// The one parse, of an absolute URL or of one relative to `base`.
pub(crate) fn parse(text: &str, base: Option<&Url>) -> Result<Url, Blocked> {
    let repaired = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
    if text.len() > MAX_TEXT || text.contains(repaired) {
        return Err(Blocked::Text);
    }
    Url::options()
        .base_url(base)
        .parse(text)
        .map_err(|_| Blocked::Text)
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("policy", &self.policy)
            .field("resolver", &self.resolver)
            .field("connector", &self.connector)
            .finish_non_exhaustive()
    }
}
