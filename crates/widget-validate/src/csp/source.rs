//! Source expressions, and whether they match (CSP3, section 6.7.2).

use super::Directive;
use crate::origin::{Location, Origin, default_port, is_shared_host, public_suffix_of_names_below};

/// One source expression, as far as matching needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source<'a> {
    /// `'self'`.
    SelfOrigin,
    /// `*`.
    Any,
    /// `https:`.
    Scheme(&'a str),
    /// `[scheme://]host[:port][/path]`.
    Host {
        scheme: Option<&'a str>,
        wildcard: bool,
        host: &'a str,
        port: Option<&'a str>,
        path: &'a str,
    },
    /// Keywords, nonces, hashes, and what is no expression at all: match no address.
    Nothing,
}

impl<'a> Source<'a> {
    pub(super) fn parse(text: &'a str) -> Source<'a> {
        if text.eq_ignore_ascii_case("'self'") {
            return Source::SelfOrigin;
        }
        if text == "*" {
            return Source::Any;
        }
        if text.starts_with('\'') {
            return Source::Nothing;
        }
        let is_scheme = |scheme: &str| {
            scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                && scheme
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        };
        if let Some(scheme) = text.strip_suffix(':').filter(|scheme| is_scheme(scheme)) {
            return Source::Scheme(scheme);
        }
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
            Some(_) => return Source::Nothing,
            None => (None, text),
        };
        let path_at = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(path_at);
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };
        let port_is_valid = port.is_none_or(|port| {
            port == "*" || (!port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit()))
        });
        let (wildcard, host) = match host.strip_prefix("*.") {
            Some(base) => (true, base),
            None if host == "*" => (true, ""),
            None => (false, host),
        };
        let host_is_valid = (host.is_empty()
            && wildcard
            && authority.starts_with('*')
            && !authority.starts_with("*."))
            || (!host.is_empty()
                && host.split('.').all(|label| {
                    !label.is_empty()
                        && label.bytes().all(|byte| {
                            byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
                        })
                }));
        if port_is_valid && host_is_valid {
            Source::Host {
                scheme,
                wildcard,
                host,
                port,
                path,
            }
        } else {
            Source::Nothing
        }
    }

    /// True when the expression matches the address. `own` is the origin of the protected document.
    pub(super) fn matches(&self, target: &Origin, path: &str, own: &Origin) -> bool {
        match self {
            Source::Nothing => false,
            Source::Any => {
                matches!(target.scheme(), "http" | "https")
                    || scheme_matches(own.scheme(), target.scheme())
            }
            Source::Scheme(scheme) => scheme_matches(scheme, target.scheme()),
            Source::SelfOrigin => {
                let both_default = default_port(own.scheme()) == Some(own.port())
                    && default_port(target.scheme()) == Some(target.port());
                let upgraded = matches!(target.scheme(), "https" | "wss")
                    || (own.scheme() == "http" && target.scheme() == "ws");
                own == target
                    || (own.host() == target.host()
                        && upgraded
                        && (own.port() == target.port() || both_default))
            }
            Source::Host {
                scheme,
                wildcard,
                host,
                port,
                path: wanted,
            } => {
                let scheme = scheme.unwrap_or(own.scheme());
                scheme_matches(scheme, target.scheme())
                    && host_matches(*wildcard, host, target.host())
                    && port_matches(*port, target)
                    && path_matches(wanted, path)
            }
        }
    }
}

/// An expression's scheme also matches the safer one of its kind.
fn scheme_matches(expression: &str, target: &str) -> bool {
    let upgraded: &[&str] = match expression.to_ascii_lowercase().as_str() {
        "http" => &["https"],
        "ws" => &["wss", "http", "https"],
        "wss" => &["https"],
        _ => &[],
    };
    expression.eq_ignore_ascii_case(target) || upgraded.contains(&target)
}

fn host_matches(wildcard: bool, host: &str, target: &str) -> bool {
    if wildcard {
        let at = target.len().saturating_sub(host.len());
        let suffix = target.get(at..).unwrap_or("");
        return host.is_empty()
            || (at > 1 && suffix.eq_ignore_ascii_case(host) && target[..at].ends_with('.'));
    }
    // Of the addresses, only 127.0.0.1 can be named in a policy.
    let address = target.starts_with('[')
        || target
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|address| address != std::net::Ipv4Addr::LOCALHOST);
    host.eq_ignore_ascii_case(target) && !address
}

fn port_matches(port: Option<&str>, target: &Origin) -> bool {
    match port {
        None => default_port(target.scheme()) == Some(target.port()),
        Some("*") => true,
        Some(digits) => match digits.parse::<u16>() {
            Ok(port) => {
                port == target.port()
                    || (port == 80
                        && target.port() == 443
                        && matches!(target.scheme(), "https" | "wss"))
            }
            Err(_) => false,
        },
    }
}

fn path_matches(wanted: &str, path: &str) -> bool {
    match wanted {
        "" | "/" => true,
        folder if folder.ends_with('/') => path.starts_with(folder),
        exact => path == exact,
    }
}

/// True when a `frame-ancestors` directive admits a page of this origin. `own` is the origin of the framed document.
///
/// Only the ancestor's origin is compared, so an expression with a path admits nobody, as in browsers.
pub fn admits(directive: &Directive<'_>, ancestor: &Origin, own: &Origin) -> bool {
    directive
        .values
        .iter()
        .any(|(value, _)| Source::parse(value).matches(ancestor, "/", own))
}

/// True when a fetch directive lets the document reach the URL.
pub(crate) fn reaches(directive: &Directive<'_>, url: &str, own: &Origin) -> bool {
    let Some(location) = Location::parse(url) else {
        return false;
    };
    let Some(target) = location.origin() else {
        return false;
    };
    let href = location.href();
    let path = href
        .splitn(4, '/')
        .nth(3)
        .map(|path| format!("/{path}"))
        .unwrap_or_default();
    directive.values.iter().any(|(value, _)| {
        Source::parse(value).matches(&target, path.split(['?', '#']).next().unwrap_or(""), own)
    })
}

/// How far an expression of `frame-ancestors` reaches beyond named hosts: anybody, or everybody below a suffix.
pub(crate) fn is_wide(value: &str) -> bool {
    match Source::parse(value) {
        Source::Any | Source::Scheme(_) => true,
        Source::Host {
            wildcard: true,
            host,
            ..
        } => {
            let host = host.to_ascii_lowercase();
            host.is_empty()
                || public_suffix_of_names_below(&host).is_some()
                || is_shared_host(&host, true)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        Origin::parse(text).unwrap()
    }

    #[test]
    fn expressions_match_as_the_standard_says() {
        let own = origin("https://w.example");
        for (expression, target, expected) in [
            ("*", "https://a.example", true),
            ("https:", "https://a.example", true),
            ("https:", "http://a.example", false),
            ("http:", "https://a.example", true),
            ("https://a.example", "https://a.example", true),
            ("a.example", "https://a.example", true),
            ("a.example", "http://a.example", false),
            ("http://a.example", "https://a.example", true),
            ("http://a.example:80", "https://a.example", true),
            ("a.example:8443", "https://a.example:8443", true),
            ("a.example", "https://a.example:8443", false),
            ("a.example:*", "https://a.example:8443", true),
            ("*.example", "https://a.example", true),
            ("*.a.example", "https://a.example", false),
            ("*.a.example", "https://x.y.a.example", true),
            ("A.EXAMPLE", "https://a.example", true),
            ("'self'", "https://w.example", true),
            ("'self'", "https://a.example", false),
            ("'none'", "https://a.example", false),
            ("203.0.113.7", "https://203.0.113.7", false),
            ("https://a.example:port", "https://a.example", false),
            ("*a.example", "https://xa.example", false),
        ] {
            assert_eq!(
                Source::parse(expression).matches(&origin(target), "/", &own),
                expected,
                "{expression} {target}"
            );
        }
    }

    #[test]
    fn wide_expressions_are_those_that_admit_strangers() {
        for (expression, wide) in [
            ("*", true),
            ("https:", true),
            ("https://*", true),
            ("*.com", true),
            ("*.cloudfront.net", true),
            ("*.a.example.com", false),
            ("https://a.example.com", false),
            ("'self'", false),
        ] {
            assert_eq!(is_wide(expression), wide, "{expression}");
        }
    }
}
