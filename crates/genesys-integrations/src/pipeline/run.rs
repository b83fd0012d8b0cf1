//! The way forward: each step noted before and after.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use genesys_core::{Error, ErrorKind, Operation, Result};

use super::journal::{JournalPhase, JournalRecord};
use super::metrics::Stopwatch;
use super::observer::PipelineEvent;
use super::outcome::Deployment;
use super::{CREATE, DeployStep, ENABLE, Pipeline, Progress, TEST, VALIDATE};
use crate::api::Change;
use crate::integration::{Integration, IntegrationState, IntendedState};
use crate::report::TestReport;
use crate::widgets::Validation;

/// A step that runs: begun in the journal and in the audit trail.
struct Running {
    step: &'static str,
    started: Instant,
    operation: Operation,
}

impl Pipeline {
    /// Refuses a journal of another definition.
    pub(super) fn check_owner(&self, record: &JournalRecord) -> Result<()> {
        let ours =
            record.name == self.target.name() && record.profile == self.target.profile().as_str();
        if ours {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Conflict,
            "the journal belongs to the deployment of another definition",
        ))
    }

    /// As [`check_owner`](Self::check_owner), and refuses to go on with a deployment whose definition has changed since.
    pub(super) fn check_current(&self, record: &JournalRecord) -> Result<()> {
        self.check_owner(record)?;
        if record.phase != JournalPhase::Running || record.fingerprint == self.target.fingerprint()
        {
            return Ok(());
        }
        let why = "the journal's deployment was begun with another content of the definition; finish it or roll it back first";
        Err(Error::new(ErrorKind::Conflict, why))
    }

    pub(super) async fn forward(
        &self,
        watch: &Stopwatch,
        progress: &Progress,
    ) -> Result<Deployment> {
        let validated = self.validate(progress).await?;
        progress.enter(CREATE);
        let mut record = self.open(progress).await?;
        let resumed = record.step(CREATE).is_some();
        if let Some(id) = &record.integration {
            progress.made(id);
        }
        let mut deployment = self.create(watch, &mut record, resumed).await?;
        progress.made(&deployment.integration.id);
        if let Some((validation, elapsed)) = validated {
            deployment.validated(validation, elapsed);
        }
        let mut test_report = None;

        // What existed, is as defined and works was tested when it was enabled.
        let created = deployment
            .step(CREATE)
            .map_or(Change::Unchanged, |step| step.change);
        let untouched = record.adopted && !record.step(CREATE).is_some_and(|step| step.changed);
        let in_service = untouched && created == Change::Unchanged && deployment.is_active();

        if !self.target.is_testable() {
            // Its validation has taken the place of the test.
        } else if in_service || (record.is_done(TEST) && created == Change::Unchanged) {
            self.skip(TEST, &mut deployment, None);
        } else {
            progress.enter(TEST);
            test_report = Some(self.test(&mut record, &mut deployment, progress).await?);
        }
        for (name, step) in &self.steps {
            progress.enter(name);
            if record.is_done(name) && created == Change::Unchanged {
                let reference = record.step(name).and_then(|step| step.reference.clone());
                self.skip(name, &mut deployment, reference);
            } else {
                self.further(name, &**step, &mut record, &mut deployment)
                    .await?;
            }
        }
        progress.enter(ENABLE);
        if in_service || (deployment.is_active() && record.step(ENABLE).is_some()) {
            self.skip(ENABLE, &mut deployment, None);
        } else {
            self.enable(&mut record, &mut deployment).await?;
        }
        deployment.change = record.change();
        deployment.test = test_report;
        self.finish(record, deployment.change).await?;
        Ok(deployment)
    }

    /// Checks what will be sent. It writes nothing, so that the journal need not know of it.
    async fn validate(&self, progress: &Progress) -> Result<Option<(Validation, Duration)>> {
        if self.target.is_testable() {
            return Ok(None);
        }
        progress.enter(VALIDATE);
        self.tell(&PipelineEvent::Started { step: VALIDATE });
        let name = self.target.name();
        let attributes = BTreeMap::from([(
            self.target.name_attribute().to_owned(),
            serde_json::Value::from(name),
        )]);
        let mut running = Running {
            step: VALIDATE,
            started: self.client.clock().now(),
            operation: self
                .client
                .recorder()
                .begin_with(VALIDATE, name, attributes)
                .await?,
        };
        let validation = match self.target.validate().await {
            Ok(Some(validation)) => validation,
            Ok(None) => return running.operation.succeed().await.map(|()| None),
            Err(error) => return Err(self.failed(running, error).await),
        };
        self.tell(&PipelineEvent::Validated {
            validation: &validation,
        });
        let codes: Vec<&str> = validation.codes().collect();
        running.operation.set_attribute("findings", codes);
        if let Err(refused) = validation.clone().accepted() {
            return Err(self.failed(running, refused.into()).await);
        }
        let Running {
            started, operation, ..
        } = running;
        operation.succeed().await?;
        let elapsed = self.client.clock().now().saturating_duration_since(started);
        self.tell(&PipelineEvent::Finished {
            step: VALIDATE,
            change: Change::Unchanged,
            elapsed,
        });
        Ok(Some((validation, elapsed)))
    }

    /// The record to work on: that of a deployment to go on with, or a new one.
    async fn open(&self, progress: &Progress) -> Result<JournalRecord> {
        let mut loaded = self.journal.load().await?;
        if let Some(record) = &loaded {
            self.check_current(record)?;
        }
        progress.begun();
        // What was being undone is undone before anything new is begun.
        if let Some(record) = loaded.take_if(|record| record.phase == JournalPhase::RollingBack) {
            self.undo(record, &mut Vec::new()).await?;
            loaded = self.journal.load().await?;
        }
        let finished = match loaded {
            Some(record) if record.phase == JournalPhase::Running => return Ok(record),
            other => other,
        };
        let found = self.target.find().await?;
        let owned = match (&found, &finished) {
            (None, _) => true,
            (Some(found), Some(before)) => {
                before.owned && before.integration.as_ref() == Some(&found.id)
            }
            (Some(_), None) => false,
        };
        let mut record = JournalRecord::new(&*self.target, found.is_some(), owned);
        record.finished = finished.map(Box::new);
        Ok(record)
    }

    async fn begin(&self, step: &'static str, record: &mut JournalRecord) -> Result<Running> {
        self.tell(&PipelineEvent::Started { step });
        record.begin(step);
        self.journal.save(record).await?;
        let target = record
            .integration
            .as_ref()
            .map_or(self.target.name(), |id| id.as_str())
            .to_owned();
        let mut attributes = BTreeMap::new();
        attributes.insert(
            self.target.name_attribute().to_owned(),
            self.target.name().into(),
        );
        attributes.insert("profile".to_owned(), record.profile.as_str().into());
        if step == CREATE {
            for (key, value) in self.target.details() {
                attributes.insert(key.to_owned(), value.into());
            }
        }
        let operation = self
            .client
            .recorder()
            .begin_with(step, target, attributes)
            .await?;
        Ok(Running {
            step,
            started: self.client.clock().now(),
            operation,
        })
    }

    async fn failed(&self, running: Running, error: Error) -> Error {
        let error = running.operation.fail(error).await;
        self.tell(&PipelineEvent::Failed {
            step: running.step,
            error: &error,
        });
        error
    }

    async fn end(
        &self,
        running: Running,
        change: Change,
        reference: Option<String>,
        record: &mut JournalRecord,
        deployment: &mut Deployment,
    ) -> Result<()> {
        let Running {
            step,
            started,
            mut operation,
        } = running;
        operation.set_target(deployment.integration.id.as_str());
        operation.set_attribute("change", change.as_str());
        if let Some(reference) = &reference {
            operation.set_attribute("reference", reference.as_str());
        }
        record.end(step, change != Change::Unchanged, reference.clone());
        // The journal first: a step whose end is audited is never run again.
        self.journal.save(record).await?;
        operation.succeed().await?;
        let elapsed = self.client.clock().now().saturating_duration_since(started);
        deployment.ran(step, change, reference, elapsed);
        self.tell(&PipelineEvent::Finished {
            step,
            change,
            elapsed,
        });
        Ok(())
    }

    fn skip(&self, step: &'static str, deployment: &mut Deployment, reference: Option<String>) {
        deployment.skipped(step, reference);
        self.tell(&PipelineEvent::Skipped { step });
    }

    async fn create(
        &self,
        watch: &Stopwatch,
        record: &mut JournalRecord,
        resumed: bool,
    ) -> Result<Deployment> {
        let running = self.begin(CREATE, record).await?;
        let ensured = match self.target.ensure().await {
            Ok(ensured) => ensured,
            Err(error) => return Err(self.failed(running, error).await),
        };
        if ensured.change == Change::Created {
            // Whatever existed when the deployment began is gone, and this one is its own.
            record.adopted = false;
            record.owned = true;
        }
        record.integration = Some(ensured.integration.id.clone());
        let metrics = watch.stop(&self.client, false, record.integration.clone());
        let mut deployment = Deployment::new(ensured.integration, resumed, metrics);
        self.end(running, ensured.change, None, record, &mut deployment)
            .await?;
        Ok(deployment)
    }

    async fn test(
        &self,
        record: &mut JournalRecord,
        deployment: &mut Deployment,
        progress: &Progress,
    ) -> Result<TestReport> {
        let interrupted = record.step(TEST).is_some_and(|step| !step.done);
        if interrupted && !self.test.is_repeatable() {
            let why =
                "an earlier run may have tested the integration, and the test is not repeatable";
            return Err(Error::new(ErrorKind::OutcomeUnknown, why));
        }
        let mut running = self.begin(TEST, record).await?;
        let report = match self.tested(&mut deployment.integration).await {
            Ok(report) => report,
            Err(error) => return Err(self.failed(running, error).await),
        };
        self.tell(&PipelineEvent::Tested { report: &report });
        progress.tested(report.clone());
        running
            .operation
            .set_attribute("status", report.status.as_str());
        if let Some(took) = report.response_time {
            running
                .operation
                .set_attribute("response_ms", took.as_secs_f64() * 1000.0);
        }
        if !report.is_success() {
            let error = Error::new(
                ErrorKind::State,
                format!("the test says {}: {}", report.status, report.message),
            );
            let error = self.failed(running, error).await;
            // Its outcome is known, so that even a test that is not repeatable may be run again after a repair.
            record.forget(TEST);
            self.journal.save(record).await?;
            return Err(error);
        }
        self.end(running, Change::Unchanged, None, record, deployment)
            .await?;
        Ok(report)
    }

    async fn tested(&self, integration: &mut Integration) -> Result<TestReport> {
        // Nothing that is yet to be tested stays enabled, whoever enabled it.
        if integration.state != IntegrationState::Inactive {
            let change = self
                .target
                .set_state(&integration.id, IntendedState::Disabled)
                .await?;
            integration.state = change.reported;
        }
        self.target.test(&integration.id, self.test.clone()).await
    }

    async fn further(
        &self,
        name: &'static str,
        step: &dyn DeployStep,
        record: &mut JournalRecord,
        deployment: &mut Deployment,
    ) -> Result<()> {
        let running = self.begin(name, record).await?;
        match step.run(&deployment.integration).await {
            Ok(done) => {
                self.end(running, done.change, done.reference, record, deployment)
                    .await
            }
            Err(error) => Err(self.failed(running, error).await),
        }
    }

    async fn enable(&self, record: &mut JournalRecord, deployment: &mut Deployment) -> Result<()> {
        let mut running = self.begin(ENABLE, record).await?;
        match self
            .target
            .set_state(&deployment.integration.id, IntendedState::Enabled)
            .await
        {
            Ok(change) => {
                running
                    .operation
                    .set_attribute("reported", change.reported.as_str());
                running
                    .operation
                    .set_attribute("waited_ms", change.waited.as_secs_f64() * 1000.0);
                deployment.enabled_by(change);
                self.end(running, Change::Updated, None, record, deployment)
                    .await
            }
            Err(error) => Err(self.failed(running, error).await),
        }
    }

    /// Closes the record. A run that found everything in place puts back the finished record that it began with.
    async fn finish(&self, mut record: JournalRecord, change: Change) -> Result<()> {
        if let (Some(before), Change::Unchanged) = (record.finished.take(), change) {
            return self.journal.save(&before).await;
        }
        record.phase = JournalPhase::Finished;
        record.adopted = !record.owned;
        for step in &mut record.steps {
            step.done = true;
            // Undoing a deployment as a whole undoes each of its steps, also those that a later run found done.
            step.changed |= record.owned;
        }
        self.journal.save(&record).await
    }
}
