//! How an external system is told who calls.

use std::fmt;

use secrecy::SecretString;
use serde::{Serialize, Serializer};

/// How the external system knows us.
///
/// Its printed and its serialised form are the kind's name alone; `Debug` shows the user name and never the password.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Authentication {
    /// HTTP Basic.
    Basic {
        /// The user name; sent, stored and printed as it is.
        username: String,
        /// The password; sent once and printed by nothing.
        password: SecretString,
    },
}

impl Authentication {
    /// HTTP Basic with this user name and password.
    pub fn basic(username: impl Into<String>, password: SecretString) -> Self {
        Self::Basic {
            username: username.into(),
            password,
        }
    }

    /// The kind's name, such as `Basic`: the form in which audit lines and logs carry it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Basic { .. } => "Basic",
        }
    }
}

impl fmt::Display for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

impl Serialize for Authentication {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.kind())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_kind_is_printed_and_nothing_prints_the_password() {
        // errata INT-10, INT-11, ALL-16
        let authentication = Authentication::basic("crm_user", "hunter2-password".into());
        assert_eq!(authentication.to_string(), "Basic");
        assert_eq!(serde_json::to_string(&authentication).unwrap(), "\"Basic\"");
        let debug = format!("{authentication:?}");
        assert!(
            debug.contains("crm_user") && !debug.contains("hunter2"),
            "{debug}"
        );
    }
}
