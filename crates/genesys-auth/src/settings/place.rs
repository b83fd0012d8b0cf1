//! Which cloud a variable names.

use genesys_core::env::Reader;
use genesys_core::{Hosts, Region};
use url::Url;

const PLACE: [&str; 3] = [
    "GENESYS_REGION",
    "GENESYS_ENVIRONMENT",
    "GENESYSCLOUD_REGION",
];

/// Where to go, as one variable names it.
pub(super) struct Place {
    pub(super) hosts: Hosts,
    pub(super) region: Option<Region>,
}

impl Place {
    /// The login base that it names when it stands for one: a region's login host, or a URL as it is.
    pub(super) fn as_login(&self) -> &Url {
        match self.region {
            Some(_) => self.hosts.login(),
            None => self.hosts.api(),
        }
    }
}

impl From<Region> for Place {
    fn from(region: Region) -> Self {
        Self {
            hosts: Hosts::from(region),
            region: Some(region),
        }
    }
}

/// The region, or the host, that the place variables agree on, with the name of the first one.
pub(super) fn place(reader: &mut Reader<'_>) -> Option<(&'static str, Place)> {
    let mut found: Option<(&'static str, Place)> = None;
    for name in PLACE {
        let Some(text) = reader.text(name) else {
            continue;
        };
        let next = if text.contains("://") {
            url(reader, name, &text)
        } else {
            match text.parse::<Region>() {
                Ok(region) => Some(Place::from(region)),
                Err(error) => {
                    reader.problem(format!("{name}: {error}"));
                    None
                }
            }
        };
        match (&found, next) {
            (Some((first, place)), Some(next)) if place.hosts != next.hosts => {
                reader.problem(format!(
                    "{first} and {name} name different regions or hosts"
                ));
            }
            (None, Some(next)) => found = Some((name, next)),
            _ => {}
        }
    }
    found
}

/// A URL. Any URL of a region's hosts stands for the region: who writes `https://login.…` as the API host means the
/// region and not the login host.
pub(super) fn url(reader: &mut Reader<'_>, name: &str, text: &str) -> Option<Place> {
    if let Ok(region) = text.parse::<Region>() {
        return Some(Place::from(region));
    }
    match Hosts::from_base(text) {
        Ok(hosts) => Some(Place {
            hosts,
            region: None,
        }),
        Err(error) => {
            reader.problem(format!("{name}: {error}"));
            None
        }
    }
}
