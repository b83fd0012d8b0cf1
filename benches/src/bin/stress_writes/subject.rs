//! What is written, and what the cloud itself holds of it.

use std::sync::Arc;

use genesys_core::{Client, Result};
use genesys_integrations::{
    Authentication, GuideIntegrations, IntegrationDefinition, IntegrationId, Integrations,
    PlatformIntegrations,
};
use genesys_sandbox::{Sandbox, Snapshot};
use genesys_webhooks::{GuideWebhooks, WebhookRegistration, Webhooks};
use serde_json::Value;

use crate::{Failed, cloud};

/// The wire form of an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Guide,
    Platform,
}

/// What kind of object a subject is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An integration of the guide profile: one object.
    Definition,
    /// A webhook of the guide profile.
    Webhook,
    /// An integration of the platform profile: a credential, an integration and an action.
    Parts,
}

/// How a write is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// Looks first, and is safe to repeat.
    Ensure,
    /// A creation without a look before it, or an update by id.
    Once,
}

/// A name that one writer owns, and the version that it has now; none before it exists.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) version: Option<u64>,
    pub(crate) id: Option<IntegrationId>,
}

/// The adapters of an organisation, shared by its writers.
#[derive(Debug, Clone)]
pub(crate) struct Adapters {
    integrations: Arc<dyn Integrations>,
    webhooks: Arc<dyn Webhooks>,
}

impl Adapters {
    pub(crate) fn new(form: Form, client: &Client) -> Self {
        let limits = cloud::limits();
        let integrations: Arc<dyn Integrations> = match form {
            Form::Guide => Arc::new(GuideIntegrations::new(client.clone()).with_limits(limits)),
            Form::Platform => {
                Arc::new(PlatformIntegrations::new(client.clone()).with_limits(limits))
            }
        };
        Self {
            integrations,
            webhooks: Arc::new(GuideWebhooks::new(client.clone())),
        }
    }

    pub(crate) fn integrations(&self) -> &dyn Integrations {
        &*self.integrations
    }

    /// Writes `version` of the subject.
    pub(crate) async fn write(
        &self,
        subject: &mut Subject,
        version: u64,
        how: How,
    ) -> std::result::Result<Result<()>, Failed> {
        if subject.kind == Kind::Webhook {
            let registration = registration(&subject.name, version)?;
            return Ok(match how {
                How::Ensure => self.webhooks.ensure(&registration).await.map(drop),
                How::Once => self.webhooks.register(&registration).await.map(drop),
            });
        }
        let definition = definition(&subject.name, version)?;
        let written = match (how, &subject.id) {
            (How::Ensure, _) => {
                let ensured = self.integrations.ensure(&definition).await;
                ensured.map(|ensured| ensured.integration)
            }
            (How::Once, None) => self.integrations.create(&definition).await,
            (How::Once, Some(id)) => self.integrations.update(id, &definition).await,
        };
        Ok(written.map(|integration| subject.id = Some(integration.id)))
    }
}

pub(crate) fn definition(
    name: &str,
    version: u64,
) -> std::result::Result<IntegrationDefinition, Failed> {
    let authentication = Authentication::basic("crm_user", "a-password".into());
    let endpoint = format!("https://api.example.com/v{version}");
    Ok(IntegrationDefinition::builder(name, endpoint, authentication).build()?)
}

fn registration(name: &str, version: u64) -> std::result::Result<WebhookRegistration, Failed> {
    let target = format!("https://monitor.example.com/v{version}");
    let registration = WebhookRegistration::builder(name, target);
    Ok(registration
        .with_event("integration.status.changed")
        .build()?)
}

/// What the cloud holds of one subject, read past the SDK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    /// The version of each object that says one.
    pub(crate) versions: Vec<u64>,
    /// How many objects carry the name in each of the lists that hold a part.
    pub(crate) parts: Vec<usize>,
}

impl Held {
    pub(crate) fn of(sandbox: &Sandbox, subject: &Subject) -> Self {
        let state = sandbox.state();
        let (says, lists): (&[Value], Vec<&[Value]>) = lists(&state, subject.kind);
        let named = |object: &&Value| object["name"] == subject.name.as_str();
        Self {
            versions: says.iter().filter(named).map(version).collect(),
            parts: lists
                .iter()
                .map(|list| list.iter().filter(named).count())
                .collect(),
        }
    }

    /// Exactly one of every part, of this version.
    pub(crate) fn is_once(&self, version: u64) -> bool {
        self.versions == [version] && self.parts.iter().all(|count| *count == 1)
    }

    /// As a subject of this version is held; nothing for none.
    pub(crate) fn is_as(&self, version: Option<u64>) -> bool {
        match version {
            Some(version) => self.is_once(version),
            None => self.versions.is_empty() && self.parts.iter().all(|count| *count == 0),
        }
    }
}

/// The list whose objects say their version, and every list with a part.
fn lists(state: &Snapshot, kind: Kind) -> (&[Value], Vec<&[Value]>) {
    match kind {
        Kind::Definition => (&state.integrations, vec![&state.integrations]),
        Kind::Webhook => (&state.webhooks, vec![&state.webhooks]),
        Kind::Parts => (
            &state.actions,
            vec![&state.credentials, &state.integrations, &state.actions],
        ),
    }
}

/// The version that an object's address ends with; 0 for an address that nobody wrote.
fn version(object: &Value) -> u64 {
    let address = [
        "/endpoint",
        "/url",
        "/targetUrl",
        "/config/request/requestUrlTemplate",
    ]
    .iter()
    .find_map(|member| object.pointer(member)?.as_str());
    address
        .and_then(|text| text.rsplit_once("/v")?.1.parse().ok())
        .unwrap_or_default()
}
