//! A switch to a standby, rehearsed: planned, walked through in memory, executed, measured, and taken back when it fails.

mod plan;
mod report;
mod run;

use async_trait::async_trait;

use crate::health::CheckResult;

pub use plan::{Drill, DrillAction, DrillPlan, DrillProblem, DrillRefused, DrillStep};
pub use report::{DrillOutcome, DrillReport, StepReport, StepResult};

/// Why a [`Switch`] could not do something. Its text appears in the report, bounded and on one line: it must hold no secret.
pub type SwitchError = Box<dyn std::error::Error + Send + Sync>;

/// What a drill acts on: DNS records, a load balancer's members, the endpoints of an event route.
///
/// A call that is dropped because it took too long counts as one that may have happened, and is undone.
#[async_trait]
pub trait Switch: std::fmt::Debug + Send + Sync {
    /// Whether the endpoint gets traffic at present.
    async fn is_on(&self, endpoint: &str) -> Result<bool, SwitchError>;

    /// Gives the endpoint traffic, or takes it away. Doing what is done already is no error.
    async fn set(&self, endpoint: &str, on: bool) -> Result<(), SwitchError>;

    /// Checks the endpoint once, as its traffic would meet it. An error counts as a failed check.
    async fn check(&self, endpoint: &str) -> Result<CheckResult, SwitchError>;
}
