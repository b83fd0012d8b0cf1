//! The published API contract: an integration of a client-app type, whose configuration has the widget's properties.

use async_trait::async_trait;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use genesys_core::page::SharedRead;
use genesys_core::{Client, Error, ErrorKind, Profile, Result};
use widget_validate::{Embedder, Schema};

use super::{Validation, Widget, WidgetKind, Widgets};
use crate::api::{Change, Ensured, Integrations, Listing};
use crate::guide::ambiguous;
use crate::ids::IntegrationId;
use crate::integration::{Integration, IntendedState, StateChange};
use crate::limits::{Deadline, Limits};
use crate::platform::PlatformIntegrations;
use crate::platform::wire::IntegrationSeen;
use crate::{reconcile, wait};

mod config;
mod wire;

use wire::NewIntegration;

const INTEGRATIONS: &str = "/api/v2/integrations";
const INTEGRATION: &str = "/api/v2/integrations/{integrationId}";
const CONFIG: &str = "/api/v2/integrations/{integrationId}/config/current";
const SCHEMA: &str = "/api/v2/integrations/types/{typeId}/configschemas/{configType}";

/// [`Widgets`] by calls that the published API contract has. It works on the real cloud and on the sandbox.
///
/// A widget becomes an integration of type `embedded-client-app` or `embedded-client-app-interaction-widget`; its URL and
/// the settings that the platform knows become properties of its configuration, and the configuration's notes carry the
/// definition's fingerprint. Dimensions, refresh interval and open settings have no member there: they are checked and not
/// sent ([`Validation::unsent`]).
///
/// Clones share the reads of the list.
#[derive(Debug, Clone)]
pub struct PlatformWidgets {
    client: Client,
    limits: Limits,
    embedder: Embedder,
    schema: bool,
    /// State and look-ups of an integration of any type.
    integrations: PlatformIntegrations,
    known: SharedRead<IntegrationSeen>,
}

impl PlatformWidgets {
    /// Widgets of the client's organisation, with default limits. The embedding page is the one that belongs to the client's
    /// hosts ([`embedder`](super::embedder)).
    pub fn new(client: Client) -> Self {
        Self {
            limits: Limits::default(),
            embedder: super::embedder(client.hosts()),
            schema: true,
            integrations: PlatformIntegrations::new(client.clone()),
            known: SharedRead::default(),
            client,
        }
    }

    /// Sets how long things may take.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits.clone();
        self.integrations = self.integrations.with_limits(limits);
        // A read has the limit of whoever began it.
        self.known = SharedRead::default();
        self
    }

    /// Sets what is known of the page that shows the widget, for hosts from which it cannot be told.
    #[must_use]
    pub fn with_embedder(mut self, embedder: Embedder) -> Self {
        self.embedder = embedder;
        self
    }

    /// Sets whether the schema that the platform serves for the widget's type is fetched and used. Default: yes.
    #[must_use]
    pub fn with_schema_check(mut self, check: bool) -> Self {
        self.schema = check;
        self
    }

    fn deadline(&self) -> Deadline<'_> {
        self.limits.deadline(&self.client)
    }

    /// The integrations of both types.
    fn objects(&self) -> impl Stream<Item = Result<IntegrationSeen>> + Send + 'static {
        let of_kind = |kind: WidgetKind| {
            self.client
                .get(INTEGRATIONS)
                .operation("widgets.list")
                .query("integrationType", kind.type_id())
                .numbered_pages::<IntegrationSeen>()
                .try_filter(move |seen| std::future::ready(kind_of(seen) == Some(kind)))
        };
        let streams = WidgetKind::ALL.map(of_kind);
        // The first error ends the whole list, because the reader stops there.
        stream::iter(streams).flatten()
    }

    async fn named(&self, name: &str, deadline: &Deadline<'_>) -> Result<Vec<IntegrationSeen>> {
        let read = self
            .known
            .all(&self.client, self.limits.total(), self.objects());
        let known = deadline.bound(read).await?;
        let named = known
            .iter()
            .filter(|seen| seen.name.as_deref() == Some(name));
        Ok(named.cloned().collect())
    }

    async fn sole(&self, name: &str, deadline: &Deadline<'_>) -> Result<Option<IntegrationSeen>> {
        let mut found = self.named(name, deadline).await?;
        match found.len() {
            0 | 1 => Ok(found.pop()),
            many => Err(ambiguous(many)),
        }
    }

    async fn look(
        &self,
        id: &IntegrationId,
        deadline: &Deadline<'_>,
    ) -> Result<Option<IntegrationSeen>> {
        let call = self
            .client
            .get(INTEGRATION)
            .segment("integrationId", id)
            .operation("widgets.get");
        let found: Option<IntegrationSeen> =
            call.deadline(deadline.remaining()?).json_or_none().await?;
        Ok(found.filter(|seen| kind_of(seen).is_some()))
    }

    /// The schema of the type's properties, unless it is not to be used.
    async fn schema(&self, kind: WidgetKind, deadline: &Deadline<'_>) -> Result<Option<Schema>> {
        if !self.schema {
            return Ok(None);
        }
        let schema: serde_json::Value = self
            .client
            .get(SCHEMA)
            .segment("typeId", kind.type_id())
            .segment("configType", "properties")
            .operation("widgets.schema")
            .deadline(deadline.remaining()?)
            .json()
            .await?;
        let unusable = |source| {
            let why = "the platform's schema of this type of widget cannot be used";
            Error::new(ErrorKind::Decode, why)
                .with_operation("widgets.schema")
                .with_sent(true)
                .with_source(source)
        };
        let schema = Schema::parse(schema.to_string().as_bytes()).map_err(unusable)?;
        Ok(Some(schema))
    }

    async fn create_new(&self, widget: &Widget, deadline: &Deadline<'_>) -> Result<Integration> {
        let schema = self.schema(widget.kind(), deadline).await?;
        // Before anything is created; what is written then differs in its version at most, and is checked again.
        self.check(widget, schema.as_ref()).accepted()?;
        let post = || async {
            let call = self.client.post(INTEGRATIONS).operation("widgets.create");
            call.with_json(&NewIntegration::new(widget))
                .deadline(deadline.remaining()?)
                .json::<IntegrationSeen>()
                .await
        };
        let find = || self.sole(widget.name(), deadline);
        let created = reconcile::create_once(deadline, post, find).await?;
        let result = self
            .complete(&created.id, widget, schema.as_ref(), deadline)
            .await;
        if result.is_err() {
            // The error that matters is the first one. What stays behind carries the name and is found by it. The deadline
            // is another one, because what failed may have used up the first.
            let _ = self.remove(&created.id, &self.deadline()).await;
        }
        result
    }

    /// Configures what was just created.
    async fn complete(
        &self,
        id: &IntegrationId,
        widget: &Widget,
        schema: Option<&Schema>,
        deadline: &Deadline<'_>,
    ) -> Result<Integration> {
        let config = self.await_config(id, deadline).await?;
        self.write_config(id, widget, schema, config, deadline)
            .await?;
        let waiting = self.limits.appearance_deadline(deadline);
        let seen = wait::for_appearance(&waiting, "the widget", || self.look(id, &waiting)).await?;
        Ok(seen.into_integration())
    }

    async fn remove(&self, id: &IntegrationId, deadline: &Deadline<'_>) -> Result<bool> {
        let call = self
            .client
            .delete(INTEGRATION)
            .segment("integrationId", id)
            .operation("widgets.delete");
        call.deadline(deadline.remaining()?).gone().await
    }
}

fn kind_of(seen: &IntegrationSeen) -> Option<WidgetKind> {
    WidgetKind::ALL
        .into_iter()
        .find(|kind| seen.type_id() == Some(kind.type_id()))
}

#[async_trait]
impl Widgets for PlatformWidgets {
    fn profile(&self) -> Profile {
        Profile::Platform
    }

    async fn validate(&self, widget: &Widget) -> Result<Validation> {
        let schema = self.schema(widget.kind(), &self.deadline()).await?;
        Ok(self.check(widget, schema.as_ref()))
    }

    async fn ensure(&self, widget: &Widget) -> Result<Ensured> {
        let deadline = self.deadline();
        let Some(seen) = self.sole(widget.name(), &deadline).await? else {
            // Boxed, because it is far larger than what is needed where the widget exists.
            let integration = Box::pin(self.create_new(widget, &deadline)).await?;
            return Ok(Ensured::new(integration, Change::Created));
        };
        if kind_of(&seen) != Some(widget.kind()) {
            let why = "a widget of this name has another kind, and a kind cannot be changed: delete it, or choose another name";
            return Err(Error::new(ErrorKind::Conflict, why).with_operation("widgets.ensure"));
        }
        let config = self.await_config(&seen.id, &deadline).await?;
        if config::is_in_place(&config, widget) {
            return Ok(Ensured::new(seen.into_integration(), Change::Unchanged));
        }
        let schema = self.schema(widget.kind(), &deadline).await?;
        config::accepted(self, &config, widget, schema.as_ref())?;
        // From here on the widget is not what was enabled.
        if seen.may_be_active() {
            self.integrations
                .set_state(&seen.id, IntendedState::Disabled)
                .await?;
        }
        self.write_config(&seen.id, widget, schema.as_ref(), config, &deadline)
            .await?;
        let now = self
            .look(&seen.id, &deadline)
            .await?
            .ok_or_else(|| Error::new(ErrorKind::NotFound, "the widget was deleted meanwhile"))?;
        Ok(Ensured::new(now.into_integration(), Change::Updated))
    }

    async fn get(&self, id: &IntegrationId) -> Result<Option<Integration>> {
        let found = self.look(id, &self.deadline()).await?;
        Ok(found.map(IntegrationSeen::into_integration))
    }

    async fn find(&self, name: &str) -> Result<Option<Integration>> {
        let found = self.sole(name, &self.deadline()).await?;
        Ok(found.map(IntegrationSeen::into_integration))
    }

    fn list(&self) -> Listing {
        Listing::new(self.objects().map_ok(IntegrationSeen::into_integration))
    }

    async fn set_state(&self, id: &IntegrationId, intended: IntendedState) -> Result<StateChange> {
        self.integrations.set_state(id, intended).await
    }

    async fn delete(&self, id: &IntegrationId) -> Result<bool> {
        self.remove(id, &self.deadline()).await
    }

    async fn purge(&self, name: &str) -> Result<bool> {
        let deadline = self.deadline();
        let mut any = false;
        for seen in self.named(name, &deadline).await? {
            any |= self.remove(&seen.id, &deadline).await?;
        }
        Ok(any)
    }
}
