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

mod change;
mod create;
mod operate;

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
