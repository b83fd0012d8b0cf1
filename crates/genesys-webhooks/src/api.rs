//! The capability: registering webhooks.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use genesys_core::{Client, Profile, Result};

use crate::guide::GuideWebhooks;
use crate::platform::PlatformWebhooks;
use crate::registration::WebhookRegistration;
use crate::webhook::{Webhook, WebhookId};

/// Registers webhooks, so that events are delivered to a URL.
///
/// [`GuideWebhooks`] speaks the wire form of the source documents; [`PlatformWebhooks`] says
/// [`Unsupported`](genesys_core::ErrorKind::Unsupported), because the platform publishes no API for it: there, follow an
/// integration with [`Watch`](crate::Watch).
///
/// Nothing here writes audit lines: a registration is a step of some operation, and that operation is what is audited, with
/// a [`Recorder`](genesys_core::Recorder) as in this example or by a deployment pipeline.
///
/// ```
/// # use genesys_core::test_util::{RecordingAudit, Reply, ScriptedTransport};
/// # use genesys_core::{Client, Region, StaticToken};
/// # use serde_json::json;
/// use genesys_webhooks::{GuideWebhooks, WebhookRegistration, Webhooks};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// # let cloud = ScriptedTransport::new();
/// # cloud.push(Reply::json(200, &json!({"entities": [], "pageNumber": 1, "pageCount": 0})));
/// # cloud.push(Reply::json(201, &json!({
/// #     "id": "wh-1", "name": "integration-status-int-1", "targetUrl": "https://monitor.example.com/genesys",
/// #     "httpMethod": "POST", "event": "integration.status.changed", "contentType": "application/json",
/// # })));
/// # let trail = RecordingAudit::new();
/// # let client = Client::builder(Region::EuWest1)
/// #     .with_token_source(StaticToken::new("a token".into())?)
/// #     .with_transport(cloud.shared())
/// #     .with_audit(std::sync::Arc::new(trail.clone()), "client-1")
/// #     .build()?;
/// let webhooks = GuideWebhooks::new(client.clone());
/// let registration = WebhookRegistration::for_status_of("int-1", "https://monitor.example.com/genesys").build()?;
///
/// let mut operation = client.recorder().begin("WEBHOOK", "int-1").await?;
/// let result = webhooks.ensure(&registration).await;
/// if let Ok(ensured) = &result {
///     operation.set_attribute("webhookId", ensured.webhook.id.as_str());
/// }
/// let ensured = operation.finish(result).await?;
/// # assert_eq!(ensured.webhook.id.as_str(), "wh-1");
/// # assert_eq!(trail.entries().len(), 2);
/// # Ok::<(), genesys_core::Error>(())
/// # }).unwrap();
/// ```
#[async_trait]
pub trait Webhooks: fmt::Debug + Send + Sync {
    /// The wire form.
    fn profile(&self) -> Profile;

    /// Makes the webhook of this name what `registration` says: registers it, replaces it, or leaves it alone. Running it
    /// again changes nothing.
    ///
    /// A registration whose outcome is unknown is looked up by its name before it is sent again, at most once. When it stays
    /// unknown, ensure it again: that settles it.
    ///
    /// # Errors
    ///
    /// Those of a call; [`Conflict`](genesys_core::ErrorKind::Conflict) when several webhooks have this name already;
    /// [`OutcomeUnknown`](genesys_core::ErrorKind::OutcomeUnknown) when it could not be found out whether it was registered.
    async fn ensure(&self, registration: &WebhookRegistration) -> Result<Ensured>;

    /// Registers one more webhook without looking whether its name is taken. [`ensure`](Webhooks::ensure) is what programs
    /// that run twice need.
    ///
    /// # Errors
    ///
    /// Those of a call; [`OutcomeUnknown`](genesys_core::ErrorKind::OutcomeUnknown) when nobody can know whether it was
    /// registered: [`find`](Webhooks::find) tells, and [`ensure`](Webhooks::ensure) settles it.
    async fn register(&self, registration: &WebhookRegistration) -> Result<Webhook>;

    /// The webhook of this exact name; none when there is none.
    ///
    /// # Errors
    ///
    /// Those of a call; [`Conflict`](genesys_core::ErrorKind::Conflict) when several have the name.
    async fn find(&self, name: &str) -> Result<Option<Webhook>>;

    /// Every webhook, at most 100 pages of 100.
    ///
    /// # Errors
    ///
    /// Those of a call; a list that was cut off is an error and never a shorter list.
    async fn list(&self) -> Result<Vec<Webhook>>;

    /// One webhook, none when it does not exist.
    ///
    /// # Errors
    ///
    /// Those of a call.
    async fn get(&self, id: &WebhookId) -> Result<Option<Webhook>>;

    /// Removes one. True when it existed, also when an attempt removed it, its answer was lost, and the next attempt found
    /// nothing.
    ///
    /// # Errors
    ///
    /// Those of a call.
    async fn delete(&self, id: &WebhookId) -> Result<bool>;
}

/// A webhook that is as asked for, and what that took.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ensured {
    /// The webhook.
    pub webhook: Webhook,
    /// What was done.
    pub state: EnsuredState,
}

/// What [`Webhooks::ensure`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EnsuredState {
    /// It did not exist.
    Created,
    /// It existed and was different.
    Updated,
    /// It existed as asked for; nothing was written.
    Unchanged,
}

impl EnsuredState {
    /// `created`, `updated` or `unchanged`.
    pub fn as_str(self) -> &'static str {
        match self {
            EnsuredState::Created => "created",
            EnsuredState::Updated => "updated",
            EnsuredState::Unchanged => "unchanged",
        }
    }
}

impl fmt::Display for EnsuredState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The adapter of a profile.
pub fn for_profile(profile: Profile, client: &Client) -> Arc<dyn Webhooks> {
    match profile {
        Profile::Guide => Arc::new(GuideWebhooks::new(client.clone())),
        Profile::Platform => Arc::new(PlatformWebhooks::new()),
    }
}
