//! Webhook registrations in both documents' shapes.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use http::HeaderMap;
use serde_json::{Value, json};
use url::Url;

use crate::api_error::ApiError;
use crate::cloud::Cloud;
use crate::entry::{Object, Verb};
use crate::input::{JsonBody, Params, is_loopback};
use crate::loopback::post;
use crate::members::Members;
use crate::pages;
use crate::reply::Reply;
use crate::store::{Store, Webhook};
use crate::time::now;

/// The longest time that the check of a callback may take.
const CHECK_TIMEOUT: Duration = Duration::from_secs(3);
/// The events of the source documents.
pub(crate) const EVENTS: [&str; 3] = [
    "integration.status.changed",
    "architecture.dependency.mapped",
    "routing.queue.updated",
];

#[derive(Debug)]
struct Sent {
    name: String,
    target: Url,
    events: Vec<String>,
    enabled: bool,
    payload: Option<Value>,
    /// The callback must answer a POST with 200 before it is registered.
    checked: bool,
}

impl Sent {
    fn into_webhook(self, id: &str, created: Value, body: Value) -> Webhook {
        let mut view = body;
        view["id"] = json!(id);
        view["enabled"] = json!(self.enabled);
        view["createdAt"] = created;
        Webhook {
            id: id.to_owned(),
            name: self.name,
            target: self.target,
            events: self.events,
            enabled: self.enabled,
            payload: self.payload,
            view,
        }
    }
}

/// Either shape; `targetUrl` or `event` makes it a status webhook.
fn read(body: &Value) -> Result<Sent, ApiError> {
    if body.get("targetUrl").is_some() || body.get("event").is_some() {
        read_status(body)
    } else {
        read_callback(body)
    }
}

/// `targetUrl`, `httpMethod`, one `event`: a status webhook.
///
/// Here as in the other shape, `id` and `createdAt` are the server's own and ignored on the way in, so that what was read
/// can be sent back.
fn read_status(body: &Value) -> Result<Sent, ApiError> {
    let known = [
        "name",
        "targetUrl",
        "httpMethod",
        "event",
        "contentType",
        "enabled",
        "id",
        "createdAt",
    ];
    let mut members = Members::of(body, &known)?;
    let name = members.text("name", 256);
    let enabled = members.optional_flag("enabled").unwrap_or(true);
    let target = members.address("targetUrl", true);
    members.one_of("httpMethod", &["POST"]);
    let event = members.one_of("event", &EVENTS);
    members.optional_one_of("contentType", &["application/json"]);
    members.finish()?;
    match (name, target, event) {
        (Some(name), Some(target), Some(event)) => Ok(Sent {
            name: name.to_owned(),
            target,
            events: vec![event.to_owned()],
            enabled,
            payload: None,
            checked: false,
        }),
        _ => Err(ApiError::bad_request(
            "bad.request",
            "The request is not valid.",
        )),
    }
}

/// `url`, `method`, several `events` and a `payload` template: a callback of the dependency mapper.
fn read_callback(body: &Value) -> Result<Sent, ApiError> {
    let known = [
        "name",
        "description",
        "enabled",
        "type",
        "url",
        "method",
        "contentType",
        "events",
        "payload",
        "id",
        "createdAt",
    ];
    let mut members = Members::of(body, &known)?;
    let name = members.text("name", 256);
    members.optional_text("description", 1_024);
    let enabled = members.optional_flag("enabled").unwrap_or(true);
    members.one_of("type", &["REST"]);
    let target = members.address("url", true);
    members.one_of("method", &["POST"]);
    members.optional_one_of("contentType", &["application/json"]);
    let events = read_events(&mut members);
    let payload = members.get("payload").cloned();
    if payload
        .as_ref()
        .is_some_and(|payload| !payload.is_object() && !payload.is_string())
    {
        members.problem("invalid.type", "payload", "must be an object or a string");
    }
    members.finish()?;
    match (name, target) {
        (Some(name), Some(target)) => Ok(Sent {
            name: name.to_owned(),
            target,
            events,
            enabled,
            payload,
            checked: true,
        }),
        _ => Err(ApiError::bad_request(
            "bad.request",
            "The request is not valid.",
        )),
    }
}

fn read_events(members: &mut Members<'_>) -> Vec<String> {
    let names: Option<Vec<&str>> = members
        .required("events")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect());
    let names = names.unwrap_or_default();
    if names.is_empty() || names.iter().any(|name| !EVENTS.contains(name)) {
        members.problem(
            "invalid.value",
            "events",
            &format!("must be a list of {}", EVENTS.join(", ")),
        );
    }
    names.into_iter().map(str::to_owned).collect()
}

/// `POST /api/v2/webhooks`.
pub(crate) async fn create(
    State(cloud): State<Arc<Cloud>>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let sent = read(&body)?;
    refuse_repeated(&cloud.store(), &sent.name, None)?;
    if sent.checked {
        check_callback(&sent.target).await?;
    }
    let id = cloud.ids.uuid();
    let webhook = sent.into_webhook(&id, json!(now()), body);
    let view = webhook.view.clone();
    let mut store = cloud.store();
    // Asked again: the check of the callback let others in between.
    refuse_repeated(&store, &webhook.name, None)?;
    store.webhooks.insert(&id, webhook)?;
    Ok(Reply::created(view).with_effect(Object::Webhook, Verb::Created, &id))
}

/// `PUT /api/v2/webhooks/{id}`: replaces everything but `id` and `createdAt`, in either shape, whichever it had before.
pub(crate) async fn put(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let created = cloud.store().webhooks.get(&id)?.view["createdAt"].clone();
    let sent = read(&body)?;
    refuse_repeated(&cloud.store(), &sent.name, Some(&id))?;
    if sent.checked {
        check_callback(&sent.target).await?;
    }
    let webhook = sent.into_webhook(&id, created, body);
    let view = webhook.view.clone();
    let mut store = cloud.store();
    // As in `create`; the webhook itself may be gone by now, too.
    refuse_repeated(&store, &webhook.name, Some(&id))?;
    *store.webhooks.get_mut(&id)? = webhook;
    Ok(Reply::ok(view).with_effect(Object::Webhook, Verb::Updated, &id))
}

/// Names are unique: two registrations of one name would deliver each event twice. `own` is the webhook that may have it.
fn refuse_repeated(store: &Store, name: &str, own: Option<&str>) -> Result<(), ApiError> {
    if store
        .webhooks
        .iter()
        .any(|webhook| webhook.name == name && Some(webhook.id.as_str()) != own)
    {
        return Err(ApiError::conflict(
            "duplicate.name",
            "A webhook with this name exists already.",
        ));
    }
    Ok(())
}

/// A callback on loopback is asked; the sandbox calls no other machine, so others are taken on trust.
async fn check_callback(target: &Url) -> Result<(), ApiError> {
    if !is_loopback(target) || target.scheme() != "http" {
        return Ok(());
    }
    let body = json!({"event": "webhook.validation", "timestamp": now()}).to_string();
    let answer = tokio::time::timeout(CHECK_TIMEOUT, post(target, &HeaderMap::new(), body)).await;
    match answer {
        Ok(Ok(200)) => Ok(()),
        Ok(Ok(status)) => Err(refused(&format!("it answered {status}"))),
        Ok(Err(error)) => Err(refused(&error.to_string())),
        Err(_) => Err(refused("it did not answer in time")),
    }
}

fn refused(reason: &str) -> ApiError {
    ApiError::bad_request(
        "callback.validation.failed",
        format!("The callback must answer a POST with 200: {reason}."),
    )
}

/// `GET /api/v2/webhooks`.
pub(crate) async fn list(
    State(cloud): State<Arc<Cloud>>,
    params: Params,
) -> Result<Reply, ApiError> {
    let wanted = params.get("name");
    let views: Vec<Value> = cloud
        .store()
        .webhooks
        .iter()
        .filter(|webhook| wanted.is_none_or(|name| webhook.name == name))
        .map(|webhook| webhook.view.clone())
        .collect();
    pages::numbered("/api/v2/webhooks", &params, &views).map(Reply::ok)
}

/// `GET /api/v2/webhooks/{id}`.
pub(crate) async fn get(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
) -> Result<Reply, ApiError> {
    cloud
        .store()
        .webhooks
        .get(&id)
        .map(|webhook| Reply::ok(webhook.view.clone()))
}

/// `DELETE /api/v2/webhooks/{id}`.
pub(crate) async fn delete(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
) -> Result<Reply, ApiError> {
    cloud.store().webhooks.remove(&id)?;
    Ok(Reply::no_content().with_effect(Object::Webhook, Verb::Deleted, &id))
}
