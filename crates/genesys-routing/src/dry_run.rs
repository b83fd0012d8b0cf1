//! What a deployment would do.

use serde::Serialize;

use crate::api::Change;
use crate::deployed::DeployedRoute;

/// What [`EventRoutes::ensure`](crate::EventRoutes::ensure) would do.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DryRun {
    /// What would have to be done.
    pub change: Change,
    /// What carries the name now.
    pub current: Option<DeployedRoute>,
    /// What the platform's own test says of the event, if one was given and the target has such a test.
    pub test: Option<EventTest>,
}

impl DryRun {
    /// What would have to be done to what is there.
    pub fn new(change: Change, current: Option<DeployedRoute>) -> Self {
        Self {
            change,
            current,
            test: None,
        }
    }
}

/// What the platform's test of a trigger, or of a topic, says of an event. It starts no workflow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EventTest {
    /// Whether the event fits the topic's schema.
    pub schema_valid: Option<bool>,
    /// Whether the trigger's target can be started. Only a trigger's own test tells.
    pub target_valid: Option<bool>,
    /// Whether the trigger would start its workflow. Only a trigger's own test tells.
    pub matches: Option<bool>,
    /// The names of the topic's triggers that would start their workflows. Only a topic's test tells.
    pub matched_triggers: Vec<String>,
    /// What the platform remarks.
    pub details: Vec<String>,
}
