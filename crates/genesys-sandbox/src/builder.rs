//! Settings of a sandbox.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

#[cfg(feature = "platform")]
use crate::activation::Activation;
use crate::clients::{CLIENT_ID, CLIENT_SECRET, OauthClient};
use crate::cloud::Profile;
use crate::error::{SandboxError, SandboxErrorKind};
use crate::organisation::Organisation;
use crate::sandbox::Sandbox;

/// The checked settings.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) listen: SocketAddr,
    pub(crate) login_listen: SocketAddr,
    pub(crate) resource_listen: SocketAddr,
    pub(crate) token_life: Duration,
    pub(crate) token_grants: (u64, Duration),
    pub(crate) quota: (u64, Duration),
    pub(crate) profile: Profile,
    pub(crate) clients: Vec<OauthClient>,
    pub(crate) organisation: Organisation,
    #[cfg(feature = "platform")]
    pub(crate) activation: Activation,
}

/// Sets up a [`Sandbox`]. Every setting has a default; the ones that can change later say so.
///
/// ```
/// # async fn example() -> Result<(), genesys_sandbox::SandboxError> {
/// use std::time::Duration;
/// use genesys_sandbox::{OauthClient, Sandbox};
///
/// let sandbox = Sandbox::builder()
///     .with_seed(7)
///     .with_quota(10, Duration::from_secs(2))
///     .with_client(OauthClient::new("reader", "r").with_permissions(["integrations:integration:view"]))
///     .start()
///     .await?;
/// # sandbox.shutdown().await; Ok(()) }
/// ```
#[derive(Debug)]
#[must_use]
pub struct SandboxBuilder {
    settings: Settings,
}

impl Default for SandboxBuilder {
    fn default() -> Self {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let minute = Duration::from_secs(60);
        Self {
            settings: Settings {
                seed: 0,
                listen: any,
                login_listen: any,
                resource_listen: any,
                token_life: Duration::from_secs(86_400),
                token_grants: (300, minute),
                quota: (300, minute),
                profile: Profile::default(),
                clients: vec![OauthClient::new(CLIENT_ID, CLIENT_SECRET)],
                organisation: Organisation::default(),
                #[cfg(feature = "platform")]
                activation: Activation::default(),
            },
        }
    }
}

impl SandboxBuilder {
    /// The seed of ids, tokens, correlation ids and of faults with a probability. Default 0.
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// The address of the API host; loopback only. Default a free port on `127.0.0.1`.
    pub fn with_listen(mut self, address: SocketAddr) -> Self {
        self.settings.listen = address;
        self
    }

    /// The address of the login host; loopback only. Default a free port on `127.0.0.1`.
    pub fn with_login_listen(mut self, address: SocketAddr) -> Self {
        self.settings.login_listen = address;
        self
    }

    /// The address of the [`ResourceServer`](crate::ResourceServer); loopback only. Default a free port on `127.0.0.1`.
    pub fn with_resource_listen(mut self, address: SocketAddr) -> Self {
        self.settings.resource_listen = address;
        self
    }

    /// How long tokens live. Default 24 hours, as on the platform. `expires_in` has whole seconds, rounded down.
    pub fn with_token_life(mut self, life: Duration) -> Self {
        self.settings.token_life = life;
        self
    }

    /// How many token requests a client may make in a window; beyond it the login host answers as the platform does,
    /// with 400 and a description that starts with `rate limit exceeded;`. Default 300 in 60 s.
    pub fn with_token_grant_limit(mut self, allowed: u64, window: Duration) -> Self {
        self.settings.token_grants = (allowed, window);
        self
    }

    /// How many API requests a token may make in a window. Default 300 in 60 s. Can change later:
    /// [`Sandbox::set_quota`].
    pub fn with_quota(mut self, allowed: u64, window: Duration) -> Self {
        self.settings.quota = (allowed, window);
        self
    }

    /// The profile whose shapes lists return. Default [`Profile::Guide`]. Can change later: [`Sandbox::set_profile`].
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.settings.profile = profile;
        self
    }

    /// Adds a client, or replaces the one with its id. The default client is
    /// [`CLIENT_ID`](crate::CLIENT_ID) / [`CLIENT_SECRET`](crate::CLIENT_SECRET) with every permission.
    pub fn with_client(mut self, client: OauthClient) -> Self {
        self.settings.clients.retain(|known| known.id != client.id);
        self.settings.clients.push(client);
        self
    }

    /// What the organisation holds from the start. Default its home division. Can be replaced later:
    /// [`Sandbox::set_organisation`].
    pub fn with_organisation(mut self, organisation: Organisation) -> Self {
        self.settings.organisation = organisation;
        self
    }

    /// How long platform integrations take to reach an intended state. Default one poll.
    #[cfg(feature = "platform")]
    pub fn with_activation(mut self, activation: Activation) -> Self {
        self.settings.activation = activation;
        self
    }

    /// Opens the listeners and serves until the sandbox is shut down or dropped.
    ///
    /// # Errors
    /// [`SandboxErrorKind::Settings`] names every setting that makes no sense; [`SandboxErrorKind::Listen`] says that
    /// an address is taken or not ours.
    pub async fn start(self) -> Result<Sandbox, SandboxError> {
        self.check()?;
        Sandbox::open(self.settings).await
    }

    fn check(&self) -> Result<(), SandboxError> {
        let settings = &self.settings;
        let mut problems = Vec::new();
        for (name, (allowed, window)) in [
            ("quota", settings.quota),
            ("token grant limit", settings.token_grants),
        ] {
            if allowed == 0 {
                problems.push(format!("the {name} is zero"));
            }
            if window.is_zero() {
                problems.push(format!("the window of the {name} is zero"));
            }
        }
        if settings.token_life.is_zero() || settings.token_life > Duration::from_secs(172_800) {
            problems.push("the token life is not between zero and 172800 s".into());
        }
        if settings
            .clients
            .iter()
            .any(|client| client.id.is_empty() || client.id.contains(':'))
        {
            problems.push("a client id is empty or holds a colon".into());
        }
        problems.extend(settings.organisation.problems());
        if problems.is_empty() {
            return Ok(());
        }
        Err(SandboxError::new(
            SandboxErrorKind::Settings,
            problems.join("; "),
        ))
    }
}
