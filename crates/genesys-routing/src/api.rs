//! The capability: event routes of an organisation, whatever the wire form.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use genesys_core::{Client, Profile, Result};
use serde_json::Value;

use crate::deployed::{DeployedRoute, RouteId};
use crate::dry_run::DryRun;
use crate::guide::GuideRoutes;
use crate::platform::PlatformRoutes;
use crate::route::EventRoute;

/// Event routes of an organisation.
///
/// [`GuideRoutes`] speaks the source document's wire form, [`PlatformRoutes`] the published API contract; [`for_profile`]
/// picks one. They differ in the targets that they can do:
///
/// | target | guide | platform |
/// | --- | --- | --- |
/// | [`Https`](crate::RouteTarget::Https) | an outbound integration | unsupported: nothing published pushes to a URL |
/// | [`Workflow`](crate::RouteTarget::Workflow) | unsupported | a process-automation trigger |
/// | [`EventBridge`](crate::RouteTarget::EventBridge) | unsupported | an integration of type `amazon-eventbridge-source` |
///
/// A route's name is its marker. Errors of a request are those of [`Client`]; only what is particular to a method is named
/// there. Nothing here writes audit lines: a deployment is a step of an operation, such as that of the resolver (feature `resolver`).
#[async_trait]
pub trait EventRoutes: fmt::Debug + Send + Sync {
    /// The wire form.
    fn profile(&self) -> Profile;

    /// Makes the route of this name what `route` says: looks for the name first, creates only what is missing, changes only
    /// what differs, and says which it was.
    ///
    /// A creation whose outcome is unknown is looked up by its name before it is sent again, at most once. A version that
    /// somebody else's change made stale is read again, a few times.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](genesys_core::ErrorKind::Unsupported) for a target that this profile cannot do, and for the change of a
    /// trigger's topic, before anything is sent; [`Conflict`](genesys_core::ErrorKind::Conflict) when several routes have the
    /// name; [`OutcomeUnknown`](genesys_core::ErrorKind::OutcomeUnknown) when a write could be neither confirmed nor ruled
    /// out: ensure the same route again.
    async fn ensure(&self, route: &EventRoute) -> Result<Ensured>;

    /// The route of this exact name; none when there is none.
    ///
    /// # Errors
    ///
    /// [`Conflict`](genesys_core::ErrorKind::Conflict) when several have the name.
    async fn find(&self, name: &str) -> Result<Option<DeployedRoute>>;

    /// One route; none when there is none of this id.
    async fn get(&self, id: &RouteId) -> Result<Option<DeployedRoute>>;

    /// Every route. A list that was cut off is an error and never a shorter list.
    async fn list(&self) -> Result<Vec<DeployedRoute>>;

    /// Writes `route` over what was read as `current`, whatever the difference.
    ///
    /// # Errors
    ///
    /// [`Conflict`](genesys_core::ErrorKind::Conflict) when somebody changed it since `current` was read;
    /// [`NotFound`](genesys_core::ErrorKind::NotFound) when it is gone;
    /// [`Unsupported`](genesys_core::ErrorKind::Unsupported) as for [`ensure`](Self::ensure).
    async fn update(&self, current: &DeployedRoute, route: &EventRoute) -> Result<DeployedRoute>;

    /// Removes one. True when it existed, also when an attempt removed it, its answer was lost, and the next attempt found
    /// nothing.
    async fn delete(&self, id: &RouteId) -> Result<bool>;

    /// Tells what [`ensure`](Self::ensure) would do, and writes nothing.
    ///
    /// With an `event`, a workflow's trigger is tried with it by the platform's own test: the trigger of this name as it is
    /// deployed, or, when there is none yet, every trigger of the topic.
    ///
    /// # Errors
    ///
    /// As [`ensure`](Self::ensure), except for those of writes.
    async fn dry_run(&self, route: &EventRoute, event: Option<&Value>) -> Result<DryRun>;
}

/// The adapter of a profile.
pub fn for_profile(profile: Profile, client: &Client) -> Arc<dyn EventRoutes> {
    match profile {
        Profile::Guide => Arc::new(GuideRoutes::new(client.clone())),
        Profile::Platform => Arc::new(PlatformRoutes::new(client.clone())),
    }
}

/// A route that is as asked for, and what that took.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Ensured {
    /// The route as it is now.
    pub deployed: DeployedRoute,
    /// What had to be done.
    pub change: Change,
}

impl Ensured {
    /// A route and what had to be done.
    pub fn new(deployed: DeployedRoute, change: Change) -> Self {
        Self { deployed, change }
    }
}

/// What had to be done to make a route as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Change {
    /// Nothing.
    Unchanged,
    /// It existed and was different.
    Updated,
    /// It did not exist.
    Created,
}

impl Change {
    /// `unchanged`, `updated` or `created`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Updated => "updated",
            Self::Created => "created",
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
