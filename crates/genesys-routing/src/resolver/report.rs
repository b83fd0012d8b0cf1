//! What a resolve did.

use std::fmt;
use std::time::Duration;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::check::EndpointResult;
use super::mesh::Notified;
use crate::api::Change;
use crate::deployed::RouteId;
use crate::dry_run::EventTest;

/// How a resolve ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResolveOutcome {
    /// The route did not exist.
    Created,
    /// It existed and was different.
    Updated,
    /// It existed as asked for.
    Unchanged,
    /// Nothing was written; [`ResolveReport::change`] says what would have been.
    DryRun,
    /// The key was used before, and the report is that one's.
    Replayed,
}

impl ResolveOutcome {
    /// `created`, `updated`, `unchanged`, `dry_run` or `replayed`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::DryRun => "dry_run",
            Self::Replayed => "replayed",
        }
    }
}

impl fmt::Display for ResolveOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Change> for ResolveOutcome {
    fn from(change: Change) -> Self {
        match change {
            Change::Created => Self::Created,
            Change::Updated => Self::Updated,
            Change::Unchanged => Self::Unchanged,
        }
    }
}

/// What a resolve found and did. Its JSON has the same members in camel case, times in milliseconds.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ResolveReport {
    /// How it ended.
    pub outcome: ResolveOutcome,
    /// What was done to the route, or in a dry run would be.
    pub change: Change,
    /// The route's name.
    pub name: String,
    /// The route's id; none for one that a dry run would create.
    pub id: Option<RouteId>,
    /// The version that it has now.
    pub version: Option<u64>,
    /// Every endpoint, the primary first; none for a route to a workflow or to EventBridge.
    pub endpoints: Vec<EndpointResult>,
    /// Every mesh callback.
    pub notifications: Vec<Notified>,
    /// What the platform's own test says of the event, in a dry run that was given one.
    pub test: Option<EventTest>,
    /// From start to end.
    pub elapsed: Duration,
}

impl ResolveReport {
    pub(super) fn new(
        outcome: ResolveOutcome,
        change: Change,
        name: &str,
        endpoints: Vec<EndpointResult>,
    ) -> Self {
        Self {
            outcome,
            change,
            name: name.to_owned(),
            id: None,
            version: None,
            endpoints,
            notifications: Vec::new(),
            test: None,
            elapsed: Duration::ZERO,
        }
    }
}

impl Serialize for ResolveReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("outcome", self.outcome.as_str())?;
        members.serialize_entry("change", self.change.as_str())?;
        members.serialize_entry("name", &self.name)?;
        if let Some(id) = &self.id {
            members.serialize_entry("id", id)?;
        }
        if let Some(version) = self.version {
            members.serialize_entry("version", &version)?;
        }
        members.serialize_entry("endpoints", &self.endpoints)?;
        members.serialize_entry("notifications", &self.notifications)?;
        if let Some(test) = &self.test {
            members.serialize_entry("test", test)?;
        }
        members.serialize_entry("elapsedMs", &(self.elapsed.as_secs_f64() * 1_000.0))?;
        members.end()
    }
}
