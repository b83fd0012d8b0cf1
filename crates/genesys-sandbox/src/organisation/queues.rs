//! `/api/v2/routing/queues`.

use std::sync::Arc;

use axum::extract::{Path, State};
use http::HeaderMap;
use serde_json::{Value, json};

use super::queue_input::{OWN, check};
use super::store::Store;
use super::{HOME_DIVISION_ID, Kind, lists};
use crate::api_error::ApiError;
use crate::cloud::{Cloud, Profile};
use crate::entry::{Object, Verb};
use crate::input::{JsonBody, Params};
use crate::integrations::profile;
use crate::pages::numbered_by;
use crate::reply::Reply;
use crate::time::now;

/// The most queues of a page.
const LARGEST_PAGE: usize = 500;

/// A queue as the API shows it. The guide profile has the document's `members.total` beside the counts.
fn view(store: &Store, queue: &Value, shapes: Profile) -> Value {
    let mut view = store.view(Kind::Queue, queue);
    if shapes == Profile::Guide && !view["memberCount"].is_null() {
        view["members"] = json!({"total": view["memberCount"]});
    }
    view
}

/// `GET`: numbered pages in the order of creation.
pub(crate) async fn list(
    State(cloud): State<Arc<Cloud>>,
    headers: HeaderMap,
    params: Params,
) -> Result<Reply, ApiError> {
    let shapes = profile(&cloud, &headers)?;
    let store = cloud.organisation();
    let rows: Vec<&Value> = store
        .rows(Kind::Queue)
        .map(|(_, queue)| queue)
        .filter(|queue| lists::is_wanted(queue, &params))
        .collect();
    numbered_by(Kind::Queue.path(), &params, LARGEST_PAGE, &rows, |queue| {
        view(&store, queue, shapes)
    })
    .map(Reply::ok)
}

/// `GET /{id}`.
pub(crate) async fn get(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Reply, ApiError> {
    let shapes = profile(&cloud, &headers)?;
    let store = cloud.organisation();
    let queue = store.get(Kind::Queue, &id)?;
    Ok(Reply::ok(view(&store, queue, shapes)))
}

/// `POST`. Without a division it is in the home division; `sourceQueueId` names a queue to take everything else from.
pub(crate) async fn create(
    State(cloud): State<Arc<Cloud>>,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let shapes = profile(&cloud, &headers)?;
    let mut store = cloud.organisation();
    check(&store, &body, None)?;
    let mut queue = match body["sourceQueueId"].as_str() {
        Some(source) => store.get(Kind::Queue, source)?.clone(),
        None => json!({"division": {"id": HOME_DIVISION_ID}}),
    };
    merge(&mut queue, body);
    let id = cloud.ids.uuid();
    let time = now();
    queue["id"] = json!(id);
    queue["dateCreated"] = json!(time);
    queue["dateModified"] = json!(time);
    if let Some(members) = queue.as_object_mut() {
        members.remove("selfUri");
    }
    complete(&store, &mut queue);
    store.table(Kind::Queue).insert(&id, queue.clone())?;
    let answer = view(&store, &queue, shapes);
    Ok(Reply::ok(answer).with_effect(Object::Queue, Verb::Created, &id))
}

/// `PUT /{id}`: replaces everything but what is the server's own.
pub(crate) async fn put(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    replace(&cloud, &headers, &id, &body, |before| {
        json!({
            "id": id,
            "name": before["name"],
            "division": before["division"],
            "dateCreated": before["dateCreated"],
        })
    })
}

/// `PATCH /{id}`: replaces the members that are there and removes those that are `null`.
pub(crate) async fn patch(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    replace(&cloud, &headers, &id, &body, Value::clone)
}

/// Writes what was sent over `base` of what is there.
fn replace(
    cloud: &Cloud,
    headers: &HeaderMap,
    id: &str,
    sent: &Value,
    base: impl FnOnce(&Value) -> Value,
) -> Result<Reply, ApiError> {
    let shapes = profile(cloud, headers)?;
    let answer = {
        let mut store = cloud.organisation();
        let mut queue = base(store.get(Kind::Queue, id)?);
        // A body that is no object, or that has unknown members, is refused as it is; the rest is judged as a whole.
        let mut whole = queue.clone();
        match (whole.as_object_mut(), sent.as_object()) {
            (Some(whole), Some(sent)) => whole.extend(sent.clone()),
            _ => whole = sent.clone(),
        }
        check(&store, &whole, Some(id))?;
        merge(&mut queue, sent.clone());
        queue["dateModified"] = json!(now());
        complete(&store, &mut queue);
        let answer = view(&store, &queue, shapes);
        *store.table(Kind::Queue).get_mut(id)? = queue;
        answer
    };
    announce(cloud, id);
    Ok(Reply::ok(answer).with_effect(Object::Queue, Verb::Updated, id))
}

/// `DELETE /{id}`. What referred to it does so still.
pub(crate) async fn delete(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
) -> Result<Reply, ApiError> {
    let mut store = cloud.organisation();
    store.table(Kind::Queue).remove(&id)?;
    store.members.remove(&id);
    store.wrap_up_codes.remove(&id);
    Ok(Reply::no_content().with_effect(Object::Queue, Verb::Deleted, &id))
}

/// `GET /{id}/wrapupcodes`.
#[cfg(feature = "platform")]
pub(crate) async fn wrap_up_codes(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Reply, ApiError> {
    let store = cloud.organisation();
    store.get(Kind::Queue, &id)?;
    let codes = store.wrap_up_codes.get(&id).into_iter().flatten();
    let codes: Vec<&Value> = codes
        .filter_map(|code| store.get(Kind::WrapUpCode, code).ok())
        .filter(|code| lists::is_wanted(code, &params))
        .collect();
    let path = format!("{}/{id}/wrapupcodes", Kind::Queue.path());
    numbered_by(&path, &params, 100, &codes, |code| {
        store.view(Kind::WrapUpCode, code)
    })
    .map(Reply::ok)
}

/// Tells everyone who asked that a queue changed.
pub(super) fn announce(cloud: &Cloud, id: &str) {
    let (queue, organisation) = {
        let store = cloud.organisation();
        let Ok(queue) = store.get(Kind::Queue, id) else {
            return;
        };
        (store.view(Kind::Queue, queue), store.id.clone())
    };
    cloud
        .deliveries
        .queue_updated(&cloud.store(), &queue, &organisation);
}

/// Takes over what was sent, except for what is the server's own.
fn merge(queue: &mut Value, sent: Value) {
    let (Some(queue), Value::Object(sent)) = (queue.as_object_mut(), sent) else {
        return;
    };
    for (name, value) in sent {
        if OWN.contains(&name.as_str()) {
            continue;
        }
        if value.is_null() {
            queue.remove(&name);
        } else {
            queue.insert(name, value);
        }
    }
}

/// Gives the division its name.
fn complete(store: &Store, queue: &mut Value) {
    if let Some(id) = queue["division"]["id"].as_str() {
        let mut division = store.reference(Kind::Division, id);
        division["selfUri"] = json!(format!("{}/{id}", Kind::Division.path()));
        queue["division"] = division;
    }
}
