//! Credentials and hosts from the environment.

use genesys_core::env::{self, Reader};
use genesys_core::{Error, Hosts, Profile, Region};

use crate::credentials::ClientCredentials;

mod place;

use place::{Place, place, url};

const CLIENT_ID: [&str; 2] = ["GENESYS_CLIENT_ID", "GENESYSCLOUD_OAUTHCLIENT_ID"];
const CLIENT_SECRET: [&str; 2] = ["GENESYS_CLIENT_SECRET", "GENESYSCLOUD_OAUTHCLIENT_SECRET"];
const BASE_URL: &str = "GENESYS_BASE_URL";
const LOGIN_URL: &str = "GENESYS_LOGIN_URL";
const PROFILE: &str = "GENESYS_API_PROFILE";

/// What the environment says about whom to talk to, and as whom.
///
/// | variable | meaning |
/// | --- | --- |
/// | `GENESYS_CLIENT_ID`, `GENESYS_CLIENT_SECRET` | the OAuth client; also `GENESYSCLOUD_OAUTHCLIENT_ID` and `GENESYSCLOUD_OAUTHCLIENT_SECRET` |
/// | `GENESYS_REGION` | AWS name (`eu-west-1`), domain (`mypurecloud.ie`), or one of the region's hosts; also `GENESYSCLOUD_REGION` |
/// | `GENESYS_ENVIRONMENT` | the same, or the URL of an API host |
/// | `GENESYS_BASE_URL` | the API host, in place of the region's; the login host follows it |
/// | `GENESYS_LOGIN_URL` | the login host |
/// | `GENESYS_API_PROFILE` | `guide` or `platform` |
///
/// Several names may be set as long as they agree. A variable that is set and empty is an error, whichever it is.
///
/// ```
/// use genesys_auth::Settings;
/// use genesys_core::Region;
///
/// let settings = Settings::from_lookup(|name| match name {
///     "GENESYS_CLIENT_ID" => Some("id".into()),
///     "GENESYS_CLIENT_SECRET" => Some("secret".into()),
///     "GENESYS_REGION" => Some("api.mypurecloud.de".into()),
///     _ => None,
/// })?;
/// assert_eq!(settings.region, Some(Region::EuCentral1));
/// assert_eq!(settings.hosts.login().as_str(), "https://login.mypurecloud.de/");
/// # Ok::<(), genesys_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The OAuth client. None when neither id nor secret is set: the caller decides what that means, usually the
    /// embedded sandbox.
    pub credentials: Option<ClientCredentials>,
    /// The API host and the login host.
    pub hosts: Hosts,
    /// The region of the API host. None when it is no region's: a gateway or the sandbox.
    pub region: Option<Region>,
    /// True when nothing named a region or a host, so that [`Region::default`] was assumed. Tell the user.
    pub region_assumed: bool,
    /// The wire form that was asked for.
    pub profile: Option<Profile>,
}

impl Settings {
    /// Reads the process environment.
    ///
    /// # Errors
    ///
    /// As [`from_lookup`](Self::from_lookup).
    pub fn from_env() -> Result<Self, Error> {
        Self::from_lookup(env::process)
    }

    /// Reads through `lookup`: a map, a file, a test.
    ///
    /// # Errors
    ///
    /// [`Config`](genesys_core::ErrorKind::Config) with every problem at once: a variable that is empty or not
    /// understood, an id without a secret or the reverse, two names for one thing that disagree, an API host and a
    /// login host of different regions, plain http beyond loopback.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let mut reader = Reader::new(&lookup);
        let credentials = credentials(&mut reader, &lookup);
        let place = place(&mut reader);
        let base = read_url(&mut reader, BASE_URL);
        let login = read_url(&mut reader, LOGIN_URL);
        let profile = reader.optional(PROFILE);

        if let (Some((name, place)), Some(base)) = (&place, &base)
            && let (Some(named), Some(of_url)) = (place.region, base.region)
            && named != of_url
        {
            reader.problem(format!(
                "{name} and {BASE_URL} name different regions: {named} and {of_url}"
            ));
        }
        let region_assumed = place.is_none() && base.is_none();
        let api = base
            .or(place.map(|(_, place)| place))
            .unwrap_or_else(|| Place::from(Region::default()));
        if let (Some(api), Some(login)) =
            (api.region, login.as_ref().and_then(|login| login.region))
            && api != login
        {
            reader.problem(format!(
                "{LOGIN_URL} is of region {login}, but the API host is of region {api}"
            ));
        }
        reader.finish()?;
        let hosts = match &login {
            Some(login) => Hosts::new(api.hosts.api().as_str(), login.as_login().as_str())?,
            None => api.hosts,
        };
        Ok(Self {
            credentials,
            hosts,
            region: api.region,
            region_assumed,
            profile,
        })
    }

    /// The credentials alone, whatever the other variables say.
    pub(crate) fn credentials_from_env() -> Result<Option<ClientCredentials>, Error> {
        let mut reader = Reader::new(&env::process);
        let credentials = credentials(&mut reader, &env::process);
        reader.finish().map(|()| credentials)
    }
}

fn read_url(reader: &mut Reader<'_>, name: &str) -> Option<Place> {
    let text = reader.text(name)?;
    url(reader, name, &text)
}

fn credentials(reader: &mut Reader<'_>, lookup: &env::Lookup<'_>) -> Option<ClientCredentials> {
    let is_set = |names: [&str; 2]| names.iter().any(|name| lookup(name).is_some());
    let (has_id, has_secret) = (is_set(CLIENT_ID), is_set(CLIENT_SECRET));
    for (missing, given, names) in [
        (!has_id && has_secret, CLIENT_SECRET, CLIENT_ID),
        (!has_secret && has_id, CLIENT_ID, CLIENT_SECRET),
    ] {
        if missing {
            let given = given
                .iter()
                .find(|name| lookup(name).is_some())
                .copied()
                .unwrap_or(given[0]);
            reader.problem(format!("{given} is set and {} is not", names[0]));
        }
    }
    let id = agreed(reader, CLIENT_ID);
    let secret = agreed(reader, CLIENT_SECRET);
    match ClientCredentials::new(id?.trim(), secret?) {
        Ok(credentials) => Some(credentials),
        Err(error) => {
            reader.problem(error.to_string());
            None
        }
    }
}

/// The one value of two names for the same thing.
fn agreed(reader: &mut Reader<'_>, [first, second]: [&str; 2]) -> Option<String> {
    match (reader.text(first), reader.text(second)) {
        (Some(a), Some(b)) if a != b => {
            reader.problem(format!("{first} and {second} are set to different values"));
            None
        }
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genesys_core::ErrorKind;
    use secrecy::ExposeSecret;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, Error> {
        Settings::from_lookup(|name| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    fn refused(pairs: &[(&str, &str)]) -> String {
        let error = read(pairs).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        error.to_string()
    }

    #[test]
    fn an_empty_environment_means_no_credentials_and_an_assumed_region() {
        let settings = read(&[]).unwrap();
        assert!(settings.credentials.is_none());
        assert!(settings.region_assumed);
        assert_eq!(settings.region, Some(Region::UsEast1));
        assert_eq!(
            settings.hosts.api().as_str(),
            "https://api.mypurecloud.com/"
        );
        assert_eq!(settings.profile, None);
    }

    #[test]
    fn the_names_of_the_vendors_tools_are_understood() {
        let settings = read(&[
            ("GENESYSCLOUD_OAUTHCLIENT_ID", " id "),
            ("GENESYSCLOUD_OAUTHCLIENT_SECRET", "p&+=%"),
            ("GENESYSCLOUD_REGION", "eu-west-2"),
            ("GENESYS_API_PROFILE", "Platform"),
        ])
        .unwrap();
        let credentials = settings.credentials.unwrap();
        assert_eq!(
            (credentials.id(), credentials.secret().expose_secret()),
            ("id", "p&+=%")
        );
        assert_eq!(settings.region, Some(Region::EuWest2));
        assert!(!settings.region_assumed);
        assert_eq!(settings.profile, Some(Profile::Platform));
    }

    #[test]
    fn half_a_pair_or_an_empty_variable_is_an_error() {
        // errata ALL-28, EVR-46, RST-51
        let text = refused(&[("GENESYS_CLIENT_ID", "id")]);
        assert!(
            text.contains("GENESYS_CLIENT_ID is set and GENESYS_CLIENT_SECRET is not"),
            "{text}"
        );
        let text = refused(&[("GENESYSCLOUD_OAUTHCLIENT_SECRET", "s3cr3t")]);
        assert!(
            text.contains("GENESYSCLOUD_OAUTHCLIENT_SECRET is set and GENESYS_CLIENT_ID is not"),
            "{text}"
        );
        assert!(!text.contains("s3cr3t"), "{text}");
        let text = refused(&[("GENESYS_CLIENT_ID", ""), ("GENESYS_CLIENT_SECRET", " ")]);
        assert!(text.contains("GENESYS_CLIENT_ID is empty"), "{text}");
        assert!(text.contains("GENESYS_CLIENT_SECRET is empty"), "{text}");
    }

    #[test]
    fn every_problem_is_reported_at_once_without_values() {
        // errata ALL-28, ALL-16
        let text = refused(&[
            ("GENESYS_CLIENT_ID", "id"),
            ("GENESYSCLOUD_OAUTHCLIENT_ID", "other"),
            (
                "GENESYS_CLIENT_SECRET",
                "s3cr3t
",
            ),
            ("GENESYSCLOUD_OAUTHCLIENT_SECRET", "s3cr3t-2"),
            ("GENESYS_REGION", "mars"),
            ("GENESYS_ENVIRONMENT", ""),
            ("GENESYS_BASE_URL", "http://api.example.com"),
            ("GENESYS_LOGIN_URL", "ftp://x"),
            ("GENESYS_API_PROFILE", "both"),
        ]);
        for part in [
            "GENESYS_CLIENT_ID and GENESYSCLOUD_OAUTHCLIENT_ID are set to different values",
            "GENESYS_CLIENT_SECRET and GENESYSCLOUD_OAUTHCLIENT_SECRET are set to different values",
            "GENESYS_REGION: ",
            "eu-west-1 (mypurecloud.ie)",
            "GENESYS_ENVIRONMENT is empty",
            "GENESYS_BASE_URL: ",
            "GENESYS_LOGIN_URL: ",
            "GENESYS_API_PROFILE: ",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("s3cr3t"), "{text}");
    }

    #[test]
    fn a_place_may_be_an_aws_name_a_domain_a_host_or_a_url() {
        // errata ALL-01, RST-02
        for (name, text) in [
            ("GENESYS_REGION", "eu-central-1"),
            ("GENESYS_REGION", "mypurecloud.de"),
            ("GENESYS_REGION", "api.mypurecloud.de"),
            ("GENESYS_REGION", "login.mypurecloud.de"),
            ("GENESYS_ENVIRONMENT", "mypurecloud.de"),
            ("GENESYS_ENVIRONMENT", "https://api.mypurecloud.de"),
            ("GENESYS_BASE_URL", "https://api.mypurecloud.de/"),
            ("GENESYS_BASE_URL", "https://login.mypurecloud.de"),
        ] {
            let settings = read(&[(name, text)]).unwrap();
            assert_eq!(settings.region, Some(Region::EuCentral1), "{name}={text}");
            assert_eq!(
                settings.hosts,
                Hosts::from(Region::EuCentral1),
                "{name}={text}"
            );
            assert!(!settings.region_assumed);
        }
        let settings = read(&[("GENESYS_ENVIRONMENT", "http://127.0.0.1:8090")]).unwrap();
        assert_eq!(settings.hosts.login().as_str(), "http://127.0.0.1:8090/");
        assert_eq!(settings.region, None);
    }

    #[test]
    fn two_names_of_one_region_agree_and_two_regions_contradict() {
        let agreed = [
            ("GENESYS_REGION", "eu-west-1"),
            ("GENESYS_ENVIRONMENT", "https://api.mypurecloud.ie"),
        ];
        assert_eq!(read(&agreed).unwrap().region, Some(Region::EuWest1));
        let text = refused(&[
            ("GENESYS_REGION", "eu-west-1"),
            ("GENESYS_ENVIRONMENT", "mypurecloud.com"),
        ]);
        assert!(
            text.contains("GENESYS_REGION and GENESYS_ENVIRONMENT name different"),
            "{text}"
        );
        let text = refused(&[
            ("GENESYS_REGION", "eu-west-1"),
            ("GENESYS_BASE_URL", "https://api.mypurecloud.de"),
        ]);
        assert!(
            text.contains("GENESYS_BASE_URL name different regions: eu-west-1 and eu-central-1"),
            "{text}"
        );
        let text = refused(&[("GENESYS_LOGIN_URL", "https://login.mypurecloud.de")]);
        assert!(
            text.contains("GENESYS_LOGIN_URL is of region eu-central-1"),
            "{text}"
        );
    }

    #[test]
    fn urls_override_the_hosts_of_a_region() {
        let settings = read(&[
            ("GENESYS_REGION", "eu-west-1"),
            ("GENESYS_BASE_URL", "https://gw.example.com/g"),
        ])
        .unwrap();
        // The credentials go where the calls go, not to the real cloud behind a test's back.
        assert_eq!(settings.hosts.login().as_str(), "https://gw.example.com/g/");
        assert_eq!(settings.region, None);
        let settings = read(&[
            ("GENESYS_REGION", "eu-west-1"),
            ("GENESYS_LOGIN_URL", "https://sso.example.com"),
        ])
        .unwrap();
        assert_eq!(settings.hosts.api().as_str(), "https://api.mypurecloud.ie/");
        assert_eq!(settings.hosts.login().as_str(), "https://sso.example.com/");
        assert_eq!(settings.region, Some(Region::EuWest1));
        let settings = read(&[("GENESYS_LOGIN_URL", "https://api.example.com/login")]).unwrap();
        assert_eq!(
            settings.hosts.login().as_str(),
            "https://api.example.com/login/"
        );
    }
}
