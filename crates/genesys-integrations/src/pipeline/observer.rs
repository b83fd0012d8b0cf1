//! What a deployment tells while it runs.

use std::fmt;
use std::time::Duration;

use genesys_core::Error;

use super::metrics::DeploymentMetrics;
use crate::api::Change;
use crate::report::TestReport;
use crate::widgets::Validation;

/// One thing that happened to a deployment. The attempts inside a step are events of the client's
/// [`Observer`](genesys_core::observe::Observer): each attempt of the test is an `AttemptFinished` of `integrations.test`
/// with its status and latency.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum PipelineEvent<'a> {
    /// A step begins.
    #[non_exhaustive]
    Started {
        /// Its name.
        step: &'a str,
    },
    /// The widget was validated, with errors or without. An error ends the deployment before anything is sent.
    #[non_exhaustive]
    Validated {
        /// What the rules say.
        validation: &'a Validation,
    },
    /// The test has a report, good or bad.
    #[non_exhaustive]
    Tested {
        /// The report.
        report: &'a TestReport,
    },
    /// A step ended well.
    #[non_exhaustive]
    Finished {
        /// Its name.
        step: &'a str,
        /// What it had to do.
        change: Change,
        /// How long it took.
        elapsed: Duration,
    },
    /// A step was not needed: an earlier run did it, or there was nothing to do.
    #[non_exhaustive]
    Skipped {
        /// Its name.
        step: &'a str,
    },
    /// A step failed.
    #[non_exhaustive]
    Failed {
        /// Its name.
        step: &'a str,
        /// Why.
        error: &'a Error,
    },
    /// The steps done so far are being undone.
    RollingBack,
    /// The deployment ended, well or not: the last event of a run, unless its future is dropped.
    #[non_exhaustive]
    Ended {
        /// When, how, and what it was about.
        metrics: &'a DeploymentMetrics,
    },
}

/// Is told about the steps of a deployment, for a progress display. It runs between the steps: return at once.
pub trait PipelineObserver: fmt::Debug + Send + Sync {
    /// Takes one event.
    fn on_event(&self, event: &PipelineEvent<'_>);
}
