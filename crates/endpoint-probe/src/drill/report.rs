//! What a drill did.

use std::time::Duration;

use serde::Serialize;

use super::plan::DrillStep;
use crate::serial;

/// How a drill ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum DrillOutcome {
    /// Every step was done.
    Completed,
    /// The endpoints were not as the plan says, or could not be asked. Nothing was switched.
    NotStarted,
    /// A step failed, and everything was taken back.
    RolledBack,
    /// A step failed, and not everything could be taken back: [`DrillReport::uncertain`] needs a person.
    RollbackFailed,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "result", content = "reason")]
#[non_exhaustive]
pub enum StepResult {
    /// It was done.
    Done,
    /// It failed, for this reason. What it wanted to do may have happened.
    Failed(String),
    /// It was left out, because it would have broken the safety rule.
    Skipped,
}

/// One step, done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct StepReport {
    /// The step.
    #[serde(flatten)]
    pub step: DrillStep,
    /// How it ended.
    #[serde(flatten)]
    pub result: StepResult,
    /// Checks that were made.
    pub checks: u32,
    /// When it began, from the start of the drill.
    #[serde(rename = "startedMs", serialize_with = "serial::millis")]
    pub started: Duration,
    /// How long it took.
    #[serde(rename = "elapsedMs", serialize_with = "serial::millis")]
    pub elapsed: Duration,
}

/// What a drill did, and how long that took. Serialized in camel case, durations as whole milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DrillReport {
    /// How it ended.
    pub outcome: DrillOutcome,
    /// Why it did not start, one line for each reason.
    pub refusals: Vec<String>,
    /// The steps up to the last or the one that failed.
    pub steps: Vec<StepReport>,
    /// What was done to take the steps back, in the order it was done.
    pub rollback: Vec<StepReport>,
    /// The recovery time: from the first step until the last endpoint of the plan began to serve. `None` unless the drill completed
    /// and an endpoint began to.
    #[serde(rename = "rtoMs", serialize_with = "serial::optional_millis")]
    pub rto: Option<Duration>,
    /// For how long no endpoint served: on, and either on from the start or proven up. An endpoint is taken for off from the
    /// moment that the switch is told so, and for on when the switch says that it is done.
    #[serde(rename = "outageMs", serialize_with = "serial::millis")]
    pub outage: Duration,
    /// How long all of it took.
    #[serde(rename = "elapsedMs", serialize_with = "serial::millis")]
    pub elapsed: Duration,
    /// The endpoints that are on at the end, as far as is known.
    pub on: Vec<String>,
    /// The endpoints of which nobody knows whether they are on: the call that was to change them failed.
    pub uncertain: Vec<String>,
}

impl DrillReport {
    /// True when every step was done.
    pub fn is_completed(&self) -> bool {
        self.outcome == DrillOutcome::Completed
    }
}
