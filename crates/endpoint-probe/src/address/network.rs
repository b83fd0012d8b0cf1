//! Ranges of addresses in CIDR notation.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use super::unwrap;

/// A range of addresses, such as `10.20.0.0/16`, or a single one.
///
/// An IPv4 range also holds the IPv6 spellings of its addresses (`::ffff:a.b.c.d` and `64:ff9b::a.b.c.d`).
///
/// ```
/// use endpoint_probe::Network;
///
/// let office: Network = "10.20.0.0/16".parse()?;
/// assert!(office.contains("10.20.30.40".parse().unwrap()));
/// assert!(!office.contains("10.21.0.0".parse().unwrap()));
/// assert!("192.168.7.9".parse::<Network>()?.is_single());
/// assert!("10.20.0.1/16".parse::<Network>().is_err()); // not the range's first address
/// # Ok::<(), endpoint_probe::NetworkError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    first: IpAddr,
    prefix: u8,
}

impl Network {
    /// The range of `prefix` bits that starts at `first`.
    ///
    /// # Errors
    /// [`NetworkError`] when the prefix is longer than the address, or `first` is not the first address of the range.
    pub fn new(first: IpAddr, prefix: u8) -> Result<Self, NetworkError> {
        // Ranges of IPv4 addresses in IPv6 spelling are ranges of IPv4 addresses: that is how addresses are compared.
        let (first, prefix) = match (first, unwrap(first)) {
            (IpAddr::V6(_), inner @ IpAddr::V4(_)) if prefix >= 96 => (inner, prefix - 96),
            _ => (first, prefix),
        };
        if prefix > width(first) {
            return Err(NetworkError::Prefix);
        }
        let network = Self { first, prefix };
        if network.masked(first) == Some(bits(first)) {
            Ok(network)
        } else {
            Err(NetworkError::HostBits)
        }
    }

    /// True when `address` lies in the range.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.masked(unwrap(address)) == Some(bits(self.first))
    }

    /// True for a range of one address.
    pub fn is_single(&self) -> bool {
        self.prefix == width(self.first)
    }

    /// `address` with the bits behind the prefix cleared; `None` for an address of the other family.
    fn masked(&self, address: IpAddr) -> Option<u128> {
        if address.is_ipv4() != self.first.is_ipv4() {
            return None;
        }
        let shift = u32::from(width(address) - self.prefix);
        // A shift by the whole width is zero here, and not an overflow.
        let kept = bits(address).checked_shr(shift).unwrap_or(0);
        Some(kept.checked_shl(shift).unwrap_or(0))
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(ip) => u128::from(u32::from(ip)),
        IpAddr::V6(ip) => u128::from(ip),
    }
}

impl From<IpAddr> for Network {
    /// The range of one address.
    fn from(address: IpAddr) -> Self {
        let first = unwrap(address);
        Self {
            first,
            prefix: width(first),
        }
    }
}

impl From<Ipv6Addr> for Network {
    fn from(address: Ipv6Addr) -> Self {
        IpAddr::V6(address).into()
    }
}

impl From<std::net::Ipv4Addr> for Network {
    fn from(address: std::net::Ipv4Addr) -> Self {
        IpAddr::V4(address).into()
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let address = |text: &str| text.parse().map_err(|_| NetworkError::Address);
        match text.split_once('/') {
            None => Ok(IpAddr::into(address(text)?)),
            Some((first, prefix)) => {
                // `u8::from_str` also takes a sign.
                if !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(NetworkError::Prefix);
                }
                Self::new(
                    address(first)?,
                    prefix.parse().map_err(|_| NetworkError::Prefix)?,
                )
            }
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

/// Why a text is no range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// The part before the slash is no IP address.
    #[error("no IP address")]
    Address,
    /// The part behind the slash is no number of bits that such an address has.
    #[error("the prefix length does not fit the address")]
    Prefix,
    /// The address is not the first of its range: `10.1.2.3/8` may mean two things.
    #[error("the address is not the first of its range")]
    HostBits,
}
