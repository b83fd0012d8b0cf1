//! Credentials: named sets of secret fields.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::cloud::Cloud;
use crate::entry::{Object, Verb};
use crate::input::{JsonBody, Params};
use crate::members::Members;
use crate::pages;
use crate::platform::cursor;
use crate::platform::records::Credential;
use crate::reply::Reply;
use crate::store::Integration;
use crate::time::now;

const PATH: &str = "/api/v2/integrations/credentials";

/// Credential types and the fields that each requires. A type without fields takes any.
const TYPES: [(&str, &[&str]); 4] = [
    ("basicAuth", &["userName", "password"]),
    ("pureCloudOAuthClient", &["clientId", "clientSecret"]),
    ("userDefined", &[]),
    ("userDefinedOAuth", &[]),
];

#[derive(Debug)]
struct Sent {
    name: String,
    kind: String,
    fields: BTreeMap<String, SecretString>,
}

fn read(body: &Value) -> Result<Sent, ApiError> {
    let mut members = Members::of(body, &["id", "name", "type", "credentialFields", "selfUri"])?;
    let name = members.text("name", 256);
    let kind = members.object(
        "type",
        &["id", "name", "properties", "displayOrder", "required"],
        |inner| inner.one_of("name", &TYPES.map(|(name, _)| name)),
    );
    members.required("credentialFields");
    let fields = members.optional_texts("credentialFields");
    let kind = kind.flatten();
    if let Some((_, wanted)) = TYPES.iter().find(|(name, _)| Some(*name) == kind) {
        check_fields(&mut members, wanted, &fields);
    }
    members.finish()?;
    let (Some(name), Some(kind)) = (name, kind) else {
        return Err(ApiError::bad_request(
            "bad.request",
            "The request is not valid.",
        ));
    };
    let fields = fields
        .into_iter()
        .map(|(key, value)| (key, SecretString::from(value)))
        .collect();
    Ok(Sent {
        name: name.to_owned(),
        kind: kind.to_owned(),
        fields,
    })
}

fn check_fields(members: &mut Members<'_>, wanted: &[&str], fields: &[(String, String)]) {
    if wanted.is_empty() {
        if fields.is_empty() {
            members.problem(
                "required",
                "credentialFields",
                "must hold at least one field",
            );
        }
        return;
    }
    for name in wanted {
        if !fields
            .iter()
            .any(|(key, value)| key == name && !value.is_empty())
        {
            members.problem(
                "required",
                &format!("credentialFields.{name}"),
                "is required",
            );
        }
    }
    for (key, _) in fields {
        if !wanted.contains(&key.as_str()) {
            members.problem(
                "unknown.property",
                &format!("credentialFields.{key}"),
                "is not known",
            );
        }
    }
}

/// The credential as the API shows it: without its fields.
pub(crate) fn view(credential: &Credential) -> Value {
    json!({
        "id": credential.id,
        "name": credential.name,
        "type": {"name": credential.kind},
        "createdDate": credential.created,
        "modifiedDate": credential.modified,
        "selfUri": format!("{PATH}/{}", credential.id),
    })
}

/// `POST /credentials`.
pub(crate) async fn create(
    State(cloud): State<Arc<Cloud>>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let sent = read(&body)?;
    let time = now();
    let credential = Credential {
        id: cloud.ids.uuid(),
        name: sent.name,
        kind: sent.kind,
        fields: sent.fields,
        created: time.clone(),
        modified: time,
    };
    let (id, answer) = (credential.id.clone(), view(&credential));
    cloud.store().credentials.insert(&id, credential)?;
    Ok(Reply::ok(answer).with_effect(Object::Credential, Verb::Created, &id))
}

/// `GET /credentials`: numbered pages.
pub(crate) async fn list(
    State(cloud): State<Arc<Cloud>>,
    params: Params,
) -> Result<Reply, ApiError> {
    let views: Vec<Value> = cloud.store().credentials.iter().map(view).collect();
    pages::numbered(PATH, &params, &views).map(Reply::ok)
}

/// `GET /credentials/listing`: cursor pages.
pub(crate) async fn listing(
    State(cloud): State<Arc<Cloud>>,
    params: Params,
) -> Result<Reply, ApiError> {
    let views: Vec<(u64, Value)> = cloud
        .store()
        .credentials
        .rows()
        .map(|(key, row)| (key, view(row)))
        .collect();
    cursor::page(&format!("{PATH}/listing"), &params, &views).map(Reply::ok)
}

/// `GET /credentials/types`: the whole list, without pages.
pub(crate) async fn types() -> Reply {
    let types: Vec<Value> = TYPES
        .iter()
        .map(|(name, fields)| {
            let properties: serde_json::Map<String, Value> =
                fields.iter().map(|field| ((*field).to_owned(), json!({"type": "string"}))).collect();
            json!({"id": name, "name": name, "properties": properties, "displayOrder": fields, "required": fields})
        })
        .collect();
    Reply::ok(Value::Array(types))
}

/// `GET /credentials/{credentialId}`.
pub(crate) async fn get(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
) -> Result<Reply, ApiError> {
    let mut answer = view(cloud.store().credentials.get(&id)?);
    if let Some(object) = answer.as_object_mut() {
        // This answer has the shape of what was sent, which has no dates.
        object.remove("createdDate");
        object.remove("modifiedDate");
    }
    Ok(Reply::ok(answer))
}

/// `PUT /credentials/{credentialId}`: replaces name and fields; the type stays.
pub(crate) async fn put(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let mut store = cloud.store();
    let credential = store.credentials.get_mut(&id)?;
    let sent = read(&body)?;
    if sent.kind != credential.kind {
        return Err(ApiError::bad_request(
            "invalid.value",
            "The type of a credential cannot change.",
        ));
    }
    credential.name = sent.name;
    credential.fields = sent.fields;
    credential.modified = now();
    Ok(Reply::ok(view(credential)).with_effect(Object::Credential, Verb::Updated, &id))
}

/// `DELETE /credentials/{credentialId}`: refused while a configuration uses it.
pub(crate) async fn delete(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
) -> Result<Reply, ApiError> {
    let mut store = cloud.store();
    store.credentials.get(&id)?;
    let used = store.integrations.iter().any(|row| {
        matches!(row, Integration::Platform(one) if one.config.credentials.values().any(|used| *used == id))
    });
    if used {
        return Err(ApiError::conflict(
            "credential.in.use",
            "The credential is used by an integration.",
        ));
    }
    store.credentials.remove(&id)?;
    Ok(Reply::no_content().with_effect(Object::Credential, Verb::Deleted, &id))
}
