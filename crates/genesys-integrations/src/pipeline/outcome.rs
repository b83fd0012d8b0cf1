//! What a deployment that succeeded gives.

use std::time::Duration;

use super::metrics::DeploymentMetrics;
use crate::api::Change;
use crate::integration::{Integration, IntegrationState, StateChange};
use crate::report::TestReport;
use crate::widgets::Validation;

/// A deployment that succeeded: the integration or widget is as defined, tested or validated, and active.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Deployment {
    /// The integration, with the state that was reported last.
    pub integration: Integration,
    /// What had to be done in all, earlier runs of a resumed deployment included. [`Change::Unchanged`]: nothing was
    /// written.
    pub change: Change,
    /// True when this run went on where an earlier one had stopped.
    pub resumed: bool,
    /// When it began and ended.
    pub metrics: DeploymentMetrics,
    /// What the rules say about a widget; none for an integration.
    pub validation: Option<Validation>,
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
    pub(super) fn new(integration: Integration, resumed: bool, metrics: DeploymentMetrics) -> Self {
        Self {
            metrics,
            validation: None,
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

    /// Notes the step that came before the first one that writes.
    pub(super) fn validated(&mut self, validation: Validation, elapsed: Duration) {
        self.validation = Some(validation);
        self.ran(super::VALIDATE, Change::Unchanged, None, elapsed);
        self.steps.rotate_right(1);
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
