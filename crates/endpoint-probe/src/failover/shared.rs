//! Shared fate: what takes down two endpoints at once.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Serialize;

use super::facts::{CertificateIdentity, EndpointFacts};

/// Something that two endpoints have in common and that fails for both.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind", content = "what")]
#[non_exhaustive]
pub enum SharedFate {
    /// The same name, or aliases that lead to the same name.
    Name(String),
    /// The same address.
    Address(IpAddr),
    /// Addresses of one network: a /24, or a /48 of IPv6.
    Network(String),
    /// The same certificate, by its fingerprint.
    Certificate(String),
    /// Certificates over the same key, by its hash.
    Key(String),
    /// Addresses that the same autonomous system announces.
    AutonomousSystem(u32),
    /// The same region.
    Region(String),
}

/// The kinds of [`SharedFate`], to accept one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FateKind {
    /// [`SharedFate::Name`].
    Name,
    /// [`SharedFate::Address`].
    Address,
    /// [`SharedFate::Network`].
    Network,
    /// [`SharedFate::Certificate`].
    Certificate,
    /// [`SharedFate::Key`].
    Key,
    /// [`SharedFate::AutonomousSystem`].
    AutonomousSystem,
    /// [`SharedFate::Region`].
    Region,
}

impl SharedFate {
    /// Its kind.
    pub const fn kind(&self) -> FateKind {
        match self {
            Self::Name(_) => FateKind::Name,
            Self::Address(_) => FateKind::Address,
            Self::Network(_) => FateKind::Network,
            Self::Certificate(_) => FateKind::Certificate,
            Self::Key(_) => FateKind::Key,
            Self::AutonomousSystem(_) => FateKind::AutonomousSystem,
            Self::Region(_) => FateKind::Region,
        }
    }

    /// Everything that two endpoints share, sorted.
    pub(super) fn between(one: &EndpointFacts, other: &EndpointFacts) -> Vec<Self> {
        let mut fates = BTreeSet::new();
        let names = names(one);
        fates.extend(
            self::names(other)
                .intersection(&names)
                .cloned()
                .map(Self::Name),
        );
        for left in addresses(one) {
            for right in addresses(other) {
                if left == right {
                    fates.insert(Self::Address(left));
                } else if let Some(network) = common_network(left, right) {
                    fates.insert(Self::Network(network));
                }
            }
        }
        for left in certificates(one) {
            for right in certificates(other) {
                if is_same(left, right) {
                    fates.insert(Self::Certificate(digits(&left.fingerprint)));
                } else if let (Some(key), Some(same)) = (&left.key, &right.key)
                    && digits(key) == digits(same)
                {
                    fates.insert(Self::Key(digits(key)));
                }
            }
        }
        if let Some(number) = one.autonomous_system
            && other.autonomous_system == Some(number)
        {
            fates.insert(Self::AutonomousSystem(number));
        }
        if let (Some(region), Some(same)) = (&one.region, &other.region)
            && region.trim().eq_ignore_ascii_case(same.trim())
        {
            fates.insert(Self::Region(region.trim().to_ascii_lowercase()));
        }
        fates.into_iter().collect()
    }
}

impl fmt::Display for SharedFate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "both are the name {name}"),
            Self::Address(address) => write!(f, "both have the address {address}"),
            Self::Network(network) => write!(f, "both have addresses in {network}"),
            Self::Certificate(fingerprint) => {
                write!(f, "both present the certificate {fingerprint}")
            }
            Self::Key(key) => write!(f, "both have the key {key}"),
            Self::AutonomousSystem(number) => write!(f, "AS{number} announces both"),
            Self::Region(region) => write!(f, "both are in {region}"),
        }
    }
}

/// The host and all that it is an alias of. A host that is an address is no name: its address is compared.
fn names(facts: &EndpointFacts) -> BTreeSet<String> {
    let names = std::iter::once(&facts.host).chain(&facts.aliases);
    let names = names.map(|name| name.trim().trim_end_matches('.').to_ascii_lowercase());
    names
        .filter(|name| !name.is_empty() && literal(name).is_none())
        .collect()
}

fn literal(host: &str) -> Option<IpAddr> {
    let host = host.strip_prefix('[').unwrap_or(host);
    host.strip_suffix(']').unwrap_or(host).parse().ok()
}

/// The addresses, and the host itself where it is one; an IPv4 address written as IPv6 is the same address.
fn addresses(facts: &EndpointFacts) -> BTreeSet<IpAddr> {
    let known = facts.addresses.iter().flatten().copied();
    known
        .chain(literal(&facts.host))
        .map(|address| address.to_canonical())
        .collect()
}

/// True when the endpoint's addresses can be compared.
pub(super) fn has_addresses(facts: &EndpointFacts) -> bool {
    !addresses(facts).is_empty()
}

fn common_network(one: IpAddr, other: IpAddr) -> Option<String> {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            let network = |address: Ipv4Addr| address.to_bits() & 0xffff_ff00;
            (network(one) == network(other))
                .then(|| format!("{}/24", Ipv4Addr::from_bits(network(one))))
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            let network = |address: Ipv6Addr| address.to_bits() >> 80 << 80;
            (network(one) == network(other))
                .then(|| format!("{}/48", Ipv6Addr::from_bits(network(one))))
        }
        _ => None,
    }
}

fn certificates(facts: &EndpointFacts) -> &[CertificateIdentity] {
    facts
        .tls
        .as_ref()
        .map_or(&[], |tls| tls.certificates.as_slice())
}

/// By the fingerprints; by the serial numbers only where the fingerprints are hashes of different kinds, because private
/// authorities use a number twice.
fn is_same(one: &CertificateIdentity, other: &CertificateIdentity) -> bool {
    let (hash, other_hash) = (digits(&one.fingerprint), digits(&other.fingerprint));
    if hash.len() == other_hash.len() {
        return hash == other_hash;
    }
    match (&one.serial, &other.serial) {
        (Some((issuer, serial)), Some((other_issuer, other_serial))) => {
            issuer.eq_ignore_ascii_case(other_issuer) && digits(serial) == digits(other_serial)
        }
        _ => false,
    }
}

/// Without colons and regardless of case: tools write hashes in many ways.
fn digits(hash: &str) -> String {
    let digits = hash.chars().filter(|c| c.is_alphanumeric());
    digits.collect::<String>().to_ascii_lowercase()
}
