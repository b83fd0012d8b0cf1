//! What the guide profile sends and receives, apart from the definition itself.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ids::IntegrationId;
use crate::integration::{Integration, IntegrationState, IntendedState};
use crate::widgets::{Widget, WidgetKind};

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

/// An object of the collection: a widget, or a definition, which has other members. Only `id` and `name` are sure to be in
/// the answer to a creation.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Object {
    pub(super) id: IntegrationId,
    #[serde(default)]
    pub(super) name: String,
    description: Option<Value>,
    #[serde(rename = "type")]
    kind: Option<Value>,
    status: Option<String>,
    manifest_url: Option<Value>,
    settings: Option<Value>,
    created_at: Option<String>,
}

impl Object {
    /// True for what a widget makes.
    pub(super) fn is_widget(&self) -> bool {
        let kind = self.kind.as_ref().and_then(Value::as_str);
        WidgetKind::ALL
            .iter()
            .any(|known| kind == Some(known.as_str()))
    }

    /// True when everything but the status is as defined.
    pub(super) fn matches(&self, widget: &Widget) -> bool {
        let wanted: Map<String, Value> =
            serde_json::from_slice(widget.document()).unwrap_or_default();
        let seen = [
            ("description", &self.description),
            ("type", &self.kind),
            ("manifestUrl", &self.manifest_url),
            ("settings", &self.settings),
        ];
        seen.into_iter()
            .all(|(name, value)| wanted.get(name) == value.as_ref())
    }

    pub(super) fn into_integration(self) -> Integration {
        let state = IntegrationState::parse(self.status.as_deref());
        let mut integration = Integration::new(self.id, self.name, state);
        integration.created_at = self.created_at.and_then(|text| text.parse().ok());
        integration
    }
}
