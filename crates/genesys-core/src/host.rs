//! Where requests go: an API host and a login host.

use url::{Host, Url};

use crate::error::{Error, ErrorKind};
use crate::region::Region;

/// The API base and the login base of one organisation's cloud.
///
/// Usually made from a [`Region`]; a gateway, a proxy or the sandbox gives its own URLs. Plain http is accepted for
/// loopback addresses only.
///
/// ```
/// use genesys_core::{Hosts, Region};
///
/// let hosts = Hosts::from(Region::EuWest1);
/// assert_eq!(hosts.login().as_str(), "https://login.mypurecloud.ie/");
/// // A base URL alone derives the login host: `api.` becomes `login.`, any other host serves both.
/// assert_eq!(Hosts::from_base("https://api.example.com")?.login().as_str(), "https://login.example.com/");
/// assert_eq!(Hosts::from_base("http://127.0.0.1:8090")?.login().as_str(), "http://127.0.0.1:8090/");
/// assert!(Hosts::from_base("http://api.example.com").is_err());
/// # Ok::<(), genesys_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts {
    api: Url,
    login: Url,
}

impl Hosts {
    /// Both bases, given apart.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when either is not an absolute http(s) URL, has user info, a query or a fragment, or is
    /// plain http to a host that is not loopback.
    pub fn new(api: &str, login: &str) -> Result<Self, Error> {
        Ok(Self {
            api: parse_base("API base URL", api)?,
            login: parse_base("login base URL", login)?,
        })
    }

    /// One base; the login host is derived from it.
    ///
    /// # Errors
    ///
    /// As [`Hosts::new`].
    pub fn from_base(api: &str) -> Result<Self, Error> {
        let api = parse_base("API base URL", api)?;
        let mut login = api.clone();
        if let Some(domain) = api.host_str().and_then(|host| host.strip_prefix("api.")) {
            login
                .set_host(Some(&format!("login.{domain}")))
                .map_err(|_| {
                    Error::new(
                        ErrorKind::Config,
                        "login host cannot be derived from the API base URL",
                    )
                })?;
        }
        Ok(Self { api, login })
    }

    /// True for `localhost` and for addresses of the loopback ranges: where plain http, and the documents' own token forms,
    /// are accepted.
    pub fn is_loopback(url: &Url) -> bool {
        is_loopback(url)
    }

    /// The API base; its path ends in `/`.
    pub fn api(&self) -> &Url {
        &self.api
    }

    /// The login base; its path ends in `/`.
    pub fn login(&self) -> &Url {
        &self.login
    }
}

impl From<Region> for Hosts {
    fn from(region: Region) -> Self {
        // A region's domain is a constant of this crate, covered by a test over every region.
        let base = |host: String| {
            Url::parse(&format!("https://{host}/"))
                .unwrap_or_else(|_| unreachable!("region hosts are valid"))
        };
        Self {
            api: base(region.api_host()),
            login: base(region.login_host()),
        }
    }
}

fn parse_base(what: &str, text: &str) -> Result<Url, Error> {
    let fail = |why: &str| Error::new(ErrorKind::Config, format!("{what}: {why}"));
    let mut url = Url::parse(text.trim()).map_err(|error| fail(&error.to_string()))?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => return Err(fail("plain http is accepted for loopback addresses only")),
        _ => return Err(fail("the scheme must be https")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(fail("user info is not accepted"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(fail("a query or fragment is not accepted"));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// True for `localhost` and for addresses of the loopback ranges.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_has_two_hosts_apart() {
        // errata ALL-01, RST-02
        for &region in Region::ALL {
            let hosts = Hosts::from(region);
            assert_eq!(hosts.api().host_str(), Some(region.api_host().as_str()));
            assert_eq!(hosts.login().host_str(), Some(region.login_host().as_str()));
        }
    }

    #[test]
    fn a_base_that_could_leak_a_token_is_refused() {
        for text in [
            "http://api.mypurecloud.com",
            "http://127.0.0.1.evil.example",
            "ftp://api.mypurecloud.com",
            "https://user:pass@api.mypurecloud.com",
            "https://api.mypurecloud.com?x=1",
            "https://api.mypurecloud.com#x",
            "api.mypurecloud.com",
            "",
        ] {
            assert_eq!(
                Hosts::from_base(text).unwrap_err().kind(),
                ErrorKind::Config,
                "{text}"
            );
        }
    }

    #[test]
    fn a_gateway_path_prefix_is_kept() {
        let hosts = Hosts::from_base("https://gateway.example.com/genesys").unwrap();
        assert_eq!(hosts.api().as_str(), "https://gateway.example.com/genesys/");
    }
}
