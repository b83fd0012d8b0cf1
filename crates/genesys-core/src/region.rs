//! The regions of Genesys Cloud and the two hosts of each.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};

/// One row a region: variant, AWS name, domain.
macro_rules! regions {
    ($($(#[$doc:meta])* $variant:ident, $aws:literal, $domain:literal;)*) => {
        /// A Genesys Cloud region.
        ///
        /// A region gives the API host `api.<domain>` and the login host `login.<domain>`, which are never
        /// the same machine: token requests belong on the login host only.
        ///
        /// ```
        /// use genesys_core::Region;
        ///
        /// let region: Region = "eu-central-1".parse()?;
        /// assert_eq!(region.api_host(), "api.mypurecloud.de");
        /// assert_eq!(region, "https://api.mypurecloud.de".parse()?);
        /// assert!("eu-north-9".parse::<Region>().is_err());
        /// # Ok::<(), genesys_core::Error>(())
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
        #[non_exhaustive]
        pub enum Region {
            $($(#[$doc])* $variant,)*
        }

        impl Region {
            /// Every region this version knows, in the order of the published list.
            pub const ALL: &'static [Region] = &[$(Region::$variant,)*];

            /// The AWS name, such as `us-east-1`.
            pub const fn aws_name(self) -> &'static str {
                match self { $(Region::$variant => $aws,)* }
            }

            /// The domain, such as `mypurecloud.com`.
            pub const fn domain(self) -> &'static str {
                match self { $(Region::$variant => $domain,)* }
            }
        }
    };
}

regions! {
    /// Americas (US East), the default.
    #[default]
    UsEast1, "us-east-1", "mypurecloud.com";
    /// Americas (US East 2), FedRAMP.
    UsEast2, "us-east-2", "use2.us-gov-pure.cloud";
    /// Americas (US West).
    UsWest2, "us-west-2", "usw2.pure.cloud";
    /// Americas (Canada).
    CaCentral1, "ca-central-1", "cac1.pure.cloud";
    /// Americas (São Paulo).
    SaEast1, "sa-east-1", "sae1.pure.cloud";
    /// Americas (Mexico).
    MxCentral1, "mx-central-1", "mxc1.pure.cloud";
    /// Europe (Ireland).
    EuWest1, "eu-west-1", "mypurecloud.ie";
    /// Europe (London).
    EuWest2, "eu-west-2", "euw2.pure.cloud";
    /// Europe (Frankfurt).
    EuCentral1, "eu-central-1", "mypurecloud.de";
    /// Asia Pacific (Mumbai).
    ApSouth1, "ap-south-1", "aps1.pure.cloud";
    /// Asia Pacific (Singapore).
    ApSoutheast1, "ap-southeast-1", "apse1.pure.cloud";
    /// Asia Pacific (Sydney).
    ApSoutheast2, "ap-southeast-2", "mypurecloud.com.au";
    /// Asia Pacific (Tokyo).
    ApNortheast1, "ap-northeast-1", "mypurecloud.jp";
    /// Asia Pacific (Seoul).
    ApNortheast2, "ap-northeast-2", "apne2.pure.cloud";
    /// Asia Pacific (Osaka).
    ApNortheast3, "ap-northeast-3", "apne3.pure.cloud";
    /// Middle East (UAE).
    MeCentral1, "me-central-1", "mec1.pure.cloud";
    /// Europe (Zurich).
    EuCentral2, "eu-central-2", "euc2.pure.cloud";
    /// Europe (sovereign cloud, Germany).
    EuscDeEast1, "eusc-de-east-1", "edee1.eusc-pure.cloud";
}

impl Region {
    /// The API host name, `api.<domain>`.
    pub fn api_host(self) -> String {
        format!("api.{}", self.domain())
    }

    /// The login host name, `login.<domain>`.
    pub fn login_host(self) -> String {
        format!("login.{}", self.domain())
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.aws_name())
    }
}

impl FromStr for Region {
    type Err = Error;

    /// Accepts the AWS name, the domain, one of the `api.`, `login.` and `apps.` hosts, or an https URL of one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for anything else; the message lists the known regions.
    fn from_str(text: &str) -> Result<Self, Error> {
        let wanted = text.trim().to_ascii_lowercase();
        let host = wanted.strip_prefix("https://").unwrap_or(&wanted);
        let host = host.strip_suffix('/').unwrap_or(host);
        let domain = ["api.", "login.", "apps."]
            .iter()
            .find_map(|prefix| host.strip_prefix(prefix))
            .unwrap_or(host);
        Region::ALL
            .iter()
            .copied()
            .find(|region| region.aws_name() == wanted || region.domain() == domain)
            .ok_or_else(|| {
                let known: Vec<String> = Region::ALL
                    .iter()
                    .map(|region| format!("{} ({})", region.aws_name(), region.domain()))
                    .collect();
                Error::new(
                    ErrorKind::Config,
                    format!("unknown region; known are {}", known.join(", ")),
                )
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_every_region_is_understood() {
        // errata ALL-01
        for &region in Region::ALL {
            for text in [
                region.aws_name().to_owned(),
                region.domain().to_owned(),
                region.api_host(),
                region.login_host(),
                format!("https://api.{}", region.domain()),
                format!(" HTTPS://API.{}/ ", region.domain().to_uppercase()),
            ] {
                assert_eq!(text.parse::<Region>().unwrap(), region, "{text}");
            }
            assert_ne!(region.api_host(), region.login_host());
        }
    }

    #[test]
    fn an_unknown_region_is_an_error_that_lists_the_known_ones() {
        // errata ALL-01
        for text in [
            "",
            "mars",
            "mypurecloud.com.evil.example",
            "http://api.mypurecloud.com",
            "https://api.mypurecloud.com/x",
        ] {
            let error = text.parse::<Region>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
            assert!(error.to_string().contains("eu-west-2 (euw2.pure.cloud)"));
        }
    }
}
