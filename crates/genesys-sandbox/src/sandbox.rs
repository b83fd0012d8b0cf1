//! A running sandbox and what can be asked of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;

#[cfg(feature = "platform")]
use crate::activation::Activations;
use crate::builder::{SandboxBuilder, Settings};
use crate::clients::OauthClient;
use crate::cloud::{Cloud, Profile};
use crate::delivery::{Delivery, deliveries};
use crate::entry::{Counts, Host, LedgerEntry};
use crate::error::{SandboxError, SandboxErrorKind};
use crate::external::ExternalSystems;
use crate::faults::Faults;
use crate::organisation::Organisation;
#[cfg(feature = "platform")]
use crate::platform::flows::Flows;
use crate::resources::ResourceServer;
use crate::{gate, routes, server, snapshot};

/// The embedded cloud, running. Dropping it stops it at once; [`shutdown`](Self::shutdown) lets requests finish.
///
/// See the [crate documentation](crate) for a story that runs.
#[derive(Debug)]
pub struct Sandbox {
    cloud: Arc<Cloud>,
    api: SocketAddr,
    login: SocketAddr,
    resources: ResourceServer,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

/// What the organisation holds, as the API would show it, each kind in the order of creation. Holds no secret.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Snapshot {
    /// Integrations of every shape.
    pub integrations: Vec<Value>,
    /// Webhook registrations.
    pub webhooks: Vec<Value>,
    /// Outbound integrations.
    pub outbound_integrations: Vec<Value>,
    /// REST nodes of the guide profile.
    pub nodes: Vec<Value>,
    /// Credentials, without their fields.
    pub credentials: Vec<Value>,
    /// Published actions, without those that are built into an integration.
    pub actions: Vec<Value>,
    /// Drafts of actions.
    pub drafts: Vec<Value>,
    /// Process-automation triggers.
    pub triggers: Vec<Value>,
}

impl Snapshot {
    /// True when nothing is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        [
            &self.integrations,
            &self.webhooks,
            &self.outbound_integrations,
            &self.nodes,
            &self.credentials,
            &self.actions,
            &self.drafts,
            &self.triggers,
        ]
        .iter()
        .all(|kind| kind.is_empty())
    }
}

impl Sandbox {
    /// Starts a sandbox with every default on free ports of `127.0.0.1`.
    ///
    /// # Errors
    /// As [`SandboxBuilder::start`].
    pub async fn start() -> Result<Self, SandboxError> {
        Self::builder().start().await
    }

    /// Sets one up.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    pub(crate) async fn open(settings: Settings) -> Result<Self, SandboxError> {
        let (api_listener, api) = server::listen(settings.listen).await?;
        let (login_listener, login) = server::listen(settings.login_listen).await?;
        let resources = ResourceServer::open(settings.resource_listen, settings.seed).await?;
        let (stop, stopped) = watch::channel(false);
        let (deliveries, courier) = deliveries();
        let cloud = Arc::new(Cloud::new(
            settings,
            deliveries,
            resources.handle(),
            stopped.clone(),
        ));
        let api_router = routes::api(Arc::clone(&cloud));
        let login_router = routes::login(Arc::clone(&cloud));
        let tasks = vec![
            tokio::spawn(server::serve(
                api_listener,
                stopped.clone(),
                gate::service(Arc::clone(&cloud), Host::Api, api_router),
            )),
            tokio::spawn(server::serve(
                login_listener,
                stopped.clone(),
                gate::service(Arc::clone(&cloud), Host::Login, login_router),
            )),
            tokio::spawn(courier.run(stopped)),
        ];
        Ok(Self {
            cloud,
            api,
            login,
            resources,
            stop,
            tasks,
        })
    }

    /// The base URL of the API host, such as `http://127.0.0.1:40123`. It serves `/oauth/token` too.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://{}", self.api)
    }

    /// The base URL of the login host.
    #[must_use]
    pub fn login_url(&self) -> String {
        format!("http://{}", self.login)
    }

    /// The address of the API host.
    #[must_use]
    pub fn api_address(&self) -> SocketAddr {
        self.api
    }

    /// The address of the login host.
    #[must_use]
    pub fn login_address(&self) -> SocketAddr {
        self.login
    }

    /// The rules for what goes wrong.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.cloud.faults
    }

    /// The scripted external systems behind integrations and actions.
    #[must_use]
    pub fn external(&self) -> &ExternalSystems {
        &self.cloud.external
    }

    /// The external system that nodes and actions can really call, on a listener of its own.
    #[must_use]
    pub fn resources(&self) -> &ResourceServer {
        &self.resources
    }

    /// How platform integrations reach their states.
    #[cfg(feature = "platform")]
    #[must_use]
    pub fn activations(&self) -> &Activations {
        &self.cloud.activations
    }

    /// The flows that triggers can start.
    #[cfg(feature = "platform")]
    #[must_use]
    pub fn flows(&self) -> &Flows {
        &self.cloud.flows
    }

    /// The requests so far, oldest first; at most [`LEDGER_CAPACITY`](crate::LEDGER_CAPACITY).
    #[must_use]
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        self.cloud.ledger.entries()
    }

    /// Totals of requests, answers, faults and effects.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.cloud.ledger.counts()
    }

    /// Forgets the ledger's entries and counters. What is stored stays.
    pub fn clear_ledger(&self) {
        self.cloud.ledger.clear();
    }

    /// What was made by way of integrations and automation and is there now. Queues and whatever else the organisation was
    /// seeded with are no part of it.
    #[must_use]
    pub fn state(&self) -> Snapshot {
        snapshot::take(&self.cloud)
    }

    /// Ends every token at once, as a revocation does, and says how many lived. Their next use is a 401.
    pub fn expire_tokens(&self) -> usize {
        self.cloud.expire_tokens()
    }

    /// The life of the tokens granted from now on.
    pub fn set_token_life(&self, life: Duration) {
        self.cloud.tokens.set_life(life);
    }

    /// Changes the quota and opens fresh windows.
    pub fn set_quota(&self, allowed: u64, window: Duration) {
        self.cloud.set_quota(allowed, window);
    }

    /// Changes the limit of token requests and opens fresh windows.
    pub fn set_token_grant_limit(&self, allowed: u64, window: Duration) {
        self.cloud.grants.set(allowed, window);
    }

    /// Switches the shapes that lists return.
    pub fn set_profile(&self, profile: Profile) {
        self.cloud.set_profile(profile);
    }

    /// Replaces everything that the organisation was seeded with, and the queues that were created since.
    ///
    /// # Errors
    /// [`SandboxErrorKind::Settings`] names everything that makes no sense of it, and nothing is replaced.
    pub fn set_organisation(&self, organisation: Organisation) -> Result<(), SandboxError> {
        let problems = organisation.problems();
        if problems.is_empty() {
            self.cloud.set_organisation(organisation);
            return Ok(());
        }
        Err(SandboxError::new(
            SandboxErrorKind::Settings,
            problems.join("; "),
        ))
    }

    /// Adds a client, or replaces the one with its id; its tokens have the new permissions at once.
    pub fn put_client(&self, client: OauthClient) {
        self.cloud.clients.put(client);
    }

    /// The deliveries so far, oldest first; at most [`DELIVERY_LOG_CAPACITY`](crate::DELIVERY_LOG_CAPACITY).
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.cloud.deliveries.entries()
    }

    /// Waits until a delivery that matches has ended; one that ended before counts too.
    ///
    /// # Errors
    /// [`SandboxErrorKind::Timeout`](crate::SandboxErrorKind::Timeout) when there is none within `timeout`.
    pub async fn wait_for_delivery(
        &self,
        matches: impl FnMut(&Delivery) -> bool,
        timeout: Duration,
    ) -> Result<Delivery, SandboxError> {
        self.cloud.deliveries.wait(matches, timeout).await
    }

    /// Takes no more requests, lets the ones under way finish for up to 5 s, and stops.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        for task in std::mem::take(&mut self.tasks) {
            // A task that was cancelled or panicked has stopped, which is all that is wanted here.
            let _ = task.await;
        }
        self.resources.close().await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
