//! Registration in the wire form of the source documents: `/api/v2/webhooks`.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use genesys_core::{Client, Error, ErrorKind, Operation, Profile, Result};
use serde_json::Value;

use crate::api::{Ensured, EnsuredState, Webhooks};
use crate::registration::WebhookRegistration;
use crate::webhook::{Webhook, WebhookId};

mod wire;

use wire::{Answer, Body};

const COLLECTION: &str = "/api/v2/webhooks";
const ITEM: &str = "/api/v2/webhooks/{id}";
const MAX_PAGES: u32 = 100;

/// How often one `ensure` may send the registration.
const SENDS: u32 = 2;

/// [`Webhooks`] in the wire form of the source documents. The sandbox serves it; the real platform does not.
///
/// Each write is an audited operation: `WEBHOOK` for a registration or replacement, `WEBHOOK_DELETE` for a removal. The line
/// names the integration for a webhook made by [`WebhookRegistration::for_status_of`], else the webhook's name.
#[derive(Debug, Clone)]
pub struct GuideWebhooks {
    client: Client,
}

impl GuideWebhooks {
    /// An adapter over a client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The one webhook of this name.
    async fn find(&self, name: &str) -> Result<Option<Webhook>> {
        let mut named: Vec<Webhook> = self
            .list()
            .await?
            .into_iter()
            .filter(|webhook| webhook.name == name)
            .collect();
        if named.len() > 1 {
            let ids: Vec<&str> = named.iter().map(|webhook| webhook.id.as_str()).collect();
            let message = format!("{} webhooks have this name: {}", ids.len(), ids.join(", "));
            return Err(Error::new(ErrorKind::Conflict, message).with_operation("webhooks.find"));
        }
        Ok(named.pop())
    }

    async fn create(&self, registration: &WebhookRegistration) -> Result<Webhook> {
        let answer: Answer = self
            .client
            .post(COLLECTION)
            .operation("webhooks.create")
            .with_json(&Body::of(registration))
            .json()
            .await?;
        Ok(answer.0)
    }

    async fn replace(&self, id: &WebhookId, registration: &WebhookRegistration) -> Result<Webhook> {
        let answer: Answer = self
            .client
            .put(ITEM)
            .segment("id", id)
            .operation("webhooks.replace")
            .with_json(&Body::of(registration))
            .json()
            .await?;
        Ok(answer.0)
    }

    /// Creates it when nobody else does in the meantime; a webhook of this name that is found instead comes back with
    /// false when somebody else may have made it.
    async fn create_once(&self, registration: &WebhookRegistration) -> Result<(Webhook, bool)> {
        let mut sends = 0;
        loop {
            sends += 1;
            let error = match self.create(registration).await {
                Ok(webhook) => return Ok((webhook, true)),
                Err(error) => error,
            };
            let unknown = error.is_outcome_unknown();
            if !unknown && error.kind() != ErrorKind::Conflict {
                return Err(error);
            }
            match self.find(registration.name()).await {
                Ok(Some(webhook)) => {
                    let ours = (unknown || sends > 1) && webhook.matches(registration);
                    return Ok((webhook, ours));
                }
                Ok(None) if unknown && sends < SENDS => {}
                // What the look-up met says less than the write it was made for.
                Ok(None) | Err(_) => return Err(error),
            }
        }
    }

    async fn begin(&self, registration: &WebhookRegistration) -> Result<Operation> {
        let events: Vec<&str> = registration
            .events()
            .iter()
            .map(|event| event.as_str())
            .collect();
        let attributes = BTreeMap::from([
            ("name".to_owned(), Value::from(registration.name())),
            (
                "targetUrl".to_owned(),
                Value::from(registration.target().to_string()),
            ),
            ("events".to_owned(), Value::from(events)),
        ]);
        self.client
            .recorder()
            .begin_with("WEBHOOK", registration.subject(), attributes)
            .await
    }

    async fn write(
        &self,
        found: Option<Webhook>,
        registration: &WebhookRegistration,
    ) -> Result<Ensured> {
        let existing = match found {
            Some(webhook) => webhook,
            None => match self.create_once(registration).await? {
                (webhook, true) => {
                    return Ok(Ensured {
                        webhook,
                        state: EnsuredState::Created,
                    });
                }
                (webhook, false) if webhook.matches(registration) => {
                    return Ok(Ensured {
                        webhook,
                        state: EnsuredState::Unchanged,
                    });
                }
                (webhook, false) => webhook,
            },
        };
        let webhook = self.replace(&existing.id, registration).await?;
        Ok(Ensured {
            webhook,
            state: EnsuredState::Updated,
        })
    }
}

#[async_trait]
impl Webhooks for GuideWebhooks {
    fn profile(&self) -> Profile {
        Profile::Guide
    }

    async fn ensure(&self, registration: &WebhookRegistration) -> Result<Ensured> {
        let found = self.find(registration.name()).await?;
        if let Some(webhook) = found
            .as_ref()
            .filter(|webhook| webhook.matches(registration))
        {
            return Ok(Ensured {
                webhook: webhook.clone(),
                state: EnsuredState::Unchanged,
            });
        }
        let mut operation = self.begin(registration).await?;
        let result = self.write(found, registration).await;
        if let Ok(ensured) = &result {
            operation.set_attribute("webhookId", ensured.webhook.id.as_str());
            operation.set_attribute("state", ensured.state.as_str());
        }
        operation.finish(result).await
    }

    async fn register(&self, registration: &WebhookRegistration) -> Result<Webhook> {
        let mut operation = self.begin(registration).await?;
        let result = self.create(registration).await;
        if let Ok(webhook) = &result {
            operation.set_attribute("webhookId", webhook.id.as_str());
            operation.set_attribute("state", EnsuredState::Created.as_str());
        }
        operation.finish(result).await
    }

    async fn list(&self) -> Result<Vec<Webhook>> {
        self.client
            .get(COLLECTION)
            .operation("webhooks.list")
            .numbered_pages::<Answer>()
            .with_max_pages(MAX_PAGES)
            .map_ok(|answer| answer.0)
            .try_collect()
            .await
    }

    async fn get(&self, id: &WebhookId) -> Result<Option<Webhook>> {
        let answer: Option<Answer> = self
            .client
            .get(ITEM)
            .segment("id", id)
            .operation("webhooks.get")
            .json_or_none()
            .await?;
        Ok(answer.map(|answer| answer.0))
    }

    async fn delete(&self, id: &WebhookId) -> Result<bool> {
        let operation = self
            .client
            .recorder()
            .begin("WEBHOOK_DELETE", id.as_str())
            .await?;
        let result = self
            .client
            .delete(ITEM)
            .segment("id", id)
            .operation("webhooks.delete")
            .gone()
            .await;
        operation.finish(result).await
    }
}
