//! Architect's dependency tracking: what flows use.

use async_trait::async_trait;
use depgraph::State;
use genesys_core::{Client, Error, ErrorKind, Result};
use genesys_routing::read::{Collection, Document, ReadOptions};
use serde::Deserialize;
use serde_json::Value;

use super::collection::{coverage, look_up, reporting};
use super::each::each;
use crate::extract::Reference;
use crate::kind::ObjectKind;
use crate::source::{Coverage, DependencySource, LookUp, Sink};
use crate::table::default::edge;

const FLOWS: &str = "/api/v2/flows";
const BUILD: &str = "/api/v2/architect/dependencytracking/build";
const CONSUMED: &str = "/api/v2/architect/dependencytracking/consumedresources";

/// Flows, and what their published versions use, by Architect's dependency tracking.
///
/// A flow's document does not say what the flow uses; dependency tracking does, one call for each published flow. It knows only
/// what was built: before that it answers nothing, which is a gap and not an absence. A flow that was never published uses
/// nothing yet.
#[derive(Debug, Clone)]
pub struct TrackingSource {
    client: Client,
    options: ReadOptions,
    concurrency: usize,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Build {
    #[serde(default)]
    status: String,
    #[serde(default)]
    failed_objects: Option<Vec<Value>>,
}

impl TrackingSource {
    /// Over a client.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            options: ReadOptions::default(),
            concurrency: 4,
        }
    }

    /// Sets how lists are read.
    #[must_use]
    pub fn with_options(mut self, options: ReadOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets of how many flows dependencies are read side by side, at least 1. Default 4.
    #[must_use]
    pub fn with_concurrency(mut self, flows: usize) -> Self {
        self.concurrency = flows.max(1);
        self
    }

    /// Whether dependency tracking answers, and what it says about its state; an error when it cannot be asked.
    async fn build(&self) -> Result<(bool, Vec<(String, String)>)> {
        let build: Build = self
            .client
            .get(BUILD)
            .operation("dependency_tracking.build")
            .json()
            .await?;
        let mut gaps = Vec::new();
        let mut gap = |reason: String| gaps.push(("dependency tracking".to_owned(), reason));
        let ready = match build.status.as_str() {
            "OPERATIONAL" => true,
            "OPERATIONALNEEDSREBUILD" => {
                gap("it needs to be rebuilt: what newer versions use may be missing".to_owned());
                true
            }
            other => {
                let status = genesys_core::redact::external_text(other, &[], 40);
                gap(format!(
                    "it is not built (status {status}): what flows use is not known"
                ));
                false
            }
        };
        let failed = build.failed_objects.map_or(0, |failed| failed.len());
        if failed > 0 {
            gap(format!("{failed} objects failed in its build"));
        }
        Ok((ready, gaps))
    }

    async fn consumed(&self, flow: &Flow, sink: &Sink) -> Coverage {
        let list = Collection::numbered(CONSUMED)
            .with_query("id", &flow.id)
            .with_query("version", &flow.version)
            .with_query("objectType", &flow.object_type)
            .with_operation("dependency_tracking.consumed");
        let snapshot = match list.read(&self.client, &self.options).await {
            Ok(snapshot) => snapshot,
            Err(error) => {
                return Coverage::complete(0)
                    .with_gap(format!("what flow {} uses", flow.id), error.to_string());
            }
        };
        let mut whole = Coverage::complete(0);
        for (part, reason) in coverage(&snapshot).gaps {
            whole = whole.with_gap(format!("what flow {} uses, {part}", flow.id), reason);
        }
        let mut references = Vec::with_capacity(snapshot.items.len());
        for resource in &snapshot.items {
            let object_type = text(resource, "type");
            let kind = ObjectKind::of_tracked(object_type);
            let flag = |name: &str| resource.value().get(name) == Some(&Value::Bool(true));
            let state = match (flag("deleted"), flag("stateUnknown")) {
                (true, _) => State::Deleted,
                (false, true) => State::NotFetched,
                (false, false) => State::Present,
            };
            let name = resource.name().map(str::to_owned);
            sink.mention(resource.id(), kind.clone(), name, state).await;
            references.push(Reference {
                target: resource.id().to_owned(),
                kind,
                edge: edge::CONSUMES.into(),
                place: format!("consumedResources[{object_type}]"),
                alternative: None,
            });
        }
        sink.references(&flow.id, references).await;
        whole
    }
}

/// A published flow, as dependency tracking wants to be asked for it.
struct Flow {
    id: String,
    version: String,
    object_type: String,
}

impl Flow {
    fn of(document: &Document) -> Option<Self> {
        let value = document.value();
        let version = value.get("publishedVersion")?.get("id")?.as_str()?;
        Some(Self {
            id: document.id().to_owned(),
            version: version.to_owned(),
            object_type: ObjectKind::tracked_flow_type(value.get("type")?.as_str()?),
        })
    }
}

fn text<'a>(document: &'a Document, name: &str) -> &'a str {
    document
        .value()
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

#[async_trait]
impl DependencySource for TrackingSource {
    fn name(&self) -> &str {
        "flows"
    }

    fn kinds(&self) -> Vec<ObjectKind> {
        vec![ObjectKind::FLOW]
    }

    async fn read(&self, sink: &Sink) -> Result<Coverage> {
        let options = reporting(&self.options, sink);
        let list = Collection::numbered(FLOWS).with_operation("flows.list");
        let snapshot = list.read(&self.client, &options).await?;
        let mut whole = coverage(&snapshot);
        let flows: Vec<Flow> = snapshot.items.iter().filter_map(Flow::of).collect();
        let documents = snapshot.items.into_iter().map(Document::into_value);
        if !sink.documents(&ObjectKind::FLOW, documents).await {
            return Ok(whole);
        }
        let (ready, gaps) = self
            .build()
            .await
            .unwrap_or_else(|error| (false, vec![unasked(&error)]));
        for (part, reason) in gaps {
            whole.gaps.push((part, reason));
        }
        if !ready {
            return Ok(whole);
        }
        let uses = each(&flows, self.concurrency, sink, |flow| {
            self.consumed(flow, sink)
        });
        Ok(whole.and(uses.await))
    }

    async fn look_up(&self, _kind: &ObjectKind, id: &str) -> Result<LookUp> {
        look_up(&self.client, "/api/v2/flows/{id}".into(), id).await
    }
}

fn unasked(error: &Error) -> (String, String) {
    let part = "dependency tracking".to_owned();
    let reason = match error.kind() {
        ErrorKind::NotFound => "it is not offered here: what flows use is not known".to_owned(),
        _ => error.to_string(),
    };
    (part, reason)
}
