//! The entries of a policy: `[https://][*.]host[:port]`.

use std::fmt;

use super::Origin;
use super::host::{
    HostKind, has_ldh_labels, host_kind, is_shared_host, public_suffix_of_names_below,
};
use crate::code::policy;
use crate::finding::{Draft, shown};

/// An origin that a policy admits, or all names below one.
///
/// No scheme means https, no port means 443; there is no path. `*.` stands for one or more labels and never for none, so
/// `*.example.com` does not admit `example.com`. Addresses match by their exact entry only.
///
/// ```
/// use widget_validate::{Origin, OriginPattern};
///
/// let pattern = OriginPattern::parse("*.example.co.uk").map_err(|finding| finding.to_string())?;
/// let admits = |url| Origin::parse(url).is_some_and(|origin| pattern.admits(&origin));
/// assert!(admits("https://a.cdn.example.co.uk/w.json"));
/// assert!(!admits("https://example.co.uk/"));
/// assert!(!admits("https://a.example.co.uk:8443/"));
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OriginPattern {
    wildcard: bool,
    host: String,
    port: u16,
}

/// An entry cannot be used. Holds the code and the reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct PatternError {
    /// The rule that refuses the entry.
    pub code: crate::code::Code,
    /// What is wrong, in one line.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

impl From<Draft> for PatternError {
    fn from(draft: Draft) -> PatternError {
        PatternError {
            code: draft.code,
            message: draft.message,
            hint: draft.hint,
        }
    }
}

impl OriginPattern {
    /// Reads an entry. What only deserves a warning is accepted.
    ///
    /// # Errors
    /// When the entry is not of the form above, is not https, or covers a whole public suffix.
    pub fn parse(entry: &str) -> Result<OriginPattern, PatternError> {
        Ok(OriginPattern::parse_with_warnings(entry)?.0)
    }

    pub(crate) fn parse_with_warnings(entry: &str) -> Result<(OriginPattern, Vec<Draft>), Draft> {
        let refuse = |code, reason: &str, hint: &str| {
            Err(Draft::new(code, format!("{} {reason}", shown(entry)), hint))
        };
        let mut repaired = false;
        if matches!(
            entry,
            "*" | "https:"
                | "https://"
                | "https://*"
                | "*:*"
                | "https://*:*"
                | "*:443"
                | "https://*:443"
        ) {
            return refuse(
                policy::ANY_ORIGIN,
                "admits every host",
                "name the hosts, such as cdn.example.com or *.widgets.example.com",
            );
        }
        if entry
            .chars()
            .any(|letter| letter.is_whitespace() || letter.is_control())
        {
            return refuse(
                policy::POLICY_HOST,
                "holds white space or control characters",
                "write one origin an entry",
            );
        }
        let rest = match entry.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => {
                repaired |= scheme != "https";
                rest
            }
            Some((scheme, _))
                if scheme
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"+-.*".contains(&byte)) =>
            {
                return refuse(
                    policy::POLICY_NOT_HTTPS,
                    "is not https",
                    "widgets are loaded over https only",
                );
            }
            Some(_) => {
                return refuse(
                    policy::POLICY_PATH,
                    "holds an address inside a path",
                    "write the origin alone",
                );
            }
            None => entry,
        };
        let scheme_word = rest.split(':').next().unwrap_or("").to_ascii_lowercase();
        if rest.contains(':')
            && matches!(
                scheme_word.as_str(),
                "javascript"
                    | "data"
                    | "blob"
                    | "http"
                    | "ws"
                    | "wss"
                    | "file"
                    | "about"
                    | "filesystem"
            )
        {
            return refuse(
                policy::POLICY_NOT_HTTPS,
                "is not https",
                "widgets are loaded over https only",
            );
        }
        if rest.contains(['/', '?', '#', '\\']) {
            return refuse(
                policy::POLICY_PATH,
                "has a path, query or fragment",
                "entries are origins: write the host alone; a bucket or a folder cannot be singled out",
            );
        }
        if rest.contains('@') {
            return refuse(policy::POLICY_HOST, "has user info", "write the host alone");
        }
        let (name, port) = match rest.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
            _ => (rest, None),
        };
        let port = match port {
            None => 443,
            Some(digits) => match digits.parse::<u16>() {
                Ok(port) if port > 0 && digits.bytes().all(|digit| digit.is_ascii_digit()) => {
                    repaired |= port == 443 || digits.starts_with('0');
                    port
                }
                _ => {
                    return refuse(
                        policy::POLICY_HOST,
                        "has a port that is not a number from 1 to 65535",
                        "write host:8443, or no port for 443",
                    );
                }
            },
        };
        let (wildcard, name) = match name.strip_prefix("*.") {
            Some(base) => (true, base),
            None => (false, name),
        };
        if name.contains('*') {
            return refuse(
                policy::MISPLACED_WILDCARD,
                "has a wildcard that is not the whole first label",
                "write *.example.com, or the exact host",
            );
        }
        let Ok(parsed) = url::Host::parse(name) else {
            return refuse(
                policy::POLICY_HOST,
                "has no usable host",
                "write a host name such as cdn.example.com",
            );
        };
        let host = parsed.to_string();
        if host.ends_with('.') {
            return refuse(
                policy::POLICY_HOST,
                "ends with a dot, which makes it another origin that is never admitted",
                "remove the dot",
            );
        }
        let address = !matches!(parsed, url::Host::Domain(_));
        if !address && (!has_ldh_labels(&host) || host.len() > 253) {
            return refuse(
                policy::POLICY_HOST,
                "has a label that no certificate can carry",
                "use letters, digits and inner hyphens, at most 63 a label",
            );
        }
        if wildcard && address {
            return refuse(
                policy::MISPLACED_WILDCARD,
                "puts a wildcard before an address",
                "list each address",
            );
        }
        if wildcard && public_suffix_of_names_below(&host) == Some(psl::Type::Icann) {
            return refuse(
                policy::PUBLIC_SUFFIX,
                "covers a whole public suffix, below which anybody can register",
                "write at least one label more, such as *.example.co.uk",
            );
        }
        repaired |= host != name;
        let pattern = OriginPattern {
            wildcard,
            host,
            port,
        };
        let mut warnings = Vec::new();
        if repaired {
            warnings.push(Draft::new(
                policy::POLICY_SPELLING,
                format!("{} is stored as `{pattern}`", shown(entry)),
                format!("write {pattern}"),
            ));
        }
        if host_kind(&pattern.host) != HostKind::Public {
            warnings.push(Draft::new(
                policy::LOCAL_ENTRY,
                format!("{} is an address or a local name", shown(entry)),
                "use a public name, or keep the entry to development policies",
            ));
        } else if is_shared_host(&pattern.host, wildcard) {
            let message = format!(
                "{} is shared: the content of every customer of that host is admitted",
                shown(entry)
            );
            warnings.push(Draft::new(
                policy::SHARED_TENANT,
                message,
                "put a host name of your own in front, or list your own name below it",
            ));
        }
        Ok((pattern, warnings))
    }

    /// True when the origin is https on the entry's port and host, or one or more ordinary labels below it for a wildcard.
    pub fn admits(&self, origin: &Origin) -> bool {
        origin.scheme() == "https" && self.admits_host(origin.host(), origin.port())
    }

    pub(crate) fn admits_host(&self, host: &str, port: u16) -> bool {
        if port != self.port {
            return false;
        }
        if !self.wildcard {
            return host == self.host;
        }
        let below = host
            .strip_suffix(self.host.as_str())
            .and_then(|rest| rest.strip_suffix('.'));
        below.is_some_and(has_ldh_labels)
    }

    /// True for `*.host`.
    pub fn is_wildcard(&self) -> bool {
        self.wildcard
    }

    /// The host, without `*.`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// True when everything that `other` admits is admitted by this one too.
    pub(crate) fn covers(&self, other: &OriginPattern) -> bool {
        if self.wildcard && !other.wildcard {
            return self.admits_host(&other.host, other.port);
        }
        let below = other
            .host
            .strip_suffix(self.host.as_str())
            .is_some_and(|rest| rest.is_empty() || (self.wildcard && rest.ends_with('.')));
        self.wildcard == other.wildcard && self.port == other.port && below
    }
}

impl fmt::Display for OriginPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.wildcard { "*." } else { "" };
        write!(f, "{star}{}", self.host)?;
        if self.port == 443 {
            Ok(())
        } else {
            write!(f, ":{}", self.port)
        }
    }
}

/// The entries of a policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct OriginSet {
    pub(crate) patterns: Vec<OriginPattern>,
}

impl OriginSet {
    pub(crate) fn admits(&self, host: &str, port: u16) -> bool {
        self.patterns
            .iter()
            .any(|pattern| pattern.admits_host(host, port))
    }

    /// The entry whose host the given one imitates.
    pub(crate) fn imitated(&self, host: &str) -> Option<&OriginPattern> {
        self.patterns
            .iter()
            .find(|pattern| super::imitates(host, &pattern.host, pattern.wildcard))
    }
}
