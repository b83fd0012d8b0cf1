//! OAuth clients: who may ask for a token, and what its tokens may do.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

/// The id of the client that every sandbox knows unless others are set.
pub const CLIENT_ID: &str = "sandbox-client";
/// Its secret. Fixed, documented and worthless outside the sandbox.
pub const CLIENT_SECRET: &str = "sandbox-secret";

/// An OAuth client with the permissions of its roles.
///
/// A permission is `domain:entity:action`; a pattern may end in `*`. A new client has all of them.
///
/// ```
/// use genesys_sandbox::OauthClient;
///
/// let reader = OauthClient::new("reader", "its secret").with_permissions(["integrations:integration:view"]);
/// assert!(reader.may("integrations:integration:view"));
/// assert!(!reader.may("integrations:integration:add"));
/// ```
#[derive(Debug, Clone)]
pub struct OauthClient {
    pub(crate) id: String,
    secret: SecretString,
    permissions: Vec<String>,
}

impl OauthClient {
    /// A client with every permission.
    #[must_use]
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            secret: SecretString::from(secret.into()),
            permissions: vec!["*".into()],
        }
    }

    /// Replaces the permissions.
    #[must_use]
    pub fn with_permissions<P: Into<String>>(
        mut self,
        permissions: impl IntoIterator<Item = P>,
    ) -> Self {
        self.permissions = permissions.into_iter().map(Into::into).collect();
        self
    }

    /// True when the roles of this client hold the permission.
    #[must_use]
    pub fn may(&self, permission: &str) -> bool {
        self.permissions
            .iter()
            .any(|pattern| match pattern.strip_suffix('*') {
                Some(prefix) => permission.starts_with(prefix),
                None => pattern == permission,
            })
    }

    fn has_secret(&self, secret: &str) -> bool {
        self.secret
            .expose_secret()
            .as_bytes()
            .ct_eq(secret.as_bytes())
            .into()
    }
}

/// The clients of the organisation.
#[derive(Debug)]
pub(crate) struct Clients(Mutex<BTreeMap<String, OauthClient>>);

impl Clients {
    pub(crate) fn new(clients: Vec<OauthClient>) -> Self {
        Self(Mutex::new(
            clients
                .into_iter()
                .map(|client| (client.id.clone(), client))
                .collect(),
        ))
    }

    /// True when a client with this id has this secret.
    pub(crate) fn authenticate(&self, id: &str, secret: &str) -> bool {
        self.lock()
            .get(id)
            .is_some_and(|client| client.has_secret(secret))
    }

    pub(crate) fn may(&self, id: &str, permission: &str) -> bool {
        self.lock()
            .get(id)
            .is_some_and(|client| client.may(permission))
    }

    /// Replaces a client, or adds it.
    pub(crate) fn put(&self, client: OauthClient) {
        self.lock().insert(client.id.clone(), client);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, OauthClient>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
