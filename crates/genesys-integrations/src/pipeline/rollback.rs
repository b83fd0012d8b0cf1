//! The way back: in reverse order, by the journal and by the marker.

use genesys_core::{Error, Result};

use super::journal::{JournalPhase, JournalRecord, JournalStep};
use super::observer::PipelineEvent;
use super::{CREATE, ENABLE, Pipeline, ROLLBACK, TEST};
use crate::integration::IntendedState;

impl Pipeline {
    /// Undoes a record within the pipeline's deadline; an error comes with what remains, one line a step.
    pub(super) async fn undo_bounded(
        &self,
        record: JournalRecord,
    ) -> Result<(), (Error, Vec<String>)> {
        let mut remaining: Vec<String> = record
            .steps
            .iter()
            .rev()
            .map(|step| step.name.clone())
            .collect();
        match self.bounded(self.undo(record, &mut remaining)).await {
            Ok(()) => Ok(()),
            Err(error) => Err((error, remaining)),
        }
    }

    /// Undoes each step of a record, newest first. A step that cannot be undone does not keep the others from it; it stays
    /// in the journal, and its line in `remaining` says why.
    pub(super) async fn undo(
        &self,
        mut record: JournalRecord,
        remaining: &mut Vec<String>,
    ) -> Result<()> {
        self.tell(&PipelineEvent::RollingBack);
        let target = record
            .integration
            .as_ref()
            .map_or(record.name.as_str(), |id| id.as_str())
            .to_owned();
        let operation = self.client.recorder().begin(ROLLBACK, target).await?;
        let result = self.undo_steps(&mut record, remaining).await;
        operation.finish(result).await
    }

    async fn undo_steps(
        &self,
        record: &mut JournalRecord,
        remaining: &mut Vec<String>,
    ) -> Result<()> {
        record.phase = JournalPhase::RollingBack;
        self.journal.save(record).await?;
        let mut first_failure = None;
        for step in record.steps.clone().into_iter().rev() {
            match self.undo_step(record, &step).await {
                Ok(()) => {
                    remaining.retain(|name| *name != step.name);
                    record.steps.retain(|kept| kept.name != step.name);
                    self.journal.save(record).await?;
                }
                Err(error) => {
                    self.tell(&PipelineEvent::Failed {
                        step: &step.name,
                        error: &error,
                    });
                    for line in remaining.iter_mut().filter(|line| **line == step.name) {
                        *line = format!("{}: {error}", step.name);
                    }
                    first_failure.get_or_insert(error);
                }
            }
        }
        match (first_failure, record.finished.take()) {
            (Some(error), _) => Err(error),
            (None, Some(before)) if record.adopted => self.journal.save(&before).await,
            (None, _) => self.journal.clear().await,
        }
    }

    async fn undo_step(&self, record: &JournalRecord, step: &JournalStep) -> Result<()> {
        match (step.name.as_str(), &record.integration) {
            (CREATE, id) if !record.adopted => {
                if let Some(id) = id {
                    self.target.delete(id).await?;
                }
                // What an interrupted creation left has no id here, and carries the name.
                self.target.purge().await.map(drop)
            }
            (ENABLE, Some(id)) if record.adopted => self
                .target
                .set_state(id, IntendedState::Disabled)
                .await
                .map(drop),
            // Deleting the integration ends its state too, and a test leaves nothing.
            (CREATE | ENABLE | TEST, _) => Ok(()),
            (name, Some(id)) => {
                let known = self.steps.iter().find(|(known, _)| *known == name);
                match known {
                    // What an adopted integration had before is left to it.
                    _ if record.adopted && !step.changed => Ok(()),
                    Some((_, further)) => further.undo(id, step.reference.as_deref()).await,
                    None => Err(Error::new(
                        genesys_core::ErrorKind::Config,
                        "the pipeline has no step of this name, so that it cannot be undone",
                    )),
                }
            }
            (_, None) => Ok(()),
        }
    }
}
