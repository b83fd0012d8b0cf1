//! The published API contract.
//!
//! A route to a workflow is a process-automation trigger, a route to EventBridge an integration of its own type.

use async_trait::async_trait;
use genesys_core::{Client, Error, ErrorKind, Profile, Result};
use serde_json::Value;

use crate::api::{Ensured, EventRoutes};
use crate::converge::{self, Objects};
use crate::deployed::{DeployedRoute, RouteId};
use crate::dry_run::DryRun;
use crate::route::{EventRoute, RouteTarget, TargetKind};

mod event_bridge;
mod trigger;
mod wire;

use event_bridge::EventBridges;
use trigger::Triggers;

/// [`EventRoutes`] by calls that the published API contract has. It works on the real cloud and on the sandbox.
///
/// It does [`RouteTarget::Workflow`] and [`RouteTarget::EventBridge`]. A trigger's topic cannot change, so a route whose name
/// is that of a trigger of another topic is [`Unsupported`](ErrorKind::Unsupported): delete the old one, or give the new one
/// another name. A trigger starts the workflow's published version; one that was never published is refused by the platform.
///
/// An EventBridge route is created in three steps (integration, configuration, enabling). When one of them fails, what was
/// created is removed. Its state may stay [`Changing`](crate::RouteState::Changing) until the AWS side has accepted the
/// partner event source, so nothing waits for it.
///
/// Clones share the reads of the lists: however many look for a name at a time, each list is read once for all of them.
#[derive(Debug, Clone)]
pub struct PlatformRoutes {
    triggers: Triggers,
    bridges: EventBridges,
}

impl PlatformRoutes {
    /// Routes of the client's organisation.
    pub fn new(client: Client) -> Self {
        Self {
            triggers: Triggers::new(client.clone()),
            bridges: EventBridges::new(client),
        }
    }

    /// The objects that routes of this kind are.
    fn objects(&self, route: &EventRoute, operation: &'static str) -> Result<&dyn Objects> {
        match route.target() {
            RouteTarget::Workflow(_) => Ok(&self.triggers),
            RouteTarget::EventBridge(_) => Ok(&self.bridges),
            RouteTarget::Https(_) => Err(Error::new(
                ErrorKind::Unsupported,
                "the platform publishes no call that pushes events to a URL; route them to a workflow whose data action calls \
                 it, or to EventBridge",
            )
            .with_operation(operation)),
        }
    }
}

#[async_trait]
impl EventRoutes for PlatformRoutes {
    fn profile(&self) -> Profile {
        Profile::Platform
    }

    async fn ensure(&self, route: &EventRoute) -> Result<Ensured> {
        converge::ensure(self.objects(route, "routes.ensure")?, route).await
    }

    async fn find(&self, name: &str) -> Result<Option<DeployedRoute>> {
        let mut named: Vec<DeployedRoute> = self.triggers.find(name).await?.into_iter().collect();
        named.extend(self.bridges.find(name).await?);
        converge::sole(named, "routes.find")
    }

    async fn get(&self, id: &RouteId) -> Result<Option<DeployedRoute>> {
        match self.triggers.get(id).await? {
            Some(route) => Ok(Some(route)),
            None => self.bridges.get(id).await,
        }
    }

    async fn list(&self) -> Result<Vec<DeployedRoute>> {
        let mut routes = self.triggers.list().await?;
        routes.extend(self.bridges.list().await?);
        Ok(routes)
    }

    async fn update(&self, current: &DeployedRoute, route: &EventRoute) -> Result<DeployedRoute> {
        let objects = self.objects(route, "routes.replace")?;
        if current.kind != route.target().kind() {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!(
                    "a {} route cannot become a {} route; delete it first",
                    current.kind,
                    route.target().kind()
                ),
            )
            .with_operation("routes.replace"));
        }
        objects.replace(current, route).await
    }

    async fn delete(&self, id: &RouteId) -> Result<bool> {
        // An id belongs to one of the two kinds, and nothing of another kind is ever deleted.
        Ok(self.triggers.delete(id).await? || self.bridges.delete(id).await?)
    }

    async fn dry_run(&self, route: &EventRoute, event: Option<&Value>) -> Result<DryRun> {
        let objects = self.objects(route, "routes.dry_run")?;
        let mut dry_run = converge::dry_run(objects, route).await?;
        if route.target().kind() == TargetKind::Workflow {
            if let Some(current) = &dry_run.current {
                trigger::same_topic(current, route)?;
            }
            if let Some(event) = event {
                let test = match &dry_run.current {
                    Some(current) => self.triggers.test(&current.id, event).await?,
                    None => self.triggers.test_topic(route, event).await?,
                };
                dry_run.test = Some(test);
            }
        }
        Ok(dry_run)
    }
}
