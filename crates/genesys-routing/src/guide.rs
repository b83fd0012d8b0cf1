//! Event routes in the wire form of the source document: `/api/v2/outbound/integrations`.

use async_trait::async_trait;
use futures_core::Stream;
use futures_util::TryStreamExt;
use genesys_core::{Client, Error, ErrorKind, Profile, RequestBuilder, Result, policy};
use serde_json::Value;

use crate::api::{Ensured, EventRoutes};
use crate::converge::{self, Objects};
use crate::deployed::{DeployedRoute, RouteId};
use crate::dry_run::DryRun;
use crate::route::{EventRoute, RouteTarget};

mod wire;

use wire::Answer;

const COLLECTION: &str = "/api/v2/outbound/integrations";
const ITEM: &str = "/api/v2/outbound/integrations/{id}";
const MAX_PAGES: u32 = 100;

/// [`EventRoutes`] in the wire form of the source document. The sandbox serves it; the real platform does not.
///
/// It does [`RouteTarget::Https`]. Writes have the document's three attempts with a base delay of one second.
#[derive(Debug, Clone)]
pub struct GuideRoutes {
    client: Client,
}

impl GuideRoutes {
    /// Routes of the client's organisation.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    fn routes(&self, name: Option<&str>) -> impl Stream<Item = Result<DeployedRoute>> + Send {
        let mut request = self.client.get(COLLECTION).operation("routes.list");
        if let Some(name) = name {
            request = request.query("name", name);
        }
        request
            .numbered_pages::<Answer>()
            .with_max_pages(MAX_PAGES)
            .map_ok(Answer::into_route)
    }
}

fn https_only(route: &EventRoute) -> Result<()> {
    match route.target() {
        RouteTarget::Https(_) => Ok(()),
        RouteTarget::Workflow(_) | RouteTarget::EventBridge(_) => Err(Error::new(
            ErrorKind::Unsupported,
            "the guide profile routes events to HTTPS endpoints; use the platform profile for workflows and EventBridge",
        )),
    }
}

async fn write(request: RequestBuilder, body: &Value, route: &EventRoute) -> Result<DeployedRoute> {
    let mut request = request.with_json(body).retry(policy::guide_002());
    // A server that refuses a header likes to quote it.
    for secret in wire::secrets(route) {
        request = request.with_secret(&secret);
    }
    request.json().await.map(Answer::into_route)
}

#[async_trait]
impl Objects for GuideRoutes {
    fn client(&self) -> &Client {
        &self.client
    }

    async fn find(&self, name: &str) -> Result<Option<DeployedRoute>> {
        // A server may ignore the filter.
        let named = self
            .routes(Some(name))
            .try_filter(|route| std::future::ready(route.name == name));
        converge::sole(named.try_collect().await?, "routes.find")
    }

    async fn get(&self, id: &RouteId) -> Result<Option<DeployedRoute>> {
        let request = self.client.get(ITEM).segment("id", id);
        let answer: Option<Answer> = request.operation("routes.get").json_or_none().await?;
        Ok(answer.map(Answer::into_route))
    }

    async fn create(&self, route: &EventRoute) -> Result<DeployedRoute> {
        let request = self.client.post(COLLECTION).operation("routes.create");
        write(request, &wire::body(route, None), route).await
    }

    async fn replace(&self, current: &DeployedRoute, route: &EventRoute) -> Result<DeployedRoute> {
        let body = wire::body(route, Some(converge::version_of(current)?));
        let request = self.client.put(ITEM).segment("id", &current.id);
        let written = write(request.operation("routes.replace"), &body, route).await;
        converge::settle(self, &current.id, route, written).await
    }
}

#[async_trait]
impl EventRoutes for GuideRoutes {
    fn profile(&self) -> Profile {
        Profile::Guide
    }

    async fn ensure(&self, route: &EventRoute) -> Result<Ensured> {
        https_only(route).map_err(|error| error.with_operation("routes.ensure"))?;
        converge::ensure(self, route).await
    }

    async fn find(&self, name: &str) -> Result<Option<DeployedRoute>> {
        Objects::find(self, name).await
    }

    async fn get(&self, id: &RouteId) -> Result<Option<DeployedRoute>> {
        Objects::get(self, id).await
    }

    async fn list(&self) -> Result<Vec<DeployedRoute>> {
        self.routes(None).try_collect().await
    }

    async fn update(&self, current: &DeployedRoute, route: &EventRoute) -> Result<DeployedRoute> {
        https_only(route).map_err(|error| error.with_operation("routes.replace"))?;
        self.replace(current, route).await
    }

    async fn delete(&self, id: &RouteId) -> Result<bool> {
        self.client
            .delete(ITEM)
            .segment("id", id)
            .operation("routes.delete")
            .gone()
            .await
    }

    async fn dry_run(&self, route: &EventRoute, _event: Option<&Value>) -> Result<DryRun> {
        https_only(route).map_err(|error| error.with_operation("routes.dry_run"))?;
        converge::dry_run(self, route).await
    }
}
