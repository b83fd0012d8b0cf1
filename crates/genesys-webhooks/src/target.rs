//! Where deliveries may go: a URL whose text has been checked.

use std::fmt;
use std::str::FromStr;

use endpoint_probe::EgressPolicy;
use genesys_core::{Error, ErrorKind, Hosts, Result, redact};
use secrecy::SecretString;
use url::{Url, form_urlencoded};

/// Longest text accepted, in bytes.
const MAX_LEN: usize = 2048;

/// A URL that deliveries may be sent to, checked by its text.
///
/// - `https`; `localhost` and loopback addresses are taken for development, and there plain `http` as well;
/// - no user info, no fragment, no port 0, at most 2048 bytes, no white space, control character or backslash;
/// - no query parameter whose name says that it is a credential (`token`, `api_key`, `sig`, …): every proxy on the way logs
///   queries, so sign deliveries instead. [`parse_with_query_credentials`](Self::parse_with_query_credentials) allows it for a
///   receiver that offers nothing else;
/// - a host that the strict [`EgressPolicy`] takes: no address of a private, link-local, metadata, documentation or otherwise
///   special range, also not inside an IPv6 address; no single-label name but `localhost`, and no name under `.internal`,
///   `.local`, `.localhost` or the like.
///
/// This is the check of a text. A public name may still resolve to a private address: give the
/// [`Notifier`](crate::Notifier) a guarded transport, which judges the address that is dialled.
///
/// `Debug` and `Display` leave out the query's values.
///
/// ```
/// use genesys_webhooks::TargetUrl;
///
/// assert!(TargetUrl::parse("https://monitor.example.com/genesys").is_ok());
/// assert!(TargetUrl::parse("http://127.0.0.1:9000/genesys").is_ok());
/// assert!(TargetUrl::parse("https://169.254.169.254/latest/meta-data").is_err());
/// // Every problem at once.
/// let why = TargetUrl::parse("http://user:pw@monitor.example.com/#top").unwrap_err().to_string();
/// assert!(why.contains("https") && why.contains("user info") && why.contains("fragment"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TargetUrl(Url);

impl TargetUrl {
    /// Checks a text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] with every rule that it breaks. The message holds nothing of the text but the name of
    /// a refused parameter.
    pub fn parse(text: &str) -> Result<Self> {
        Self::checked(text, false).map_err(refused)
    }

    /// As [`parse`](Self::parse), for a receiver whose address carries its credential in the query.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_with_query_credentials(text: &str) -> Result<Self> {
        Self::checked(text, true).map_err(refused)
    }

    /// Every rule that the text breaks.
    pub(crate) fn checked(text: &str, query_credentials: bool) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        if text.len() > MAX_LEN {
            problems.push(format!("it is longer than {MAX_LEN} bytes"));
        }
        // The parser drops or rewrites these without a word.
        if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
            problems.push("it holds white space, a control character or a backslash".to_owned());
        }
        let url = match Url::parse(text) {
            Ok(url) => url,
            Err(error) => {
                problems.push(format!("it is no absolute URL ({error})"));
                return Err(problems);
            }
        };
        match url.scheme() {
            "https" => {}
            "http" if Hosts::is_loopback(&url) => {}
            "http" => problems
                .push("plain http is accepted for loopback addresses only; use https".to_owned()),
            _ => problems.push("the scheme must be https".to_owned()),
        }
        if !url.username().is_empty() || url.password().is_some() {
            problems.push("user info is not accepted".to_owned());
        }
        if url.fragment().is_some() {
            problems.push("a fragment is not accepted".to_owned());
        }
        if url.port() == Some(0) {
            problems.push("port 0 cannot be dialled".to_owned());
        }
        problems.extend(host_problem(&url));
        if !query_credentials {
            let named = url
                .query_pairs()
                .find(|(name, _)| redact::names_a_secret(name));
            problems.extend(named.map(|(name, _)| {
                format!(
                    "the query parameter {:?} looks like a credential",
                    redact::external_text(&name, &[], 40)
                )
            }));
        }
        if problems.is_empty() {
            Ok(Self(url))
        } else {
            Err(problems)
        }
    }

    /// The URL, its query included.
    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// The values of query parameters that carry credentials, decoded and as they stand in the URL, so that they can be
    /// blanked out where a server echoes them.
    pub(crate) fn secrets(&self) -> Vec<SecretString> {
        let mut secrets = Vec::new();
        for pair in self.0.query().unwrap_or_default().split('&') {
            let raw = pair.split_once('=').map_or("", |(_, value)| value);
            let secret = form_urlencoded::parse(pair.as_bytes())
                .next()
                .filter(|(name, value)| redact::names_a_secret(name) && !value.is_empty());
            if let Some((_, value)) = secret {
                secrets.push(raw.to_owned().into());
                secrets.push(value.into_owned().into());
            }
        }
        secrets
    }

    /// True for `localhost` and loopback addresses, which only programs on the same machine reach.
    pub fn is_loopback(&self) -> bool {
        Hosts::is_loopback(&self.0)
    }
}

fn refused(problems: Vec<String>) -> Error {
    Error::new(
        ErrorKind::InvalidRequest,
        format!("target URL: {}", problems.join("; ")),
    )
}

fn host_problem(url: &Url) -> Option<String> {
    match url.host() {
        None => Some("it has no host".to_owned()),
        Some(_) if Hosts::is_loopback(url) => None,
        Some(host) => {
            let refused = EgressPolicy::new().check_host(&host).err()?;
            Some(refused.to_string())
        }
    }
}

impl FromStr for TargetUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for TargetUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact::url(&self.0))
    }
}

impl fmt::Debug for TargetUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TargetUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_loopback_http_pass() {
        // errata INT-31, ALL-27
        for good in [
            "https://monitor.example.com/genesys?tenant=7",
            "https://monitor.example.com:8443/",
            "https://93.184.216.34/x",
            "https://[2606:2800:220:1:248:1893:25c8:1946]/x",
            "http://localhost:9000/x",
            "http://127.0.0.1:9000/x",
            "http://[::1]:9000/x",
            "https://xn--mnchen-3ya.example/",
        ] {
            assert!(TargetUrl::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/relative",
            "monitor.example.com",
            "http://monitor.example.com/",
            "http://127.0.0.1.example.com/",
            "ftp://monitor.example.com/",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "https://user@monitor.example.com/",
            "https://:pw@monitor.example.com/",
            "https://monitor.example.com/#top",
            "https://monitor.example.com:0/",
            " https://monitor.example.com/",
            "https://monitor.example.com/a\r\nX-Evil: 1",
            "https:\\\\monitor.example.com\\x",
        ] {
            let error = TargetUrl::parse(bad).expect_err(bad);
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{bad}");
        }
        let long = format!("https://monitor.example.com/{}", "x".repeat(MAX_LEN));
        assert!(TargetUrl::parse(&long).is_err());
    }

    #[test]
    fn addresses_and_names_of_private_networks_are_refused() {
        // errata ALL-27
        for bad in [
            "https://10.0.0.1/",
            "https://172.16.3.4/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest",
            "https://100.100.100.200/",
            "https://0.0.0.0/",
            "https://255.255.255.255/",
            "https://224.0.0.1/",
            // Other spellings of 169.254.169.254 and 10.0.0.1.
            "https://2852039166/",
            "https://0xa9fea9fe/",
            "https://0251.0376.0251.0376/",
            "https://10.1/",
            "https://[::]/",
            "https://[fd00:ec2::254]/",
            "https://[fe80::1]/",
            "https://[ff02::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[64:ff9b::a9fe:a9fe]/",
            "https://[2002:a9fe:a9fe::1]/",
            "https://[2002:808:808::1]/",
            // A metadata service in public space.
            "https://168.63.129.16/",
            "https://api.default.svc/",
            "https://*.example.com/",
            "https://[2001:db8::1]/",
            "https://metadata.google.internal/",
            "https://METADATA.google.INTERNAL./",
            "https://printer.local/",
            "https://a.localhost/",
            "https://intranet/",
        ] {
            assert!(TargetUrl::parse(bad).is_err(), "{bad}");
        }
        assert!(TargetUrl::parse("https://notlocal.example/").is_ok());
    }

    #[test]
    fn a_credential_in_the_query_needs_the_callers_word() {
        // errata ALL-16
        let text = "https://logic.example.com/run?api-version=2016&Api_Key=s3cr3t";
        let error = TargetUrl::parse(text).unwrap_err();
        assert!(
            error.to_string().contains("Api_Key") && !error.to_string().contains("s3cr3t"),
            "{error}"
        );
        let target = TargetUrl::parse_with_query_credentials(text).unwrap();
        assert!(!format!("{target} {target:?}").contains("s3cr3t"));
        assert_eq!(target.as_url().as_str(), text);
    }

    #[test]
    fn credentials_of_a_query_are_known_in_both_spellings() {
        // errata ALL-16
        use secrecy::ExposeSecret;

        for (query, secrets) in [
            (
                "?tenant=7&sig=a%2Bb&%74oken=c+d",
                vec!["a%2Bb", "a+b", "c+d", "c d"],
            ),
            ("?tenant=7&sig=", vec![]),
            ("?sig", vec![]),
            ("", vec![]),
        ] {
            let text = format!("https://logic.example.com/run{query}");
            let target = TargetUrl::parse_with_query_credentials(&text).unwrap();
            let known = target.secrets();
            let known: Vec<_> = known.iter().map(|secret| secret.expose_secret()).collect();
            assert_eq!(known, secrets, "{query}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_check_panic(text in ".{0,80}") {
            let _ = TargetUrl::parse(&text);
            let _ = TargetUrl::parse(&format!("https://{text}"));
        }

        #[test]
        fn every_private_address_is_refused_in_every_wrapping(last in 0u32..0x0100_0000) {
            let ip = std::net::Ipv4Addr::from(0x0a00_0000 | last);
            let [a, b, c, d] = ip.octets();
            for text in [
                format!("https://{ip}/"),
                format!("https://{}/", u32::from(ip)),
                format!("https://[::ffff:{ip}]/"),
                format!("https://[::{ip}]/"),
                format!("https://[64:ff9b::{ip}]/"),
                format!("https://[2002:{a:02x}{b:02x}:{c:02x}{d:02x}::1]/"),
            ] {
                proptest::prop_assert!(TargetUrl::parse(&text).is_err(), "{text}");
            }
        }
    }
}
