//! Destinations.

use std::collections::BTreeMap;

use endpoint_probe::{Blocked, EgressPolicy};
use genesys_core::redact;
use url::{Host, Url};

use super::{Code, Findings, MAX_URIS, RouteRules};

const MAX_LEN: usize = 2_048;

/// The primary and the others, when all of them are destinations.
pub(super) fn check(
    findings: &mut Findings,
    primary: &str,
    others: &[String],
    rules: &RouteRules,
) -> Option<(Url, Vec<Url>)> {
    let count = others.len().saturating_add(1);
    if count > MAX_URIS {
        findings.add(
            Code::TooMany,
            "/uris",
            format!("with the primary there are {count} destinations; {MAX_URIS} are the most"),
        );
    }
    let mut seen = BTreeMap::new();
    let mut one = |findings: &mut Findings, pointer: String, text: &str| {
        let url = destination(findings, &pointer, text, rules)?;
        match seen.get(&normal(&url)) {
            Some(first) => {
                let message = format!("is the same destination as {first}");
                findings.add(Code::Duplicate, pointer, message);
                None
            }
            None => {
                seen.insert(normal(&url), pointer);
                Some(url)
            }
        }
    };
    let primary = one(findings, "/uri".to_owned(), primary);
    // Bounded work, whatever the count: what is beyond the limit is refused as a whole.
    let others: Option<Vec<Url>> = others
        .iter()
        .take(10 * MAX_URIS)
        .enumerate()
        .map(|(index, text)| one(findings, format!("/uris/{index}"), text))
        .collect::<Vec<_>>()
        .into_iter()
        .collect();
    primary.zip(others)
}

fn destination(
    findings: &mut Findings,
    pointer: &str,
    text: &str,
    rules: &RouteRules,
) -> Option<Url> {
    if text.trim().is_empty() {
        findings.add(Code::Empty, pointer, "is empty");
        return None;
    }
    if text.len() > MAX_LEN {
        let message = format!("is longer than {MAX_LEN} bytes");
        findings.add(Code::TooLong, pointer, message);
        return None;
    }
    // The parser drops or rewrites these without a word.
    if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
        findings.add(
            Code::Characters,
            pointer,
            "holds white space, a control character or a backslash",
        );
        return None;
    }
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(url::ParseError::EmptyHost) => {
            findings.add(Code::Host, pointer, "has no host");
            return None;
        }
        Err(_) => {
            findings.add(Code::Url, pointer, "is not an absolute URL");
            return None;
        }
    };
    let before = findings.0.len();
    let own = is_loopback(&url);
    let scheme = url.scheme() == "https" || (url.scheme() == "http" && own && rules.loopback);
    findings.require(scheme, Code::Scheme, pointer, "must use https");
    findings.require(
        url.username().is_empty() && url.password().is_none(),
        Code::Secret,
        pointer,
        "carries user info; a credential has no place in a URL",
    );
    findings.require(
        url.fragment().is_none(),
        Code::Fragment,
        pointer,
        "has a fragment, which no server ever sees",
    );
    findings.require(
        !url.query_pairs().any(|(name, _)| redact::names_a_secret(&name)),
        Code::Secret,
        pointer,
        "has a query parameter that looks like a credential, and every proxy on the way logs queries",
    );
    findings.require(
        url.port() != Some(0),
        Code::Host,
        pointer,
        "has port 0, which cannot be dialled",
    );
    if let Some(problem) = host_problem(&url, rules) {
        findings.add(Code::Host, pointer, problem);
    }
    (findings.0.len() == before).then_some(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => {
            address.is_loopback() || address.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback())
        }
        None => false,
    }
}

fn host_problem(url: &Url, rules: &RouteRules) -> Option<&'static str> {
    let Some(host) = url.host() else {
        return Some("has no host");
    };
    if rules.private {
        return None;
    }
    let mut policy = EgressPolicy::new();
    if rules.loopback {
        policy = policy.allow_loopback();
    }
    match policy.check_host(&host).err()? {
        Blocked::Address { .. } => Some("is no public address, so the cloud cannot reach it"),
        _ => Some("is no public name, so the cloud cannot reach it"),
    }
}

/// What two spellings of one destination have in common. The parser has lowered scheme and host, dropped the default port and
/// resolved dots already.
fn normal(url: &Url) -> String {
    let mut url = url.clone();
    if let Some(host) = url.host_str().and_then(|host| host.strip_suffix('.')) {
        let host = host.to_owned();
        // A name without its last dot is a name as well; if it were none, the dot would stay.
        let _ = url.set_host(Some(&host));
    }
    let text = url.as_str();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        out.push('%');
        let digits = after.len().min(2);
        match after.get(..digits) {
            Some(code) => {
                out.push_str(&code.to_ascii_uppercase());
                rest = &after[digits..];
            }
            None => rest = after,
        }
    }
    out.push_str(rest);
    out
}
