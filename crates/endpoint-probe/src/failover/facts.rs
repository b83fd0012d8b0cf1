//! What is known of an endpoint.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::SystemTime;

use super::shape::ResponseShape;
use crate::health::HealthState;
use crate::serial::shown;

/// What is known of one endpoint, as plain data.
///
/// What was not looked at stays `None`, which is not the same as having looked and found nothing: readiness says *not
/// checked* there, and does not pass it.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use endpoint_probe::{CertificateIdentity, EndpointFacts, HealthState, TlsFacts};
///
/// let certificate = CertificateIdentity::new("5f1c…e0").with_serial("CN=Example CA", "0a41");
/// let facts = EndpointFacts::new("events-b.example.com")
///     .with_addresses(["198.51.100.7".parse()?])
///     .with_aliases(["lb-b.example.net".to_owned()])
///     .with_tls(TlsFacts::valid(SystemTime::now() + Duration::from_secs(90 * 86_400)).with_certificate(certificate))
///     .with_health(HealthState::Up)
///     .with_region("eu-west-1")
///     .with_attribute("timeout", "30 s");
/// assert_eq!(facts.host, "events-b.example.com");
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub struct EndpointFacts {
    /// The host's name or address; what reports call the endpoint, unless it has a label.
    pub host: String,
    /// What reports call the endpoint, where two share a host. Never a URL with a path or a query: they may hold a secret.
    pub label: Option<String>,
    /// Every address of the host. `None` when it was not looked up, empty when it has none.
    pub addresses: Option<Vec<IpAddr>>,
    /// The names that the host is an alias of, first to last.
    pub aliases: Vec<String>,
    /// TLS. `None` when it was not checked.
    pub tls: Option<TlsFacts>,
    /// Health. `None` when it was not checked.
    pub health: Option<HealthState>,
    /// The form of its answer. `None` when it was not read.
    pub shape: Option<ResponseShape>,
    /// Settings that should be the same on primary and standby, by name. Reports name them and never show a value.
    pub attributes: BTreeMap<String, String>,
    /// Where it runs, in the user's own words. Nothing else is taken for a region.
    pub region: Option<String>,
    /// The autonomous system that announces its addresses, if the user knows it.
    pub autonomous_system: Option<u32>,
}

impl EndpointFacts {
    /// An endpoint of which nothing is known yet but its host.
    pub fn new(host: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            label: None,
            addresses: None,
            aliases: Vec::new(),
            tls: None,
            health: None,
            shape: None,
            attributes: BTreeMap::new(),
            region: None,
            autonomous_system: None,
        }
    }

    /// What reports call it.
    pub fn with_label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The addresses that a look-up gave; none at all says that the host has no address.
    pub fn with_addresses(mut self, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        self.addresses = Some(addresses.into_iter().collect());
        self
    }

    /// The chain of aliases.
    pub fn with_aliases(mut self, aliases: impl IntoIterator<Item = String>) -> Self {
        self.aliases = aliases.into_iter().collect();
        self
    }

    /// What a TLS check found.
    pub fn with_tls(mut self, tls: TlsFacts) -> Self {
        self.tls = Some(tls);
        self
    }

    /// The verdict of health checks.
    pub fn with_health(mut self, health: HealthState) -> Self {
        self.health = Some(health);
        self
    }

    /// The form of an answer.
    pub fn with_shape(mut self, shape: ResponseShape) -> Self {
        self.shape = Some(shape);
        self
    }

    /// One setting that should be the same on primary and standby.
    pub fn with_attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }

    /// Where it runs.
    pub fn with_region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Who announces its addresses.
    pub fn with_autonomous_system(mut self, number: u32) -> Self {
        self.autonomous_system = Some(number);
        self
    }

    /// The label, or else the host.
    pub fn name(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.host)
    }
}

/// What a TLS check found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
#[must_use]
pub struct TlsFacts {
    /// What is wrong, in one line; `None` when a connection may be used.
    pub problem: Option<String>,
    /// The first end of life in the chains that the endpoint's addresses presented.
    pub not_after: Option<SystemTime>,
    /// The endpoint's own certificates: usually one, more when its addresses do not agree.
    pub certificates: Vec<CertificateIdentity>,
}

impl TlsFacts {
    /// TLS is as it should be until `not_after`.
    pub fn valid(not_after: SystemTime) -> Self {
        Self {
            not_after: Some(not_after),
            ..Self::default()
        }
    }

    /// TLS cannot be used. The text is bounded and control characters are replaced: it may quote the peer.
    pub fn invalid(problem: impl AsRef<str>) -> Self {
        Self {
            problem: Some(shown(problem.as_ref())),
            ..Self::default()
        }
    }

    /// The first end of life.
    pub fn with_not_after(mut self, not_after: SystemTime) -> Self {
        self.not_after = Some(not_after);
        self
    }

    /// One more certificate of the endpoint.
    pub fn with_certificate(mut self, certificate: CertificateIdentity) -> Self {
        if !self.certificates.contains(&certificate) {
            self.certificates.push(certificate);
        }
        self
    }
}

/// What tells a certificate from others. Hashes are compared without regard to case and colons; serial numbers only where the
/// fingerprints are hashes of different lengths.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub struct CertificateIdentity {
    /// A hash over the whole certificate.
    pub fingerprint: String,
    /// Issuer and serial number, which together are unique too.
    pub serial: Option<(String, String)>,
    /// A hash over the public key (SPKI): a renewed certificate may have kept its key.
    pub key: Option<String>,
}

impl CertificateIdentity {
    /// The certificate with this fingerprint.
    pub fn new(fingerprint: impl Into<String>) -> Self {
        Self {
            fingerprint: fingerprint.into(),
            serial: None,
            key: None,
        }
    }

    /// Its issuer and serial number.
    pub fn with_serial(mut self, issuer: impl Into<String>, serial: impl Into<String>) -> Self {
        self.serial = Some((issuer.into(), serial.into()));
        self
    }

    /// The hash of its public key.
    pub fn with_key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }
}
