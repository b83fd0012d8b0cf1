//! `config/current`: the configuration of an integration, replaced as a whole under a version.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::cloud::Cloud;
use crate::entry::{Object, Verb};
use crate::input::JsonBody;
use crate::members::{Members, Problems};
use crate::platform::records::Installed;
use crate::platform::types::TypeInfo;
use crate::reply::Reply;
use crate::schema;
use crate::store::{Integration, Store};
use crate::time::now;

/// The configuration as the API shows it.
pub(crate) fn view(one: &Installed) -> Value {
    let uri = format!("/api/v2/integrations/{}/config/current", one.id);
    let credentials: serde_json::Map<String, Value> = one
        .config
        .credentials
        .iter()
        .map(|(slot, id)| {
            (
                slot.clone(),
                json!({"id": id, "selfUri": format!("/api/v2/integrations/credentials/{id}")}),
            )
        })
        .collect();
    json!({
        "id": one.id,
        "name": one.name,
        "version": one.config.version,
        "properties": one.config.properties,
        "advanced": one.config.advanced,
        "notes": one.config.notes,
        "credentials": credentials,
        "selfUri": uri,
    })
}

fn installed<'a>(store: &'a mut Store, id: &str) -> Result<&'a mut Installed, ApiError> {
    match store.integrations.get_mut(id)? {
        Integration::Platform(one) => Ok(one),
        _ => Err(ApiError::unknown("configuration", id)),
    }
}

/// `GET`.
pub(crate) async fn get(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
) -> Result<Reply, ApiError> {
    installed(&mut cloud.store(), &id).map(|one| Reply::ok(view(one)))
}

/// `PUT`: all six members are required, and `version` must be the current one. The name of the integration is the
/// name in its configuration.
pub(crate) async fn put(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let mut store = cloud.store();
    let (kind, current) = {
        let one = installed(&mut store, &id)?;
        (one.kind, one.config.version)
    };
    let known = [
        "id",
        "name",
        "version",
        "properties",
        "advanced",
        "notes",
        "credentials",
        "selfUri",
    ];
    let mut members = Members::of(&body, &known)?;
    let name = members.text("name", 256);
    members.required("version");
    let version = members.optional_number("version", 0..=u64::MAX);
    let properties = members.required("properties");
    let advanced = members.required("advanced");
    // Unlike other texts, notes may be empty.
    let notes = members.required("notes").and_then(Value::as_str);
    if members.get("notes").is_some() && notes.is_none() {
        members.problem("invalid.type", "notes", "must be a string");
    }
    let credentials = members.required("credentials").and_then(Value::as_object);
    if members.get("credentials").is_some() && credentials.is_none() {
        members.problem("invalid.type", "credentials", "must be an object");
    }
    members.finish()?;
    let (
        Some(name),
        Some(version),
        Some(properties),
        Some(advanced),
        Some(notes),
        Some(credentials),
    ) = (name, version, properties, advanced, notes, credentials)
    else {
        return Err(ApiError::bad_request(
            "bad.request",
            "The request is not valid.",
        ));
    };
    if version != current {
        return Err(ApiError::version_mismatch(version, current));
    }
    let mut problems = Problems::default();
    check_schemas(kind, properties, advanced, &mut problems);
    let credentials = check_credentials(&store, kind, credentials, &mut problems);
    problems.into_result()?;
    let one = installed(&mut store, &id)?;
    one.name = name.to_owned();
    one.config.version += 1;
    one.config.properties = properties.clone();
    one.config.advanced = advanced.clone();
    one.config.notes = notes.to_owned();
    one.config.credentials = credentials;
    one.changed = now();
    Ok(Reply::ok(view(one)).with_effect(Object::Configuration, Verb::Updated, &id))
}

fn check_schemas(kind: &TypeInfo, properties: &Value, advanced: &Value, problems: &mut Problems) {
    for (name, value) in [("properties", properties), ("advanced", advanced)] {
        let Some(wanted) = kind.schema(name) else {
            continue;
        };
        for violation in schema::violations(&wanted, value) {
            problems.add(
                "invalid.value",
                name,
                &format!("breaks its schema: {violation}"),
            );
        }
    }
}

fn check_credentials(
    store: &Store,
    kind: &TypeInfo,
    given: &serde_json::Map<String, Value>,
    problems: &mut Problems,
) -> BTreeMap<String, String> {
    let mut kept = BTreeMap::new();
    for (slot, value) in given {
        let field = format!("credentials.{slot}");
        let Some((_, fitting)) = kind.slots.iter().find(|(name, _)| name == slot) else {
            problems.add(
                "unknown.property",
                field,
                "is not a slot of this integration type",
            );
            continue;
        };
        let Some(id) = value.get("id").and_then(Value::as_str) else {
            problems.add("required", format!("{field}.id"), "is required");
            continue;
        };
        match store.credentials.get(id) {
            Ok(credential) if fitting.contains(&credential.kind.as_str()) => {
                kept.insert(slot.clone(), id.to_owned());
            }
            Ok(_) => problems.add("invalid.value", field, "names a credential of another type"),
            Err(_) => problems.add(
                "invalid.value",
                field,
                "names a credential that does not exist",
            ),
        }
    }
    kept
}
