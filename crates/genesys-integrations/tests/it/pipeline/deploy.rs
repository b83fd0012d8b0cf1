//! Deployments that succeed, or are refused.

use super::*;

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
            "ended true",
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
            line("DEPLOY", "intent", NAME, None),
            line("CREATE", "intent", NAME, None),
            line("CREATE", "outcome", "i-1", done),
            line("TEST", "intent", "i-1", None),
            line("TEST", "outcome", "i-1", done),
            line("WEBHOOK", "intent", "i-1", None),
            line("WEBHOOK", "outcome", "i-1", done),
            line("ENABLE", "intent", "i-1", None),
            line("ENABLE", "outcome", "i-1", done),
            line("DEPLOY", "outcome", "i-1", done),
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
async fn what_is_yet_to_be_tested_is_switched_off_whoever_enabled_it() {
    // errata INT-29
    let setup = Setup::new();
    setup.fail_tests(2);
    let keeping = || setup.pipeline().with_on_failure(OnFailure::Keep);
    keeping().run().await.unwrap_err();
    let id = IntegrationId::new("i-1").unwrap();
    let integrations = setup.integrations();
    integrations
        .set_state(&id, IntendedState::Enabled)
        .await
        .unwrap();
    assert!(keeping().run().await.unwrap_err().is_test_failure());
    assert_eq!(setup.cloud.statuses(), ["inactive"]);
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
