//! States, tests, deletion.

use super::*;

#[tokio::test(start_paused = true)]
async fn enabling_sets_the_intended_state_and_waits_for_the_reported_one() {
    // errata INT-30, INT-03, WID-30
    let rig = Rig::new();
    // An error from before the change is not the answer to it.
    rig.push(200, integration("ENABLED", "ERROR"))
        .push(200, integration("ENABLED", "ACTIVATING"));
    rig.push(200, integration("ENABLED", "ACTIVE"));
    let change = platform(&rig)
        .set_state(&id(), IntendedState::Enabled)
        .await
        .unwrap();
    assert_eq!(
        (change.intended, change.reported),
        (IntendedState::Enabled, IntegrationState::Active)
    );
    let item = "GET /api/v2/integrations/i-1";
    assert_eq!(rig.lines(), ["PATCH /api/v2/integrations/i-1", item, item]);
    assert_eq!(rig.body(0), json!({"intendedState": "ENABLED"}));
}

#[tokio::test(start_paused = true)]
async fn an_error_state_is_a_typed_error_with_the_platform_s_reason() {
    // errata INT-30, INT-20
    let rig = Rig::new();
    let mut failed = integration("ENABLED", "ERROR");
    failed["reportedState"]["detail"] = json!({"message": "the credential\nwas refused"});
    rig.push(200, integration("ENABLED", "ACTIVATING"))
        .push(200, failed);
    let error = platform(&rig)
        .set_state(&id(), IntendedState::Enabled)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::State);
    let source = std::error::Error::source(&error)
        .unwrap()
        .downcast_ref::<StateNotReached>()
        .unwrap();
    assert_eq!(
        source.detail.as_deref(),
        Some("the credential\u{fffd}was refused")
    );
    assert!(error.to_string().contains("was refused"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_action_s_test_is_reported_with_its_steps_and_without_what_they_produced() {
    // errata INT-02, ALL-16
    let rig = Rig::new();
    rig.push(200, page(vec![listed_action()]));
    rig.push(
        200,
        json!({
            "success": false,
            "operations": [
                {"step": 1, "name": "Render request", "success": true, "result": {"header": PASSWORD}},
                {"step": 2, "name": "Execute request", "success": false, "error": {"message": "The remote system answered 401."}},
            ],
            "error": {"message": "The remote system answered 401.", "code": "action.remote.failed"},
        }),
    );
    let report = platform(&rig)
        .test(&id(), &TestRequest::once().with_input("caseId", "7"))
        .await
        .unwrap();
    assert_eq!(report.status, TestStatus::Failed);
    assert_eq!(
        report.message,
        "Execute request: The remote system answered 401."
    );
    assert_eq!(
        report
            .steps
            .iter()
            .map(|step| (step.number, step.success))
            .collect::<Vec<_>>(),
        [(1, true), (2, false)]
    );
    assert!(!format!("{report:?}").contains(PASSWORD));
    assert_eq!(
        rig.lines(),
        [ACTIONS, "POST /api/v2/integrations/actions/a-1/test"]
    );
    assert_eq!(rig.body(1), json!({"caseId": "7"}));

    rig.push(200, page(vec![listed_action()]));
    rig.push(200, json!({"success": true, "operations": [{"step": 1, "name": "x", "success": true}], "finalResult": {}}));
    let report = platform(&rig)
        .test(&id(), &TestRequest::once())
        .await
        .unwrap();
    assert!(report.is_success() && report.message == "1 steps passed");
}

#[tokio::test(start_paused = true)]
async fn an_integration_without_an_action_is_not_testable() {
    // errata INT-02
    let rig = Rig::new();
    rig.push(200, page(vec![]));
    let error = platform(&rig)
        .test(&id(), &TestRequest::repeatable())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.operation()),
        (ErrorKind::Unsupported, Some("integrations.test"))
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_deleted_goes_in_reverse_order_and_foreign_credentials_stay() {
    // errata ALL-19
    let rig = Rig::new();
    let gone = || rig.transport.push(Reply::status(204));
    rig.push(200, integration("ENABLED", "ACTIVE"));
    let mut config = done_config(2);
    config["credentials"]["other"] = json!({"id": "c-2"});
    rig.push(200, config).push(200, page(vec![listed_action()]));
    gone();
    rig.push(200, integration("DELETED", "INACTIVE"));
    rig.push(
        200,
        page(vec![
            json!({"id": "c-2", "name": "shared"}),
            credential(),
            json!({"id": "c-3", "name": NAME}),
        ]),
    );
    gone();
    assert!(platform(&rig).delete(&id()).await.unwrap());
    assert_eq!(
        rig.lines()[2..],
        [
            ACTIONS,
            "DELETE /api/v2/integrations/actions/a-1",
            "DELETE /api/v2/integrations/i-1",
            CREDENTIALS,
            "DELETE /api/v2/integrations/credentials/c-1",
        ]
    );
    rig.push(404, json!({}));
    assert!(!platform(&rig).delete(&id()).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_purge_removes_half_made_parts_by_name() {
    // errata ALL-19
    let rig = Rig::new();
    rig.push(200, page(vec![]))
        .push(200, page(vec![credential()]));
    rig.transport.push(Reply::status(204));
    assert!(platform(&rig).purge(NAME).await.unwrap());
    assert_eq!(
        rig.lines(),
        [
            LIST,
            CREDENTIALS,
            "DELETE /api/v2/integrations/credentials/c-1"
        ]
    );
    rig.push(200, page(vec![])).push(200, page(vec![]));
    assert!(!platform(&rig).purge(NAME).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn what_the_platform_does_not_say_is_not_invented() {
    // errata ALL-15
    let rig = Rig::new();
    rig.push(
        200,
        json!({"id": "i-1", "intendedState": "RESTORED", "reportedState": {"code": "PAUSED"}}),
    );
    let seen = platform(&rig).get(&id()).await.unwrap().unwrap();
    assert_eq!(
        (seen.state, seen.intended),
        (IntegrationState::Other("PAUSED".into()), None)
    );
    assert!(seen.created_at.is_none() && seen.detail.is_none() && seen.name.is_empty());
    rig.push(200, json!({"id": "i-1", "intendedState": "ENABLED"}));
    assert_eq!(
        platform(&rig).get(&id()).await.unwrap().unwrap().state,
        IntegrationState::Unknown
    );
    rig.push(200, json!({"name": NAME}));
    assert_eq!(
        platform(&rig).get(&id()).await.unwrap_err().kind(),
        ErrorKind::Decode
    );
}
