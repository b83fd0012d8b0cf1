//! The source documents' wire form: one object with `type`, `manifestUrl` and `settings`, and a `status`.

use async_trait::async_trait;
use futures_util::{Stream, StreamExt, TryStreamExt};
use genesys_core::page::SharedRead;
use genesys_core::vocabulary::{HeaderName, HeaderValue};
use genesys_core::{Client, Profile, RequestBuilder, Result, policy};

use super::{Validation, Widget, Widgets};
use crate::api::{Change, Ensured, Listing};
use crate::guide::ambiguous;
use crate::ids::IntegrationId;
use crate::integration::{Integration, IntendedState, StateChange};
use crate::limits::{Deadline, Limits};
use crate::{reconcile, wait};

mod wire;

use wire::{Object, StatusPatch};

const COLLECTION: &str = "/api/v2/integrations";
const ITEM: &str = "/api/v2/integrations/{id}";

/// [`Widgets`] in the wire form of the source documents. The sandbox serves it.
///
/// A creation has four attempts and an activation three, with the documents' delays
/// ([`guide_001_create`](policy::guide_001_create), [`guide_001_activate`](policy::guide_001_activate)). Clones share the
/// reads of the list.
#[derive(Debug, Clone)]
pub struct GuideWidgets {
    client: Client,
    limits: Limits,
    known: SharedRead<Object>,
}

impl GuideWidgets {
    /// Widgets of the client's organisation, with default limits.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            limits: Limits::default(),
            known: SharedRead::default(),
        }
    }

    /// Sets how long things may take.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        // A read has the limit of whoever began it.
        self.known = SharedRead::default();
        self
    }

    fn deadline(&self) -> Deadline<'_> {
        self.limits.deadline(&self.client)
    }

    /// Every widget; definitions, which the collection lists too, are left out.
    fn objects(&self) -> impl Stream<Item = Result<Object>> + Send + 'static {
        self.client
            .get(COLLECTION)
            .operation("widgets.list")
            .numbered_pages::<Object>()
            .try_filter(|object| std::future::ready(object.is_widget()))
    }

    async fn named(&self, name: &str, deadline: &Deadline<'_>) -> Result<Vec<Object>> {
        let read = self
            .known
            .all(&self.client, self.limits.total(), self.objects());
        let known = deadline.bound(read).await?;
        let named = known.iter().filter(|object| object.name == name);
        Ok(named.cloned().collect())
    }

    async fn sole(&self, name: &str, deadline: &Deadline<'_>) -> Result<Option<Object>> {
        let mut found = self.named(name, deadline).await?;
        match found.len() {
            0 | 1 => Ok(found.pop()),
            many => Err(ambiguous(many)),
        }
    }

    async fn look(&self, id: &IntegrationId, deadline: &Deadline<'_>) -> Result<Option<Object>> {
        let call = self
            .client
            .get(ITEM)
            .segment("id", id)
            .operation("widgets.get");
        let found: Option<Object> = call.deadline(deadline.remaining()?).json_or_none().await?;
        Ok(found.filter(Object::is_widget))
    }

    /// A request whose body is the definition, in the bytes that were validated. Its status is `inactive`.
    async fn send(
        &self,
        call: RequestBuilder,
        widget: &Widget,
        deadline: &Deadline<'_>,
    ) -> Result<Object> {
        call.header(
            HeaderName::from_static("content-type"),
            HeaderValue::from_static("application/json"),
        )
        .with_body(widget.document().to_vec())
        .retry(policy::guide_001_create())
        .deadline(deadline.remaining()?)
        .json()
        .await
    }

    async fn create_new(&self, widget: &Widget, deadline: &Deadline<'_>) -> Result<Integration> {
        let post = || {
            let call = self.client.post(COLLECTION).operation("widgets.create");
            self.send(call, widget, deadline)
        };
        let find = || self.sole(widget.name(), deadline);
        let object = reconcile::create_once(deadline, post, find).await?;
        Ok(object.into_integration())
    }

    async fn remove(&self, id: &IntegrationId, deadline: &Deadline<'_>) -> Result<bool> {
        let call = self
            .client
            .delete(ITEM)
            .segment("id", id)
            .operation("widgets.delete");
        call.deadline(deadline.remaining()?).gone().await
    }
}

#[async_trait]
impl Widgets for GuideWidgets {
    fn profile(&self) -> Profile {
        Profile::Guide
    }

    async fn validate(&self, widget: &Widget) -> Result<Validation> {
        Ok(widget.validation().clone())
    }

    async fn ensure(&self, widget: &Widget) -> Result<Ensured> {
        let deadline = self.deadline();
        let Some(found) = self.sole(widget.name(), &deadline).await? else {
            let integration = self.create_new(widget, &deadline).await?;
            return Ok(Ensured::new(integration, Change::Created));
        };
        if found.matches(widget) {
            return Ok(Ensured::new(found.into_integration(), Change::Unchanged));
        }
        let call = self
            .client
            .put(ITEM)
            .segment("id", &found.id)
            .operation("widgets.update");
        let updated = self.send(call, widget, &deadline).await?;
        Ok(Ensured::new(updated.into_integration(), Change::Updated))
    }

    async fn get(&self, id: &IntegrationId) -> Result<Option<Integration>> {
        let found = self.look(id, &self.deadline()).await?;
        Ok(found.map(Object::into_integration))
    }

    async fn find(&self, name: &str) -> Result<Option<Integration>> {
        let found = self.sole(name, &self.deadline()).await?;
        Ok(found.map(Object::into_integration))
    }

    fn list(&self) -> Listing {
        Listing::new(self.objects().map_ok(Object::into_integration).boxed())
    }

    async fn set_state(&self, id: &IntegrationId, intended: IntendedState) -> Result<StateChange> {
        let deadline = self.deadline();
        let waiting = self.limits.state_deadline(&deadline);
        // Setting a status twice is setting it once.
        let first: Object = self
            .client
            .patch(ITEM)
            .segment("id", id)
            .operation("widgets.set_state")
            .with_json(&StatusPatch::new(intended))
            .idempotent(true)
            .retry(policy::guide_001_activate())
            .deadline(deadline.remaining()?)
            .json()
            .await?;
        wait::for_state(&waiting, intended, first.into_integration(), || async {
            Ok(self.look(id, &waiting).await?.map(Object::into_integration))
        })
        .await
    }

    async fn delete(&self, id: &IntegrationId) -> Result<bool> {
        self.remove(id, &self.deadline()).await
    }

    async fn purge(&self, name: &str) -> Result<bool> {
        let deadline = self.deadline();
        let mut any = false;
        for object in self.named(name, &deadline).await? {
            any |= self.remove(&object.id, &deadline).await?;
        }
        Ok(any)
    }
}
