//! What a deployment that succeeded gives.

use std::time::Duration;

use crate::api::Change;
use crate::integration::{Integration, IntegrationState, StateChange};
use crate::report::TestReport;

/// A deployment that succeeded: the integration is as defined, tested and active.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deployment {
    /// The integration, with the state that was reported last.
    pub integration: Integration,
    /// What had to be done in all, earlier runs of a resumed deployment included. [`Change::Unchanged`]: nothing was
    /// written.
    pub change: Change,
    /// True when this run went on where an earlier one had stopped.
    pub resumed: bool,
    /// The test's report; none when there was nothing new to test or an earlier run had tested it.
    pub test: Option<TestReport>,
    /// What enabling it took; none when it was active already.
    pub enabled: Option<StateChange>,
    /// Each step of this run, in order.
    pub steps: Vec<StepResult>,
}

/// One step of a deployment that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepResult {
    /// Its name.
    pub name: &'static str,
    /// What it had to do.
    pub change: Change,
    /// False when it was not needed.
    pub ran: bool,
    /// What a further step made, in its own words.
    pub reference: Option<String>,
    /// How long it took.
    pub elapsed: Duration,
}

impl Deployment {
    pub(super) fn new(integration: Integration, resumed: bool) -> Self {
        Self {
            integration,
            change: Change::Unchanged,
            resumed,
            test: None,
            enabled: None,
            steps: Vec::new(),
        }
    }

    /// The result of the step of this name.
    pub fn step(&self, name: &str) -> Option<&StepResult> {
        self.steps.iter().find(|step| step.name == name)
    }

    pub(super) fn skipped(&mut self, name: &'static str, reference: Option<String>) {
        self.steps.push(StepResult {
            name,
            change: Change::Unchanged,
            ran: false,
            reference,
            elapsed: Duration::ZERO,
        });
    }

    pub(super) fn ran(
        &mut self,
        name: &'static str,
        change: Change,
        reference: Option<String>,
        elapsed: Duration,
    ) {
        self.steps.push(StepResult {
            name,
            change,
            ran: true,
            reference,
            elapsed,
        });
    }

    pub(super) fn enabled_by(&mut self, change: StateChange) {
        self.integration.state = change.reported.clone();
        self.enabled = Some(change);
    }

    pub(super) fn is_active(&self) -> bool {
        self.integration.state == IntegrationState::Active
    }
}
