//! `/api/v2/custom-integrations/nodes`: REST nodes, as document 003 has them. They are kept and shown, not run.

use std::sync::Arc;

use axum::extract::{Path, State};
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::cloud::Cloud;
use crate::entry::{Object, Verb};
use crate::guide::node_input::{Sent, read};
use crate::input::{JsonBody, Params};
use crate::pages;
use crate::reply::Reply;
use crate::store::{Node, Store};

const PATH: &str = "/api/v2/custom-integrations/nodes";

/// `POST`: version 1.
pub(crate) async fn create(
    State(cloud): State<Arc<Cloud>>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let sent = read(&body, false)?;
    let mut store = cloud.store();
    refuse_repeated(&store, &sent.name, None)?;
    let id = cloud.ids.uuid();
    let one = stored(sent, &id, 1, body);
    let view = one.view.clone();
    store.nodes.insert(&id, one)?;
    Ok(Reply::created(view).with_effect(Object::Node, Verb::Created, &id))
}

/// `PUT /{id}`: replaces everything but `id`, under the version that was read.
pub(crate) async fn put(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let mut store = cloud.store();
    let current = store.nodes.get(&id)?.version;
    let sent = read(&body, true)?;
    let version = sent.version.unwrap_or_default();
    if version != current {
        return Err(ApiError::version_mismatch(version, current));
    }
    refuse_repeated(&store, &sent.name, Some(&id))?;
    let one = stored(sent, &id, current + 1, body);
    let view = one.view.clone();
    *store.nodes.get_mut(&id)? = one;
    Ok(Reply::ok(view).with_effect(Object::Node, Verb::Updated, &id))
}

/// What is stored and shown: what was sent, with `id` and `version`.
fn stored(sent: Sent, id: &str, version: u64, body: Value) -> Node {
    let mut view = body;
    view["id"] = json!(id);
    view["version"] = json!(version);
    Node {
        id: id.to_owned(),
        name: sent.name,
        version,
        view,
    }
}

/// Names are unique: a flow chooses its node by name.
fn refuse_repeated(store: &Store, name: &str, own: Option<&str>) -> Result<(), ApiError> {
    let taken = store
        .nodes
        .iter()
        .any(|one| one.name == name && Some(one.id.as_str()) != own);
    if taken {
        return Err(ApiError::conflict(
            "duplicate.name",
            "A node with this name exists already.",
        ));
    }
    Ok(())
}

/// `GET`: numbered pages, all or those of one `name`.
pub(crate) async fn list(
    State(cloud): State<Arc<Cloud>>,
    params: Params,
) -> Result<Reply, ApiError> {
    let wanted = params.get("name");
    let views: Vec<Value> = cloud
        .store()
        .nodes
        .iter()
        .filter(|one| wanted.is_none_or(|name| one.name == name))
        .map(|one| one.view.clone())
        .collect();
    pages::numbered(PATH, &params, &views).map(Reply::ok)
}

/// `GET /{id}`.
pub(crate) async fn get(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
) -> Result<Reply, ApiError> {
    cloud
        .store()
        .nodes
        .get(&id)
        .map(|one| Reply::ok(one.view.clone()))
}

/// `DELETE /{id}`.
pub(crate) async fn delete(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
) -> Result<Reply, ApiError> {
    cloud.store().nodes.remove(&id)?;
    Ok(Reply::no_content().with_effect(Object::Node, Verb::Deleted, &id))
}
