//! The catalogue of integration types.

use std::sync::Arc;

use axum::extract::{Path, State};
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::cloud::Cloud;
use crate::input::Params;
use crate::pages;
use crate::reply::Reply;

const PATH: &str = "/api/v2/integrations/types";

/// One type: what it is called, which credentials it takes, and the schemas of its configuration.
#[derive(Debug)]
pub(crate) struct TypeInfo {
    pub(crate) id: &'static str,
    name: &'static str,
    description: &'static str,
    category: &'static str,
    /// Slots and the credential types that fit in each.
    pub(crate) slots: &'static [(&'static str, &'static [&'static str])],
    /// Data actions can belong to it.
    pub(crate) has_actions: bool,
    properties: fn() -> Value,
    advanced: fn() -> Value,
}

impl TypeInfo {
    /// The schema of `properties` or `advanced`.
    pub(crate) fn schema(&self, config_type: &str) -> Option<Value> {
        match config_type {
            "properties" => Some((self.properties)()),
            "advanced" => Some((self.advanced)()),
            _ => None,
        }
    }

    pub(crate) fn reference(&self) -> Value {
        json!({"id": self.id, "name": self.name, "selfUri": format!("{PATH}/{}", self.id)})
    }

    pub(crate) fn display_name(&self) -> &'static str {
        self.name
    }

    fn view(&self) -> Value {
        let credentials: serde_json::Map<String, Value> = self
            .slots
            .iter()
            .map(|(slot, types)| {
                (
                    (*slot).to_owned(),
                    json!({"required": false, "title": slot, "credentialTypes": types}),
                )
            })
            .collect();
        json!({
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "provider": "clientapps",
            "category": self.category,
            "configPropertiesSchemaUri": format!("{PATH}/{}/configschemas/properties", self.id),
            "configAdvancedSchemaUri": format!("{PATH}/{}/configschemas/advanced", self.id),
            "credentials": credentials,
            "nonInstallable": false,
            "selfUri": format!("{PATH}/{}", self.id),
        })
    }
}

/// The type with this id.
pub(crate) fn find(id: &str) -> Option<&'static TypeInfo> {
    TYPES.iter().find(|kind| kind.id == id)
}

/// `GET /types`.
pub(crate) async fn list(State(_): State<Arc<Cloud>>, params: Params) -> Result<Reply, ApiError> {
    let views: Vec<Value> = TYPES.iter().map(TypeInfo::view).collect();
    pages::numbered(PATH, &params, &views).map(Reply::ok)
}

/// `GET /types/{typeId}`.
pub(crate) async fn get(Path(id): Path<String>) -> Result<Reply, ApiError> {
    find(&id)
        .map(|kind| Reply::ok(kind.view()))
        .ok_or_else(|| ApiError::unknown("integration type", &id))
}

/// `GET /types/{typeId}/configschemas/{configType}`.
pub(crate) async fn config_schema(
    Path((id, config_type)): Path<(String, String)>,
) -> Result<Reply, ApiError> {
    let kind = find(&id).ok_or_else(|| ApiError::unknown("integration type", &id))?;
    kind.schema(&config_type)
        .map(Reply::ok)
        .ok_or_else(|| ApiError::unknown("configuration schema", &config_type))
}

fn schema(title: &str, required: &[&str], properties: Value) -> Value {
    json!({
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": title,
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": false,
    })
}

fn closed() -> Value {
    // Draft 4 wants at least one name in `required`, so the list is left out where nothing is required.
    json!({
        "$schema": "http://json-schema.org/draft-04/schema#",
        "type": "object",
        "properties": {},
        "additionalProperties": false,
    })
}

fn open() -> Value {
    json!({
        "$schema": "http://json-schema.org/draft-04/schema#",
        "type": "object",
        "properties": {},
        "additionalProperties": true,
    })
}

fn client_app() -> Value {
    schema(
        "Client application",
        &["url"],
        client_app_properties(&["standalone", "widget"]),
    )
}

fn interaction_widget() -> Value {
    let mut properties = client_app_properties(&["standalone", "widget"]);
    properties["communicationTypeFilter"] = json!({
        "type": "string",
        "pattern": "^(call|chat|webmessaging|open)(,(call|chat|webmessaging|open))*$",
    });
    properties["queueIdFilterList"] = json!({"type": "array", "items": {"type": "string"}});
    schema("Interaction widget", &["url"], properties)
}

fn client_app_properties(display_types: &[&str]) -> Value {
    json!({
        "url": {"type": "string", "pattern": "^https://"},
        "sandbox": {"type": "string"},
        "permissions": {"type": "string"},
        "displayType": {"type": "string", "enum": display_types},
        "featureCategory": {"type": "string", "enum": ["", "directory", "contactCenterInsights"]},
        "groups": {"type": "array", "items": {"type": "string"}},
    })
}

fn event_bridge() -> Value {
    schema(
        "Amazon EventBridge source",
        &["awsAccountId", "awsAccountRegion", "eventSourceSuffix"],
        json!({
            "awsAccountId": {"type": "string", "pattern": "^[0-9]{12}$"},
            "awsAccountRegion": {"type": "string", "minLength": 1},
            "eventSourceSuffix": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
            "eventFilter": {"type": "array", "items": {"type": "string"}},
        }),
    )
}

static TYPES: [TypeInfo; 6] = [
    TypeInfo {
        id: "amazon-eventbridge-source",
        name: "Amazon EventBridge Source",
        description: "Sends events to a partner event source",
        category: "Events",
        slots: &[],
        has_actions: false,
        properties: event_bridge,
        advanced: closed,
    },
    TypeInfo {
        id: "custom-rest-actions",
        name: "Web Services Data Actions",
        description: "Calls an external REST service",
        category: "Data Actions",
        slots: &[
            ("basicAuth", &["basicAuth"]),
            ("userDefined", &["userDefined"]),
            ("userDefinedOAuth", &["userDefinedOAuth"]),
        ],
        has_actions: true,
        properties: closed,
        advanced: open,
    },
    TypeInfo {
        id: "embedded-client-app",
        name: "Client Application",
        description: "Shows a web application to agents",
        category: "Client Apps",
        slots: &[],
        has_actions: false,
        properties: client_app,
        advanced: open,
    },
    TypeInfo {
        id: "embedded-client-app-interaction-widget",
        name: "Interaction Widget",
        description: "Shows a web application beside an interaction",
        category: "Client Apps",
        slots: &[],
        has_actions: false,
        properties: interaction_widget,
        advanced: open,
    },
    TypeInfo {
        id: "purecloud-data-actions",
        name: "Genesys Cloud Data Actions",
        description: "Calls the platform's own API",
        category: "Data Actions",
        slots: &[("pureCloudOAuthClient", &["pureCloudOAuthClient"])],
        has_actions: true,
        properties: closed,
        advanced: open,
    },
    TypeInfo {
        id: "webhook",
        name: "Webhook",
        description: "Takes calls from outside",
        category: "Webhooks",
        slots: &[],
        has_actions: false,
        properties: open,
        advanced: open,
    },
];
