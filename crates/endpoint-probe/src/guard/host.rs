//! Host names: which are public, and patterns of them.

use std::fmt;
use std::str::FromStr;

use url::Host;

/// Endings of names that resolve inside a private network, in a cluster or on this machine, and names below which a
/// platform keeps its metadata service.
const PRIVATE: &[&str] = &[
    "home.arpa",
    "internal",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "svc",
    "metadata.goog",
    "metadata.packet.net",
    "metadata.platformequinix.com",
    "metadata.tencentyun.com",
];

/// True for a name that anybody may publish: two labels or more, none of the private endings. `name` is in lower case and
/// without a dot at its end.
pub(super) fn is_public(name: &str) -> bool {
    name.contains('.') && !PRIVATE.iter().any(|ending| is_or_below(name, ending))
}

/// True for `localhost` and names below it.
pub(super) fn is_localhost(name: &str) -> bool {
    is_or_below(name, "localhost")
}

fn is_or_below(name: &str, ending: &str) -> bool {
    name.strip_suffix(ending)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// True for labels of letters, digits, `-` and `_`: the parser of URLs takes much more, such as `*.example.com`.
pub(super) fn is_well_formed(name: &str) -> bool {
    name.len() <= 253
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        })
}

/// A host name, an IP address, or everything below a name (`*.example.com`, not `example.com` itself).
///
/// ```
/// use endpoint_probe::HostPattern;
///
/// assert!("*.hooks.example.com".parse::<HostPattern>().is_ok());
/// assert!("*".parse::<HostPattern>().is_err());
/// assert!("https://example.com".parse::<HostPattern>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostPattern {
    below: bool,
    host: Host,
}

impl HostPattern {
    pub(super) fn matches(&self, host: &Host<&str>) -> bool {
        match (&self.host, host) {
            (Host::Domain(own), Host::Domain(name)) if self.below => name
                .strip_suffix(own.as_str())
                .is_some_and(|rest| rest.ends_with('.')),
            (Host::Domain(own), Host::Domain(name)) => own == name,
            (Host::Ipv4(own), Host::Ipv4(ip)) => own == ip,
            (Host::Ipv6(own), Host::Ipv6(ip)) => own == ip,
            _ => false,
        }
    }
}

impl FromStr for HostPattern {
    type Err = HostPatternError;

    fn from_str(text: &str) -> Result<Self, HostPatternError> {
        let (below, rest) = match text.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        match Host::parse(rest.strip_suffix('.').unwrap_or(rest)) {
            Ok(host @ Host::Domain(_)) => match &host {
                Host::Domain(name) if is_well_formed(name) => Ok(Self { below, host }),
                _ => Err(HostPatternError),
            },
            Ok(host) if !below => Ok(Self { below, host }),
            _ => Err(HostPatternError),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.below { "*." } else { "" };
        write!(f, "{star}{}", self.host)
    }
}

/// The text is no host name, IP address or `*.name`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("no host name, IP address or *.name")]
#[non_exhaustive]
pub struct HostPatternError;
