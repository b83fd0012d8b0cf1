//! Failures, and what becomes of the steps before them.

use super::*;

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
    let entries = setup.rig.audit.entries();
    let last: Vec<_> = entries[entries.len() - 2..]
        .iter()
        .map(|entry| (&*entry.action, entry.target.as_deref(), entry.outcome))
        .collect();
    let failed = Outcome::Failure(ErrorKind::State);
    assert_eq!(
        last,
        [
            ("ROLLBACK", Some("i-1"), Some(Outcome::Success)),
            ("DEPLOY", Some("i-1"), Some(failed)),
        ]
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
