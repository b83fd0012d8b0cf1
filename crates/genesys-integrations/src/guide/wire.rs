//! What the guide profile sends and receives.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::definition::{Authentication, DataMapping, IntegrationDefinition};
use crate::ids::IntegrationId;
use crate::integration::{Integration, IntegrationState, IntendedState};
use crate::report::{TestReport, TestRequest, TestStatus};

/// A definition on its way out. It holds the password, so it has no `Debug`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sent<'a> {
    name: &'a str,
    endpoint: &'a str,
    integration_type: &'static str,
    authentication: SentAuthentication<'a>,
    data_mapping: &'a [DataMapping],
    status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SentAuthentication<'a> {
    authentication_type: &'static str,
    username: &'a str,
    password: &'a str,
}

impl<'a> Sent<'a> {
    pub(super) fn new(definition: &'a IntegrationDefinition, status: &'static str) -> Self {
        let authentication = definition.authentication();
        let Authentication::Basic { username, password } = authentication;
        Self {
            name: definition.name(),
            endpoint: definition.endpoint().as_str(),
            integration_type: "Custom",
            authentication: SentAuthentication {
                authentication_type: authentication.kind(),
                username,
                password: password.expose_secret(),
            },
            data_mapping: definition.mapping(),
            status,
        }
    }
}

/// `{"status": …}`.
#[derive(Debug, Serialize)]
pub(super) struct StatusPatch {
    status: &'static str,
}

impl StatusPatch {
    pub(super) fn new(intended: IntendedState) -> Self {
        Self {
            status: match intended {
                IntendedState::Enabled => "active",
                IntendedState::Disabled => "inactive",
            },
        }
    }
}

/// An object of the collection: a definition, or a widget, which has other members.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Object {
    pub(super) id: IntegrationId,
    pub(super) name: String,
    status: Option<String>,
    created_at: Option<String>,
    integration_type: Option<Value>,
    endpoint: Option<String>,
    authentication: Option<SeenAuthentication>,
    data_mapping: Option<Vec<SeenMapping>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SeenAuthentication {
    authentication_type: Option<String>,
    username: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SeenMapping {
    source_field: Option<String>,
    target_field: Option<String>,
    transformation: Option<String>,
}

impl SeenMapping {
    fn is(&self, entry: &DataMapping) -> bool {
        self.source_field.as_ref() == Some(&entry.source_field)
            && self.target_field.as_ref() == Some(&entry.target_field)
            && self.transformation.as_deref() == Some(entry.transformation.as_str())
    }
}

impl Object {
    /// True for the kind that a definition makes.
    pub(super) fn is_definition(&self) -> bool {
        self.integration_type.as_ref().and_then(Value::as_str) == Some("Custom")
    }

    /// True when everything that can be seen is as defined. The password cannot be seen.
    pub(super) fn matches(&self, definition: &IntegrationDefinition) -> bool {
        let Authentication::Basic { username, .. } = definition.authentication();
        let endpoint = self
            .endpoint
            .as_deref()
            .and_then(|text| Url::parse(text).ok());
        let authentication = self.authentication.as_ref().is_some_and(|seen| {
            seen.authentication_type.as_deref() == Some(definition.authentication().kind())
                && seen.username.as_ref() == Some(username)
        });
        let seen = self.data_mapping.as_deref().unwrap_or_default();
        let wanted = definition.mapping();
        endpoint.as_ref() == Some(definition.endpoint())
            && authentication
            && seen.len() == wanted.len()
            && seen
                .iter()
                .zip(wanted)
                .all(|(seen, wanted)| seen.is(wanted))
    }

    pub(super) fn into_integration(self) -> Integration {
        let state = IntegrationState::parse(self.status.as_deref());
        let mut integration = Integration::new(self.id, self.name, state);
        integration.created_at = self.created_at.and_then(|text| text.parse().ok());
        integration
    }
}

/// The answer of a test.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TestAnswer {
    status: AnsweredStatus,
    message: Option<String>,
    /// Milliseconds.
    response_time: Option<u64>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
enum AnsweredStatus {
    Success,
    Failed,
}

impl TestAnswer {
    pub(super) fn into_report(self, request: &TestRequest) -> TestReport {
        let status = match self.status {
            AnsweredStatus::Success => TestStatus::Success,
            AnsweredStatus::Failed => TestStatus::Failed,
        };
        let message = request.clean(&self.message.unwrap_or_default());
        let mut report = TestReport::new(status, message);
        report.response_time = self.response_time.map(Duration::from_millis);
        report
    }
}
