//! The guide profile on the wire.

use futures_util::StreamExt;
use genesys_core::test_util::{RecordedEvent, Reply};
use genesys_core::{ErrorKind, TransportErrorKind};
use genesys_integrations::{
    Change, GuideIntegrations, IntegrationId, IntegrationState, Integrations, IntendedState,
    Limits, StateNotReached, TestRequest, TestStatus,
};
use serde_json::{Value, json};

use crate::support::{NAME, PASSWORD, Rig, TOKEN, definition, page, seconds};

mod define;
mod operate;

const LIST: &str = "GET /api/v2/integrations?pageSize=100&pageNumber=1";

fn seen(id: &str, status: &str) -> Value {
    json!({
        "id": id,
        "name": NAME,
        "status": status,
        "createdAt": "2026-01-02T03:04:05Z",
        "endpoint": "https://api.example.com/v1/cases",
        "integrationType": "Custom",
        "authentication": {"authenticationType": "Basic", "username": "crm_user"},
        "dataMapping": [
            {"sourceField": "caseId", "targetField": "genesys_case_id", "transformation": "Direct"},
            {"sourceField": "priority", "targetField": "genesys_priority", "transformation": "Direct"},
            {"sourceField": "status", "targetField": "genesys_status", "transformation": "Direct"},
        ],
    })
}

fn id(text: &str) -> IntegrationId {
    IntegrationId::new(text).unwrap()
}
