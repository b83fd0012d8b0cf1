//! A destination that passed the guard.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use url::{Host, Url};

use super::policy::Target;
use crate::address::AddressClass;

/// A URL whose text and whose every address a [`Guard`](super::Guard) allowed.
///
/// Only [`Guard::check`](super::Guard::check) makes one. It is a snapshot: the addresses are those of one look-up, and
/// they are the ones to dial. Check again for a connection that is opened much later.
///
/// `Debug` leaves out the path and the query.
#[derive(Clone)]
pub struct Destination {
    url: Url,
    host: Host,
    port: u16,
    addresses: Vec<CheckedAddress>,
    aliases: Vec<String>,
    lookup: Duration,
}

impl Destination {
    pub(super) fn new(
        url: &Url,
        target: &Target<'_>,
        addresses: Vec<CheckedAddress>,
        aliases: Vec<String>,
        lookup: Duration,
    ) -> Self {
        Self {
            url: url.clone(),
            host: target.host(),
            port: target.port(),
            addresses,
            aliases,
            lookup,
        }
    }

    /// The URL as it was parsed: the one parse that everything here comes from.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The host, in lower case and without a dot at its end: what a certificate must name.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port, the scheme's default included.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// True for `https`.
    pub fn is_tls(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The value of the `Host` header: the host, with brackets around IPv6, and the port unless it is the scheme's default.
    pub fn authority(&self) -> String {
        match self.url.port() {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.to_string(),
        }
    }

    /// Every address, each once, in the resolver's order. Never empty.
    pub fn addresses(&self) -> &[CheckedAddress] {
        &self.addresses
    }

    /// The names that the host is an alias of, first to last, as far as the resolver tells.
    pub fn aliases(&self) -> &[String] {
        &self.aliases
    }

    /// How long the look-up took; zero when the host is an address.
    pub fn lookup(&self) -> Duration {
        self.lookup
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Destination")
            .field("scheme", &self.url.scheme())
            .field("host", &self.host)
            .field("port", &self.port)
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}

/// An address, with a port, that a [`Guard`](super::Guard) allowed: the only thing that
/// [`Guard::connect`](super::Guard::connect) dials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CheckedAddress {
    address: SocketAddr,
    class: AddressClass,
}

impl CheckedAddress {
    pub(super) fn new(address: SocketAddr, class: AddressClass) -> Self {
        Self { address, class }
    }

    /// The address and the port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its class, [`AddressClass::Global`] unless an allowance let another one pass.
    pub fn class(&self) -> AddressClass {
        self.class
    }
}

impl fmt::Display for CheckedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}
