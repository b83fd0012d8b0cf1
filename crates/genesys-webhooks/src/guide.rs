//! Registration in the wire form of the source documents: `/api/v2/webhooks`.

use std::time::Duration;

use async_trait::async_trait;
use futures_core::Stream;
use futures_util::TryStreamExt;
use genesys_core::page::SharedRead;
use genesys_core::{Client, Error, ErrorKind, Profile, RequestBuilder, Result};

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

/// How long one reading of the list for a name may take.
const READ_LIMIT: Duration = Duration::from_secs(120);

/// [`Webhooks`] in the wire form of the source documents. The sandbox serves it; the real platform does not.
///
/// Clones share the reads of the list: however many look for a name at a time, the list is read once for all of them.
#[derive(Debug, Clone)]
pub struct GuideWebhooks {
    client: Client,
    known: SharedRead<Webhook>,
}

impl GuideWebhooks {
    /// An adapter over a client.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            known: SharedRead::default(),
        }
    }

    fn webhooks(&self) -> impl Stream<Item = Result<Webhook>> + Send + 'static {
        self.client
            .get(COLLECTION)
            .operation("webhooks.list")
            .numbered_pages::<Answer>()
            .with_max_pages(MAX_PAGES)
            .map_ok(|answer| answer.0)
    }

    async fn create(&self, registration: &WebhookRegistration) -> Result<Webhook> {
        let request = self.client.post(COLLECTION).operation("webhooks.create");
        write(request, registration).await
    }

    async fn replace(&self, id: &WebhookId, registration: &WebhookRegistration) -> Result<Webhook> {
        let request = self
            .client
            .put(ITEM)
            .segment("id", id)
            .operation("webhooks.replace");
        write(request, registration).await
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
}

async fn write(request: RequestBuilder, registration: &WebhookRegistration) -> Result<Webhook> {
    let mut request = request.with_json(&Body::of(registration));
    // A server that refuses a target likes to quote it.
    for secret in registration.target().secrets() {
        request = request.with_secret(&secret);
    }
    let answer: Answer = request.json().await?;
    Ok(answer.0)
}

#[async_trait]
impl Webhooks for GuideWebhooks {
    fn profile(&self) -> Profile {
        Profile::Guide
    }

    async fn ensure(&self, registration: &WebhookRegistration) -> Result<Ensured> {
        let (webhook, created) = match self.find(registration.name()).await? {
            Some(webhook) => (webhook, false),
            None => self.create_once(registration).await?,
        };
        let (webhook, state) = if created {
            (webhook, EnsuredState::Created)
        } else if webhook.matches(registration) {
            (webhook, EnsuredState::Unchanged)
        } else {
            let replaced = self.replace(&webhook.id, registration).await?;
            (replaced, EnsuredState::Updated)
        };
        Ok(Ensured { webhook, state })
    }

    async fn register(&self, registration: &WebhookRegistration) -> Result<Webhook> {
        self.create(registration).await
    }

    async fn find(&self, name: &str) -> Result<Option<Webhook>> {
        let read = self.known.all(&self.client, READ_LIMIT, self.webhooks());
        let known = read.await?;
        let named: Vec<&Webhook> = known
            .iter()
            .filter(|webhook| webhook.name == name)
            .collect();
        if named.len() > 1 {
            let ids: Vec<&str> = named.iter().map(|webhook| webhook.id.as_str()).collect();
            let message = format!("{} webhooks have this name: {}", ids.len(), ids.join(", "));
            return Err(Error::new(ErrorKind::Conflict, message).with_operation("webhooks.find"));
        }
        Ok(named.first().map(|webhook| Webhook::clone(webhook)))
    }

    async fn list(&self) -> Result<Vec<Webhook>> {
        self.webhooks().try_collect().await
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
        self.client
            .delete(ITEM)
            .segment("id", id)
            .operation("webhooks.delete")
            .gone()
            .await
    }
}
