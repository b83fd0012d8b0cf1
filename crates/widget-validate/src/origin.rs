//! Origins as tuples, and the entries of a policy that admit them.

mod host;
mod location;
mod lookalike;
mod pattern;

use std::borrow::Cow;
use std::fmt;

pub(crate) use host::{
    HostKind, has_ldh_labels, host_kind, is_shared_host, public_suffix_of_names_below,
};
pub use location::Location;
pub(crate) use location::plain_https;
pub(crate) use lookalike::{imitates, mixes_scripts};
pub use pattern::OriginPattern;
pub(crate) use pattern::OriginSet;

/// An origin: scheme, host and port, all as a URL parser stores them.
///
/// ```
/// use widget_validate::Origin;
///
/// let one = Origin::parse("https://Apps.Example.com:443").ok_or("not an origin")?;
/// let other = Origin::parse("https://apps.example.com").ok_or("not an origin")?;
/// assert_eq!(one, other);
/// assert_eq!(one.to_string(), "https://apps.example.com");
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    scheme: Cow<'static, str>,
    host: String,
    port: u16,
}

impl Origin {
    /// Reads an absolute URL and keeps its origin. `None` for text that is no URL, and for URLs whose origin is opaque.
    pub fn parse(text: &str) -> Option<Origin> {
        Location::parse(text)?.origin()
    }

    pub(crate) fn new(scheme: &str, host: &str, port: u16) -> Origin {
        let scheme = match scheme {
            "https" => Cow::Borrowed("https"),
            "http" => Cow::Borrowed("http"),
            other => Cow::Owned(other.to_owned()),
        };
        Origin {
            scheme,
            host: host.to_owned(),
            port,
        }
    }

    /// The scheme in lower case, without colon.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The host: lower case, international names as `xn--` labels, IPv6 in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, the scheme's own where the URL names none.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        if default_port(&self.scheme) == Some(self.port) {
            Ok(())
        } else {
            write!(f, ":{}", self.port)
        }
    }
}

/// The port that a scheme implies.
pub(crate) fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        "ftp" => Some(21),
        _ => None,
    }
}
