//! Integration definitions: an endpoint, its authentication and a data mapping.

use std::sync::Arc;

use axum::extract::{Path, State};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use url::Url;

use crate::api_error::ApiError;
use crate::cloud::Cloud;
use crate::entry::{Object, Verb};
use crate::input::SizedJson;
use crate::members::Members;
use crate::reply::Reply;
use crate::store::{Definition, Integration, Status};
use crate::time::now;

/// What the guide profile knows of a definition's members; the last ones are the server's own and ignored on the way in.
const MEMBERS: [&str; 8] = [
    "name",
    "endpoint",
    "integrationType",
    "authentication",
    "dataMapping",
    "status",
    "id",
    "createdAt",
];

#[derive(Debug)]
struct Sent {
    name: String,
    endpoint: Url,
    username: String,
    /// Absent when a replacement keeps the stored one.
    password: Option<String>,
    mapping: Value,
    status: Option<Status>,
}

fn read(body: &Value, stored_password: bool) -> Result<Sent, ApiError> {
    let mut members = Members::of(body, &MEMBERS)?;
    let name = members.text("name", 256);
    let endpoint = members.address("endpoint", false);
    members.one_of("integrationType", &["Custom"]);
    let authentication = members.object(
        "authentication",
        &["authenticationType", "username", "password"],
        |inner| {
            inner.one_of("authenticationType", &["Basic"]);
            let username = inner.text("username", 256);
            let password = if stored_password {
                inner.optional_text("password", 1_024)
            } else {
                inner.text("password", 1_024)
            };
            (username, password)
        },
    );
    let mapping = mapping(&mut members);
    let status = members
        .optional_one_of("status", &Status::NAMES)
        .map(Status::parse);
    members.finish()?;
    let (Some(name), Some(endpoint), Some((Some(username), password))) =
        (name, endpoint, authentication)
    else {
        return Err(ApiError::bad_request(
            "bad.request",
            "The request is not valid.",
        ));
    };
    Ok(Sent {
        name: name.to_owned(),
        endpoint,
        username: username.to_owned(),
        password: password.map(str::to_owned),
        mapping,
        status,
    })
}

fn mapping(members: &mut Members<'_>) -> Value {
    let mut targets: Vec<&str> = Vec::new();
    let mut repeated = Vec::new();
    members.optional_array(
        "dataMapping",
        &["sourceField", "targetField", "transformation"],
        |inner| {
            inner.text("sourceField", 256);
            inner.one_of("transformation", &["Direct"]);
            if let Some(target) = inner.text("targetField", 256) {
                if targets.contains(&target) {
                    repeated.push(target);
                }
                targets.push(target);
            }
        },
    );
    for target in repeated {
        members.problem(
            "duplicate.value",
            "dataMapping",
            &format!("maps to {target} more than once"),
        );
    }
    members
        .get("dataMapping")
        .cloned()
        .unwrap_or_else(|| json!([]))
}

/// The definition as the API shows it: everything but the password.
pub(crate) fn view(definition: &Definition) -> Value {
    json!({
        "id": definition.id,
        "name": definition.name,
        "endpoint": definition.endpoint,
        "integrationType": "Custom",
        "authentication": {"authenticationType": "Basic", "username": definition.username},
        "dataMapping": definition.mapping,
        "status": definition.status.name(),
        "createdAt": definition.created,
    })
}

/// `POST /api/v2/integrations` with a string as `integrationType`.
///
/// Without a `status` the definition is active at once, as the source document has it.
pub(crate) fn create(cloud: &Cloud, body: &Value) -> Result<Reply, ApiError> {
    let sent = read(body, false)?;
    let definition = Definition {
        id: cloud.ids.uuid(),
        name: sent.name,
        endpoint: sent.endpoint,
        username: sent.username,
        password: SecretString::from(sent.password.unwrap_or_default()),
        mapping: sent.mapping,
        status: sent.status.unwrap_or(Status::Active),
        created: now(),
    };
    let (id, answer) = (definition.id.clone(), view(&definition));
    cloud
        .store()
        .integrations
        .insert(&id, Integration::Definition(definition))?;
    Ok(Reply::created(answer).with_effect(Object::Integration, Verb::Created, &id))
}

/// Replaces a definition (`PUT`). The password may be left out, because no answer ever shows it.
pub(crate) fn replace(definition: &mut Definition, body: &Value) -> Result<(), ApiError> {
    let sent = read(body, true)?;
    definition.name = sent.name;
    definition.endpoint = sent.endpoint;
    definition.username = sent.username;
    definition.mapping = sent.mapping;
    if let Some(password) = sent.password {
        definition.password = SecretString::from(password);
    }
    if let Some(status) = sent.status {
        definition.status = status;
    }
    Ok(())
}

/// `POST /api/v2/integrations/{id}/test`: calls the scripted external system behind the endpoint. A system that
/// fails is a report with `Failed` and not an error.
pub(crate) async fn test(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
) -> Result<Reply, ApiError> {
    let (endpoint, username, password) = match cloud.store().integrations.get(&id)? {
        Integration::Definition(definition) => (
            definition.endpoint.clone(),
            definition.username.clone(),
            definition.password.clone(),
        ),
        _ => {
            return Err(ApiError::bad_request(
                "not.testable",
                "An integration of this kind cannot be tested.",
            ));
        }
    };
    let call = cloud
        .external
        .call(&endpoint, Some((&username, password.expose_secret())))
        .await;
    let (status, message) = if call.status.is_success() {
        (
            "Success",
            format!("the external endpoint answered {}", call.status.as_u16()),
        )
    } else if call.status == http::StatusCode::UNAUTHORIZED {
        (
            "Failed",
            "the external endpoint refused the credentials (401)".to_owned(),
        )
    } else {
        (
            "Failed",
            format!("the external endpoint answered {}", call.status.as_u16()),
        )
    };
    let answer = json!({"status": status, "message": message, "responseTime": call.latency.as_millis() as u64});
    Ok(Reply::ok(answer).with_effect(Object::Integration, Verb::Tested, &id))
}

/// `PUT /api/v2/integrations/{id}`.
pub(crate) async fn put(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
    body: SizedJson,
) -> Result<Reply, ApiError> {
    let mut store = cloud.store();
    let (old, new, answer) = match store.integrations.get_mut(&id)? {
        Integration::Definition(definition) => {
            let old = definition.status;
            replace(definition, &body.value)?;
            (old, definition.status, view(definition))
        }
        Integration::Widget(widget) => {
            let old = widget.status;
            super::widgets::replace(widget, &body)?;
            (old, widget.status, super::widgets::view(widget))
        }
        #[cfg(feature = "platform")]
        Integration::Platform(_) => return Err(ApiError::method_not_allowed()),
    };
    if old != new {
        cloud
            .deliveries
            .status_changed(&store, &id, old.name(), new.name());
    }
    Ok(Reply::ok(answer).with_effect(Object::Integration, Verb::Updated, &id))
}
