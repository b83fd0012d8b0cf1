//! Integrations of the platform: created disabled, configured, enabled, watched.

use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::cloud::Cloud;
use crate::entry::{Object, Verb};
use crate::input::{Params, invalid_param};
use crate::members::Members;
use crate::pages;
use crate::platform::records::{Configuration, Installed, Reported};
use crate::platform::types;
use crate::platform::{built_in, config};
use crate::reply::Reply;
use crate::store::{Integration, Store};
use crate::time::now;

const PATH: &str = "/api/v2/integrations";
const CODES: [&str; 5] = ["ACTIVE", "ACTIVATING", "INACTIVE", "DEACTIVATING", "ERROR"];

/// The integration as the API shows it.
pub(crate) fn view(one: &Installed) -> Value {
    let (effective, message) = match &one.reported {
        Reported::Settled { active: true } => ("Active", None),
        Reported::Settled { active: false } => ("Inactive", None),
        Reported::Moving { active: true, .. } => ("Activating", None),
        Reported::Moving { active: false, .. } => ("Deactivating", None),
        Reported::Failed(message) => ("Error", Some(message)),
    };
    let mut state = json!({"code": one.code(), "effective": effective, "lastUpdated": one.changed});
    if let Some(message) = message {
        state["detail"] = json!({
            "localizableMessageCode": "integration.error",
            "message": message,
            "messageWithParams": message,
            "messageParams": {},
        });
    }
    let mut attributes = json!({});
    if let Some(token) = &one.webhook_token {
        attributes["webhookId"] = json!(one.id);
        attributes["invocationUrl"] = json!(format!("{PATH}/webhooks/{token}/events"));
    }
    json!({
        "id": one.id,
        "name": one.name,
        "integrationType": one.kind.reference(),
        "notes": one.config.notes,
        "intendedState": if one.enabled { "ENABLED" } else { "DISABLED" },
        "reportedState": state,
        "attributes": attributes,
        "selfUri": format!("{PATH}/{}", one.id),
    })
}

fn expanded(one: &Installed, params: &Params) -> Value {
    let mut view = view(one);
    if params
        .all("expand")
        .iter()
        .any(|name| name.starts_with("config"))
    {
        view["config"] = json!({"current": config::view(one)});
    }
    view
}

/// `POST`: takes a type and, if it likes, a name. The integration begins disabled with version 1 of its
/// configuration.
pub(crate) fn create(cloud: &Cloud, body: &Value) -> Result<Reply, ApiError> {
    let mut members = Members::of(body, &["id", "name", "integrationType", "selfUri"])?;
    let name = members.optional_text("name", 256);
    let type_id = members
        .object("integrationType", &["id", "name", "selfUri"], |inner| {
            inner.text("id", 256)
        })
        .flatten();
    members.finish()?;
    let type_id = type_id.unwrap_or_default();
    let Some(kind) = types::find(type_id) else {
        return Err(ApiError::bad_request(
            "invalid.value",
            "The integration type does not exist.",
        ));
    };
    let one = Installed {
        id: cloud.ids.uuid(),
        name: name.unwrap_or(kind.display_name()).to_owned(),
        kind,
        enabled: false,
        reported: Reported::Settled { active: false },
        changed: now(),
        config: Configuration {
            version: 1,
            properties: json!({}),
            advanced: json!({}),
            notes: String::new(),
            credentials: std::collections::BTreeMap::new(),
        },
        webhook_token: None,
    };
    let (id, answer) = (one.id.clone(), view(&one));
    let built_in = built_in::actions(kind, &id);
    let mut store = cloud.store();
    store.actions.check_room(built_in.len())?;
    store.integrations.insert(&id, Integration::Platform(one))?;
    for action in built_in {
        store.actions.insert(&action.id.clone(), action)?;
    }
    Ok(Reply::ok(answer).with_effect(Object::Integration, Verb::Created, &id))
}

/// `GET`: filters by the parameters of the contract.
pub(crate) fn list(cloud: &Cloud, params: &Params) -> Result<Reply, ApiError> {
    let (ids, kind, state) = (
        params.all("ids"),
        params.get("integrationType"),
        params.get("reportedState"),
    );
    if state.is_some_and(|state| !CODES.contains(&state)) {
        return Err(invalid_param(
            "reportedState",
            &format!("must be one of {}", CODES.join(", ")),
        ));
    }
    let credential = params.get("credentialId");
    let store = cloud.store();
    let mut shown: Vec<&Installed> = store
        .integrations
        .iter()
        .filter_map(|row| match row {
            Integration::Platform(one) => Some(one),
            _ => None,
        })
        .filter(|one| ids.is_empty() || ids.contains(&one.id.as_str()))
        .filter(|one| kind.is_none_or(|kind| one.kind.id == kind))
        .filter(|one| state.is_none_or(|state| one.code() == state))
        .filter(|one| {
            credential.is_none_or(|id| one.config.credentials.values().any(|used| used == id))
        })
        .collect();
    match params.get("sortBy") {
        None => {}
        Some("name") => shown.sort_by(|a, b| a.name.cmp(&b.name)),
        Some("id") => shown.sort_by(|a, b| a.id.cmp(&b.id)),
        Some(_) => return Err(invalid_param("sortBy", "must be name or id")),
    }
    let views: Vec<Value> = shown.into_iter().map(|one| expanded(one, params)).collect();
    pages::numbered(PATH, params, &views).map(Reply::ok)
}

/// `GET /{id}`: a look, which moves an activation on.
pub(crate) fn get(one: &mut Installed, params: &Params) -> Reply {
    let before = one.reported.clone();
    one.poll();
    if one.reported != before && !matches!(one.reported, Reported::Moving { .. }) {
        one.changed = now();
    }
    Reply::ok(expanded(one, params))
}

/// `PATCH /{id}`: writes `intendedState` and nothing else. Members that only the server writes may come along, as
/// they do when a client sends back what it got.
pub(crate) fn patch(cloud: &Cloud, one: &mut Installed, body: &Value) -> Result<Reply, ApiError> {
    let known = [
        "intendedState",
        "id",
        "name",
        "integrationType",
        "notes",
        "config",
        "reportedState",
        "attributes",
        "selfUri",
    ];
    let mut members = Members::of(body, &known)?;
    let intended = members.one_of("intendedState", &["ENABLED", "DISABLED"]);
    members.finish()?;
    let enable = intended == Some("ENABLED");
    let failed = matches!(one.reported, Reported::Failed(_));
    if one.enabled == enable && !failed {
        return Ok(Reply::ok(view(one)));
    }
    one.head_for(enable, cloud.activations.begin(enable));
    one.changed = now();
    if enable && one.kind.id == "webhook" && one.webhook_token.is_none() {
        one.webhook_token = Some(cloud.ids.uuid());
    }
    Ok(Reply::ok(view(one)).with_effect(Object::Integration, Verb::Updated, &one.id))
}

/// `DELETE /{id}`: answers with what was deleted. Its actions go with it.
pub(crate) fn delete(store: &mut Store, id: &str) -> Result<Reply, ApiError> {
    let Integration::Platform(one) = store.integrations.remove(id)? else {
        return Err(ApiError::no_such_path());
    };
    let mut answer = view(&one);
    answer["intendedState"] = json!("DELETED");
    let actions: Vec<String> = store
        .actions
        .iter()
        .filter(|action| action.integration_id == id)
        .map(|action| action.id.clone())
        .collect();
    let mut reply = Reply::ok(answer).with_effect(Object::Integration, Verb::Deleted, id);
    for action in actions {
        let removed = store.actions.remove(&action)?;
        if removed.built_in {
            continue;
        }
        let object = if removed.published.is_some() {
            Object::Action
        } else {
            Object::Draft
        };
        reply = reply.with_effect(object, Verb::Deleted, &action);
    }
    Ok(reply)
}
