//! The sandbox's own endpoints, for programs in other processes. They need no token, count against no quota, meet no
//! fault and are not in the ledger; only this machine can reach them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{delete, get, post};
use serde_json::{Value, json};

#[cfg(feature = "platform")]
use crate::activation::Activation;
use crate::api_error::ApiError;
use crate::cloud::{Cloud, Profile};
use crate::error::SandboxError;
use crate::external::ExternalReply;
use crate::fault::{Fault, MEMBERS};
use crate::faults::{FaultId, Faults};
use crate::input::JsonBody;
use crate::members::Members;
use crate::reply::Reply;
use crate::snapshot;

mod resources;

pub(crate) fn routes() -> Router<Arc<Cloud>> {
    let router = Router::new()
        .route(
            "/_sandbox/faults",
            get(faults).post(add_fault).delete(clear_faults),
        )
        .route("/_sandbox/faults/{id}", delete(remove_fault))
        .route("/_sandbox/ledger", get(ledger).delete(clear_ledger))
        .route("/_sandbox/counts", get(counts))
        .route("/_sandbox/state", get(state))
        .route("/_sandbox/deliveries", get(deliveries))
        .route("/_sandbox/tokens", delete(expire_tokens))
        .route("/_sandbox/quota", post(set_quota))
        .route("/_sandbox/profile", post(set_profile))
        .route("/_sandbox/external", post(script).delete(clear_scripts))
        .merge(resources::routes());
    #[cfg(feature = "platform")]
    let router = router
        .route("/_sandbox/activation", post(set_activation))
        .route("/_sandbox/flows", post(set_flow));
    router
}

fn value(of: &impl serde::Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(of).map_err(|_| {
        ApiError::new(
            http::StatusCode::INTERNAL_SERVER_ERROR,
            "internal.error",
            "The answer cannot be written.",
        )
    })
}

fn refused(error: &SandboxError) -> ApiError {
    ApiError::bad_request("bad.request", error.to_string())
}

async fn faults(State(cloud): State<Arc<Cloud>>) -> Result<Reply, ApiError> {
    value(&cloud.faults.list()).map(Reply::ok)
}

async fn add_fault(
    State(cloud): State<Arc<Cloud>>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    add_rule(&cloud.faults, body)
}

fn add_rule(faults: &Faults, body: Value) -> Result<Reply, ApiError> {
    Members::of(&body, &MEMBERS)?.finish()?;
    let fault: Fault = serde_json::from_value(body).map_err(|error| {
        ApiError::bad_request("bad.request", format!("No such fault: {error}."))
    })?;
    let id = faults.add(fault).map_err(|error| refused(&error))?;
    Ok(Reply::created(json!({"id": id})))
}

async fn clear_faults(State(cloud): State<Arc<Cloud>>) -> Reply {
    cloud.faults.clear();
    Reply::no_content()
}

async fn remove_fault(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<u64>,
) -> Result<Reply, ApiError> {
    remove_rule(&cloud.faults, id)
}

fn remove_rule(faults: &Faults, id: u64) -> Result<Reply, ApiError> {
    if faults.remove(FaultId(id)) {
        Ok(Reply::no_content())
    } else {
        Err(ApiError::unknown("fault", &id.to_string()))
    }
}

async fn ledger(State(cloud): State<Arc<Cloud>>) -> Result<Reply, ApiError> {
    value(&cloud.ledger.entries()).map(|entries| Reply::ok(json!({"entries": entries})))
}

async fn clear_ledger(State(cloud): State<Arc<Cloud>>) -> Reply {
    cloud.ledger.clear();
    Reply::no_content()
}

async fn counts(State(cloud): State<Arc<Cloud>>) -> Result<Reply, ApiError> {
    value(&cloud.ledger.counts()).map(Reply::ok)
}

async fn state(State(cloud): State<Arc<Cloud>>) -> Result<Reply, ApiError> {
    value(&snapshot::take(&cloud)).map(Reply::ok)
}

async fn deliveries(State(cloud): State<Arc<Cloud>>) -> Result<Reply, ApiError> {
    value(&cloud.deliveries.entries()).map(|entries| Reply::ok(json!({"deliveries": entries})))
}

async fn expire_tokens(State(cloud): State<Arc<Cloud>>) -> Reply {
    Reply::ok(json!({"expired": cloud.expire_tokens()}))
}

async fn set_quota(
    State(cloud): State<Arc<Cloud>>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let mut members = Members::of(&body, &["allowed", "windowMs"])?;
    let allowed = members
        .optional_number("allowed", 1..=u64::from(u32::MAX))
        .unwrap_or(300);
    let window = members
        .optional_number("windowMs", 1..=86_400_000)
        .unwrap_or(60_000);
    members.finish()?;
    cloud.set_quota(allowed, Duration::from_millis(window));
    Ok(Reply::no_content())
}

async fn set_profile(
    State(cloud): State<Arc<Cloud>>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let mut members = Members::of(&body, &["profile"])?;
    let profile = members
        .one_of("profile", &["guide", "platform"])
        .and_then(Profile::parse);
    members.finish()?;
    if let Some(profile) = profile {
        cloud.set_profile(profile);
    }
    Ok(Reply::no_content())
}

async fn script(
    State(cloud): State<Arc<Cloud>>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let mut members = Members::of(&body, &["prefix", "replies"])?;
    let prefix = members.text("prefix", 2_048);
    members.required("replies");
    let replies = members.optional_array("replies", &["status", "body", "latencyMs"], |inner| {
        inner.required("status");
        let status = inner
            .optional_number("status", 200..=599)
            .and_then(|status| u16::try_from(status).ok());
        let latency = inner.optional_number("latencyMs", 0..=60_000);
        let mut reply = ExternalReply::status(status.unwrap_or(200));
        if let Some(body) = inner.get("body") {
            reply = reply.with_body(body.clone());
        }
        latency.map_or(reply.clone(), |latency| {
            reply.with_latency(Duration::from_millis(latency))
        })
    });
    members.finish()?;
    cloud
        .external
        .script(prefix.unwrap_or_default(), replies)
        .map_err(|error| refused(&error))?;
    Ok(Reply::no_content())
}

async fn clear_scripts(State(cloud): State<Arc<Cloud>>) -> Reply {
    cloud.external.clear();
    Reply::no_content()
}

/// Publishes a flow or takes its publication back.
#[cfg(feature = "platform")]
async fn set_flow(
    State(cloud): State<Arc<Cloud>>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let mut members = Members::of(&body, &["id", "published"])?;
    let id = members.text("id", 256);
    members.required("published");
    let published = members.optional_flag("published");
    members.finish()?;
    let (id, published) = (id.unwrap_or_default(), published.unwrap_or_default());
    cloud
        .flows
        .set_published(id, published)
        .map_err(|_| ApiError::unknown("flow", id))?;
    Ok(Reply::no_content())
}

/// `polls` or `afterMs` set the pace; `failNext` lets the next activation fail with that message.
#[cfg(feature = "platform")]
async fn set_activation(
    State(cloud): State<Arc<Cloud>>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let mut members = Members::of(&body, &["polls", "afterMs", "failNext"])?;
    let polls = members
        .optional_number("polls", 0..=1_000)
        .and_then(|polls| u32::try_from(polls).ok());
    let after = members
        .optional_number("afterMs", 0..=600_000)
        .map(Duration::from_millis);
    let failure = members.optional_text("failNext", 1_024);
    if polls.is_some() && after.is_some() {
        members.problem(
            "invalid.value",
            "afterMs",
            "cannot be given together with polls",
        );
    }
    members.finish()?;
    if let Some(pace) = polls
        .map(Activation::Polls)
        .or_else(|| after.map(Activation::After))
    {
        cloud.activations.set_pace(pace);
    }
    if let Some(message) = failure {
        cloud.activations.fail_next(message);
    }
    Ok(Reply::no_content())
}
