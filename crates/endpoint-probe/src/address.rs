//! What kind of address an address is.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

mod network;

pub use network::{Network, NetworkError};

/// Metadata services of cloud platforms that IPv4 ranges alone do not tell, or that a range allowed for other reasons
/// would open.
const METADATA_V4: [Ipv4Addr; 8] = [
    Ipv4Addr::new(169, 254, 169, 254), // most clouds
    Ipv4Addr::new(169, 254, 170, 2),   // container credentials
    Ipv4Addr::new(169, 254, 170, 23),  // pod identity
    Ipv4Addr::new(169, 254, 0, 23),    // Tencent
    Ipv4Addr::new(169, 254, 42, 42),   // Scaleway
    Ipv4Addr::new(168, 63, 129, 16),   // Azure, in public space
    Ipv4Addr::new(100, 100, 100, 200), // Alibaba, in shared space
    Ipv4Addr::new(192, 0, 0, 192),     // Oracle
];

/// The same for IPv6.
const METADATA_V6: [Ipv6Addr; 5] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe),
];

/// What an address is for, by the IANA registries of special-purpose addresses and a list of metadata services.
///
/// Everything but [`Global`](Self::Global) is refused by default: what is not known to be reachable for everybody is
/// taken for private.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AddressClass {
    /// Public unicast.
    Global,
    /// A metadata service of a cloud platform, such as 169.254.169.254. Wins over every range that it lies in.
    Metadata,
    /// This machine: 127.0.0.0/8, ::1.
    Loopback,
    /// No address or this network: 0.0.0.0/8, ::. Many systems connect it to themselves.
    Unspecified,
    /// A private network: 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16.
    Private,
    /// Shared by a provider's customers: 100.64.0.0/10.
    Shared,
    /// One link: 169.254.0.0/16, fe80::/10.
    LinkLocal,
    /// A private IPv6 network: fc00::/7.
    UniqueLocal,
    /// Protocol assignments: 192.0.0.0/24, what 2001::/23 holds besides the ranges named below.
    Protocol,
    /// Examples in texts: 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, 2001:db8::/32, 3fff::/20.
    Documentation,
    /// Measurements: 198.18.0.0/15, 2001:2::/48.
    Benchmarking,
    /// 6to4, whose target is an embedded IPv4 address: 2002::/16, and its relays 192.88.99.0/24.
    SixToFour,
    /// Teredo, whose target is an embedded IPv4 address: 2001::/32.
    Teredo,
    /// Hashes that look like addresses: 2001:10::/28, 2001:20::/28.
    Orchid,
    /// Groups: 224.0.0.0/4, ff00::/8.
    Multicast,
    /// Reserved and broadcast: 240.0.0.0/4.
    Reserved,
    /// IPv4 inside IPv6 in the old form ::a.b.c.d: ::/96.
    Ipv4Compatible,
    /// A translator of one's own network: 64:ff9b:1::/48.
    LocalTranslation,
    /// IPv6 outside 2000::/3, where no public address lies.
    NotUnicast,
}

impl AddressClass {
    /// True for public unicast, the only class that is allowed without further words.
    pub fn is_global(self) -> bool {
        self == Self::Global
    }
}

impl fmt::Display for AddressClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Global => "public",
            Self::Metadata => "cloud metadata",
            Self::Loopback => "loopback",
            Self::Unspecified => "unspecified",
            Self::Private => "private",
            Self::Shared => "shared",
            Self::LinkLocal => "link-local",
            Self::UniqueLocal => "unique local",
            Self::Protocol => "protocol assignment",
            Self::Documentation => "documentation",
            Self::Benchmarking => "benchmarking",
            Self::SixToFour => "6to4",
            Self::Teredo => "Teredo",
            Self::Orchid => "ORCHID",
            Self::Multicast => "multicast",
            Self::Reserved => "reserved",
            Self::Ipv4Compatible => "IPv4-compatible",
            Self::LocalTranslation => "local translation",
            Self::NotUnicast => "non-unicast",
        })
    }
}

/// Tells what `address` is for.
///
/// IPv4 inside IPv6, in the mapped form (`::ffff:0:0/96`) and behind the well-known translator (`64:ff9b::/96`), is judged by
/// the inner address. The standard library's own `is_global` is unstable, and Python's answers differ from this table
/// where the registry says *not globally reachable* for a part of a range only.
///
/// ```
/// use endpoint_probe::{AddressClass, classify};
///
/// assert!(classify("93.184.216.34".parse()?).is_global());
/// assert_eq!(classify("::ffff:10.0.0.1".parse()?), AddressClass::Private);
/// // Azure's metadata service has a public address.
/// assert_eq!(classify("168.63.129.16".parse()?), AddressClass::Metadata);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
pub fn classify(address: IpAddr) -> AddressClass {
    match unwrap(address) {
        IpAddr::V4(ip) => classify_v4(ip),
        IpAddr::V6(ip) => classify_v6(ip),
    }
}

/// The IPv4 address inside a mapped or translated one; any other address as it is.
pub(crate) fn unwrap(address: IpAddr) -> IpAddr {
    if let IpAddr::V6(ip) = address
        && let [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] =
            ip.segments()
    {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        return IpAddr::V4(Ipv4Addr::new(a, b, c, d));
    }
    address
}

fn classify_v4(ip: Ipv4Addr) -> AddressClass {
    use AddressClass as Class;

    if METADATA_V4.contains(&ip) {
        return Class::Metadata;
    }
    match ip.octets() {
        [0, ..] => Class::Unspecified,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Class::Private,
        [100, 64..=127, ..] => Class::Shared,
        [127, ..] => Class::Loopback,
        [169, 254, ..] => Class::LinkLocal,
        [192, 0, 0, _] => Class::Protocol,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Class::Documentation,
        [192, 88, 99, _] => Class::SixToFour,
        [198, 18..=19, ..] => Class::Benchmarking,
        [224..=239, ..] => Class::Multicast,
        [240..=255, ..] => Class::Reserved,
        _ => Class::Global,
    }
}

fn classify_v6(ip: Ipv6Addr) -> AddressClass {
    use AddressClass as Class;

    if METADATA_V6.contains(&ip) {
        return Class::Metadata;
    }
    match ip.segments() {
        [0x2001, 0, ..] => Class::Teredo,
        [0x2001, 2, 0, ..] => Class::Benchmarking,
        [0x2001, 0x10..=0x2f, ..] => Class::Orchid,
        [0x2001, 0..=0x1ff, ..] => Class::Protocol,
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Class::Documentation,
        [0x2002, ..] => Class::SixToFour,
        [0x2000..=0x3fff, ..] => Class::Global,
        [0, 0, 0, 0, 0, 0, 0, 0] => Class::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Class::Loopback,
        [0, 0, 0, 0, 0, 0, ..] => Class::Ipv4Compatible,
        [0x64, 0xff9b, 1, ..] => Class::LocalTranslation,
        [0xfc00..=0xfdff, ..] => Class::UniqueLocal,
        [0xfe80..=0xfebf, ..] => Class::LinkLocal,
        [0xff00..=0xffff, ..] => Class::Multicast,
        _ => Class::NotUnicast,
    }
}
