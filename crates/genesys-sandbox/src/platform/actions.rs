//! Data actions: a contract, a request and how its answer is translated.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Path, State};
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::cloud::Cloud;
use crate::entry::{Object, Verb};
use crate::input::{JsonBody, Params, invalid_param};
use crate::members::Members;
use crate::pages;
use crate::platform::action_input::{Rigour, Sent, read_new};
use crate::platform::records::{Action, ActionVersion};
use crate::reply::Reply;
use crate::store::Store;

const PATH: &str = "/api/v2/integrations/actions";

/// Custom actions have ids of this form; those of built-in ones begin with `static`.
pub(crate) fn new_id(cloud: &Cloud) -> String {
    format!("custom_-_{}", cloud.ids.uuid())
}

/// What a client asked to see of an action.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Detail {
    pub(crate) contract: bool,
    pub(crate) config: bool,
}

impl Detail {
    pub(crate) const ALL: Self = Self {
        contract: true,
        config: true,
    };

    pub(crate) fn from(params: &Params) -> Result<Self, ApiError> {
        if params.all("expand").iter().any(|name| *name != "contract") {
            return Err(invalid_param("expand", "must be contract"));
        }
        if params.flag("flatten")? {
            return Err(ApiError::bad_request(
                "not.supported",
                "The sandbox does not flatten schemas.",
            ));
        }
        Ok(Self {
            contract: params.get("expand").is_some(),
            config: params.flag("includeConfig")?,
        })
    }
}

/// An action as the API shows it.
pub(crate) fn view(action: &Action, content: &ActionVersion, detail: Detail) -> Value {
    let uri = format!("{PATH}/{}", action.id);
    let mut view = json!({
        "id": action.id,
        "name": content.name,
        "integrationId": action.integration_id,
        "category": content.category,
        "version": content.version,
        "secure": content.secure,
        "selfUri": uri,
    });
    if detail.contract {
        view["contract"] = json!({
            "input": {"inputSchema": content.input_schema},
            "output": {"successSchema": content.success_schema},
        });
    }
    if detail.config {
        view["config"] = content.config.clone();
    }
    view
}

pub(crate) fn full_view(action: &Action, content: &ActionVersion) -> Value {
    view(action, content, Detail::ALL)
}

pub(crate) fn published<'a>(
    store: &'a Store,
    id: &str,
) -> Result<(&'a Action, &'a ActionVersion), ApiError> {
    let action = store.actions.get(id)?;
    action
        .published
        .as_ref()
        .map(|content| (action, content))
        .ok_or_else(|| ApiError::unknown("action", id))
}

/// Refuses to change what came with its integration.
pub(crate) fn refuse_built_in(store: &Store, id: &str) -> Result<(), ApiError> {
    if store.actions.get(id)?.built_in {
        return Err(ApiError::bad_request(
            "action.built.in",
            "A built-in action cannot be changed.",
        ));
    }
    Ok(())
}

/// One page of actions by the parameters of the contract.
pub(crate) fn page<'a>(
    path: &str,
    params: &Params,
    rows: impl Iterator<Item = (&'a Action, &'a ActionVersion)>,
) -> Result<Reply, ApiError> {
    let (ids, name, category) = (
        params.all("ids"),
        params.get("name"),
        params.get("category"),
    );
    let secure = params
        .get("secure")
        .map(|_| params.flag("secure"))
        .transpose()?;
    params.flag("includeAuthActions")?;
    let detail = Detail {
        contract: false,
        config: params.flag("includeConfig")?,
    };
    let mut rows: Vec<_> = rows
        .filter(|(action, _)| ids.is_empty() || ids.contains(&action.id.as_str()))
        .filter(|(_, content)| {
            name.is_none_or(|name| content.name.to_lowercase().contains(&name.to_lowercase()))
        })
        .filter(|(_, content)| category.is_none_or(|category| content.category == category))
        .filter(|(_, content)| secure.is_none_or(|secure| content.secure == secure))
        .collect();
    match params.get("sortBy") {
        None => {}
        Some("name") => rows.sort_by(|a, b| a.1.name.cmp(&b.1.name)),
        Some("category") => rows.sort_by(|a, b| a.1.category.cmp(&b.1.category)),
        Some(_) => return Err(invalid_param("sortBy", "must be name or category")),
    }
    match params
        .get("sortOrder")
        .map(str::to_ascii_uppercase)
        .as_deref()
    {
        None | Some("ASC") => {}
        Some("DESC") => rows.reverse(),
        Some(_) => return Err(invalid_param("sortOrder", "must be ASC or DESC")),
    }
    let views: Vec<Value> = rows
        .into_iter()
        .map(|(action, content)| view(action, content, detail))
        .collect();
    pages::numbered(path, params, &views).map(Reply::ok)
}

/// `POST /actions`: published at once, as version 1.
pub(crate) async fn create(
    State(cloud): State<Arc<Cloud>>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let mut store = cloud.store();
    let (integration_id, content) = read_new(&store, &body, Rigour::Publishable)?;
    let action = Action {
        id: new_id(&cloud),
        built_in: false,
        integration_id,
        published: Some(content.clone()),
        draft: None,
    };
    let (id, answer) = (action.id.clone(), full_view(&action, &content));
    store.actions.insert(&id, action)?;
    Ok(Reply::ok(answer).with_effect(Object::Action, Verb::Created, &id))
}

/// `GET /actions`.
pub(crate) async fn list(
    State(cloud): State<Arc<Cloud>>,
    params: Params,
) -> Result<Reply, ApiError> {
    let store = cloud.store();
    page(
        PATH,
        &params,
        store
            .actions
            .iter()
            .filter_map(|action| Some((action, action.published.as_ref()?))),
    )
}

/// `GET /actions/categories`.
pub(crate) async fn categories(
    State(cloud): State<Arc<Cloud>>,
    params: Params,
) -> Result<Reply, ApiError> {
    let names: BTreeSet<String> = cloud
        .store()
        .actions
        .iter()
        .filter_map(|action| {
            action
                .published
                .as_ref()
                .map(|content| content.category.clone())
        })
        .collect();
    let views: Vec<Value> = names
        .into_iter()
        .map(|name| json!({"name": name}))
        .collect();
    pages::numbered(&format!("{PATH}/categories"), &params, &views).map(Reply::ok)
}

/// `GET /actions/{actionId}`: contract and configuration only on request.
pub(crate) async fn get(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Reply, ApiError> {
    let detail = Detail::from(&params)?;
    let store = cloud.store();
    let (action, content) = published(&store, &id)?;
    Ok(Reply::ok(view(action, content, detail)))
}

/// `PATCH /actions/{actionId}`: category, name and configuration under the current version. Contract and security
/// cannot change; that takes a new action, or a draft.
pub(crate) async fn patch(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let mut store = cloud.store();
    let current = published(&store, &id)?.1.clone();
    refuse_built_in(&store, &id)?;
    let mut members = Members::of(&body, &["category", "name", "config", "version"])?;
    members.required("version");
    let version = members.optional_number("version", 0..=u64::MAX);
    let sent = Sent::read(&mut members, Rigour::Publishable);
    members.finish()?;
    let version = version.unwrap_or_default();
    if version != current.version {
        return Err(ApiError::version_mismatch(version, current.version));
    }
    let action = store.actions.get_mut(&id)?;
    let content = sent.over(&current, current.version + 1);
    action.published = Some(content.clone());
    Ok(Reply::ok(full_view(action, &content)).with_effect(Object::Action, Verb::Updated, &id))
}

/// `DELETE /actions/{actionId}`: the published version and its draft.
pub(crate) async fn delete(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
) -> Result<Reply, ApiError> {
    let mut store = cloud.store();
    published(&store, &id)?;
    refuse_built_in(&store, &id)?;
    store.actions.remove(&id)?;
    Ok(Reply::no_content().with_effect(Object::Action, Verb::Deleted, &id))
}
