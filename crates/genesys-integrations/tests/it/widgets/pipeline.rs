//! The deployment of a widget: validate, create inactive, enable, confirm; failed and killed at every point.

use std::sync::{Arc, Mutex};

use genesys_core::ErrorKind;
use genesys_core::observe::Outcome;
use genesys_integrations::pipeline::{
    Aftermath, DeploymentMetrics, JournalPhase, PipelineEvent, PipelineObserver,
};
use genesys_integrations::{
    Change, GuideWidgets, IntegrationState, Journal, MemoryJournal, OnFailure, Pipeline,
};

use super::*;
use crate::support::cloud::Cloud;
use crate::support::journal::Mortal;
use crate::support::{Rig, seconds};

#[derive(Debug, Default)]
struct Progress {
    lines: Mutex<Vec<String>>,
    ended: Mutex<Vec<DeploymentMetrics>>,
}

impl PipelineObserver for Progress {
    fn on_event(&self, event: &PipelineEvent<'_>) {
        let line = match event {
            PipelineEvent::Started { step, .. } => format!("started {step}"),
            PipelineEvent::Validated { validation, .. } => {
                format!("validated {}", validation.is_accepted())
            }
            PipelineEvent::Finished { step, change, .. } => format!("finished {step} {change}"),
            PipelineEvent::Skipped { step, .. } => format!("skipped {step}"),
            PipelineEvent::Failed { step, .. } => format!("failed {step}"),
            PipelineEvent::RollingBack => "rolling back".to_owned(),
            PipelineEvent::Ended { metrics, .. } => {
                self.ended.lock().unwrap().push((*metrics).clone());
                format!("ended {}", metrics.success)
            }
            _ => "something new".to_owned(),
        };
        self.lines.lock().unwrap().push(line);
    }
}

struct Setup {
    rig: Rig,
    cloud: Cloud,
    journal: MemoryJournal,
    progress: Arc<Progress>,
}

impl Setup {
    fn new() -> Self {
        let rig = Rig::new();
        let cloud = Cloud::serve(&rig.transport);
        Self {
            rig,
            cloud,
            journal: MemoryJournal::new(),
            progress: Arc::default(),
        }
    }

    fn pipeline(&self) -> Pipeline {
        let client = self.rig.client.clone();
        let widgets = Arc::new(GuideWidgets::new(client.clone()));
        Pipeline::for_widget(client, widgets, widget())
            .with_journal(Arc::new(self.journal.clone()))
            .with_observer(self.progress.clone())
    }

    fn told(&self) -> Vec<String> {
        std::mem::take(&mut *self.progress.lines.lock().unwrap())
    }

    async fn assert_clean(&self, context: &str) {
        assert!(self.cloud.statuses().is_empty(), "{context}");
        assert_eq!(self.journal.load().await.unwrap(), None, "{context}");
    }

    async fn assert_deployed(&self, context: &str) {
        assert_eq!(self.cloud.statuses(), ["active"], "{context}");
        let record = self.journal.load().await.unwrap().unwrap();
        assert_eq!(record.phase, JournalPhase::Finished, "{context}");
    }

    /// The audit trail as `ACTION outcome`.
    fn audited(&self) -> Vec<String> {
        let entries = self.rig.audit.entries();
        let ended = entries
            .iter()
            .filter_map(|entry| Some((&entry.action, entry.outcome?)));
        ended
            .map(|(action, outcome)| format!("{action} {}", outcome.as_str()))
            .collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_widget_is_validated_created_inactive_enabled_and_confirmed() {
    // errata ALL-22
    let setup = Setup::new();
    let deployment = setup.pipeline().run().await.unwrap();
    assert_eq!(deployment.change, Change::Created);
    assert_eq!(deployment.integration.state, IntegrationState::Active);
    assert!(deployment.validation.as_ref().unwrap().is_accepted());
    assert!(deployment.test.is_none());
    assert_eq!(
        setup.cloud.with(|state| state.effects.clone()),
        [
            "POST /api/v2/integrations",
            "PATCH /api/v2/integrations/i-1"
        ]
    );
    assert_eq!(
        setup.told(),
        [
            "started VALIDATE",
            "validated true",
            "finished VALIDATE unchanged",
            "started CREATE",
            "finished CREATE created",
            "started ENABLE",
            "finished ENABLE updated",
            "ended true",
        ]
    );
    let steps: Vec<_> = deployment.steps.iter().map(|step| step.name).collect();
    assert_eq!(steps, ["VALIDATE", "CREATE", "ENABLE"]);
    assert_eq!(
        setup.audited(),
        [
            "VALIDATE success",
            "CREATE success",
            "ENABLE success",
            "DEPLOY success"
        ]
    );
    let entries = setup.rig.audit.entries();
    let last = entries.last().unwrap();
    assert_eq!(last.attributes["widget_name"], WIDGET);
    assert_eq!(last.attributes["id"], "i-1");
    setup.assert_deployed("first run").await;
}

#[tokio::test(start_paused = true)]
async fn a_second_run_changes_nothing_and_a_changed_definition_is_deployed_anew() {
    // errata ALL-18
    let setup = Setup::new();
    setup.pipeline().run().await.unwrap();
    setup.told();
    let again = setup.pipeline().run().await.unwrap();
    assert_eq!(again.change, Change::Unchanged);
    assert_eq!(setup.cloud.with(|state| state.effects.len()), 2);
    assert_eq!(
        setup.told()[3..],
        [
            "started CREATE",
            "finished CREATE unchanged",
            "skipped ENABLE",
            "ended true"
        ]
    );
    let client = setup.rig.client.clone();
    let other = builder().with_dimensions(800, 600).build(&rules()).unwrap();
    let widgets = Arc::new(GuideWidgets::new(client.clone()));
    let changed = Pipeline::for_widget(client, widgets, other)
        .with_journal(Arc::new(setup.journal.clone()))
        .run()
        .await
        .unwrap();
    assert_eq!(
        (changed.change, changed.integration.id.as_str()),
        (Change::Updated, "i-1")
    );
    setup.assert_deployed("changed").await;
}

#[tokio::test(start_paused = true)]
async fn metrics_say_when_a_deployment_began_and_ended_and_how() {
    // errata WID-34
    let setup = Setup::new();
    let deployment = setup.pipeline().run().await.unwrap();
    let metrics = &deployment.metrics;
    assert!(metrics.success && metrics.started_at <= metrics.ended_at);
    assert_eq!(metrics.id.as_ref().unwrap().as_str(), "i-1");
    let json = serde_json::to_value(metrics).unwrap();
    assert!(json["latency_ms"].is_number() && json["success"] == true && json["id"] == "i-1");
    assert!(json["started_at"].as_str().unwrap().ends_with('Z'));

    let setup = Setup::new();
    setup.cloud.with(|state| state.refuse = Some(("POST", 400)));
    let error = setup.pipeline().run().await.unwrap_err();
    assert!(!error.metrics().unwrap().success);
    let ended = setup.progress.ended.lock().unwrap().clone();
    assert_eq!(ended, [error.metrics().unwrap().clone()]);
    assert_eq!(setup.audited().last().unwrap(), "DEPLOY failure");
}

#[tokio::test(start_paused = true)]
async fn a_failed_activation_leaves_nothing_behind_or_can_be_resumed() {
    // errata WID-32, ALL-19
    let setup = Setup::new();
    setup
        .cloud
        .with(|state| state.refuse = Some(("PATCH", 400)));
    let error = setup.pipeline().run().await.unwrap_err();
    assert_eq!(
        (error.step(), error.kind(), error.aftermath()),
        ("ENABLE", ErrorKind::BadRequest, &Aftermath::RolledBack)
    );
    setup.assert_clean("rolled back").await;
    let id = error.metrics().unwrap().id.clone();
    assert_eq!(id.unwrap().as_str(), "i-1");
    assert_eq!(
        setup.audited(),
        [
            "VALIDATE success",
            "CREATE success",
            "ENABLE failure",
            "ROLLBACK success",
            "DEPLOY failure",
        ]
    );

    let keeping = setup.pipeline().with_on_failure(OnFailure::Keep);
    let error = keeping.run().await.unwrap_err();
    assert_eq!(error.aftermath(), &Aftermath::Kept);
    assert_eq!(setup.cloud.statuses(), ["inactive"]);
    setup.cloud.with(|state| state.refuse = None);
    let resumed = keeping.run().await.unwrap();
    assert!(resumed.resumed && resumed.change == Change::Created);
    setup.assert_deployed("resumed").await;
}

#[tokio::test(start_paused = true)]
async fn a_run_killed_at_any_journal_write_is_resumed_or_rolled_back() {
    // errata WID-32, ALL-19
    let mut number = 1;
    loop {
        let mut died = false;
        for after in [false, true] {
            for resume in [true, false] {
                let context = format!("write {number}, after: {after}, resume: {resume}");
                let setup = Setup::new();
                let journal = Arc::new(Mortal::new(setup.journal.clone(), number, after));
                let killed = setup.pipeline().with_journal(journal);
                died = tokio::time::timeout(seconds(30), killed.run())
                    .await
                    .is_err();
                if !died {
                    continue;
                }
                // The killed run has its outcome too.
                assert_eq!(setup.audited().last().unwrap(), "DEPLOY cancelled");
                if resume {
                    setup.pipeline().run().await.unwrap();
                    setup.assert_deployed(&context).await;
                    let creations = setup.cloud.with(|state| {
                        let posts = |line: &&String| line.starts_with("POST");
                        state.effects.iter().filter(posts).count()
                    });
                    assert_eq!(creations, 1, "{context}");
                } else {
                    setup.pipeline().roll_back().await.unwrap();
                    setup.assert_clean(&context).await;
                }
            }
        }
        if !died {
            break;
        }
        number += 1;
    }
    assert!(number > 5, "{number} writes");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_anywhere_is_no_failure() {
    // errata WID-11, ALL-07
    for verb in [
        "POST /api/v2/integrations",
        "PATCH /api/v2/integrations/i-1",
    ] {
        let setup = Setup::new();
        setup.cloud.with(|state| state.lose = Some(verb));
        let deployment = setup.pipeline().run().await.unwrap();
        assert_eq!(deployment.change, Change::Created, "{verb}");
        setup.assert_deployed(verb).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_deployment_is_recorded_once() {
    // errata ALL-22
    let setup = Setup::new();
    setup
        .cloud
        .with(|state| state.hang = Some("PATCH /api/v2/integrations/i-1"));
    let pipeline = setup.pipeline();
    tokio::time::timeout(seconds(5), pipeline.run())
        .await
        .unwrap_err();
    let entries = setup.rig.audit.entries();
    let outcomes: Vec<_> = entries
        .iter()
        .filter(|entry| entry.action == "DEPLOY")
        .filter_map(|entry| entry.outcome)
        .collect();
    assert_eq!(outcomes, [Outcome::Cancelled]);
}
