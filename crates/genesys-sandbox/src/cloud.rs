//! The state behind both hosts.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

#[cfg(feature = "platform")]
use crate::activation::Activations;
use crate::builder::Settings;
use crate::clients::Clients;
use crate::delivery::Deliveries;
use crate::external::ExternalSystems;
use crate::faults::Faults;
use crate::ledger::Ledger;
use crate::organisation::{Organisation, store::Store as Held};
#[cfg(feature = "platform")]
use crate::platform::flows::Flows;
use crate::quota::Quota;
use crate::resources::State as Resources;
use crate::seeded::Stream;
use crate::store::Store;
use crate::tokens::Tokens;

/// Which shapes a list of integrations returns. A request can choose for itself by the header `X-Sandbox-Profile`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// The shapes of the source documents.
    #[default]
    Guide,
    /// The shapes of the published API contract.
    Platform,
}

impl Profile {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "guide" => Some(Self::Guide),
            "platform" => Some(Self::Platform),
            _ => None,
        }
    }
}

/// Everything that the handlers share.
#[derive(Debug)]
pub(crate) struct Cloud {
    pub(crate) ids: Stream,
    pub(crate) correlations: Stream,
    pub(crate) clients: Clients,
    pub(crate) tokens: Tokens,
    pub(crate) quota: Quota,
    pub(crate) grants: Quota,
    pub(crate) faults: Faults,
    pub(crate) ledger: Ledger,
    pub(crate) external: ExternalSystems,
    pub(crate) deliveries: Deliveries,
    pub(crate) resources: Arc<Resources>,
    #[cfg(feature = "platform")]
    pub(crate) activations: Activations,
    #[cfg(feature = "platform")]
    pub(crate) flows: Flows,
    profile: Mutex<Profile>,
    store: Mutex<Store>,
    organisation: Mutex<Held>,
    stop: watch::Receiver<bool>,
}

impl Cloud {
    pub(crate) fn new(
        settings: Settings,
        deliveries: Deliveries,
        resources: Arc<Resources>,
        stop: watch::Receiver<bool>,
    ) -> Self {
        let stream = |purpose| Stream::new(settings.seed, purpose);
        Self {
            ids: stream(1),
            correlations: stream(2),
            clients: Clients::new(settings.clients),
            tokens: Tokens::new(settings.token_life, stream(3)),
            quota: Quota::new(settings.quota.0, settings.quota.1),
            grants: Quota::new(settings.token_grants.0, settings.token_grants.1),
            faults: Faults::new(stream(4)),
            ledger: Ledger::default(),
            external: ExternalSystems::new(
                #[cfg(feature = "platform")]
                resources.address,
            ),
            deliveries,
            resources,
            #[cfg(feature = "platform")]
            activations: Activations::new(settings.activation),
            #[cfg(feature = "platform")]
            flows: Flows::default(),
            profile: Mutex::new(settings.profile),
            store: Mutex::default(),
            organisation: Mutex::new(Held::new(settings.organisation)),
            stop,
        }
    }

    /// The stored objects. No handler holds this across an await, so a request is atomic.
    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was seeded, and the queues. As for [`store`](Self::store); no handler holds both.
    pub(crate) fn organisation(&self) -> MutexGuard<'_, Held> {
        let held = self.organisation.lock();
        held.unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces all of it.
    pub(crate) fn set_organisation(&self, seed: Organisation) {
        *self.organisation() = Held::new(seed);
    }

    pub(crate) fn profile(&self) -> Profile {
        *self.profile.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_profile(&self, profile: Profile) {
        *self.profile.lock().unwrap_or_else(PoisonError::into_inner) = profile;
    }

    /// Ends every token and says how many lived.
    pub(crate) fn expire_tokens(&self) -> usize {
        self.tokens.expire_all()
    }

    /// Changes quota and window; windows under way are forgotten.
    pub(crate) fn set_quota(&self, allowed: u64, window: Duration) {
        self.quota.set(allowed, window);
    }

    /// Waits until the sandbox stops.
    pub(crate) async fn stopped(&self) {
        crate::server::stopped(&mut self.stop.clone()).await;
    }
}
