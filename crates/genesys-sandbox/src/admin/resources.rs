//! The resource server from another process.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{delete, get};
use serde_json::json;

use super::{add_rule, refused, remove_rule, value};
use crate::api_error::ApiError;
use crate::cloud::Cloud;
use crate::input::JsonBody;
use crate::members::Members;
use crate::reply::Reply;

pub(super) fn routes() -> Router<Arc<Cloud>> {
    Router::new()
        .route("/_sandbox/resources", get(show).post(set))
        .route(
            "/_sandbox/resources/faults",
            get(faults).post(add_fault).delete(clear_faults),
        )
        .route("/_sandbox/resources/faults/{id}", delete(remove_fault))
        .route(
            "/_sandbox/resources/ledger",
            get(ledger).delete(clear_ledger),
        )
}

async fn show(State(cloud): State<Arc<Cloud>>) -> Result<Reply, ApiError> {
    let counts = value(&cloud.resources.ledger.counts())?;
    Ok(Reply::ok(
        json!({"url": cloud.resources.url(), "counts": counts}),
    ))
}

/// Sets the one token, and all the headers that are sent along; what is absent stays as it is.
async fn set(State(cloud): State<Arc<Cloud>>, JsonBody(body): JsonBody) -> Result<Reply, ApiError> {
    let mut members = Members::of(&body, &["token", "headers"])?;
    let token = members.optional_text("token", 4_096);
    let headers = members
        .get("headers")
        .map(|_| members.optional_texts("headers"));
    members.finish()?;
    if let Some(headers) = headers {
        cloud
            .resources
            .replace_headers(&headers)
            .map_err(|error| refused(&error))?;
    }
    if let Some(token) = token {
        cloud.resources.set_token(token);
    }
    Ok(Reply::no_content())
}

async fn faults(State(cloud): State<Arc<Cloud>>) -> Result<Reply, ApiError> {
    value(&cloud.resources.faults.list()).map(Reply::ok)
}

async fn add_fault(
    State(cloud): State<Arc<Cloud>>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    add_rule(&cloud.resources.faults, body)
}

async fn clear_faults(State(cloud): State<Arc<Cloud>>) -> Reply {
    cloud.resources.faults.clear();
    Reply::no_content()
}

async fn remove_fault(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<u64>,
) -> Result<Reply, ApiError> {
    remove_rule(&cloud.resources.faults, id)
}

async fn ledger(State(cloud): State<Arc<Cloud>>) -> Result<Reply, ApiError> {
    value(&cloud.resources.ledger.entries()).map(|entries| Reply::ok(json!({"entries": entries})))
}

async fn clear_ledger(State(cloud): State<Arc<Cloud>>) -> Reply {
    cloud.resources.ledger.clear();
    Reply::no_content()
}
