//! The id and the secret of an OAuth client.

use std::fmt;

use genesys_core::{Error, ErrorKind};
use secrecy::{ExposeSecret, SecretString};

use crate::settings::Settings;

/// The id and the secret of an OAuth client with the grant *client credentials*.
///
/// Such a client has no scopes and no refresh token: the roles that are granted to it decide what its tokens may do.
/// The secret is wiped when the last copy is dropped and is printed by nothing.
///
/// ```
/// use genesys_auth::ClientCredentials;
///
/// let credentials = ClientCredentials::new("client-id", "p&ss+w=rd%")?;
/// assert_eq!(format!("{credentials:?}"), r#"ClientCredentials { id: "client-id", .. }"#);
/// assert!(ClientCredentials::new("client-id", "").is_err());
/// # Ok::<(), genesys_core::Error>(())
/// ```
#[derive(Clone)]
pub struct ClientCredentials {
    id: String,
    secret: SecretString,
}

impl ClientCredentials {
    /// Takes an id and its secret.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] with every problem: an id or a secret that is empty or blank or holds control characters
    /// (a line end left over from a file is the usual one), an id with a colon, which HTTP Basic cannot carry.
    pub fn new(id: impl Into<String>, secret: impl Into<SecretString>) -> Result<Self, Error> {
        let (id, secret) = (id.into(), secret.into());
        let mut problems = Vec::new();
        for (what, text) in [
            ("client id", id.as_str()),
            ("client secret", secret.expose_secret()),
        ] {
            if text.trim().is_empty() {
                problems.push(format!("the {what} is empty"));
            } else if text.contains(char::is_control) {
                problems.push(format!("the {what} holds control characters"));
            }
        }
        if id.contains(':') {
            problems.push("the client id holds a colon".to_owned());
        }
        if problems.is_empty() {
            Ok(Self { id, secret })
        } else {
            Err(Error::new(ErrorKind::Config, problems.join("; ")))
        }
    }

    /// Reads `GENESYS_CLIENT_ID` and `GENESYS_CLIENT_SECRET`, or the names that the vendor's other tools use,
    /// `GENESYSCLOUD_OAUTHCLIENT_ID` and `GENESYSCLOUD_OAUTHCLIENT_SECRET`.
    ///
    /// [`Settings::from_env`] reads the region and the hosts as well.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] with every problem: a variable that is not set, is empty or contradicts its other name,
    /// and what [`new`](Self::new) refuses.
    pub fn from_env() -> Result<Self, Error> {
        Settings::credentials_from_env()?.ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                "GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET are not set",
            )
        })
    }

    /// The id. It is no secret: audit lines name it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The secret.
    pub fn secret(&self) -> &SecretString {
        &self.secret
    }
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentials")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_reported_at_once() {
        // errata ALL-28
        let text = ClientCredentials::new(" ", "\t").unwrap_err().to_string();
        assert!(
            text.contains("client id is empty") && text.contains("client secret is empty"),
            "{text}"
        );
        let text = ClientCredentials::new("a:b", "s3cr3t\n")
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("colon") && text.contains("control characters"),
            "{text}"
        );
        assert!(!text.contains("s3cr3t"), "{text}");
    }

    #[test]
    fn nothing_prints_the_secret() {
        // errata ALL-16, INT-11
        let credentials = ClientCredentials::new("id", "s3cr3t").unwrap();
        let shown = format!(
            "{credentials:?} {credentials:#?} {:?}",
            credentials.secret()
        );
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }
}
