//! The facade: one organisation, ready to use.

use std::fmt;
use std::sync::Arc;

use genesys_core::{Client, Hosts, Profile, Region, Result};
use genesys_integrations::{Integrations, Widgets};
use genesys_routing::EventRoutes;
use genesys_telemetry::{Metrics, MetricsSnapshot};
use genesys_webhooks::Webhooks;

use crate::builder::GenesysCloudBuilder;

/// What the cloud behind a [`GenesysCloud`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// A region of the real cloud. `assumed` when no setting named it.
    Region {
        /// The region.
        region: Region,
        /// True when it is the default and nobody asked for it.
        assumed: bool,
    },
    /// A base URL: a gateway, or a sandbox that runs as a program.
    BaseUrl,
    /// The embedded sandbox.
    Sandbox,
}

/// One organisation: a client, and the typed APIs on it. Cheap to clone; clones share everything.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use genesys_cloud::GenesysCloud;
///
/// let cloud = GenesysCloud::sandbox().await?;
/// assert!(cloud.integrations().find("nothing yet").await?.is_none());
/// # Ok::<(), genesys_cloud::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct GenesysCloud {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) profile: Profile,
    pub(crate) origin: Origin,
    pub(crate) client: Client,
    pub(crate) metrics: Metrics,
    pub(crate) integrations: Arc<dyn Integrations>,
    pub(crate) widgets: Arc<dyn Widgets>,
    pub(crate) webhooks: Arc<dyn Webhooks>,
    pub(crate) event_routes: Arc<dyn EventRoutes>,
    #[cfg(feature = "sandbox")]
    pub(crate) sandbox: Option<genesys_sandbox::Sandbox>,
}

impl GenesysCloud {
    /// Starts with everything set by hand.
    pub fn builder() -> GenesysCloudBuilder {
        GenesysCloudBuilder::new()
    }

    /// The real cloud, by the environment: `GENESYS_CLIENT_ID`, `GENESYS_CLIENT_SECRET`, `GENESYS_REGION` and the others of
    /// [`Settings`](genesys_auth::Settings). The profile is `platform` unless `GENESYS_API_PROFILE` says otherwise.
    ///
    /// # Errors
    ///
    /// [`Config`](genesys_core::ErrorKind::Config) with every problem at once; missing credentials are one.
    pub fn from_env() -> Result<Self> {
        Self::builder().with_env().build()
    }

    /// As [`from_env`](Self::from_env); the embedded sandbox when neither client id nor secret is set.
    ///
    /// # Errors
    ///
    /// [`Config`](genesys_core::ErrorKind::Config) with every problem at once, a client id without a secret among them;
    /// [`Io`](genesys_core::ErrorKind::Io) when the sandbox cannot listen.
    #[cfg(feature = "sandbox")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sandbox")))]
    pub async fn from_env_or_sandbox() -> Result<Self> {
        Self::builder().with_env().build_or_sandbox().await
    }

    /// The embedded sandbox with its defaults, in the guide profile.
    ///
    /// # Errors
    ///
    /// [`Io`](genesys_core::ErrorKind::Io) when it cannot listen on loopback.
    #[cfg(feature = "sandbox")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sandbox")))]
    pub async fn sandbox() -> Result<Self> {
        Self::builder().build_or_sandbox().await
    }

    /// Integrations of the chosen profile.
    pub fn integrations(&self) -> &Arc<dyn Integrations> {
        &self.inner.integrations
    }

    /// Agent widgets of the chosen profile. [`default_rules`](genesys_integrations::widgets::default_rules) are the rules that
    /// it starts with.
    pub fn widgets(&self) -> &Arc<dyn Widgets> {
        &self.inner.widgets
    }

    /// Webhooks of the chosen profile.
    pub fn webhooks(&self) -> &Arc<dyn Webhooks> {
        &self.inner.webhooks
    }

    /// Event routes of the chosen profile.
    pub fn event_routes(&self) -> &Arc<dyn EventRoutes> {
        &self.inner.event_routes
    }

    /// A mapper of everything that the chosen profile can read of the organisation. Each call makes one of its own: keep it, and
    /// share it by cloning.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// use genesys_cloud::GenesysCloud;
    ///
    /// let cloud = GenesysCloud::sandbox().await?;
    /// let mapper = cloud.dependency_mapper(&Default::default());
    /// let outcome = mapper.map().await?;
    /// assert_eq!((outcome.map.status(), outcome.map.queues()), ("complete", 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
    /// ```
    #[cfg(feature = "dependencies")]
    #[cfg_attr(docsrs, doc(cfg(feature = "dependencies")))]
    pub fn dependency_mapper(
        &self,
        options: &genesys_routing::read::ReadOptions,
    ) -> genesys_dependencies::Mapper {
        genesys_dependencies::Mapper::for_profile(self.profile(), self.client(), options)
    }

    /// The client below, for calls that no typed API covers.
    pub fn client(&self) -> &Client {
        &self.inner.client
    }

    /// Counts and latencies of everything this client did so far.
    pub fn metrics(&self) -> MetricsSnapshot {
        self.inner.metrics.snapshot()
    }

    /// The same as Prometheus text.
    pub fn metrics_prometheus(&self) -> String {
        self.inner.metrics.to_prometheus()
    }

    /// The wire form in use.
    pub fn profile(&self) -> Profile {
        self.inner.profile
    }

    /// What the cloud behind it is.
    pub fn origin(&self) -> &Origin {
        &self.inner.origin
    }

    /// Where requests go.
    pub fn hosts(&self) -> &Hosts {
        self.inner.client.hosts()
    }

    /// The sandbox behind it, to script faults and to read its ledger; none on the real cloud.
    #[cfg(feature = "sandbox")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sandbox")))]
    pub fn embedded(&self) -> Option<&genesys_sandbox::Sandbox> {
        self.inner.sandbox.as_ref()
    }

    /// One line that says what was chosen: profile, host, and whether the region was assumed.
    pub fn describe(&self) -> String {
        let api = self.hosts().api().as_str().trim_end_matches('/');
        let place = match self.origin() {
            Origin::Region {
                region,
                assumed: false,
            } => format!("region {region} ({api})"),
            Origin::Region {
                region,
                assumed: true,
            } => format!("region {region}, assumed because none is set ({api})"),
            Origin::BaseUrl => api.to_owned(),
            Origin::Sandbox => format!("embedded sandbox ({api})"),
        };
        format!("{} profile on {place}", self.profile())
    }
}

impl fmt::Debug for GenesysCloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GenesysCloud")
            .field("profile", &self.inner.profile)
            .field("origin", &self.inner.origin)
            .field("client", &self.inner.client)
            .finish_non_exhaustive()
    }
}
