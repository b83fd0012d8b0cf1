//! What the guard allows.

use std::net::IpAddr;
use std::time::Duration;

use url::{Host, Url};

use super::Blocked;
use super::host::{HostPattern, is_localhost, is_public, is_well_formed};
use crate::address::{AddressClass, Network, classify};
use crate::error::Result;

/// Which destinations connections may go to.
///
/// Without further words:
///
/// - scheme `https`, port 443, no user info;
/// - public host names: not `localhost`, a single label, or a name under `.internal`, `.local`, `.localhost`, `.home.arpa`,
///   `.lan`, `.localdomain`, `.onion`, `.svc` or of a metadata service;
/// - public addresses ([`AddressClass::Global`]), also behind a name: each of its addresses is judged, and one that is
///   refused blocks the name;
/// - at most 64 addresses a name, and 5 s for a look-up.
///
/// Every allowance is a call of its own and opens what it says and nothing else.
///
/// ```
/// use endpoint_probe::EgressPolicy;
///
/// let policy = EgressPolicy::new()
///     .allow_port(8443)
///     .allow_host("hooks.corp.internal".parse()?)
///     .allow_network("10.20.0.0/16".parse()?);
/// assert!(policy.check_url(&"https://hooks.corp.internal:8443/in".parse()?).is_ok());
/// assert!(policy.check_url(&"https://10.20.1.1/in".parse()?).is_ok());
/// assert!(policy.check_url(&"https://10.21.1.1/in".parse()?).is_err());
/// assert!(policy.check_url(&"https://169.254.169.254/".parse()?).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct EgressPolicy {
    loopback: bool,
    plain_http: bool,
    any_port: bool,
    ports: Vec<u16>,
    networks: Vec<Network>,
    hosts: Vec<HostPattern>,
    only: Option<Vec<HostPattern>>,
    max_addresses: usize,
    lookup_timeout: Duration,
}

impl Default for EgressPolicy {
    fn default() -> Self {
        Self::new()
    }
}

impl EgressPolicy {
    /// The strict policy described above.
    pub fn new() -> Self {
        Self {
            loopback: false,
            plain_http: false,
            any_port: false,
            ports: vec![443],
            networks: Vec::new(),
            hosts: Vec::new(),
            only: None,
            max_addresses: 64,
            lookup_timeout: Duration::from_secs(5),
        }
    }

    /// Allows loopback addresses and the names `localhost` and `*.localhost`: for development and tests. A public name that
    /// resolves to a loopback address passes too. Ports stay restricted.
    pub fn allow_loopback(mut self) -> Self {
        self.loopback = true;
        self
    }

    /// Allows plain `http` where every address of the host is a loopback address. Implies
    /// [`allow_loopback`](Self::allow_loopback); port 80 still has to be allowed.
    pub fn allow_plain_http_to_loopback(mut self) -> Self {
        self.plain_http = true;
        self.allow_loopback()
    }

    /// Allows the addresses of a network, whatever their class, **except** those of metadata services
    /// ([`AddressClass::Metadata`]): 169.254.169.254 stays refused when 169.254.0.0/16, or everything, is allowed. A network
    /// of that single address opens it.
    pub fn allow_network(mut self, network: Network) -> Self {
        self.networks.push(network);
        self
    }

    /// Takes a host's **name** although it is not public. Its addresses are judged all the same: give their network to
    /// [`allow_network`](Self::allow_network), too.
    pub fn allow_host(mut self, host: HostPattern) -> Self {
        self.hosts.push(host);
        self
    }

    /// Allows one more port besides 443.
    pub fn allow_port(mut self, port: u16) -> Self {
        self.ports.push(port);
        self
    }

    /// Allows every port but 0. A guard for callers you do not know should not have it: it turns whoever may name a
    /// destination into a port scanner.
    pub fn allow_any_port(mut self) -> Self {
        self.any_port = true;
        self
    }

    /// Refuses every host but these, names and IP addresses. All other rules still hold. May be called again to add to the
    /// list.
    pub fn restrict_to_hosts(mut self, hosts: impl IntoIterator<Item = HostPattern>) -> Self {
        self.only.get_or_insert_default().extend(hosts);
        self
    }

    /// Sets how many addresses a name may have. Default 64; more block it.
    pub fn with_max_addresses(mut self, count: usize) -> Self {
        self.max_addresses = count;
        self
    }

    /// Sets how long a look-up may take. Default 5 s.
    pub fn with_lookup_timeout(mut self, limit: Duration) -> Self {
        self.lookup_timeout = limit;
        self
    }

    pub(super) fn max_addresses(&self) -> usize {
        self.max_addresses
    }

    pub(super) fn lookup_timeout(&self) -> Duration {
        self.lookup_timeout
    }

    /// Judges a URL by itself, without a look-up: for validating what somebody typed. A name that passes may still resolve to
    /// an address that does not; [`Guard::check`](super::Guard::check) judges that.
    ///
    /// # Errors
    /// The first rule that refuses it.
    pub fn check_url(&self, url: &Url) -> Result<(), Blocked> {
        let target = self.target(url)?;
        if let Some(address) = target.literal() {
            let class = self.check_address(address)?;
            if target.plain && class != AddressClass::Loopback {
                return Err(Blocked::Scheme);
            }
        }
        Ok(())
    }

    /// Judges a host alone, the name or the address: for a validation that reports every problem of a URL at once.
    ///
    /// # Errors
    /// [`Blocked::Host`], [`Blocked::Name`], [`Blocked::Unlisted`] or [`Blocked::Address`].
    pub fn check_host(&self, host: &Host<&str>) -> Result<(), Blocked> {
        let host = self.host(host.clone())?;
        match literal(&host) {
            Some(address) => self.check_address(address).map(drop),
            None => Ok(()),
        }
    }

    /// Judges one address and tells its class.
    ///
    /// # Errors
    /// [`Blocked::Address`] when it is neither public nor allowed.
    pub fn check_address(&self, address: IpAddr) -> Result<AddressClass, Blocked> {
        let class = classify(address);
        let allowed = match class {
            AddressClass::Global => true,
            AddressClass::Loopback if self.loopback => true,
            // A range that somebody allows for its hosts must not open the metadata service that happens to lie in it.
            AddressClass::Metadata => self
                .networks
                .iter()
                .any(|network| network.is_single() && network.contains(address)),
            _ => self
                .networks
                .iter()
                .any(|network| network.contains(address)),
        };
        if allowed {
            Ok(class)
        } else {
            Err(Blocked::Address(class))
        }
    }

    /// Everything that the URL's text tells.
    pub(super) fn target<'a>(&self, url: &'a Url) -> Result<Target<'a>, Blocked> {
        let plain = match url.scheme() {
            "https" => false,
            "http" if self.plain_http => true,
            _ => return Err(Blocked::Scheme),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Blocked::UserInfo);
        }
        let port = url.port_or_known_default().unwrap_or(0);
        if port == 0 || !(self.any_port || self.ports.contains(&port)) {
            return Err(Blocked::Port);
        }
        let host = self.host(url.host().ok_or(Blocked::Host)?)?;
        Ok(Target { host, port, plain })
    }

    /// A host whose name passes, without the dot at its end: it says "absolute" to a resolver and nothing to anybody else.
    fn host<'a>(&self, host: Host<&'a str>) -> Result<Host<&'a str>, Blocked> {
        let host = match host {
            Host::Domain(name) => Host::Domain(name.strip_suffix('.').unwrap_or(name)),
            literal => literal,
        };
        if let Host::Domain(name) = host {
            if !is_well_formed(name) {
                return Err(Blocked::Host);
            }
            let listed = || self.hosts.iter().any(|pattern| pattern.matches(&host));
            if !(is_public(name) || self.loopback && is_localhost(name) || listed()) {
                return Err(Blocked::Name);
            }
        }
        match &self.only {
            Some(only) if !only.iter().any(|pattern| pattern.matches(&host)) => {
                Err(Blocked::Unlisted)
            }
            _ => Ok(host),
        }
    }
}

fn literal(host: &Host<&str>) -> Option<IpAddr> {
    match host {
        Host::Domain(_) => None,
        Host::Ipv4(ip) => Some((*ip).into()),
        Host::Ipv6(ip) => Some((*ip).into()),
    }
}

/// Where a URL points, by its text.
#[derive(Debug, Clone)]
pub(super) struct Target<'a> {
    host: Host<&'a str>,
    port: u16,
    plain: bool,
}

impl Target<'_> {
    pub(super) fn host(&self) -> Host {
        match self.host {
            Host::Domain(name) => Host::Domain(name.to_owned()),
            Host::Ipv4(ip) => Host::Ipv4(ip),
            Host::Ipv6(ip) => Host::Ipv6(ip),
        }
    }

    /// The name to look up; empty for an address.
    pub(super) fn name(&self) -> &str {
        match self.host {
            Host::Domain(name) => name,
            _ => "",
        }
    }

    /// The address, for a host that is one.
    pub(super) fn literal(&self) -> Option<IpAddr> {
        literal(&self.host)
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// True for plain `http`.
    pub(super) fn is_plain(&self) -> bool {
        self.plain
    }
}
