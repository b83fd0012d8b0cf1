//! The pipeline over a small cloud of the guide profile, killed and failed at every point.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use genesys_core::observe::Outcome;
use genesys_core::{Error, ErrorKind, Result};
use genesys_integrations::pipeline::{
    Aftermath, DeployStep, JournalPhase, PipelineEvent, PipelineObserver, StepDone,
};
use genesys_integrations::{
    Change, DataMapping, GuideIntegrations, Integration, IntegrationId, IntegrationState,
    Integrations, IntendedState, Journal, MemoryJournal, OnFailure, Pipeline, TestRequest,
};
use serde_json::json;

use crate::support::cloud::Cloud;
use crate::support::journal::Mortal;
use crate::support::{NAME, PASSWORD, Rig, TOKEN, builder, definition, seconds};

mod deploy;
mod kill;
mod undo;

/// A step that keeps one watcher an integration, as a webhook would be kept.
#[derive(Debug, Clone, Default)]
struct Watcher {
    watched: Arc<Mutex<Vec<String>>>,
    fail: Arc<Mutex<Option<ErrorKind>>>,
}

#[async_trait]
impl DeployStep for Watcher {
    async fn run(&self, integration: &Integration) -> Result<StepDone> {
        if let Some(kind) = *self.fail.lock().unwrap() {
            return Err(Error::new(kind, "no watcher today"));
        }
        let mut watched = self.watched.lock().unwrap();
        let name = format!("watch-{}", integration.id);
        let change = if watched.contains(&name) {
            Change::Unchanged
        } else {
            watched.push(name.clone());
            Change::Created
        };
        Ok(StepDone::new(change).with_reference(name))
    }

    async fn undo(&self, integration: &IntegrationId, _reference: Option<&str>) -> Result<()> {
        let name = format!("watch-{integration}");
        self.watched.lock().unwrap().retain(|known| *known != name);
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Progress(Mutex<Vec<String>>);

impl PipelineObserver for Progress {
    fn on_event(&self, event: &PipelineEvent<'_>) {
        let line = match event {
            PipelineEvent::Started { step, .. } => format!("started {step}"),
            PipelineEvent::Tested { report, .. } => format!("tested {}", report.status),
            PipelineEvent::Finished { step, change, .. } => format!("finished {step} {change}"),
            PipelineEvent::Skipped { step, .. } => format!("skipped {step}"),
            PipelineEvent::Failed { step, .. } => format!("failed {step}"),
            PipelineEvent::RollingBack => "rolling back".to_owned(),
            PipelineEvent::Ended { metrics, .. } => format!("ended {}", metrics.success),
            _ => "something new".to_owned(),
        };
        self.0.lock().unwrap().push(line);
    }
}

struct Setup {
    rig: Rig,
    cloud: Cloud,
    watcher: Watcher,
    journal: MemoryJournal,
}

impl Setup {
    fn new() -> Self {
        let rig = Rig::new();
        let cloud = Cloud::serve(&rig.transport);
        Self {
            rig,
            cloud,
            watcher: Watcher::default(),
            journal: MemoryJournal::new(),
        }
    }

    fn integrations(&self) -> Arc<dyn Integrations> {
        Arc::new(GuideIntegrations::new(self.rig.client.clone()))
    }

    fn pipeline(&self) -> Pipeline {
        Pipeline::new(self.rig.client.clone(), self.integrations(), definition())
            .with_journal(Arc::new(self.journal.clone()))
            .with_step("WEBHOOK", Arc::new(self.watcher.clone()))
    }

    fn watched(&self) -> Vec<String> {
        self.watcher.watched.lock().unwrap().clone()
    }

    fn fail_tests(&self, times: usize) {
        let failed =
            json!({"status": "Failed", "message": "the endpoint answered 401", "responseTime": 3});
        self.cloud
            .with(|state| state.tests = vec![(200, failed); times]);
    }

    async fn phase(&self) -> Option<JournalPhase> {
        self.journal
            .load()
            .await
            .unwrap()
            .map(|record| record.phase)
    }

    /// Nothing is left anywhere.
    async fn assert_clean(&self, context: &str) {
        assert!(
            self.cloud.statuses().is_empty(),
            "{context}: {:?}",
            self.cloud.statuses()
        );
        assert!(self.watched().is_empty(), "{context}");
        assert_eq!(self.journal.load().await.unwrap(), None, "{context}");
    }

    async fn assert_deployed(&self, context: &str) {
        assert_eq!(self.cloud.statuses(), ["active"], "{context}");
        assert_eq!(self.watched(), ["watch-i-1"], "{context}");
        assert_eq!(
            self.phase().await,
            Some(JournalPhase::Finished),
            "{context}"
        );
    }
}
