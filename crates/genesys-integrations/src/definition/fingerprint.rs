//! A digest by which a definition is known again.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Authentication, DataMapping, IntegrationDefinition};

/// A digest of a definition: SHA-256 over everything but its secrets, as 64 hexadecimal digits.
///
/// A password is left out on purpose, because a digest of it would let it be guessed. Two definitions that differ in
/// their password alone are therefore equal here.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

#[derive(Serialize)]
struct Canonical<'a> {
    name: &'a str,
    endpoint: &'a str,
    kind: &'a str,
    username: &'a str,
    mapping: &'a [DataMapping],
}

impl Fingerprint {
    pub(super) fn of(definition: &IntegrationDefinition) -> Self {
        let Authentication::Basic { username, .. } = &definition.authentication;
        let canonical = Canonical {
            name: &definition.name,
            endpoint: definition.endpoint.as_str(),
            kind: definition.authentication.kind(),
            username,
            mapping: &definition.mapping,
        };
        // Strings and lists of strings always have a JSON form.
        Self::of_bytes(&serde_json::to_vec(&canonical).unwrap_or_default())
    }

    /// The digest of a canonical form that holds no secret.
    pub(crate) fn of_bytes(canonical: &[u8]) -> Self {
        let digest = Sha256::digest(canonical);
        Self(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(password: &str, target: &str) -> IntegrationDefinition {
        IntegrationDefinition::builder(
            "CRM",
            "https://a.example",
            Authentication::basic("u", password.into()),
        )
        .with_mapping(DataMapping::direct("caseId", target))
        .build()
        .unwrap()
    }

    #[test]
    fn it_is_stable_and_knows_no_password() {
        // errata ALL-16, ALL-31
        let one = definition("one", "a").fingerprint();
        assert_eq!(one, definition("two", "a").fingerprint());
        assert_ne!(one, definition("one", "b").fingerprint());
        assert_eq!(
            one.as_str(),
            "7efcedabf0a9bbb0a8a030a9917b7f9cdd043a424832b8426fe3e312132b647b"
        );
    }
}
