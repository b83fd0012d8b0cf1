//! The platform profile. Every answer is checked against the contract, see `contract`.

use std::time::Duration;

use genesys_sandbox::{
    Activation, ExternalReply, Fault, Object, Profile, RESOURCE_TOKEN, Sandbox, Verb,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::contract;
use crate::support::{Answer, Setup};

mod actions;
mod credentials;
mod event_bridge;
mod integrations;
mod organisation;
mod runs;
mod triggers;

const BASE: &str = "/api/v2/integrations";

async fn call(setup: &Setup, method: Method, path: &str, body: Option<Value>) -> Answer {
    let answer = setup.send(method.clone(), path, body).await;
    let correlation = answer.header("inin-correlation-id");
    let entry = setup
        .sandbox
        .ledger()
        .into_iter()
        .find(|entry| entry.correlation_id == correlation)
        .unwrap();
    contract::check(
        method.as_str(),
        &entry.route.unwrap(),
        answer.status.as_u16(),
        &answer.body,
    );
    answer
}

async fn get(setup: &Setup, path: &str) -> Answer {
    call(setup, Method::GET, path, None).await
}

async fn post(setup: &Setup, path: &str, body: Value) -> Answer {
    call(setup, Method::POST, path, Some(body)).await
}

async fn start() -> Setup {
    Setup::with(Sandbox::builder().with_profile(Profile::Platform)).await
}

async fn credential(setup: &Setup, name: &str) -> String {
    let body = json!({"name": name, "type": {"name": "basicAuth"}, "credentialFields": {"userName": "crm", "password": "crm-password"}});
    let answer = post(setup, &format!("{BASE}/credentials"), body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.id()
}

async fn integration(setup: &Setup) -> String {
    let answer = post(
        setup,
        BASE,
        json!({"name": "crm", "integrationType": {"id": "custom-rest-actions"}}),
    )
    .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.id()
}

fn configuration(version: u64, credential: Option<&str>) -> Value {
    let credentials = credential.map_or(json!({}), |id| json!({"basicAuth": {"id": id}}));
    json!({"name": "crm", "version": version, "properties": {}, "advanced": {}, "notes": "", "credentials": credentials})
}

fn action(integration: &str) -> Value {
    json!({
        "name": "Sync case",
        "category": "CRM",
        "integrationId": integration,
        "secure": false,
        "contract": {
            "input": {"inputSchema": {"type": "object", "required": ["caseId"], "properties": {"caseId": {"type": "string"}}}},
            "output": {"successSchema": {"type": "object", "required": ["genesys_case_id"], "properties": {
                "genesys_case_id": {"type": "string"}, "genesys_priority": {"type": "integer"},
            }}},
        },
        "config": {
            "timeoutSeconds": 1,
            "request": {
                "requestUrlTemplate": "https://api.example.com/v1/cases/$esc.uriEncode(${input.caseId})",
                "requestType": "POST",
                "headers": {"Authorization": "Basic $encoding.base64(\"${credentials.userName}:${credentials.password}\")"},
                "requestTemplate": "${input.rawRequest}",
            },
            "response": {
                "translationMap": {"case": "$.case.id", "priority": "$.case.priority"},
                "translationMapDefaults": {"priority": "3"},
                "successTemplate": "{\"genesys_case_id\": ${case}, \"genesys_priority\": ${priority}}",
            },
        },
    })
}

fn answers(setup: &Setup, replies: impl IntoIterator<Item = ExternalReply>) {
    setup
        .sandbox
        .external()
        .script("https://api.example.com/v1/cases/", replies)
        .unwrap();
}

#[tokio::test]
async fn the_whole_workflow_creates_configures_tests_enables_and_leaves_nothing() {
    let setup = start().await;
    let credential = credential(&setup, "crm").await;
    let integration = integration(&setup).await;
    let path = format!("{BASE}/{integration}");
    let current = get(&setup, &format!("{path}/config/current")).await;
    assert_eq!(current.body["version"], 1);
    let config = call(
        &setup,
        Method::PUT,
        &format!("{path}/config/current"),
        Some(configuration(1, Some(&credential))),
    )
    .await;
    assert_eq!(
        (config.status.as_u16(), config.body["version"].as_u64()),
        (200, Some(2))
    );
    let action = post(&setup, &format!("{BASE}/actions"), action(&integration)).await;
    assert_eq!(
        (action.status.as_u16(), action.body["version"].as_u64()),
        (200, Some(1)),
        "{action:?}"
    );
    answers(
        &setup,
        [ExternalReply::status(200).with_body(json!({"case": {"id": "C/1"}}))],
    );
    setup
        .sandbox
        .external()
        .require_basic("https://api.example.com/v1/cases/", "crm", "crm-password")
        .unwrap();
    let test = post(
        &setup,
        &format!("{BASE}/actions/{}/test", action.id()),
        json!({"caseId": "C/1"}),
    )
    .await;
    assert_eq!(test.body["success"], true, "{}", test.body);
    assert_eq!(
        test.body["finalResult"],
        json!({"genesys_case_id": "C/1", "genesys_priority": 3})
    );

    let enabled = call(
        &setup,
        Method::PATCH,
        &path,
        Some(json!({"intendedState": "ENABLED"})),
    )
    .await;
    assert_eq!(enabled.body["reportedState"]["code"], "ACTIVATING");
    let codes = [get(&setup, &path).await, get(&setup, &path).await]
        .map(|a| a.body["reportedState"]["code"].clone());
    assert_eq!(codes, ["ACTIVATING", "ACTIVE"]);
    let result = post(
        &setup,
        &format!("{BASE}/actions/{}/execute", action.id()),
        json!({"caseId": "C/1"}),
    )
    .await;
    assert_eq!(
        result.body,
        json!({"genesys_case_id": "C/1", "genesys_priority": 3})
    );

    assert_eq!(
        call(
            &setup,
            Method::DELETE,
            &format!("{BASE}/credentials/{credential}"),
            None
        )
        .await
        .status,
        409
    );
    let deleted = call(&setup, Method::DELETE, &path, None).await;
    assert_eq!(
        (
            deleted.status.as_u16(),
            deleted.body["intendedState"].as_str()
        ),
        (200, Some("DELETED"))
    );
    assert_eq!(
        get(&setup, &format!("{BASE}/actions/{}", action.id()))
            .await
            .status,
        404
    );
    assert_eq!(
        call(
            &setup,
            Method::DELETE,
            &format!("{BASE}/credentials/{credential}"),
            None
        )
        .await
        .status,
        204
    );
    assert!(setup.sandbox.state().is_empty());
    let counts = setup.sandbox.counts();
    assert_eq!(
        (
            counts.effect(Object::Action, Verb::Deleted),
            counts.effect(Object::Integration, Verb::Created)
        ),
        (1, 1)
    );
}
