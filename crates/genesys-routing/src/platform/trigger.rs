//! Process-automation triggers.

use std::time::Duration;

use async_trait::async_trait;
use futures_core::Stream;
use futures_util::TryStreamExt;
use genesys_core::page::SharedRead;
use genesys_core::{Client, Error, ErrorKind, Result};
use serde_json::Value;

use super::wire::{TestAnswer, TopicTestAnswer, TriggerBody, TriggerSeen};
use crate::converge::{self, Objects};
use crate::deployed::{DeployedRoute, RouteId};
use crate::dry_run::EventTest;
use crate::route::EventRoute;

const COLLECTION: &str = "/api/v2/processautomation/triggers";
const ITEM: &str = "/api/v2/processautomation/triggers/{triggerId}";
const TEST: &str = "/api/v2/processautomation/triggers/{triggerId}/test";
const TOPIC_TEST: &str = "/api/v2/processautomation/triggers/topics/{topicName}/test";

/// The most that the platform gives at a time.
const PAGE_SIZE: u32 = 200;
const MAX_PAGES: u32 = 100;
/// How long one reading of the list for a name may take.
const READ_LIMIT: Duration = Duration::from_secs(120);

#[derive(Debug, Clone)]
pub(super) struct Triggers {
    client: Client,
    known: SharedRead<DeployedRoute>,
}

/// A trigger's topic is fixed when it is created.
pub(super) fn same_topic(current: &DeployedRoute, route: &EventRoute) -> Result<()> {
    let wanted = route.events().next().map(|event| event.as_str());
    match current.topic.as_deref() {
        Some(topic) if Some(topic) != wanted => Err(Error::new(
            ErrorKind::Unsupported,
            format!(
                "the topic of a trigger cannot change, and this one has {topic:?}; delete it first, or use another name"
            ),
        )
        .with_operation("routes.replace")),
        _ => Ok(()),
    }
}

impl Triggers {
    pub(super) fn new(client: Client) -> Self {
        let known = SharedRead::default();
        Self { client, known }
    }

    fn routes(&self) -> impl Stream<Item = Result<DeployedRoute>> + Send + 'static {
        self.client
            .get(COLLECTION)
            .operation("routes.triggers.list")
            .cursor_pages::<TriggerSeen>()
            .with_page_size(PAGE_SIZE)
            .with_max_pages(MAX_PAGES)
            .map_ok(TriggerSeen::into_route)
    }

    pub(super) async fn list(&self) -> Result<Vec<DeployedRoute>> {
        self.routes().try_collect().await
    }

    pub(super) async fn delete(&self, id: &RouteId) -> Result<bool> {
        self.client
            .delete(ITEM)
            .segment("triggerId", id)
            .operation("routes.triggers.delete")
            .gone()
            .await
    }

    /// Tries a trigger as it is deployed.
    pub(super) async fn test(&self, id: &RouteId, event: &Value) -> Result<EventTest> {
        let request = self.client.post(TEST).segment("triggerId", id);
        let answer = request
            .operation("routes.triggers.test")
            .with_json(&event.to_string())
            .idempotent(true)
            .json::<TestAnswer>()
            .await;
        // A test changes nothing, so there is nothing to reconcile.
        answer.map(EventTest::from).map_err(Error::into_cause)
    }

    /// Tries every trigger of the route's topic.
    pub(super) async fn test_topic(&self, route: &EventRoute, event: &Value) -> Result<EventTest> {
        let topic = route.events().next().map_or("", |event| event.as_str());
        let request = self.client.post(TOPIC_TEST).segment("topicName", topic);
        let answer = request
            .operation("routes.topics.test")
            .with_json(&event.to_string())
            .idempotent(true)
            .json::<TopicTestAnswer>()
            .await;
        answer.map(EventTest::from).map_err(Error::into_cause)
    }
}

#[async_trait]
impl Objects for Triggers {
    fn client(&self) -> &Client {
        &self.client
    }

    async fn find(&self, name: &str) -> Result<Option<DeployedRoute>> {
        let read = self.known.all(&self.client, READ_LIMIT, self.routes());
        let known = read.await?;
        let named = known.iter().filter(|route| route.name == name);
        converge::sole(named.cloned().collect(), "routes.triggers.find")
    }

    async fn get(&self, id: &RouteId) -> Result<Option<DeployedRoute>> {
        let request = self.client.get(ITEM).segment("triggerId", id);
        let seen: Option<TriggerSeen> = request
            .operation("routes.triggers.get")
            .json_or_none()
            .await?;
        Ok(seen.map(TriggerSeen::into_route))
    }

    async fn create(&self, route: &EventRoute) -> Result<DeployedRoute> {
        let request = self.client.post(COLLECTION);
        let made: TriggerSeen = request
            .operation("routes.triggers.create")
            .with_json(&TriggerBody::of(route, None))
            .json()
            .await?;
        Ok(made.into_route())
    }

    async fn replace(&self, current: &DeployedRoute, route: &EventRoute) -> Result<DeployedRoute> {
        same_topic(current, route)?;
        let version = converge::version_of(current)?;
        let request = self.client.put(ITEM).segment("triggerId", &current.id);
        let written = request
            .operation("routes.triggers.put")
            .with_json(&TriggerBody::of(route, Some(version)))
            .json()
            .await
            .map(TriggerSeen::into_route);
        converge::settle(self, &current.id, route, written).await
    }
}
