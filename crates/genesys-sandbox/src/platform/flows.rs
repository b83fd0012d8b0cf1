//! Architect flows: seeded, to be targets of triggers. They can be read and, from outside the API, published or not.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, State};
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::cloud::Cloud;
use crate::error::{SandboxError, SandboxErrorKind};
use crate::input::Params;
use crate::organisation::{Kind, lists};
use crate::pages;
use crate::reply::Reply;

const PATH: &str = "/api/v2/flows";

/// The id of a workflow that is published from the start: a target that triggers may have.
pub const WORKFLOW_ID: &str = "5d0f6c1e-3b52-4a39-9b7e-0a4c1f2d8e01";

/// A flow of the organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flow {
    /// Its id, the same in every sandbox.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its type as the contract spells it, such as `WORKFLOW`.
    pub kind: &'static str,
    /// Only a published flow can be the target of a trigger.
    pub published: bool,
}

/// The flows that triggers can start. Every sandbox has the same four: two published workflows, one that is not
/// published, and a call flow. An organisation can be seeded with more, which can be read.
#[derive(Debug)]
pub struct Flows(Mutex<[Flow; 4]>);

impl Default for Flows {
    fn default() -> Self {
        let flow = |id, name, kind, published| Flow {
            id,
            name,
            kind,
            published,
        };
        Self(Mutex::new([
            flow(WORKFLOW_ID, "Forward Event", "WORKFLOW", true),
            flow(
                "5d0f6c1e-3b52-4a39-9b7e-0a4c1f2d8e02",
                "Follow Up Conversation",
                "WORKFLOW",
                true,
            ),
            flow(
                "5d0f6c1e-3b52-4a39-9b7e-0a4c1f2d8e03",
                "Draft Workflow",
                "WORKFLOW",
                false,
            ),
            flow(
                "5d0f6c1e-3b52-4a39-9b7e-0a4c1f2d8e04",
                "Main Line",
                "INBOUNDCALL",
                true,
            ),
        ]))
    }
}

impl Flows {
    /// All of them.
    #[must_use]
    pub fn list(&self) -> Vec<Flow> {
        self.lock().to_vec()
    }

    /// Publishes a flow, or takes its publication back, as somebody in Architect would. Triggers that have it as
    /// their target stay, and their dry run says that it is not valid.
    ///
    /// # Errors
    /// [`SandboxErrorKind::Script`] when there is no flow with this id.
    pub fn set_published(&self, id: &str, published: bool) -> Result<(), SandboxError> {
        let mut flows = self.lock();
        let flow = flows.iter_mut().find(|flow| flow.id == id);
        let flow = flow.ok_or_else(|| {
            SandboxError::new(SandboxErrorKind::Script, "there is no flow with this id")
        })?;
        flow.published = published;
        Ok(())
    }

    /// Why a trigger cannot have this flow as its target; `None` when it can.
    pub(crate) fn refusal(&self, id: &str) -> Option<&'static str> {
        match self.lock().iter().find(|flow| flow.id == id) {
            None => Some("names a flow that does not exist"),
            Some(flow) if flow.kind != "WORKFLOW" => Some("names a flow that is no workflow"),
            Some(flow) if !flow.published => Some("names a flow that is not published"),
            Some(_) => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, [Flow; 4]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn view(flow: &Flow) -> Value {
    let mut view = json!({
        "id": flow.id,
        "name": flow.name,
        "type": flow.kind,
        "active": flow.published,
        "system": false,
        "deleted": false,
        "selfUri": format!("{PATH}/{}", flow.id),
    });
    if flow.published {
        view["publishedVersion"] = json!({
            "id": "1.0",
            "type": "PUBLISH",
            "selfUri": format!("{PATH}/{}/versions/1.0", flow.id),
        });
    }
    view
}

/// The flows of every sandbox as documents, before those that the organisation was seeded with.
pub(crate) fn built_in(cloud: &Cloud) -> Vec<Value> {
    cloud.flows.list().iter().map(view).collect()
}

/// `GET`: numbered pages, filtered by `id`, `type`, `divisionId` and `name`, whose `*` stands for any text at either end.
pub(crate) async fn list(
    State(cloud): State<Arc<Cloud>>,
    params: Params,
) -> Result<Reply, ApiError> {
    let kinds = params.all("type");
    let own = built_in(&cloud);
    let store = cloud.organisation();
    let shown: Vec<&Value> = own
        .iter()
        .chain(store.rows(Kind::Flow).map(|(_, document)| document))
        .filter(|flow| lists::is_wanted(flow, &params))
        .filter(|flow| {
            let kind = flow["type"].as_str().unwrap_or_default();
            kinds.is_empty() || kinds.iter().any(|wanted| kind.eq_ignore_ascii_case(wanted))
        })
        .collect();
    pages::numbered_by(PATH, &params, 100, &shown, |flow| {
        store.view(Kind::Flow, flow)
    })
    .map(Reply::ok)
}

/// `GET /{flowId}`.
pub(crate) async fn get(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
) -> Result<Reply, ApiError> {
    let flows = cloud.flows.list();
    if let Some(flow) = flows.iter().find(|flow| flow.id == id) {
        return Ok(Reply::ok(view(flow)));
    }
    let store = cloud.organisation();
    let flow = store.get(Kind::Flow, &id)?;
    Ok(Reply::ok(store.view(Kind::Flow, flow)))
}
