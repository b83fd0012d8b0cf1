//! What the platform profile sends and receives. Members that are not used are not named.

use std::collections::BTreeMap;

use genesys_core::error::PlatformError;
use genesys_core::redact;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{CREDENTIAL_TYPE, TYPE_ID};
use crate::definition::{Authentication, IntegrationDefinition};
use crate::ids::{ActionId, CredentialId, IntegrationId};
use crate::integration::{Integration, IntegrationState, IntendedState};
use crate::report::{TestReport, TestRequest, TestStatus, TestStep};

/// The most characters kept of a text that the platform gives.
const MAX_TEXT: usize = 500;

/// A named type: `{"id": …}` for integrations, `{"name": …}` for credentials.
#[derive(Debug, Serialize)]
pub(super) struct TypeById {
    id: &'static str,
}

#[derive(Debug, Serialize)]
struct TypeByName {
    name: &'static str,
}

/// `POST /integrations`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewIntegration<'a> {
    name: &'a str,
    integration_type: TypeById,
}

impl<'a> NewIntegration<'a> {
    pub(super) fn new(name: &'a str) -> Self {
        Self {
            name,
            integration_type: TypeById { id: TYPE_ID },
        }
    }
}

/// A credential on its way out. It holds the password, so it has no `Debug`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewCredential<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: TypeByName,
    credential_fields: CredentialFields<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CredentialFields<'a> {
    user_name: &'a str,
    password: &'a str,
}

impl<'a> NewCredential<'a> {
    pub(super) fn new(definition: &'a IntegrationDefinition) -> Self {
        let Authentication::Basic { username, password } = definition.authentication();
        Self {
            name: definition.name(),
            kind: TypeByName {
                name: CREDENTIAL_TYPE,
            },
            credential_fields: CredentialFields {
                user_name: username,
                password: password.expose_secret(),
            },
        }
    }
}

/// A credential as the platform shows it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct CredentialSeen {
    pub(super) id: CredentialId,
    pub(super) name: Option<String>,
}

/// `{"intendedState": …}`, the one member that a PATCH may write.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IntentPatch {
    intended_state: &'static str,
}

impl IntentPatch {
    pub(super) fn new(intended: IntendedState) -> Self {
        Self {
            intended_state: match intended {
                IntendedState::Enabled => "ENABLED",
                IntendedState::Disabled => "DISABLED",
            },
        }
    }
}

/// An integration as the platform shows it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IntegrationSeen {
    pub(crate) id: IntegrationId,
    pub(crate) name: Option<String>,
    integration_type: Option<TypeSeen>,
    intended_state: Option<String>,
    reported_state: Option<ReportedSeen>,
}

#[derive(Debug, Clone, Deserialize)]
struct TypeSeen {
    id: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct ReportedSeen {
    code: Option<String>,
    detail: Option<DetailSeen>,
}

#[derive(Debug, Clone, Deserialize)]
struct DetailSeen {
    message: Option<String>,
}

impl IntegrationSeen {
    /// True for the kind that a definition makes.
    pub(super) fn is_of_our_type(&self) -> bool {
        self.type_id() == Some(TYPE_ID)
    }

    /// The id of its type in the platform's catalogue.
    pub(crate) fn type_id(&self) -> Option<&str> {
        self.integration_type.as_ref()?.id.as_deref()
    }

    /// True unless it is switched off and says so.
    pub(crate) fn may_be_active(&self) -> bool {
        let reported = self
            .reported_state
            .as_ref()
            .and_then(|state| state.code.as_deref());
        self.intended_state.as_deref() != Some("DISABLED")
            || IntegrationState::parse(reported) != IntegrationState::Inactive
    }

    pub(crate) fn into_integration(self) -> Integration {
        let (code, detail) = match self.reported_state {
            Some(state) => (state.code, state.detail.and_then(|detail| detail.message)),
            None => (None, None),
        };
        let state = IntegrationState::parse(code.as_deref());
        let mut integration = Integration::new(self.id, self.name.unwrap_or_default(), state);
        integration.intended = match self.intended_state.as_deref() {
            Some("ENABLED") => Some(IntendedState::Enabled),
            Some("DISABLED") => Some(IntendedState::Disabled),
            _ => None,
        };
        integration.detail = detail.map(|text| redact::external_text(&text, &[], MAX_TEXT));
        integration
    }
}

/// `config/current`, in both directions: all six members are required on the way in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Configuration {
    #[serde(default)]
    pub(crate) name: String,
    pub(crate) version: u64,
    #[serde(default = "empty_object")]
    pub(crate) properties: Value,
    #[serde(default = "empty_object")]
    pub(crate) advanced: Value,
    #[serde(default)]
    pub(crate) notes: String,
    #[serde(default)]
    pub(crate) credentials: BTreeMap<String, CredentialRef>,
}

fn empty_object() -> Value {
    Value::Object(serde_json::Map::new())
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CredentialRef {
    pub(crate) id: CredentialId,
}

/// `POST /actions`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewAction<'a> {
    pub(super) category: &'a str,
    pub(super) name: &'a str,
    pub(super) integration_id: &'a IntegrationId,
    pub(super) secure: bool,
    pub(super) contract: Value,
    pub(super) config: ActionConfig,
}

/// `PATCH /actions/{id}`.
#[derive(Debug, Serialize)]
pub(super) struct ActionPatch<'a> {
    pub(super) category: &'a str,
    pub(super) name: &'a str,
    pub(super) version: u64,
    pub(super) config: &'a ActionConfig,
}

/// The request of an action and what becomes of its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ActionConfig {
    pub(super) request: ActionRequest,
    pub(super) response: ActionResponse,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
pub(super) struct ActionRequest {
    pub(super) request_url_template: String,
    pub(super) request_type: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) request_template: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ActionResponse {
    pub(super) translation_map: BTreeMap<String, String>,
    pub(super) translation_map_defaults: BTreeMap<String, String>,
    pub(super) success_template: String,
}

/// An action as the platform shows it; contract and configuration only where they were asked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActionSeen {
    pub(super) id: ActionId,
    pub(super) name: Option<String>,
    pub(super) integration_id: Option<IntegrationId>,
    pub(super) version: Option<u64>,
    pub(super) contract: Option<Value>,
    pub(super) config: Option<Value>,
}

/// `TestExecutionResult`. What the steps produced is not read: it may hold credentials.
#[derive(Debug, Deserialize)]
pub(crate) struct TestAnswer {
    success: bool,
    #[serde(default)]
    operations: Vec<OperationSeen>,
    error: Option<PlatformError>,
}

#[derive(Debug, Deserialize)]
struct OperationSeen {
    step: Option<u32>,
    name: Option<String>,
    success: Option<bool>,
    error: Option<PlatformError>,
}

impl TestAnswer {
    pub(crate) fn into_report(self, request: &TestRequest) -> TestReport {
        let words = |error: PlatformError| {
            let text = error.message.or(error.code);
            request.clean(text.as_deref().unwrap_or("no reason given"))
        };
        let steps: Vec<TestStep> = self
            .operations
            .into_iter()
            .zip(1_u32..)
            .map(|(seen, position)| {
                let name = request.clean(&seen.name.unwrap_or_default());
                let number = seen.step.unwrap_or(position);
                let mut step = TestStep::new(number, name, seen.success.unwrap_or(false));
                step.message = seen.error.map(words);
                step
            })
            .collect();
        let failed = steps.iter().find(|step| !step.success);
        let message = match (self.success, self.error, failed) {
            (true, _, _) => format!("{} steps passed", steps.len()),
            (false, Some(error), Some(step)) => format!("{}: {}", step.name, words(error)),
            (false, Some(error), None) => words(error),
            (false, None, Some(step)) => match &step.message {
                Some(message) => format!("{}: {message}", step.name),
                None => format!("{} failed", step.name),
            },
            (false, None, None) => "no reason given".to_owned(),
        };
        let status = if self.success {
            TestStatus::Success
        } else {
            TestStatus::Failed
        };
        let mut report = TestReport::new(status, message);
        report.steps = steps;
        report
    }
}
