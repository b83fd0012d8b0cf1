//! Why a deployment failed, and what became of what it had done.

use std::fmt;

use genesys_core::{Error, ErrorKind};

use super::metrics::DeploymentMetrics;
use crate::report::TestReport;
use crate::widgets::{Validation, WidgetError};

/// Why a deployment failed, and what became of what it had done.
#[derive(Debug)]
pub struct PipelineError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    step: &'static str,
    error: Error,
    test: Option<TestReport>,
    aftermath: Aftermath,
    metrics: Option<DeploymentMetrics>,
}

/// What became of the steps that were done before a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Aftermath {
    /// The deployment had not begun: nothing was changed.
    Untouched,
    /// They were undone.
    RolledBack,
    /// They stay, and the journal has them: run the pipeline again, or roll it back.
    Kept,
    /// They could not all be undone. The journal keeps what remains; [`roll_back`](super::Pipeline::roll_back) tries again.
    #[non_exhaustive]
    Incomplete {
        /// One line a step: its name and why it remains.
        remaining: Vec<String>,
    },
}

impl PipelineError {
    pub(super) fn new(
        step: &'static str,
        error: Error,
        test: Option<TestReport>,
        aftermath: Aftermath,
    ) -> Self {
        Self(Box::new(Inner {
            step,
            error,
            test,
            aftermath,
            metrics: None,
        }))
    }

    pub(super) fn with_metrics(mut self, metrics: DeploymentMetrics) -> Self {
        self.0.metrics = Some(metrics);
        self
    }

    /// What went wrong: the kind of [`error`](PipelineError::error).
    pub fn kind(&self) -> ErrorKind {
        self.0.error.kind()
    }

    /// The step that failed.
    pub fn step(&self) -> &'static str {
        self.0.step
    }

    /// Why it failed.
    pub fn error(&self) -> &Error {
        &self.0.error
    }

    /// When the deployment began and ended; none for a rollback that was asked for.
    pub fn metrics(&self) -> Option<&DeploymentMetrics> {
        self.0.metrics.as_ref()
    }

    /// What the rules say about a widget that they refuse. Repair the widget, or change the policy; trying again without
    /// that does not help.
    pub fn refused(&self) -> Option<&Validation> {
        let source = std::error::Error::source(&self.0.error)?;
        source
            .downcast_ref::<WidgetError>()
            .map(WidgetError::validation)
    }

    /// The test's report, if it was reached.
    pub fn test(&self) -> Option<&TestReport> {
        self.0.test.as_ref()
    }

    /// True when the test ran and says that the integration does not work. Fix the external system, its credentials or
    /// the mapping; trying again without that does not help.
    pub fn is_test_failure(&self) -> bool {
        self.0
            .test
            .as_ref()
            .is_some_and(|report| !report.is_success())
    }

    /// What became of the steps that were done before.
    pub fn aftermath(&self) -> &Aftermath {
        &self.0.aftermath
    }
}

impl fmt::Display for PipelineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "deployment failed at {}; ", self.0.step)?;
        match &self.0.aftermath {
            Aftermath::Untouched => f.write_str("nothing was changed"),
            Aftermath::RolledBack => f.write_str("everything was rolled back"),
            Aftermath::Kept => f.write_str("it can be resumed"),
            Aftermath::Incomplete { remaining } => write!(
                f,
                "not everything was rolled back: {}",
                remaining.join("; ")
            ),
        }
    }
}

impl std::error::Error for PipelineError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0.error)
    }
}
