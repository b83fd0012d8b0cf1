//! Joins a deployment to the watching of its integration.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use genesys_core::Result;
use genesys_integrations::pipeline::{DeployStep, StepDone};
use genesys_integrations::{Change, Integration, IntegrationId};
use genesys_webhooks::{
    EnsuredState, StatusChanges, TargetUrl, Watch, WebhookId, WebhookRegistration, Webhooks,
};

/// A step of a [`Pipeline`](genesys_integrations::Pipeline) that makes an integration's status changes known before it is
/// enabled: registers a webhook, begins to watch, or both.
///
/// In the guide profile the platform delivers events to the webhook's target; in the platform profile there is no outgoing
/// webhook, and the watch asks for the reported state.
pub struct StatusStep {
    webhook: Option<(Arc<dyn Webhooks>, TargetUrl)>,
    watch: Option<Arc<dyn Watch>>,
    changes: Mutex<Option<StatusChanges>>,
}

impl StatusStep {
    /// A step that does nothing yet.
    pub fn new() -> Self {
        Self {
            webhook: None,
            watch: None,
            changes: Mutex::new(None),
        }
    }

    /// Registers a webhook for the integration's status at `target`, named after the integration. It is found by its name
    /// when it exists already, and deleted when the deployment is undone.
    #[must_use]
    pub fn with_webhook(mut self, webhooks: Arc<dyn Webhooks>, target: TargetUrl) -> Self {
        self.webhook = Some((webhooks, target));
        self
    }

    /// Begins to watch; [`take_changes`](StatusStep::take_changes) hands the stream out.
    #[must_use]
    pub fn with_watch(mut self, watch: Arc<dyn Watch>) -> Self {
        self.watch = Some(watch);
        self
    }

    /// What the watch sees from the step on; none before it ran, and after it was taken.
    pub fn take_changes(&self) -> Option<StatusChanges> {
        self.changes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

impl Default for StatusStep {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl DeployStep for StatusStep {
    async fn run(&self, integration: &Integration) -> Result<StepDone> {
        let mut done = StepDone::new(Change::Unchanged);
        if let Some((webhooks, target)) = &self.webhook {
            let registration = registration(&integration.id, target)?;
            let ensured = webhooks.ensure(&registration).await?;
            let change = match ensured.state {
                EnsuredState::Created => Change::Created,
                EnsuredState::Updated => Change::Updated,
                _ => Change::Unchanged,
            };
            done = StepDone::new(change).with_reference(ensured.webhook.id.as_str());
        }
        if let Some(watch) = &self.watch {
            let changes = watch.changes(integration.id.as_str()).await?;
            *self.changes.lock().unwrap_or_else(PoisonError::into_inner) = Some(changes);
        }
        Ok(done)
    }

    async fn undo(&self, integration: &IntegrationId, reference: Option<&str>) -> Result<()> {
        let Some((webhooks, target)) = &self.webhook else {
            return Ok(());
        };
        // Without a reference the step may still have taken effect: its name tells.
        let id = match reference {
            Some(id) => Some(WebhookId::new(id)?),
            None => {
                let registration = registration(integration, target)?;
                let all = webhooks.list().await?;
                all.into_iter()
                    .find(|webhook| webhook.name == registration.name())
                    .map(|webhook| webhook.id)
            }
        };
        if let Some(id) = id {
            webhooks.delete(&id).await?;
        }
        Ok(())
    }
}

fn registration(integration: &IntegrationId, target: &TargetUrl) -> Result<WebhookRegistration> {
    WebhookRegistration::for_status_of(integration, target.as_url().as_str())
        .with_target(target.clone())
        .build()
}

impl fmt::Debug for StatusStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusStep")
            .field("webhook", &self.webhook)
            .field("watch", &self.watch)
            .finish_non_exhaustive()
    }
}
