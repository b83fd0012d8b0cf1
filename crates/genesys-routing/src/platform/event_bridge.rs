//! Integrations of type `amazon-eventbridge-source`.

use std::time::Duration;

use async_trait::async_trait;
use futures_core::Stream;
use futures_util::TryStreamExt;
use genesys_core::page::SharedRead;
use genesys_core::{Client, Error, ErrorKind, Result};
use serde::de::IgnoredAny;

use super::wire::{Configuration, EnablePatch, IntegrationSeen, NewIntegration, TYPE_ID};
use crate::converge::{self, Objects};
use crate::deployed::{DeployedRoute, RouteId};
use crate::route::EventRoute;

const COLLECTION: &str = "/api/v2/integrations";
const ITEM: &str = "/api/v2/integrations/{integrationId}";
const CONFIG: &str = "/api/v2/integrations/{integrationId}/config/current";

const MAX_PAGES: u32 = 100;
/// How many configurations of a list are read at a time.
const PARALLEL: usize = 4;
/// How long one reading of the list for a name may take.
const READ_LIMIT: Duration = Duration::from_secs(120);
/// How often the configuration of what was just created is looked for, and the first pause; each one is longer by half.
const LOOKS: u32 = 8;
const PAUSE: Duration = Duration::from_millis(250);

#[derive(Debug, Clone)]
pub(super) struct EventBridges {
    client: Client,
    known: SharedRead<IntegrationSeen>,
}

impl EventBridges {
    pub(super) fn new(client: Client) -> Self {
        let known = SharedRead::default();
        Self { client, known }
    }

    fn integrations(&self) -> impl Stream<Item = Result<IntegrationSeen>> + Send + 'static {
        self.client
            .get(COLLECTION)
            .operation("routes.integrations.list")
            .query("integrationType", TYPE_ID)
            .numbered_pages::<IntegrationSeen>()
            .with_max_pages(MAX_PAGES)
            // A server may ignore the filter.
            .try_filter(|seen| std::future::ready(seen.is_of_our_type()))
    }

    pub(super) async fn list(&self) -> Result<Vec<DeployedRoute>> {
        self.integrations()
            .map_ok(|seen| self.configured(seen))
            .try_buffered(PARALLEL)
            .try_collect()
            .await
    }

    /// Removes an integration of our type; any other one is left alone.
    pub(super) async fn delete(&self, id: &RouteId) -> Result<bool> {
        if self.look(id).await?.is_none() {
            return Ok(false);
        }
        self.remove(id).await
    }

    async fn remove(&self, id: &RouteId) -> Result<bool> {
        self.client
            .delete(ITEM)
            .segment("integrationId", id)
            .operation("routes.integrations.delete")
            .gone()
            .await
    }

    async fn look(&self, id: &RouteId) -> Result<Option<IntegrationSeen>> {
        let request = self.client.get(ITEM).segment("integrationId", id);
        let seen: Option<IntegrationSeen> = request
            .operation("routes.integrations.get")
            .json_or_none()
            .await?;
        Ok(seen.filter(IntegrationSeen::is_of_our_type))
    }

    async fn read_config(&self, id: &RouteId) -> Result<Option<Configuration>> {
        let request = self.client.get(CONFIG).segment("integrationId", id);
        request.operation("routes.config.get").json_or_none().await
    }

    /// The configuration of what was just created, which may answer 404 for a while.
    async fn await_config(&self, id: &RouteId) -> Result<Configuration> {
        let clock = self.client.clock();
        let mut pause = PAUSE;
        for index in 1..=LOOKS {
            if let Some(config) = self.read_config(id).await? {
                return Ok(config);
            }
            if index < LOOKS
                && let Some(until) = clock.now().checked_add(pause)
            {
                clock.sleep_until(until).await;
                pause = pause.saturating_mul(3) / 2;
            }
        }
        Err(Error::new(
            ErrorKind::NotFound,
            "the configuration of the integration cannot be read",
        )
        .with_operation("routes.config.get"))
    }

    async fn configured(&self, seen: IntegrationSeen) -> Result<DeployedRoute> {
        let config = self.read_config(seen.id()).await?;
        Ok(seen.into_route(config.as_ref()))
    }

    /// Writes the configuration under `version` and switches the integration on.
    async fn configure(
        &self,
        id: &RouteId,
        route: &EventRoute,
        current: &Configuration,
        version: u64,
    ) -> Result<DeployedRoute> {
        let mut wanted = current.wanted(route);
        wanted.version = version;
        let request = self.client.put(CONFIG).segment("integrationId", id);
        let written = request
            .operation("routes.config.put")
            .with_json(&wanted)
            .json::<IgnoredAny>()
            .await;
        if let Err(error) = written {
            // The client has repeated it already; reading tells what became of it.
            let took_effect = error.is_outcome_unknown()
                && matches!(self.read_config(id).await, Ok(Some(seen)) if seen.is_for(route));
            if !took_effect {
                return Err(error);
            }
        }
        // The intended state is set, not moved: twice is once.
        let request = self.client.patch(ITEM).segment("integrationId", id);
        let seen: IntegrationSeen = request
            .operation("routes.integrations.enable")
            .with_json(&EnablePatch::default())
            .idempotent(true)
            .json()
            .await?;
        let config = self.read_config(id).await?;
        Ok(seen.into_route(config.as_ref()))
    }
}

#[async_trait]
impl Objects for EventBridges {
    fn client(&self) -> &Client {
        &self.client
    }

    async fn find(&self, name: &str) -> Result<Option<DeployedRoute>> {
        let read = self
            .known
            .all(&self.client, READ_LIMIT, self.integrations());
        let known = read.await?;
        let mut named = Vec::new();
        for seen in known.iter().filter(|seen| seen.name() == Some(name)) {
            named.push(self.configured(seen.clone()).await?);
        }
        converge::sole(named, "routes.integrations.find")
    }

    async fn get(&self, id: &RouteId) -> Result<Option<DeployedRoute>> {
        match self.look(id).await? {
            Some(seen) => self.configured(seen).await.map(Some),
            None => Ok(None),
        }
    }

    async fn create(&self, route: &EventRoute) -> Result<DeployedRoute> {
        let request = self.client.post(COLLECTION);
        let made: IntegrationSeen = request
            .operation("routes.integrations.create")
            .with_json(&NewIntegration::new(route.name()))
            .json()
            .await?;
        let completed = async {
            let config = self.await_config(made.id()).await?;
            let version = config.version;
            self.configure(made.id(), route, &config, version).await
        };
        let result = completed.await;
        if result.is_err() {
            // The error that matters is the first one. What cannot be removed carries the name, and the next `ensure` finds
            // and finishes it.
            let _ = self.remove(made.id()).await;
        }
        // What was made is gone again, or is found by its name: nothing about it is unknown.
        result.map_err(Error::into_cause)
    }

    async fn replace(&self, current: &DeployedRoute, route: &EventRoute) -> Result<DeployedRoute> {
        let config = self.await_config(&current.id).await?;
        let version = current.version.unwrap_or(config.version);
        self.configure(&current.id, route, &config, version).await
    }
}
