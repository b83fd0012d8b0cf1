//! The platform has no API for outgoing webhooks, and says so.

use async_trait::async_trait;
use genesys_core::{Error, ErrorKind, Profile, Result};

use crate::api::{Ensured, Webhooks};
use crate::registration::WebhookRegistration;
use crate::webhook::{Webhook, WebhookId};

const INSTEAD: &str = "the platform publishes no outgoing webhook API; follow an integration with a Watch on its reported \
     state, or route events by a process automation trigger or an EventBridge integration";

/// [`Webhooks`] on the published API contract: every operation is
/// [`Unsupported`](genesys_core::ErrorKind::Unsupported), before anything is sent, with a message that names what to use.
///
/// The platform's integration type `webhook` is for incoming calls and is no substitute.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlatformWebhooks(());

impl PlatformWebhooks {
    /// The adapter; it needs no client.
    pub fn new() -> Self {
        Self(())
    }
}

fn unsupported<T>(operation: &'static str) -> Result<T> {
    Err(Error::new(ErrorKind::Unsupported, INSTEAD).with_operation(operation))
}

#[async_trait]
impl Webhooks for PlatformWebhooks {
    fn profile(&self) -> Profile {
        Profile::Platform
    }

    async fn ensure(&self, _registration: &WebhookRegistration) -> Result<Ensured> {
        unsupported("webhooks.ensure")
    }

    async fn register(&self, _registration: &WebhookRegistration) -> Result<Webhook> {
        unsupported("webhooks.create")
    }

    async fn find(&self, _name: &str) -> Result<Option<Webhook>> {
        unsupported("webhooks.find")
    }

    async fn list(&self) -> Result<Vec<Webhook>> {
        unsupported("webhooks.list")
    }

    async fn get(&self, _id: &WebhookId) -> Result<Option<Webhook>> {
        unsupported("webhooks.get")
    }

    async fn delete(&self, _id: &WebhookId) -> Result<bool> {
        unsupported("webhooks.delete")
    }
}
