//! The seam for further steps.

use std::fmt;

use async_trait::async_trait;
use genesys_core::Result;

use crate::api::Change;
use crate::ids::IntegrationId;
use crate::integration::Integration;

/// A further step of a deployment, such as the registration of a webhook.
///
/// A kill can come between the step and the journal, so both methods may be called again for work that is done: look for
/// it by a marker first.
#[async_trait]
pub trait DeployStep: fmt::Debug + Send + Sync {
    /// Does the step, or finds it done.
    ///
    /// # Errors
    ///
    /// Any; the pipeline then does what its [`OnFailure`](super::OnFailure) says.
    async fn run(&self, integration: &Integration) -> Result<StepDone>;

    /// Undoes the step. `reference` is what [`run`](DeployStep::run) gave, none when it was interrupted. Finding nothing to
    /// undo is success.
    ///
    /// # Errors
    ///
    /// Any; the rollback goes on with the other steps and reports that this one remains.
    async fn undo(&self, integration: &IntegrationId, reference: Option<&str>) -> Result<()>;
}

/// What a further step did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepDone {
    /// What had to be done.
    pub change: Change,
    /// What it made, such as a webhook's id; kept in the journal and in the audit trail, so it holds no secret.
    pub reference: Option<String>,
}

impl StepDone {
    /// A step that made something, or found it made.
    pub fn new(change: Change) -> Self {
        Self {
            change,
            reference: None,
        }
    }

    /// Names what it made.
    #[must_use]
    pub fn with_reference(mut self, reference: impl Into<String>) -> Self {
        self.reference = Some(reference.into());
        self
    }
}
