//! `/api/v2/routing/queues/{id}/members`.

use std::sync::Arc;

use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::store::{Membership, Store};
use super::{Kind, queues};
use crate::api_error::ApiError;
use crate::cloud::Cloud;
use crate::entry::{Object, Verb};
use crate::input::{JsonBody, Params};
use crate::members::{Members, Problems};
use crate::pages::uncounted;
use crate::reply::Reply;

/// Members that one request may add or remove.
const AT_ONCE: usize = 100;

fn view(store: &Store, queue: &str, user: &str, membership: Membership) -> Value {
    let name = store
        .get(Kind::User, user)
        .map_or(Value::Null, |user| user["name"].clone());
    let mut view = json!({
        "id": user,
        "user": {"id": user, "version": 1, "selfUri": format!("{}/{user}", Kind::User.path())},
        "ringNumber": membership.ring,
        "joined": membership.joined,
        "memberBy": "user",
        "selfUri": format!("{}/{queue}/members/{user}", Kind::Queue.path()),
    });
    if !name.is_null() {
        view["user"]["name"] = name.clone();
        view["name"] = name;
    }
    view
}

/// `GET`: numbered pages without totals, as the contract has them, filtered by `joined`.
pub(crate) async fn list(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Reply, ApiError> {
    let joined = params.optional_flag("joined")?;
    // Members by a group are not simulated, so there are none.
    let by_group = params.get("memberBy") == Some("group");
    let store = cloud.organisation();
    store.get(Kind::Queue, &id)?;
    let members: Vec<(&String, &Membership)> = store
        .members
        .get(&id)
        .into_iter()
        .flatten()
        .filter(|(_, one)| !by_group && joined.is_none_or(|joined| one.joined == joined))
        .collect();
    let path = format!("{}/{id}/members", Kind::Queue.path());
    uncounted(&path, &params, &members, |(user, one)| {
        view(&store, &id, user, **one)
    })
    .map(Reply::ok)
}

/// `POST`: adds users, or with `delete=true` removes them; 100 at most.
pub(crate) async fn post(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
    params: Params,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let remove = params.flag("delete")?;
    let users = read(&body)?;
    {
        let mut store = cloud.organisation();
        store.get(Kind::Queue, &id)?;
        let unknown = users
            .iter()
            .find(|user| !remove && store.get(Kind::User, user).is_err());
        if let Some(user) = unknown {
            return Err(ApiError::unknown(Kind::User.noun(), user));
        }
        let members = store.members.entry(id.clone()).or_default();
        for user in users {
            if remove {
                members.remove(&user);
            } else {
                members.entry(user).or_default();
            }
        }
    }
    queues::announce(&cloud, &id);
    Ok(Reply::no_content().with_effect(Object::Queue, Verb::Updated, &id))
}

fn read(body: &Value) -> Result<Vec<String>, ApiError> {
    let Some(items) = body.as_array() else {
        return Err(ApiError::bad_request(
            "bad.request",
            "The request body must be a JSON array.",
        ));
    };
    let mut problems = Problems::default();
    if items.len() > AT_ONCE {
        problems.add("limit.exceeded", "body", "must not be more than 100");
    }
    let mut users = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match item["id"].as_str() {
            Some(id) if !id.is_empty() => users.push(id.to_owned()),
            _ => problems.add("required", format!("[{index}].id"), "is required"),
        }
    }
    problems.into_result()?;
    Ok(users)
}

/// `PATCH /{memberId}`: `joined` and `ringNumber`.
pub(crate) async fn patch(
    State(cloud): State<Arc<Cloud>>,
    Path((id, user)): Path<(String, String)>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let known = [
        "id",
        "name",
        "user",
        "ringNumber",
        "joined",
        "memberBy",
        "routingStatus",
        "selfUri",
    ];
    let mut sent = Members::of(&body, &known)?;
    let joined = sent.optional_flag("joined");
    let ring = sent.optional_number("ringNumber", 1..=6);
    sent.finish()?;
    {
        let mut store = cloud.organisation();
        store.get(Kind::Queue, &id)?;
        let member = store
            .members
            .get_mut(&id)
            .and_then(|all| all.get_mut(&user))
            .ok_or_else(|| ApiError::unknown("member", &user))?;
        member.joined = joined.unwrap_or(member.joined);
        member.ring = ring.unwrap_or(member.ring);
    }
    queues::announce(&cloud, &id);
    Ok(Reply::no_content().with_effect(Object::Queue, Verb::Updated, &id))
}

/// `DELETE /{memberId}`.
pub(crate) async fn delete(
    State(cloud): State<Arc<Cloud>>,
    Path((id, user)): Path<(String, String)>,
) -> Result<Reply, ApiError> {
    {
        let mut store = cloud.organisation();
        store.get(Kind::Queue, &id)?;
        let members = store.members.get_mut(&id);
        members
            .and_then(|all| all.remove(&user))
            .ok_or_else(|| ApiError::unknown("member", &user))?;
    }
    queues::announce(&cloud, &id);
    Ok(Reply::no_content().with_effect(Object::Queue, Verb::Updated, &id))
}
