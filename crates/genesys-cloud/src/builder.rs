//! How a [`GenesysCloud`] is put together.

use std::sync::Arc;
use std::time::Duration;

use genesys_auth::{ClientCredentials, OAuth, Settings, TokenCache};
use genesys_core::audit::AuditSink;
use genesys_core::observe::Observer;
use genesys_core::transport::ReqwestTransport;
use genesys_core::{Client, Error, ErrorKind, Hosts, Profile, Result, TokenSource, Transport};
use genesys_telemetry::Metrics;
use resilience::RetryPolicy;

use crate::cloud::{GenesysCloud, Inner, Origin};

/// Builds a [`GenesysCloud`].
#[derive(Debug, Default)]
#[must_use]
pub struct GenesysCloudBuilder {
    env: bool,
    credentials: Option<ClientCredentials>,
    tokens: Option<Arc<dyn TokenSource>>,
    hosts: Option<Hosts>,
    profile: Option<Profile>,
    transport: Option<Arc<dyn Transport>>,
    observers: Vec<Arc<dyn Observer>>,
    audit: Option<Arc<dyn AuditSink>>,
    retry: Option<RetryPolicy>,
    total_timeout: Option<Duration>,
    attempt_timeout: Option<Duration>,
    user_agent: Option<String>,
}

/// What settings and setters come to.
struct Chosen {
    credentials: Option<ClientCredentials>,
    hosts: Hosts,
    profile: Option<Profile>,
    origin: Origin,
}

impl GenesysCloudBuilder {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Reads the environment when it is built. What is set by hand wins.
    pub fn with_env(mut self) -> Self {
        self.env = true;
        self
    }

    /// Sets the OAuth client.
    pub fn with_credentials(mut self, credentials: ClientCredentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Takes tokens from here instead of the login host.
    pub fn with_token_source(mut self, source: Arc<dyn TokenSource>) -> Self {
        self.tokens = Some(source);
        self
    }

    /// Sets the region, or other hosts.
    pub fn with_hosts(mut self, hosts: impl Into<Hosts>) -> Self {
        self.hosts = Some(hosts.into());
        self
    }

    /// Sets the wire form. Default: `guide` on the embedded sandbox, `platform` with credentials.
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.profile = Some(profile);
        self
    }

    /// Sets the transport for API and login. Default: reqwest.
    pub fn with_transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Adds a listener.
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observers.push(observer);
        self
    }

    /// Sets the audit trail. Default: none is kept.
    pub fn with_audit(mut self, sink: Arc<dyn AuditSink>) -> Self {
        self.audit = Some(sink);
        self
    }

    /// Sets the retry policy of all calls.
    pub fn with_retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// Sets the limit of a whole call. Default 120 s.
    pub fn with_total_timeout(mut self, limit: Duration) -> Self {
        self.total_timeout = Some(limit);
        self
    }

    /// Sets the limit of one attempt. Default 30 s.
    pub fn with_attempt_timeout(mut self, limit: Duration) -> Self {
        self.attempt_timeout = Some(limit);
        self
    }

    /// Names the application in `User-Agent`.
    pub fn with_user_agent(mut self, application: impl Into<String>) -> Self {
        self.user_agent = Some(application.into());
        self
    }

    /// Makes it, for the real cloud.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config) with every problem at once; missing credentials are one.
    pub fn build(self) -> Result<GenesysCloud> {
        let chosen = self.choose()?;
        if chosen.credentials.is_none() && self.tokens.is_none() {
            return Err(Error::new(
                ErrorKind::Config,
                "no credentials: set GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET",
            ));
        }
        self.assemble(
            chosen,
            #[cfg(feature = "sandbox")]
            None,
        )
    }

    /// Makes it, on the embedded sandbox when there are no credentials.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build) but for missing credentials; [`Io`](ErrorKind::Io) when the sandbox cannot listen.
    #[cfg(feature = "sandbox")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sandbox")))]
    pub async fn build_or_sandbox(self) -> Result<GenesysCloud> {
        let chosen = self.choose()?;
        if chosen.credentials.is_some() || self.tokens.is_some() {
            return self.assemble(chosen, None);
        }
        let sandbox = genesys_sandbox::Sandbox::start().await.map_err(|error| {
            Error::new(ErrorKind::Io, "the embedded sandbox does not start").with_source(error)
        })?;
        self.embed(chosen.profile, sandbox)
    }

    /// Makes it on a sandbox that the caller has set up, with the sandbox's own credentials.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build) but for missing credentials.
    #[cfg(feature = "sandbox")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sandbox")))]
    pub fn build_on(self, sandbox: genesys_sandbox::Sandbox) -> Result<GenesysCloud> {
        let profile = self.choose()?.profile;
        self.embed(profile, sandbox)
    }

    #[cfg(feature = "sandbox")]
    fn embed(
        self,
        profile: Option<Profile>,
        sandbox: genesys_sandbox::Sandbox,
    ) -> Result<GenesysCloud> {
        let chosen = Chosen {
            credentials: Some(ClientCredentials::new(
                genesys_sandbox::CLIENT_ID,
                genesys_sandbox::CLIENT_SECRET,
            )?),
            hosts: Hosts::new(&sandbox.api_url(), &sandbox.login_url())?,
            profile: Some(profile.unwrap_or(Profile::Guide)),
            origin: Origin::Sandbox,
        };
        sandbox.set_profile(match chosen.profile {
            Some(Profile::Platform) => genesys_sandbox::Profile::Platform,
            _ => genesys_sandbox::Profile::Guide,
        });
        self.assemble(chosen, Some(sandbox))
    }

    fn choose(&self) -> Result<Chosen> {
        let settings = if self.env {
            Some(Settings::from_env()?)
        } else {
            None
        };
        let by_hand = self.hosts.clone().map(|hosts| (hosts, Origin::BaseUrl));
        let by_env = settings.as_ref().map(|settings| {
            let origin = match settings.region {
                Some(region) => Origin::Region {
                    region,
                    assumed: settings.region_assumed,
                },
                None => Origin::BaseUrl,
            };
            (settings.hosts.clone(), origin)
        });
        let (hosts, origin) = by_hand.or(by_env).unwrap_or_else(|| {
            let region = genesys_core::Region::default();
            (
                Hosts::from(region),
                Origin::Region {
                    region,
                    assumed: true,
                },
            )
        });
        Ok(Chosen {
            credentials: self.credentials.clone().or_else(|| {
                settings
                    .as_ref()
                    .and_then(|settings| settings.credentials.clone())
            }),
            hosts,
            profile: self
                .profile
                .or_else(|| settings.as_ref().and_then(|settings| settings.profile)),
            origin,
        })
    }

    fn assemble(
        self,
        chosen: Chosen,
        #[cfg(feature = "sandbox")] sandbox: Option<genesys_sandbox::Sandbox>,
    ) -> Result<GenesysCloud> {
        let metrics = Metrics::new();
        let transport = match self.transport {
            Some(transport) => transport,
            None => Arc::new(ReqwestTransport::builder().build()?),
        };
        let actor = chosen
            .credentials
            .as_ref()
            .map_or("unknown", ClientCredentials::id)
            .to_owned();
        let mut client = Client::builder(chosen.hosts.clone())
            .with_transport(Arc::clone(&transport))
            .with_observer(Arc::new(metrics.clone()));
        for observer in &self.observers {
            client = client.with_observer(Arc::clone(observer));
        }
        client = match (self.tokens, chosen.credentials) {
            (Some(tokens), _) => client.with_shared_token_source(tokens),
            (None, Some(credentials)) => {
                let mut observers =
                    genesys_core::observe::Observers::new().with(Arc::new(metrics.clone()));
                for observer in self.observers {
                    observers = observers.with(observer);
                }
                let oauth = OAuth::builder(chosen.hosts, credentials)
                    .with_transport(transport)
                    .with_observer(Arc::new(observers))
                    .build()?;
                client.with_token_source(TokenCache::new(oauth))
            }
            (None, None) => client,
        };
        if let Some(sink) = self.audit {
            client = client.with_audit(sink, actor);
        }
        if let Some(policy) = self.retry {
            client = client.with_retry(policy);
        }
        if let Some(limit) = self.total_timeout {
            client = client.with_total_timeout(limit);
        }
        if let Some(limit) = self.attempt_timeout {
            client = client.with_attempt_timeout(limit);
        }
        if let Some(application) = self.user_agent {
            client = client.with_user_agent(application);
        }
        let client = client.build()?;
        let profile = chosen.profile.unwrap_or(Profile::Platform);
        Ok(GenesysCloud {
            inner: Arc::new(Inner {
                integrations: genesys_integrations::for_profile(profile, client.clone()),
                widgets: genesys_integrations::widgets::for_profile(profile, client.clone()),
                webhooks: genesys_webhooks::for_profile(profile, &client),
                event_routes: genesys_routing::for_profile(profile, &client),
                profile,
                origin: chosen.origin,
                client,
                metrics,
                #[cfg(feature = "sandbox")]
                sandbox,
            }),
        })
    }
}
