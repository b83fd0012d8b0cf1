//! `/api/v2/integrations`, which carries three shapes: each object keeps the one in which it was created.

use std::sync::Arc;

use axum::extract::{Path, State};
use http::HeaderMap;
use serde_json::Value;

use crate::api_error::ApiError;
use crate::cloud::{Cloud, Profile};
use crate::entry::{Object, Verb};
use crate::guide::{definitions, status, widgets};
use crate::input::{JsonBody, Params, SizedJson, invalid_param};
use crate::pages;
#[cfg(feature = "platform")]
use crate::platform;
use crate::reply::Reply;
use crate::store::Integration;

const PATH: &str = "/api/v2/integrations";

/// `POST`: a string as `integrationType` is a definition, a string as `type` a widget, an object as
/// `integrationType` a platform integration.
pub(crate) async fn create(
    State(cloud): State<Arc<Cloud>>,
    body: SizedJson,
) -> Result<Reply, ApiError> {
    match (body.value.get("integrationType"), body.value.get("type")) {
        (Some(Value::String(_)), _) => definitions::create(&cloud, &body.value),
        #[cfg(feature = "platform")]
        (Some(Value::Object(_)), _) => platform::integrations::create(&cloud, &body.value),
        (None, Some(Value::String(_))) => widgets::create(&cloud, &body),
        _ => Err(ApiError::bad_request(
            "bad.request",
            "The request is not valid: integrationType must be a string or an object, or type must be a string.",
        )),
    }
}

/// `GET`: the shapes of the profile in force. The guide profile filters by `name`; the platform's parameters are
/// those of the published contract, which has no such filter.
pub(crate) async fn list(
    State(cloud): State<Arc<Cloud>>,
    headers: HeaderMap,
    params: Params,
) -> Result<Reply, ApiError> {
    match profile(&cloud, &headers)? {
        Profile::Guide => {
            let wanted = params.get("name");
            let store = cloud.store();
            let views: Vec<Value> = store
                .integrations
                .iter()
                .filter_map(guide_view)
                .filter(|(name, _)| wanted.is_none_or(|wanted| wanted == *name))
                .map(|(_, view)| view)
                .collect();
            pages::numbered(PATH, &params, &views).map(Reply::ok)
        }
        #[cfg(feature = "platform")]
        Profile::Platform => platform::integrations::list(&cloud, &params),
        #[cfg(not(feature = "platform"))]
        Profile::Platform => Err(ApiError::no_such_path()),
    }
}

/// Name and view of an object in one of the guide's shapes.
fn guide_view(row: &Integration) -> Option<(&str, Value)> {
    match row {
        Integration::Definition(one) => Some((&one.name, definitions::view(one))),
        Integration::Widget(one) => Some((&one.name, widgets::view(one))),
        #[cfg(feature = "platform")]
        Integration::Platform(_) => None,
    }
}

/// The profile in force for a request.
pub(crate) fn profile(cloud: &Cloud, headers: &HeaderMap) -> Result<Profile, ApiError> {
    match headers.get("x-sandbox-profile") {
        None => Ok(cloud.profile()),
        Some(value) => value
            .to_str()
            .ok()
            .and_then(Profile::parse)
            .ok_or_else(|| invalid_param("X-Sandbox-Profile", "must be guide or platform")),
    }
}

/// `GET /{id}`.
#[cfg_attr(not(feature = "platform"), allow(unused_variables))]
pub(crate) async fn get(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Reply, ApiError> {
    match cloud.store().integrations.get_mut(&id)? {
        Integration::Definition(one) => Ok(Reply::ok(definitions::view(one))),
        Integration::Widget(one) => Ok(Reply::ok(widgets::view(one))),
        #[cfg(feature = "platform")]
        Integration::Platform(one) => Ok(platform::integrations::get(one, &params)),
    }
}

/// `PATCH /{id}`: `status` for the guide's shapes, `intendedState` for the platform's.
pub(crate) async fn patch(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let mut store = cloud.store();
    #[cfg(feature = "platform")]
    if let Integration::Platform(one) = store.integrations.get_mut(&id)? {
        return platform::integrations::patch(&cloud, one, &body);
    }
    status::patch(&cloud, &mut store, &id, &body)
}

/// `DELETE /{id}`: 204 for the guide's shapes; the platform answers with what it deleted.
pub(crate) async fn delete(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
) -> Result<Reply, ApiError> {
    let mut store = cloud.store();
    #[cfg(feature = "platform")]
    if let Integration::Platform(_) = store.integrations.get(&id)? {
        return platform::integrations::delete(&mut store, &id);
    }
    let old = match store.integrations.remove(&id)? {
        Integration::Definition(one) => one.status,
        Integration::Widget(one) => one.status,
        #[cfg(feature = "platform")]
        Integration::Platform(_) => return Err(ApiError::no_such_path()),
    };
    cloud
        .deliveries
        .status_changed(&store, &id, old.name(), "deleted");
    Ok(Reply::no_content().with_effect(Object::Integration, Verb::Deleted, &id))
}
