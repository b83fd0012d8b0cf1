//! `/api/v2/architect/dependencytracking`: who uses what, one step a question.

use std::sync::Arc;

use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::kind::flow_object_type;
use super::store::Store;
use super::{Kind, TrackingStatus};
use crate::api_error::ApiError;
use crate::cloud::Cloud;
use crate::entry::{Object, Verb};
use crate::input::{Params, invalid_param};
use crate::pages::{is_like, numbered_by};
use crate::platform::flows;
use crate::reply::Reply;
use crate::time::now;

const PATH: &str = "/api/v2/architect/dependencytracking";
const LARGEST_PAGE: usize = 100;
/// The types of flows that have versions, and the other types that objects here can have.
const TYPES: [(&str, bool); 31] = [
    ("ACDLANGUAGE", false),
    ("ACDSKILL", false),
    ("ACDWRAPUPCODE", false),
    ("BOTFLOW", true),
    ("COMMONMODULEFLOW", true),
    ("COMPOSERSCRIPT", false),
    ("DATAACTION", false),
    ("DATATABLE", false),
    ("DIGITALBOTFLOW", true),
    ("DIVISION", false),
    ("EMERGENCYGROUP", false),
    ("GROUP", false),
    ("INBOUNDCALLFLOW", true),
    ("INBOUNDCHATFLOW", true),
    ("INBOUNDEMAILFLOW", true),
    ("INBOUNDSHORTMESSAGEFLOW", true),
    ("INQUEUECALLFLOW", true),
    ("INQUEUEEMAILFLOW", true),
    ("INQUEUESHORTMESSAGEFLOW", true),
    ("IVRCONFIGURATION", false),
    ("OUTBOUNDCALLFLOW", true),
    ("QUEUE", false),
    ("RESPONSE", false),
    ("SCHEDULE", false),
    ("SCHEDULEGROUP", false),
    ("SECUREACTION", false),
    ("SECURECALLFLOW", true),
    ("USER", false),
    ("USERPROMPT", false),
    ("VOICEMAILFLOW", true),
    ("WORKFLOW", true),
];

/// An object as dependency tracking names it.
struct Tracked {
    id: String,
    name: Option<String>,
    object_type: String,
    version: Option<String>,
    deleted: bool,
}

impl Tracked {
    fn view(&self) -> Value {
        let mut view = json!({
            "id": self.id,
            "type": self.object_type,
            "deleted": self.deleted,
            "updated": false,
            "stateUnknown": false,
        });
        if let Some(name) = &self.name {
            view["name"] = json!(name);
        }
        if let Some(version) = &self.version {
            view["version"] = json!(version);
        }
        view
    }
}

/// What is looked at: the organisation, and the flows that every sandbox has.
struct Looked<'a> {
    store: &'a Store,
    built_in: Vec<Value>,
}

impl<'a> Looked<'a> {
    fn at(cloud: &Cloud, store: &'a Store) -> Self {
        let built_in = flows::built_in(cloud);
        Self { store, built_in }
    }

    fn flow(&self, id: &str) -> Option<&Value> {
        let own = self.built_in.iter().find(|flow| flow["id"] == id);
        own.or_else(|| self.store.get(Kind::Flow, id).ok())
    }

    /// The object of this id: a flow, or one of any kind that is tracked.
    fn find(&self, id: &str) -> Option<Tracked> {
        if let Some(flow) = self.flow(id) {
            return Some(flow_of(flow));
        }
        Kind::ALL.into_iter().find_map(|kind| {
            let object_type = kind.object_type()?;
            let document = self.store.get(kind, id).ok()?;
            Some(Tracked {
                id: id.to_owned(),
                name: document["name"].as_str().map(str::to_owned),
                object_type: object_type.to_owned(),
                version: None,
                deleted: false,
            })
        })
    }

    /// The object of this id, or, when there is none, what is left of it.
    fn find_or_deleted(&self, id: &str, object_type: &str) -> Tracked {
        self.find(id).unwrap_or_else(|| Tracked {
            id: id.to_owned(),
            name: None,
            object_type: object_type.to_owned(),
            version: None,
            deleted: true,
        })
    }

    /// The object that a request names.
    fn asked(&self, params: &Params) -> Result<Tracked, ApiError> {
        let id = needed(params, "id")?;
        let wanted = params.get("objectType");
        let found = self.find(id).filter(|found| {
            wanted.is_none_or(|wanted| found.object_type.eq_ignore_ascii_case(wanted))
        });
        found.ok_or_else(|| ApiError::unknown("dependency object", id))
    }

    fn consumed(&self, id: &str) -> Vec<Tracked> {
        let tracking = &self.store.tracking;
        let uses = tracking.consumed.get(id).into_iter().flatten();
        uses.filter(|_| is_built(self.store))
            .map(|(object_type, resource)| self.find_or_deleted(resource, object_type))
            .collect()
    }

    fn consuming(&self, id: &str) -> Vec<Tracked> {
        let tracking = &self.store.tracking;
        let users = tracking.consuming.get(id).into_iter().flatten();
        users
            .filter(|_| is_built(self.store))
            .filter_map(|user| self.find(user))
            .collect()
    }
}

fn flow_of(flow: &Value) -> Tracked {
    Tracked {
        id: flow["id"].as_str().unwrap_or_default().to_owned(),
        name: flow["name"].as_str().map(str::to_owned),
        object_type: flow_object_type(flow["type"].as_str().unwrap_or_default()),
        version: flow["publishedVersion"]["id"].as_str().map(str::to_owned),
        deleted: false,
    }
}

fn is_built(store: &Store) -> bool {
    matches!(
        store.tracking.status,
        TrackingStatus::Operational | TrackingStatus::NeedsRebuild
    )
}

fn needed<'a>(params: &'a Params, name: &str) -> Result<&'a str, ApiError> {
    params
        .get(name)
        .ok_or_else(|| invalid_param(name, "is required"))
}

fn page(
    rest: &str,
    params: &Params,
    types: &str,
    objects: Vec<Tracked>,
) -> Result<Reply, ApiError> {
    let wanted = params.all(types);
    let shown: Vec<Tracked> = objects
        .into_iter()
        .filter(|one| wanted.is_empty() || wanted.contains(&one.object_type.as_str()))
        .collect();
    let path = format!("{PATH}{rest}");
    numbered_by(&path, params, LARGEST_PAGE, &shown, Tracked::view).map(Reply::ok)
}

/// `GET /build`. A build under way is done when it is looked at next.
pub(crate) async fn status(State(cloud): State<Arc<Cloud>>) -> Reply {
    let mut store = cloud.organisation();
    let mut answer = json!({
        "id": store.id,
        "status": store.tracking.status.as_str(),
        "selfUri": format!("{PATH}/build"),
    });
    if is_built(&store) {
        answer["dateCompleted"] = json!(store.tracking.built);
    }
    if store.tracking.status == TrackingStatus::InProgress {
        store.tracking.status = TrackingStatus::Operational;
        store.tracking.built = now();
    }
    Reply::ok(answer)
}

/// `POST /build`.
pub(crate) async fn rebuild(State(cloud): State<Arc<Cloud>>) -> Reply {
    let mut store = cloud.organisation();
    store.tracking.status = TrackingStatus::InProgress;
    Reply::no_content().with_effect(Object::DependencyTracking, Verb::Updated, &store.id)
}

/// `GET /object`: with `consumedResources` and `consumingResources` what it uses and what uses it.
pub(crate) async fn object(
    State(cloud): State<Arc<Cloud>>,
    params: Params,
) -> Result<Reply, ApiError> {
    let store = cloud.organisation();
    let looked = Looked::at(&cloud, &store);
    let found = looked.asked(&params)?;
    with_neighbours(&looked, &found, &params).map(Reply::ok)
}

fn with_neighbours(
    looked: &Looked<'_>,
    found: &Tracked,
    params: &Params,
) -> Result<Value, ApiError> {
    let mut view = found.view();
    let views = |all: Vec<Tracked>| all.iter().map(Tracked::view).collect::<Vec<_>>();
    if params.flag("consumedResources")? {
        view["consumedResources"] = json!(views(looked.consumed(&found.id)));
    }
    if params.flag("consumingResources")? {
        view["consumingResources"] = json!(views(looked.consuming(&found.id)));
    }
    Ok(view)
}

/// `GET /consumedresources`: what one version of an object uses. `id`, `version` and `objectType` are required; of a flow
/// there is one version, the published one.
pub(crate) async fn consumed(
    State(cloud): State<Arc<Cloud>>,
    params: Params,
) -> Result<Reply, ApiError> {
    let version = needed(&params, "version")?;
    needed(&params, "objectType")?;
    let store = cloud.organisation();
    let looked = Looked::at(&cloud, &store);
    let found = looked.asked(&params)?;
    if found.version.as_deref().is_some_and(|own| own != version) {
        return Err(ApiError::unknown("version", version));
    }
    let objects = looked.consumed(&found.id);
    page("/consumedresources", &params, "resourceType", objects)
}

/// `GET /consumingresources`: what uses an object. `id` and `objectType` are required; the object may be deleted.
pub(crate) async fn consuming(
    State(cloud): State<Arc<Cloud>>,
    params: Params,
) -> Result<Reply, ApiError> {
    let id = needed(&params, "id")?;
    needed(&params, "objectType")?;
    let store = cloud.organisation();
    let looked = Looked::at(&cloud, &store);
    let objects = looked.consuming(id);
    if objects.is_empty() {
        looked.asked(&params)?;
    }
    page("/consumingresources", &params, "resourceType", objects)
}

/// `GET` with a `name`, whose `*` stands for any text at either end: flows and whatever they use.
pub(crate) async fn search(
    State(cloud): State<Arc<Cloud>>,
    params: Params,
) -> Result<Reply, ApiError> {
    let name = needed(&params, "name")?;
    let store = cloud.organisation();
    let looked = Looked::at(&cloud, &store);
    let wanted = params.all("objectType");
    let seeded = store.rows(Kind::Flow).map(|(_, flow)| flow);
    let mut found: Vec<Tracked> = looked.built_in.iter().chain(seeded).map(flow_of).collect();
    for kind in Kind::ALL {
        let Some(object_type) = kind.object_type() else {
            continue;
        };
        found.extend(store.rows(kind).filter_map(|(_, document)| {
            Some(Tracked {
                id: document["id"].as_str()?.to_owned(),
                name: document["name"].as_str().map(str::to_owned),
                object_type: object_type.to_owned(),
                version: None,
                deleted: false,
            })
        }));
    }
    let shown: Vec<Value> = found
        .iter()
        .filter(|_| is_built(&store))
        .filter(|one| one.name.as_deref().is_some_and(|own| is_like(own, name)))
        .filter(|one| wanted.is_empty() || wanted.contains(&one.object_type.as_str()))
        .map(|one| with_neighbours(&looked, one, &params))
        .collect::<Result<_, _>>()?;
    numbered_by(PATH, &params, LARGEST_PAGE, &shown, Value::clone).map(Reply::ok)
}

/// `GET /deletedresourceconsumers`: what uses something that is gone; with `consumedResources` what that is.
pub(crate) async fn consumers_of_deleted(
    State(cloud): State<Arc<Cloud>>,
    params: Params,
) -> Result<Reply, ApiError> {
    let with_resources = params.flag("consumedResources")?;
    let wanted = params.all("objectType");
    let store = cloud.organisation();
    let looked = Looked::at(&cloud, &store);
    let mut consumers: Vec<&String> = store.tracking.consumed.keys().collect();
    consumers.sort_unstable();
    let mut shown = Vec::new();
    for consumer in consumers {
        let gone: Vec<Value> = looked
            .consumed(consumer)
            .iter()
            .filter(|resource| resource.deleted)
            .map(Tracked::view)
            .collect();
        let Some(found) = looked.find(consumer).filter(|_| !gone.is_empty()) else {
            continue;
        };
        if !wanted.is_empty() && !wanted.contains(&found.object_type.as_str()) {
            continue;
        }
        let mut view = found.view();
        if with_resources {
            view["consumedResources"] = json!(gone);
        }
        shown.push(view);
    }
    let path = format!("{PATH}/deletedresourceconsumers");
    numbered_by(&path, &params, LARGEST_PAGE, &shown, Value::clone).map(Reply::ok)
}

fn type_view((name, versioned): &(&str, bool)) -> Value {
    json!({"id": name, "name": name, "versioned": versioned, "selfUri": format!("{PATH}/types/{name}")})
}

/// `GET /types`.
pub(crate) async fn types(params: Params) -> Result<Reply, ApiError> {
    let path = format!("{PATH}/types");
    numbered_by(&path, &params, LARGEST_PAGE, &TYPES, type_view).map(Reply::ok)
}

/// `GET /types/{typeId}`.
pub(crate) async fn one_type(Path(id): Path<String>) -> Result<Reply, ApiError> {
    let found = TYPES.iter().find(|(name, _)| *name == id);
    found
        .map(|one| Reply::ok(type_view(one)))
        .ok_or_else(|| ApiError::unknown("type", &id))
}
