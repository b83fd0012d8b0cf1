//! The source documents' wire form.

use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt};
use genesys_core::page::SharedRead;
use genesys_core::{Client, Error, ErrorKind, Profile, RequestBuilder, Result};

use crate::api::{Change, Ensured, Integrations, Listing};
use crate::definition::{Authentication, IntegrationDefinition};
use crate::ids::IntegrationId;
use crate::integration::{Integration, IntendedState, StateChange};
use crate::limits::{Deadline, Limits};
use crate::probe::Probes;
use crate::report::{TestReport, TestRequest};
use crate::{reconcile, wait};

mod wire;

use wire::{Object, Sent, StatusPatch, TestAnswer};

const COLLECTION: &str = "/api/v2/integrations";
const ITEM: &str = "/api/v2/integrations/{id}";
const TEST: &str = "/api/v2/integrations/{id}/test";

/// [`Integrations`] in the wire form of the source documents: one object that carries endpoint, authentication and data
/// mapping, and a `status`. The sandbox serves it.
///
/// Clones share the circuit breaker of tests, and the reads of the list: however many look for a name at a time, the list is
/// read once for all of them.
#[derive(Debug, Clone)]
pub struct GuideIntegrations {
    client: Client,
    limits: Limits,
    probes: Probes,
    known: SharedRead<Object>,
}

impl GuideIntegrations {
    /// Integrations of the client's organisation, with default limits.
    pub fn new(client: Client) -> Self {
        Self {
            limits: Limits::default(),
            probes: Probes::new(&client),
            known: SharedRead::default(),
            client,
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

    /// Every definition; widgets, which the collection lists too, are left out.
    fn objects(&self) -> impl futures_core::Stream<Item = Result<Object>> + Send + 'static {
        self.client
            .get(COLLECTION)
            .operation("integrations.list")
            .numbered_pages::<Object>()
            .try_filter(|object| std::future::ready(object.is_definition()))
    }

    /// Everything that carries the name.
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
            .operation("integrations.get");
        call.deadline(deadline.remaining()?).json_or_none().await
    }

    /// A request whose body is the whole definition, inactive: nothing that is not tested is ever switched on.
    fn with_definition(call: RequestBuilder, definition: &IntegrationDefinition) -> RequestBuilder {
        let Authentication::Basic { password, .. } = definition.authentication();
        call.with_secret(password)
            .with_json(&Sent::new(definition, "inactive"))
    }

    async fn post(
        &self,
        definition: &IntegrationDefinition,
        deadline: &Deadline<'_>,
    ) -> Result<Object> {
        let call = self
            .client
            .post(COLLECTION)
            .operation("integrations.create");
        Self::with_definition(call, definition)
            .deadline(deadline.remaining()?)
            .json()
            .await
    }

    async fn put(
        &self,
        id: &IntegrationId,
        definition: &IntegrationDefinition,
        deadline: &Deadline<'_>,
    ) -> Result<Object> {
        let call = self
            .client
            .put(ITEM)
            .segment("id", id)
            .operation("integrations.update");
        Self::with_definition(call, definition)
            .deadline(deadline.remaining()?)
            .json()
            .await
    }

    /// Creates the definition, whose name nothing carries yet.
    async fn create_new(
        &self,
        definition: &IntegrationDefinition,
        deadline: &Deadline<'_>,
    ) -> Result<Integration> {
        let object = reconcile::create_once(
            deadline,
            || self.post(definition, deadline),
            || self.sole(definition.name(), deadline),
        )
        .await?;
        Ok(object.into_integration())
    }
}

pub(crate) fn ambiguous(many: usize) -> Error {
    let why = match many {
        1 => "an integration has this name already".to_owned(),
        many => format!("{many} integrations have this name"),
    };
    Error::new(ErrorKind::Conflict, why)
}

#[async_trait]
impl Integrations for GuideIntegrations {
    fn profile(&self) -> Profile {
        Profile::Guide
    }

    async fn ensure(&self, definition: &IntegrationDefinition) -> Result<Ensured> {
        let deadline = self.deadline();
        let Some(found) = self.sole(definition.name(), &deadline).await? else {
            let integration = self.create_new(definition, &deadline).await?;
            return Ok(Ensured::new(integration, Change::Created));
        };
        if found.matches(definition) {
            return Ok(Ensured::new(found.into_integration(), Change::Unchanged));
        }
        let updated = self.put(&found.id, definition, &deadline).await?;
        Ok(Ensured::new(updated.into_integration(), Change::Updated))
    }

    async fn update(
        &self,
        id: &IntegrationId,
        definition: &IntegrationDefinition,
    ) -> Result<Integration> {
        Ok(self
            .put(id, definition, &self.deadline())
            .await?
            .into_integration())
    }

    async fn create(&self, definition: &IntegrationDefinition) -> Result<Integration> {
        let deadline = self.deadline();
        match self.named(definition.name(), &deadline).await?.len() {
            0 => self.create_new(definition, &deadline).await,
            many => Err(ambiguous(many).with_operation("integrations.create")),
        }
    }

    async fn get(&self, id: &IntegrationId) -> Result<Option<Integration>> {
        Ok(self
            .look(id, &self.deadline())
            .await?
            .map(Object::into_integration))
    }

    async fn find(&self, name: &str) -> Result<Option<Integration>> {
        Ok(self
            .sole(name, &self.deadline())
            .await?
            .map(Object::into_integration))
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
            .operation("integrations.set_state")
            .with_json(&StatusPatch::new(intended))
            .idempotent(true)
            .deadline(deadline.remaining()?)
            .json()
            .await?;
        wait::for_state(&waiting, intended, first.into_integration(), || async {
            Ok(self.look(id, &waiting).await?.map(Object::into_integration))
        })
        .await
    }

    async fn test(&self, id: &IntegrationId, request: &TestRequest) -> Result<TestReport> {
        let deadline = self.deadline();
        let call = self.client.post(TEST).segment("id", id);
        let answer: Result<TestAnswer> = self
            .probes
            .guard(&self.client, call, request)
            .deadline(deadline.remaining()?)
            .json()
            .await;
        match answer {
            Ok(answer) => Ok(answer.into_report(request)),
            // Where repeating does no harm, an unknown outcome is no state to reconcile.
            Err(error) if request.is_repeatable() => Err(error.into_cause()),
            Err(error) => Err(error),
        }
    }

    async fn delete(&self, id: &IntegrationId) -> Result<bool> {
        let call = self
            .client
            .delete(ITEM)
            .segment("id", id)
            .operation("integrations.delete");
        call.deadline(self.deadline().remaining()?).gone().await
    }

    async fn purge(&self, name: &str) -> Result<bool> {
        let deadline = self.deadline();
        let mut any = false;
        for object in self.named(name, &deadline).await? {
            let call = self
                .client
                .delete(ITEM)
                .segment("id", &object.id)
                .operation("integrations.delete");
            any |= call.deadline(deadline.remaining()?).gone().await?;
        }
        Ok(any)
    }
}
