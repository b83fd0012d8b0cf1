//! Drafts of data actions: changed freely, validated, published.

use std::sync::Arc;

use axum::extract::{Path, State};
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::cloud::Cloud;
use crate::entry::{Object, Verb};
use crate::input::{JsonBody, Params};
use crate::members::Members;
use crate::platform::action_input::{Rigour, Sent, read_new};
use crate::platform::actions::{self, Detail, full_view, view};
use crate::platform::records::{Action, ActionVersion};
use crate::reply::Reply;
use crate::store::Store;

const PATH: &str = "/api/v2/integrations/actions/drafts";

pub(crate) fn draft<'a>(
    store: &'a Store,
    id: &str,
) -> Result<(&'a Action, &'a ActionVersion), ApiError> {
    let action = store.actions.get(id)?;
    action
        .draft
        .as_ref()
        .map(|content| (action, content))
        .ok_or_else(|| ApiError::unknown("draft", id))
}

/// `POST /actions/drafts`: a new action that is only a draft.
pub(crate) async fn create(
    State(cloud): State<Arc<Cloud>>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let mut store = cloud.store();
    let (integration_id, content) = read_new(&store, &body, Rigour::Draft)?;
    let action = Action {
        id: actions::new_id(&cloud),
        built_in: false,
        integration_id,
        published: None,
        draft: Some(content.clone()),
    };
    let (id, answer) = (action.id.clone(), full_view(&action, &content));
    store.actions.insert(&id, action)?;
    Ok(Reply::ok(answer).with_effect(Object::Draft, Verb::Created, &id))
}

/// `GET /actions/drafts`.
pub(crate) async fn list(
    State(cloud): State<Arc<Cloud>>,
    params: Params,
) -> Result<Reply, ApiError> {
    let store = cloud.store();
    actions::page(
        PATH,
        &params,
        store
            .actions
            .iter()
            .filter_map(|action| Some((action, action.draft.as_ref()?))),
    )
}

/// `GET …/draft`.
pub(crate) async fn get(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Reply, ApiError> {
    let detail = Detail::from(&params)?;
    let store = cloud.store();
    let (action, content) = draft(&store, &id)?;
    Ok(Reply::ok(view(action, content, detail)))
}

/// `POST …/draft`: a draft of the published version, one version further. One at a time.
pub(crate) async fn from_published(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
) -> Result<Reply, ApiError> {
    let mut store = cloud.store();
    let mut content = actions::published(&store, &id)?.1.clone();
    actions::refuse_built_in(&store, &id)?;
    content.version += 1;
    let action = store.actions.get_mut(&id)?;
    if action.draft.is_some() {
        return Err(ApiError::conflict(
            "draft.exists",
            "The action has a draft already.",
        ));
    }
    action.draft = Some(content.clone());
    Ok(Reply::ok(full_view(action, &content)).with_effect(Object::Draft, Verb::Created, &id))
}

/// `PATCH …/draft` under the draft's version.
pub(crate) async fn patch(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let mut store = cloud.store();
    let current = draft(&store, &id)?.1.clone();
    let mut members = Members::of(
        &body,
        &[
            "category", "name", "config", "contract", "secure", "version",
        ],
    )?;
    members.required("version");
    let version = members
        .optional_number("version", 0..=u64::MAX)
        .unwrap_or_default();
    let sent = Sent::read(&mut members, Rigour::Draft);
    members.finish()?;
    if version != current.version {
        return Err(ApiError::version_mismatch(version, current.version));
    }
    let action = store.actions.get_mut(&id)?;
    let content = sent.over(&current, current.version + 1);
    action.draft = Some(content.clone());
    Ok(Reply::ok(full_view(action, &content)).with_effect(Object::Draft, Verb::Updated, &id))
}

/// What keeps a draft from being published.
fn obstacles(store: &Store, action: &Action, content: &ActionVersion) -> Result<(), ApiError> {
    let body = json!({
        "name": content.name,
        "category": content.category,
        "integrationId": action.integration_id,
        "secure": content.secure,
        "config": content.config,
        "contract": {
            "input": {"inputSchema": content.input_schema},
            "output": {"successSchema": content.success_schema},
        },
    });
    read_new(store, &body, Rigour::Publishable).map(|_| ())
}

/// `GET …/draft/validation`.
pub(crate) async fn validation(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
) -> Result<Reply, ApiError> {
    let store = cloud.store();
    let (action, content) = draft(&store, &id)?;
    let errors: Vec<Value> = match obstacles(&store, action, content) {
        Ok(()) => Vec::new(),
        Err(error) => vec![error.body("")],
    };
    Ok(Reply::ok(
        json!({"valid": errors.is_empty(), "errors": errors}),
    ))
}

/// `POST …/draft/publish`: takes the version of the latest draft, which becomes the published one; or a later one, when
/// the published action has gone as far in the meantime, so that a version always names one content.
pub(crate) async fn publish(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let mut store = cloud.store();
    let (action, content) = draft(&store, &id)?;
    let mut members = Members::of(&body, &["version"])?;
    members.required("version");
    let version = members
        .optional_number("version", 0..=u64::MAX)
        .unwrap_or_default();
    members.finish()?;
    if version != content.version {
        return Err(ApiError::conflict(
            "version.mismatch",
            format!(
                "Supplied version {version} does not match latest draft version {}",
                content.version
            ),
        ));
    }
    obstacles(&store, action, content)?;
    let action = store.actions.get_mut(&id)?;
    let Some(mut content) = action.draft.take() else {
        return Err(ApiError::unknown("draft", &id));
    };
    if let Some(published) = &action.published {
        content.version = content.version.max(published.version + 1);
    }
    action.published = Some(content.clone());
    Ok(Reply::ok(full_view(action, &content)).with_effect(Object::Action, Verb::Published, &id))
}

/// `DELETE …/draft`: an action that was only a draft is gone with it.
pub(crate) async fn delete(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
) -> Result<Reply, ApiError> {
    let mut store = cloud.store();
    draft(&store, &id)?;
    let action = store.actions.get_mut(&id)?;
    action.draft = None;
    if action.published.is_none() {
        store.actions.remove(&id)?;
    }
    Ok(Reply::no_content().with_effect(Object::Draft, Verb::Deleted, &id))
}
