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
    Integrations, Journal, MemoryJournal, OnFailure, Pipeline, TestRequest,
};
use serde_json::json;

use crate::support::cloud::Cloud;
use crate::support::journal::Mortal;
use crate::support::{NAME, PASSWORD, Rig, TOKEN, builder, definition, seconds};

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

#[tokio::test(start_paused = true)]
async fn a_deployment_creates_inactive_tests_watches_and_enables_in_that_order() {
    // errata INT-29, INT-30, INT-34, ALL-22
    let setup = Setup::new();
    let progress = Arc::new(Progress::default());
    let deployment = setup
        .pipeline()
        .with_observer(progress.clone())
        .run()
        .await
        .unwrap();
    assert_eq!(deployment.change, Change::Created);
    assert_eq!(deployment.integration.state, IntegrationState::Active);
    assert_eq!(
        deployment
            .test
            .as_ref()
            .unwrap()
            .response_time
            .unwrap()
            .as_millis(),
        12
    );
    assert_eq!(
        deployment.step("WEBHOOK").unwrap().reference.as_deref(),
        Some("watch-i-1")
    );
    assert!(!deployment.resumed);
    setup.assert_deployed("first run").await;
    assert_eq!(
        setup.cloud.with(|state| state.effects.clone()),
        [
            "POST /api/v2/integrations",
            "PATCH /api/v2/integrations/i-1"
        ]
    );
    let told = progress.0.lock().unwrap().clone();
    assert_eq!(
        told,
        [
            "started CREATE",
            "finished CREATE created",
            "started TEST",
            "tested Success",
            "finished TEST unchanged",
            "started WEBHOOK",
            "finished WEBHOOK created",
            "started ENABLE",
            "finished ENABLE updated",
        ]
    );
    let audit: Vec<_> = setup
        .rig
        .audit
        .entries()
        .into_iter()
        .map(|entry| {
            (
                entry.action.into_owned(),
                entry.phase.as_str(),
                entry.target.unwrap(),
                entry.outcome,
            )
        })
        .collect();
    let line = |action: &str, phase, target: &str, outcome| {
        (action.to_owned(), phase, target.to_owned(), outcome)
    };
    let done = Some(Outcome::Success);
    assert_eq!(
        audit,
        [
            line("CREATE", "intent", NAME, None),
            line("CREATE", "outcome", "i-1", done),
            line("TEST", "intent", "i-1", None),
            line("TEST", "outcome", "i-1", done),
            line("WEBHOOK", "intent", "i-1", None),
            line("WEBHOOK", "outcome", "i-1", done),
            line("ENABLE", "intent", "i-1", None),
            line("ENABLE", "outcome", "i-1", done),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_second_run_changes_nothing_and_says_so() {
    // errata ALL-18, INT-26
    let setup = Setup::new();
    setup.pipeline().run().await.unwrap();
    let effects = setup.cloud.with(|state| state.effects.len());
    let record = setup.journal.load().await.unwrap();
    for journal in [setup.journal.clone(), MemoryJournal::new()] {
        let again = setup
            .pipeline()
            .with_journal(Arc::new(journal))
            .run()
            .await
            .unwrap();
        assert_eq!(again.change, Change::Unchanged);
        assert!(again.test.is_none() && again.enabled.is_none());
    }
    assert_eq!(setup.cloud.with(|state| state.effects.len()), effects);
    assert_eq!(
        setup
            .rig
            .lines()
            .iter()
            .filter(|line| line.ends_with("/test"))
            .count(),
        1
    );
    assert_eq!(
        setup.journal.load().await.unwrap(),
        record,
        "the finished record is put back"
    );
    assert!(setup.pipeline().roll_back().await.unwrap());
    setup.assert_clean("the whole deployment is undone").await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_test_leaves_nothing_behind() {
    // errata INT-29, ALL-19
    let setup = Setup::new();
    setup.fail_tests(1);
    let error = setup.pipeline().run().await.unwrap_err();
    assert!(error.is_test_failure());
    assert_eq!(
        (error.step(), error.kind(), error.aftermath()),
        ("TEST", ErrorKind::State, &Aftermath::RolledBack)
    );
    assert_eq!(error.test().unwrap().message, "the endpoint answered 401");
    setup.assert_clean("after the rollback").await;
    let last = setup.rig.audit.entries().pop().unwrap();
    assert_eq!(
        (&*last.action, last.target.as_deref(), last.outcome),
        ("ROLLBACK", Some("i-1"), Some(Outcome::Success))
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_test_can_be_kept_inactive_and_resumed() {
    // errata INT-29, ALL-19
    let setup = Setup::new();
    setup.fail_tests(1);
    let keeping = || {
        setup
            .pipeline()
            .with_on_failure(OnFailure::Keep)
            .with_test(TestRequest::once())
    };
    let error = keeping().run().await.unwrap_err();
    assert_eq!(error.aftermath(), &Aftermath::Kept);
    assert_eq!(setup.cloud.statuses(), ["inactive"]);
    let deployment = keeping().run().await.unwrap();
    assert!(deployment.resumed && deployment.change == Change::Created);
    setup.assert_deployed("resumed").await;
    assert_eq!(
        setup.cloud.with(|state| state
            .effects
            .iter()
            .filter(|line| line.starts_with("POST"))
            .count()),
        1
    );
}

/// How many journal writes a whole deployment makes.
async fn writes() -> usize {
    let setup = Setup::new();
    let mut total = 0;
    loop {
        total += 1;
        let journal = Arc::new(Mortal::new(setup.journal.clone(), total, false));
        let run = setup.pipeline().with_journal(journal);
        if tokio::time::timeout(seconds(30), run.run()).await.is_ok() {
            return total - 1;
        }
        setup.pipeline().roll_back().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_killed_at_any_journal_write_is_resumed_or_rolled_back() {
    // errata ALL-19, INT-34, ALL-18
    let writes = writes().await;
    assert!(writes >= 8, "{writes}");
    for number in 1..=writes {
        for after in [false, true] {
            for resume in [true, false] {
                let context = format!("write {number}, after: {after}, resume: {resume}");
                let setup = Setup::new();
                let journal = Arc::new(Mortal::new(setup.journal.clone(), number, after));
                let killed = setup.pipeline().with_journal(journal);
                tokio::time::timeout(seconds(30), killed.run())
                    .await
                    .expect_err(&context);
                if resume {
                    let deployment = setup.pipeline().run().await.unwrap();
                    let finished = number == writes && after;
                    let expected = if finished {
                        Change::Unchanged
                    } else {
                        Change::Created
                    };
                    assert_eq!(deployment.change, expected, "{context}");
                    setup.assert_deployed(&context).await;
                    let creations = setup.cloud.with(|state| {
                        state
                            .effects
                            .iter()
                            .filter(|line| line.starts_with("POST"))
                            .count()
                    });
                    assert_eq!(creations, 1, "{context}");
                } else {
                    let anything = setup.pipeline().roll_back().await.unwrap();
                    assert_eq!(anything, number > 1 || after, "{context}");
                    setup.assert_clean(&context).await;
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_killed_while_a_request_is_in_the_air_is_resumed_or_rolled_back() {
    // errata ALL-19, INT-39
    for verb in [
        "POST /api/v2/integrations",
        "POST /api/v2/integrations/i-1/test",
        "PATCH /api/v2/integrations/i-1",
    ] {
        for resume in [true, false] {
            let setup = Setup::new();
            setup.cloud.with(|state| state.hang = Some(verb));
            let run = setup.pipeline();
            let mut killed = Box::pin(run.run());
            while !setup.rig.lines().iter().any(|line| line.starts_with(verb)) {
                assert!(futures_util::poll!(killed.as_mut()).is_pending());
                tokio::task::yield_now().await;
            }
            drop(killed);
            if resume {
                assert_eq!(
                    setup.pipeline().run().await.unwrap().change,
                    Change::Created,
                    "{verb}"
                );
                setup.assert_deployed(verb).await;
            } else {
                setup.pipeline().roll_back().await.unwrap();
                setup.assert_clean(verb).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_anywhere_is_no_failure() {
    // errata ALL-07, ALL-18
    for verb in [
        "POST /api/v2/integrations",
        "POST /api/v2/integrations/i-1/test",
        "PATCH /api/v2/integrations/i-1",
    ] {
        let setup = Setup::new();
        setup.cloud.with(|state| state.lose = Some(verb));
        assert_eq!(
            setup.pipeline().run().await.unwrap().change,
            Change::Created,
            "{verb}"
        );
        setup.assert_deployed(verb).await;
    }
    let setup = Setup::new();
    setup.pipeline().run().await.unwrap();
    setup.cloud.with(|state| state.lose = Some("DELETE"));
    setup.pipeline().roll_back().await.unwrap();
    setup.assert_clean("DELETE").await;
}

#[tokio::test(start_paused = true)]
async fn a_rollback_killed_at_any_journal_write_is_finished_later() {
    // errata ALL-19
    for number in 1..=6 {
        let setup = Setup::new();
        setup.pipeline().run().await.unwrap();
        let journal = Arc::new(Mortal::new(setup.journal.clone(), number, false));
        let dying = setup.pipeline().with_journal(journal);
        tokio::time::timeout(seconds(30), dying.roll_back())
            .await
            .expect_err("killed");
        setup.pipeline().roll_back().await.unwrap();
        setup.assert_clean(&format!("write {number}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_finishes_a_killed_rollback_before_it_begins_anew() {
    let setup = Setup::new();
    setup.pipeline().run().await.unwrap();
    let dying =
        setup
            .pipeline()
            .with_journal(Arc::new(Mortal::new(setup.journal.clone(), 2, true)));
    tokio::time::timeout(seconds(30), dying.roll_back())
        .await
        .expect_err("killed");
    let deployment = setup.pipeline().run().await.unwrap();
    assert_eq!(
        (deployment.change, deployment.integration.id.as_str()),
        (Change::Created, "i-2")
    );
    assert_eq!(setup.watched(), ["watch-i-2"]);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_fails_takes_the_others_back() {
    // errata ALL-19
    let setup = Setup::new();
    *setup.watcher.fail.lock().unwrap() = Some(ErrorKind::PermissionDenied);
    let error = setup.pipeline().run().await.unwrap_err();
    assert_eq!(
        (error.step(), error.kind(), error.aftermath()),
        (
            "WEBHOOK",
            ErrorKind::PermissionDenied,
            &Aftermath::RolledBack
        )
    );
    setup.assert_clean("after the rollback").await;
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_fails_says_what_remains_and_can_be_repeated() {
    // errata ALL-19
    let setup = Setup::new();
    setup.fail_tests(1);
    setup
        .cloud
        .with(|state| state.refuse = Some(("DELETE", 403)));
    let error = setup.pipeline().run().await.unwrap_err();
    assert!(
        error.is_test_failure(),
        "the first error is the one reported"
    );
    let Aftermath::Incomplete { remaining, .. } = error.aftermath() else {
        panic!("{error}")
    };
    assert_eq!(remaining.len(), 1);
    assert!(
        remaining[0].starts_with("CREATE: ") && remaining[0].contains("permission denied"),
        "{remaining:?}"
    );
    assert_eq!(setup.cloud.statuses(), ["inactive"]);
    assert_eq!(setup.phase().await, Some(JournalPhase::RollingBack));
    setup.cloud.with(|state| state.refuse = None);
    assert!(setup.pipeline().roll_back().await.unwrap());
    setup.assert_clean("second try").await;
    assert!(!setup.pipeline().roll_back().await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn what_existed_before_is_never_deleted_and_stays_off_when_it_was_changed() {
    // errata INT-29, ALL-19
    let setup = Setup::new();
    setup.pipeline().run().await.unwrap();
    let changed = || {
        let definition = builder()
            .with_mapping(DataMapping::direct("caseId", "genesys_case_id"))
            .build()
            .unwrap();
        Pipeline::new(setup.rig.client.clone(), setup.integrations(), definition)
            .with_journal(Arc::new(setup.journal.clone()))
            .with_step("WEBHOOK", Arc::new(setup.watcher.clone()))
    };
    setup.fail_tests(1);
    let error = changed().run().await.unwrap_err();
    assert_eq!(error.aftermath(), &Aftermath::RolledBack);
    assert_eq!(
        setup.cloud.statuses(),
        ["inactive"],
        "its new content is not tested"
    );
    assert_eq!(setup.watched(), ["watch-i-1"]);

    let deployment = changed().run().await.unwrap();
    assert_eq!(deployment.change, Change::Updated);
    setup.assert_deployed("changed").await;
    // The journal still knows that the integration is its own.
    assert!(changed().roll_back().await.unwrap());
    setup.assert_clean("undone as a whole").await;
}

#[tokio::test(start_paused = true)]
async fn a_foreign_integration_survives_the_rollback_of_a_finished_deployment() {
    let setup = Setup::new();
    let integrations = setup.integrations();
    integrations.create(&definition()).await.unwrap();
    let deployment = setup.pipeline().run().await.unwrap();
    assert_eq!(deployment.change, Change::Updated, "it was enabled");
    assert!(setup.pipeline().roll_back().await.unwrap());
    assert_eq!(setup.cloud.statuses(), ["inactive"]);
    assert!(setup.watched().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_journal_of_another_definition_is_refused_and_left_alone() {
    let setup = Setup::new();
    setup.fail_tests(1);
    setup
        .pipeline()
        .with_on_failure(OnFailure::Keep)
        .run()
        .await
        .unwrap_err();
    let record = setup.journal.load().await.unwrap();
    for other in [
        builder().build().unwrap(),
        genesys_integrations::IntegrationDefinition::builder(
            "Other",
            "https://api.example.com",
            genesys_integrations::Authentication::basic("u", "p".into()),
        )
        .build()
        .unwrap(),
    ] {
        let pipeline = Pipeline::new(setup.rig.client.clone(), setup.integrations(), other)
            .with_journal(Arc::new(setup.journal.clone()));
        let error = pipeline.run().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.aftermath()),
            (ErrorKind::Conflict, &Aftermath::Untouched)
        );
    }
    assert_eq!(setup.journal.load().await.unwrap(), record);
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_at_its_deadline_and_is_rolled_back() {
    // errata INT-39
    let setup = Setup::new();
    setup
        .cloud
        .with(|state| state.tests = vec![(503, json!({})); 50]);
    let started = setup.rig.now();
    let error = setup
        .pipeline()
        .with_deadline(seconds(3))
        .run()
        .await
        .unwrap_err();
    assert_eq!(
        (error.step(), error.kind(), error.aftermath()),
        ("TEST", ErrorKind::Deadline, &Aftermath::RolledBack)
    );
    assert!(setup.rig.since(started) < seconds(4));
    setup.assert_clean("after the deadline").await;
    let cancelled = setup
        .rig
        .audit
        .entries()
        .into_iter()
        .any(|entry| entry.action == "TEST" && entry.outcome == Some(Outcome::Cancelled));
    assert!(
        cancelled,
        "the audit trail has the outcome of every operation"
    );
}

#[tokio::test(start_paused = true)]
async fn a_test_that_may_have_run_is_not_repeated_unless_it_may_be() {
    // errata INT-26
    let setup = Setup::new();
    setup
        .cloud
        .with(|state| state.lose = Some("POST /api/v2/integrations/i-1/test"));
    let once = || {
        setup
            .pipeline()
            .with_test(TestRequest::once())
            .with_on_failure(OnFailure::Keep)
    };
    let error = once().run().await.unwrap_err();
    assert_eq!(
        (error.step(), error.kind()),
        ("TEST", ErrorKind::OutcomeUnknown)
    );
    let tests = || {
        setup
            .rig
            .lines()
            .iter()
            .filter(|line| line.ends_with("/test"))
            .count()
    };
    let error = once().run().await.unwrap_err();
    assert_eq!((error.kind(), tests()), (ErrorKind::OutcomeUnknown, 1));
    setup.pipeline().run().await.unwrap();
    assert_eq!(tests(), 2);
}

#[tokio::test(start_paused = true)]
async fn misnamed_steps_are_refused_before_anything_happens() {
    let setup = Setup::new();
    for name in ["", "CREATE", "WEBHOOK"] {
        let error = setup
            .pipeline()
            .with_step(name, Arc::new(setup.watcher.clone()))
            .run()
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.aftermath()),
            (ErrorKind::InvalidRequest, &Aftermath::Untouched)
        );
    }
    assert!(setup.rig.lines().is_empty());
}

#[tokio::test(start_paused = true)]
async fn no_secret_is_in_the_journal_the_audit_trail_or_any_text() {
    // errata ALL-16, INT-11
    let setup = Setup::new();
    let echo = json!({"message": format!("{PASSWORD} {TOKEN} is wrong"), "status": 400});
    setup.cloud.with(|state| state.tests = vec![(400, echo)]);
    let pipeline = setup.pipeline().with_on_failure(OnFailure::Keep);
    let error = pipeline.run().await.unwrap_err();
    let journal = setup.journal.load().await.unwrap().unwrap();
    let text = String::from_utf8(journal.to_json().unwrap()).unwrap();
    let shown = format!(
        "{error} {error:?} {pipeline:?} {text} {:?} {:?}",
        setup.rig.audit.entries(),
        setup.rig.observer.events()
    );
    assert!(
        !shown.contains(TOKEN) && !shown.contains(PASSWORD),
        "{shown}"
    );
    // errata INT-13
    let echo =
        json!({"status": "Failed", "message": format!("{PASSWORD} is wrong"), "responseTime": 1});
    setup.cloud.with(|state| state.tests = vec![(200, echo)]);
    let error = setup.pipeline().run().await.unwrap_err();
    let shown = format!("{error:?} {:?}", setup.rig.audit.entries());
    assert!(
        error.is_test_failure() && !shown.contains(PASSWORD),
        "{shown}"
    );
    assert!(
        !text.contains(PASSWORD) && !format!("{pipeline:?}").contains(PASSWORD),
        "{text}"
    );
}

#[tokio::test]
async fn a_run_can_be_spawned() {
    let setup = Setup::new();
    let pipeline = setup.pipeline();
    tokio::spawn(async move { pipeline.run().await })
        .await
        .unwrap()
        .unwrap();
}
