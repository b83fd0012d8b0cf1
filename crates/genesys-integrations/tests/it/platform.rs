//! The platform profile on the wire.

use genesys_core::test_util::Reply;
use genesys_core::{ErrorKind, TransportErrorKind};
use genesys_integrations::{
    Authentication, Change, DataMapping, IntegrationDefinition, IntegrationId, IntegrationState,
    Integrations, IntendedState, Limits, PlatformIntegrations, StateNotReached, TestRequest,
    TestStatus,
};
use serde_json::{Value, json};

use crate::support::{NAME, PASSWORD, Rig, TOKEN, builder, definition, page, seconds};

const LIST: &str =
    "GET /api/v2/integrations?integrationType=custom-rest-actions&pageSize=100&pageNumber=1";
const CREDENTIALS: &str = "GET /api/v2/integrations/credentials?pageSize=100&pageNumber=1";
const ACTIONS: &str = "GET /api/v2/integrations/actions?pageSize=100&pageNumber=1";
const CONFIG: &str = "GET /api/v2/integrations/i-1/config/current";

fn id() -> IntegrationId {
    IntegrationId::new("i-1").unwrap()
}

fn integration(intended: &str, reported: &str) -> Value {
    json!({
        "id": "i-1",
        "name": NAME,
        "integrationType": {"id": "custom-rest-actions", "name": "Web Services Data Actions"},
        "intendedState": intended,
        "reportedState": {"code": reported, "effective": reported},
        "selfUri": "/api/v2/integrations/i-1",
    })
}

fn credential() -> Value {
    json!({"id": "c-1", "name": NAME, "type": {"name": "basicAuth"}})
}

fn notes(definition: &IntegrationDefinition) -> String {
    format!(
        "Deployed by genesys-integrations, definition {}",
        definition.fingerprint()
    )
}

fn fresh_config(version: u64) -> Value {
    json!({"id": "i-1", "name": NAME, "version": version, "properties": {}, "advanced": {}, "notes": "", "credentials": {}})
}

fn done_config(version: u64) -> Value {
    let mut config = fresh_config(version);
    config["notes"] = json!(notes(&definition()));
    config["credentials"] = json!({"basicAuth": {"id": "c-1", "selfUri": "/x"}});
    config
}

fn action_config() -> Value {
    json!({
        "request": {
            "requestUrlTemplate": "https://api.example.com/v1/cases",
            "requestType": "GET",
            "headers": {},
            "requestTemplate": "${input.rawRequest}",
        },
        "response": {
            "translationMap": {
                "genesys_case_id": "$.caseId",
                "genesys_priority": "$.priority",
                "genesys_status": "$.status",
            },
            "translationMapDefaults": {"genesys_case_id": "null", "genesys_priority": "null", "genesys_status": "null"},
            "successTemplate":
                "{\"genesys_case_id\": ${genesys_case_id}, \"genesys_priority\": ${genesys_priority}, \"genesys_status\": ${genesys_status}}",
        },
    })
}

fn contract() -> Value {
    let schema = |title: &str, properties: Value| {
        json!({
            "$schema": "http://json-schema.org/draft-04/schema#",
            "title": title,
            "type": "object",
            "properties": properties,
            "additionalProperties": true,
        })
    };
    let outputs = json!({
        "genesys_case_id": {"title": "caseId"},
        "genesys_priority": {"title": "priority"},
        "genesys_status": {"title": "status"},
    });
    json!({"input": {"inputSchema": schema("input", json!({}))}, "output": {"successSchema": schema("output", outputs)}})
}

fn listed_action() -> Value {
    json!({"id": "a-1", "name": NAME, "integrationId": "i-1", "category": NAME, "version": 1})
}

fn action() -> Value {
    let mut action = listed_action();
    action["config"] = action_config();
    action["contract"] = contract();
    action
}

fn mismatch() -> Value {
    json!({"message": "The supplied version 1 does not match the current version 2", "status": 400, "code": "bad.request"})
}

fn platform(rig: &Rig) -> PlatformIntegrations {
    PlatformIntegrations::new(rig.client.clone())
}

#[tokio::test(start_paused = true)]
async fn a_creation_makes_credential_integration_configuration_and_action() {
    // errata INT-01, ALL-18, ALL-31
    let rig = Rig::new();
    rig.push(200, page(vec![])).push(200, page(vec![]));
    rig.push(200, credential())
        .push(200, integration("DISABLED", "INACTIVE"));
    // Not readable at once.
    rig.push(404, json!({}))
        .push(200, fresh_config(1))
        .push(200, done_config(2));
    rig.push(200, action())
        .push(404, json!({}))
        .push(200, integration("DISABLED", "INACTIVE"));
    let ensured = platform(&rig).ensure(&definition()).await.unwrap();
    assert_eq!(
        (ensured.change, ensured.integration.state),
        (Change::Created, IntegrationState::Inactive)
    );
    assert_eq!(ensured.integration.intended, Some(IntendedState::Disabled));
    assert_eq!(
        rig.lines(),
        [
            LIST,
            CREDENTIALS,
            "POST /api/v2/integrations/credentials",
            "POST /api/v2/integrations",
            CONFIG,
            CONFIG,
            "PUT /api/v2/integrations/i-1/config/current",
            "POST /api/v2/integrations/actions",
            "GET /api/v2/integrations/i-1",
            "GET /api/v2/integrations/i-1",
        ]
    );
    assert_eq!(
        rig.body(2),
        json!({"name": NAME, "type": {"name": "basicAuth"}, "credentialFields": {"userName": "crm_user", "password": PASSWORD}})
    );
    assert_eq!(
        rig.body(3),
        json!({"name": NAME, "integrationType": {"id": "custom-rest-actions"}})
    );
    assert_eq!(
        rig.body(6),
        json!({
            "name": NAME,
            "version": 1,
            "properties": {},
            "advanced": {},
            "notes": notes(&definition()),
            "credentials": {"basicAuth": {"id": "c-1"}},
        })
    );
    assert_eq!(
        rig.body(7),
        json!({
            "category": NAME,
            "name": NAME,
            "integrationId": "i-1",
            "secure": false,
            "contract": contract(),
            "config": action_config(),
        })
    );
}

#[tokio::test(start_paused = true)]
async fn equal_definitions_give_equal_bytes() {
    // errata ALL-31, INT-07
    let bodies = || async {
        let rig = Rig::new();
        rig.push(200, page(vec![])).push(200, page(vec![]));
        rig.push(200, credential())
            .push(200, integration("DISABLED", "INACTIVE"))
            .push(200, fresh_config(1));
        rig.push(200, done_config(2))
            .push(200, action())
            .push(200, integration("DISABLED", "INACTIVE"));
        platform(&rig).create(&definition()).await.unwrap();
        rig.transport
            .sent()
            .into_iter()
            .map(|request| request.body)
            .collect::<Vec<_>>()
    };
    let (one, two) = (bodies().await, bodies().await);
    assert_eq!(one, two);
}

#[tokio::test(start_paused = true)]
async fn a_taken_name_is_a_conflict_and_nothing_is_written() {
    // errata ALL-18
    for taken in [1, 2] {
        let rig = Rig::new();
        rig.push(200, page(vec![integration("ENABLED", "ACTIVE"); taken]))
            .push(200, page(vec![]));
        rig.push(200, page(vec![]));
        assert_eq!(
            platform(&rig)
                .create(&definition())
                .await
                .unwrap_err()
                .kind(),
            ErrorKind::Conflict
        );
        assert!(
            rig.lines().iter().all(|line| line.starts_with("GET")),
            "{:?}",
            rig.lines()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_as_defined_is_left_alone() {
    // errata ALL-18
    let rig = Rig::new();
    rig.push(200, page(vec![integration("ENABLED", "ACTIVE")]))
        .push(200, page(vec![credential()]));
    rig.push(200, page(vec![listed_action()]))
        .push(200, done_config(2))
        .push(200, action());
    let ensured = platform(&rig).ensure(&definition()).await.unwrap();
    assert_eq!(
        (ensured.change, ensured.integration.state),
        (Change::Unchanged, IntegrationState::Active)
    );
    let action = "GET /api/v2/integrations/actions/a-1?expand=contract&includeConfig=true";
    assert_eq!(rig.lines(), [LIST, CREDENTIALS, ACTIONS, CONFIG, action]);
}

#[tokio::test(start_paused = true)]
async fn a_changed_endpoint_switches_off_first_and_changes_in_place() {
    // errata INT-29
    let rig = Rig::new();
    let changed = IntegrationDefinition::builder(
        NAME,
        "https://new.example.com/cases?filter=$active",
        Authentication::basic("crm_user", PASSWORD.into()),
    )
    .with_mappings(definition().mapping().to_vec())
    .build()
    .unwrap();
    rig.push(200, page(vec![integration("ENABLED", "ACTIVE")]))
        .push(200, page(vec![credential()]));
    rig.push(200, page(vec![listed_action()]))
        .push(200, done_config(2))
        .push(200, action());
    rig.push(200, integration("DISABLED", "INACTIVE"));
    rig.push(200, credential())
        .push(200, action())
        .push(200, done_config(3));
    rig.push(200, integration("DISABLED", "INACTIVE"));
    let ensured = platform(&rig).ensure(&changed).await.unwrap();
    assert_eq!(ensured.change, Change::Updated);
    assert_eq!(
        rig.lines()[5..],
        [
            "PATCH /api/v2/integrations/i-1",
            "PUT /api/v2/integrations/credentials/c-1",
            "PATCH /api/v2/integrations/actions/a-1",
            "PUT /api/v2/integrations/i-1/config/current",
            "GET /api/v2/integrations/i-1",
        ]
    );
    assert_eq!(rig.body(5), json!({"intendedState": "DISABLED"}));
    assert_eq!(rig.body(7)["version"], 1);
    // A dollar sign would begin a reference in the platform's template.
    assert_eq!(
        rig.body(7)["config"]["request"]["requestUrlTemplate"],
        "https://new.example.com/cases?filter=%24active"
    );
    assert_eq!(rig.body(8)["notes"], notes(&changed));
}

#[tokio::test(start_paused = true)]
async fn a_changed_mapping_takes_a_new_action() {
    let rig = Rig::new();
    let changed = builder()
        .with_mapping(DataMapping::direct("case.id", "genesys_case_id"))
        .build()
        .unwrap();
    rig.push(200, page(vec![integration("DISABLED", "INACTIVE")]))
        .push(200, page(vec![credential()]));
    rig.push(200, page(vec![listed_action()]))
        .push(200, done_config(2))
        .push(200, action());
    rig.push(200, credential());
    rig.transport.push(Reply::status(204));
    rig.push(200, action())
        .push(200, done_config(3))
        .push(200, integration("DISABLED", "INACTIVE"));
    platform(&rig).ensure(&changed).await.unwrap();
    assert_eq!(
        rig.lines()[6..8],
        [
            "DELETE /api/v2/integrations/actions/a-1",
            "POST /api/v2/integrations/actions"
        ],
        "a contract cannot be changed, and nothing needs to be switched off"
    );
    assert_eq!(
        rig.body(7)["config"]["response"]["translationMap"],
        json!({"genesys_case_id": "$.case.id"})
    );
}

#[tokio::test(start_paused = true)]
async fn a_new_password_is_written_by_an_update() {
    let rig = Rig::new();
    rig.push(200, integration("ENABLED", "ACTIVE"))
        .push(200, page(vec![credential()]))
        .push(200, page(vec![listed_action()]));
    rig.push(200, done_config(2))
        .push(200, action())
        .push(200, integration("DISABLED", "INACTIVE"))
        .push(200, credential());
    rig.push(200, integration("DISABLED", "INACTIVE"));
    let updated = platform(&rig).update(&id(), &definition()).await.unwrap();
    assert_eq!(updated.state, IntegrationState::Inactive);
    assert_eq!(rig.lines()[6], "PUT /api/v2/integrations/credentials/c-1");
    assert_eq!(rig.body(6)["credentialFields"]["password"], PASSWORD);
    rig.push(404, json!({}));
    assert_eq!(
        platform(&rig)
            .update(&id(), &definition())
            .await
            .unwrap_err()
            .kind(),
        ErrorKind::NotFound
    );
}

/// A creation up to its configuration, which answers with `puts`.
fn creation_until_config(rig: &Rig) {
    rig.push(200, page(vec![])).push(200, page(vec![]));
    rig.push(200, credential())
        .push(200, integration("DISABLED", "INACTIVE"))
        .push(200, fresh_config(1));
}

#[tokio::test(start_paused = true)]
async fn a_stale_version_is_read_again_and_written_again() {
    // errata INT-01
    for status in [400, 409, 408] {
        let rig = Rig::new();
        creation_until_config(&rig);
        let mut other = fresh_config(2);
        other["advanced"] = json!({"kept": true});
        rig.push(status, mismatch())
            .push(200, other)
            .push(200, done_config(3));
        rig.push(200, action())
            .push(200, integration("DISABLED", "INACTIVE"));
        platform(&rig).ensure(&definition()).await.unwrap();
        let put = "PUT /api/v2/integrations/i-1/config/current";
        assert_eq!(rig.lines()[5..8], [put, CONFIG, put], "{status}");
        assert_eq!(
            (&rig.body(7)["version"], &rig.body(7)["advanced"]),
            (&json!(2), &json!({"kept": true}))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_of_unknown_outcome_is_decided_by_reading() {
    let rig = Rig::new();
    creation_until_config(&rig);
    // The first try took effect, and the retry of it finds another version.
    rig.transport.push(Reply::fail(TransportErrorKind::Reset));
    rig.push(409, mismatch()).push(200, done_config(2));
    rig.push(200, action())
        .push(200, integration("DISABLED", "INACTIVE"));
    platform(&rig).ensure(&definition()).await.unwrap();
    assert_eq!(
        rig.lines()
            .iter()
            .filter(|line| line.starts_with("PUT"))
            .count(),
        2
    );
}

#[tokio::test(start_paused = true)]
async fn a_version_that_stays_stale_is_given_up_and_what_was_created_is_taken_back() {
    // errata ALL-19
    let rig = Rig::new();
    rig.transport.handle(|request| {
        let path = request.uri.path().to_owned();
        let reply = match (
            request.method.as_str(),
            path.trim_start_matches("/api/v2/integrations"),
        ) {
            ("GET", "/i-1/config/current") => Reply::json(200, &fresh_config(1)),
            ("PUT", _) => Reply::json(409, &mismatch()),
            ("POST", "/credentials") => Reply::json(200, &credential()),
            ("POST", "") => Reply::json(200, &integration("DISABLED", "INACTIVE")),
            ("DELETE", _) => Reply::status(204),
            ("GET", _) => Reply::json(200, &page(vec![])),
            _ => Reply::status(500),
        };
        std::future::ready(reply)
    });
    let error = platform(&rig).create(&definition()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(
        rig.lines()
            .iter()
            .filter(|line| line.starts_with("PUT"))
            .count(),
        6
    );
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_fails_halfway_is_taken_back_in_reverse_order() {
    // errata ALL-19, INT-36
    let rig = Rig::new();
    creation_until_config(&rig);
    rig.push(200, done_config(2));
    rig.push(
        403,
        json!({"message": "missing integrations:action:add", "code": "missing.permission"}),
    );
    rig.push(200, page(vec![integration("DISABLED", "INACTIVE")]))
        .push(200, page(vec![]));
    rig.push(200, integration("DISABLED", "INACTIVE"))
        .push(200, page(vec![credential()]));
    rig.transport.push(Reply::status(204));
    let error = platform(&rig).ensure(&definition()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.missing_permission()),
        (ErrorKind::PermissionDenied, Some("integrations:action:add"))
    );
    assert_eq!(
        rig.lines()[7..],
        [
            LIST,
            ACTIONS,
            "DELETE /api/v2/integrations/i-1",
            CREDENTIALS,
            "DELETE /api/v2/integrations/credentials/c-1",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn every_creation_whose_answer_is_lost_is_found_by_its_name() {
    // errata ALL-18, ALL-07
    let rig = Rig::new();
    let lost = || rig.transport.push(Reply::fail(TransportErrorKind::Reset));
    rig.push(200, page(vec![])).push(200, page(vec![]));
    lost();
    rig.push(200, page(vec![credential()]));
    lost();
    rig.push(200, page(vec![integration("DISABLED", "INACTIVE")]))
        .push(200, fresh_config(1))
        .push(200, done_config(2));
    lost();
    rig.push(200, page(vec![listed_action()]))
        .push(200, integration("DISABLED", "INACTIVE"));
    platform(&rig).ensure(&definition()).await.unwrap();
    let posts: Vec<_> = rig
        .lines()
        .into_iter()
        .filter(|line| line.starts_with("POST"))
        .collect();
    assert_eq!(
        posts,
        [
            "POST /api/v2/integrations/credentials",
            "POST /api/v2/integrations",
            "POST /api/v2/integrations/actions"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_creation_is_finished_with_what_it_left() {
    // errata ALL-18, ALL-19
    let rig = Rig::new();
    rig.push(200, page(vec![]))
        .push(200, page(vec![credential()]));
    rig.push(200, credential())
        .push(200, integration("DISABLED", "INACTIVE"))
        .push(200, fresh_config(1));
    rig.push(200, done_config(2))
        .push(200, action())
        .push(200, integration("DISABLED", "INACTIVE"));
    assert_eq!(
        platform(&rig).ensure(&definition()).await.unwrap().change,
        Change::Created
    );
    assert_eq!(
        rig.lines()[2],
        "PUT /api/v2/integrations/credentials/c-1",
        "its password may be another one"
    );
}

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

#[tokio::test(start_paused = true)]
async fn an_integration_that_never_becomes_readable_is_an_error_in_time() {
    // errata INT-39
    let rig = Rig::new();
    rig.transport.handle(|request| {
        let reply = match (
            request.method.as_str(),
            request
                .uri
                .path()
                .trim_start_matches("/api/v2/integrations"),
        ) {
            ("POST", "/credentials") => Reply::json(200, &credential()),
            ("POST", "") => Reply::json(200, &integration("DISABLED", "INACTIVE")),
            ("GET", "" | "/credentials" | "/actions") => Reply::json(200, &page(vec![])),
            _ => Reply::json(404, &json!({})),
        };
        std::future::ready(reply)
    });
    let limits = Limits::default().with_appearance(seconds(9));
    let started = rig.now();
    let error = platform(&rig)
        .with_limits(limits)
        .create(&definition())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(rig.since(started) <= seconds(9));
}

#[tokio::test(start_paused = true)]
async fn an_echoed_password_is_in_no_error() {
    // errata INT-11, INT-13, ALL-16
    let rig = Rig::new();
    rig.push(200, page(vec![])).push(200, page(vec![]));
    rig.push(
        400,
        json!({"message": format!("bad {PASSWORD} of {TOKEN}"), "code": "bad.request"}),
    );
    rig.push(200, page(vec![])).push(200, page(vec![]));
    let error = platform(&rig).create(&definition()).await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(
        !shown.contains(PASSWORD) && !shown.contains(TOKEN),
        "{shown}"
    );
}
