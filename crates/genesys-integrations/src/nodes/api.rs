//! The capability: registered nodes of an organisation, whatever the wire form.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use genesys_core::{Client, Profile, Result};
use serde_json::json;

use super::finding::NodeFinding;
use super::node::RestNode;
use crate::api::Change;
use crate::ids::NodeId;
use crate::report::{TestReport, TestRequest};

/// Registered nodes of an organisation.
///
/// [`GuideNodes`](super::GuideNodes) speaks the source document's wire form, [`PlatformNodes`](super::PlatformNodes) makes data actions
/// by the published API contract. A node's name is its marker: what carries the name belongs to the node of that name.
///
/// Each method has a deadline over all of its requests ([`Limits`](crate::Limits)), and dropping its future cancels it. Nothing here
/// writes audit lines: [`deploy`] does.
#[async_trait]
pub trait Nodes: fmt::Debug + Send + Sync {
    /// Which wire form this is.
    fn profile(&self) -> Profile;

    /// Tells what [`register`](Nodes::register) would do, and writes nothing.
    ///
    /// # Errors
    ///
    /// Those of the requests; [`InvalidRequest`](genesys_core::ErrorKind::InvalidRequest) with a [`NodeError`](super::NodeError) source
    /// for a node that the profile cannot say, [`Conflict`](genesys_core::ErrorKind::Conflict) when several nodes have the name.
    async fn plan(&self, node: &RestNode) -> Result<NodePlan>;

    /// Makes the registered node what the definition says: looks for the name first, creates only what is missing, changes only
    /// what differs, and says which it was.
    ///
    /// # Errors
    ///
    /// As [`plan`](Nodes::plan); [`Conflict`](genesys_core::ErrorKind::Conflict) with a [`ContractChange`] source when a new data action
    /// would have to take the place of the old one and nobody has allowed that;
    /// [`OutcomeUnknown`](genesys_core::ErrorKind::OutcomeUnknown) when a creation could be neither confirmed nor ruled out. Registering
    /// the same node again settles that.
    async fn register(&self, node: &RestNode) -> Result<Registered>;

    /// The registered node of this exact name; none when there is none.
    ///
    /// # Errors
    ///
    /// [`Conflict`](genesys_core::ErrorKind::Conflict) when several nodes have the name.
    async fn find(&self, name: &str) -> Result<Option<RegisteredNode>>;

    /// One registered node; none when there is none of this id.
    async fn get(&self, id: &NodeId) -> Result<Option<RegisteredNode>>;

    /// Every registered node, in the platform's order.
    async fn list(&self) -> Result<Vec<RegisteredNode>>;

    /// Runs a registered node in the cloud, and tells its steps. A report of failure is no error.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](genesys_core::ErrorKind::Unsupported) in the guide profile, whose nodes are kept and not run.
    async fn test(&self, id: &NodeId, request: &TestRequest) -> Result<TestReport>;

    /// Removes a registered node. True when it existed.
    async fn remove(&self, id: &NodeId) -> Result<bool>;
}

/// Registers a node as one audited operation, `node_registered`, whose target is the node's name.
///
/// # Errors
///
/// As [`Nodes::register`]; [`Audit`](genesys_core::ErrorKind::Audit) when the trail cannot be written: then nothing was done.
pub async fn deploy(client: &Client, nodes: &dyn Nodes, node: &RestNode) -> Result<Registered> {
    let attributes = BTreeMap::from([
        ("fingerprint".to_owned(), json!(node.fingerprint())),
        ("profile".to_owned(), json!(nodes.profile().as_str())),
    ]);
    let recorder = client.recorder();
    let mut operation = recorder
        .begin_with("node_registered", node.name(), attributes)
        .await?;
    let result = nodes.register(node).await;
    if let Ok(registered) = &result {
        operation.set_attribute("id", registered.node.id.as_ref());
        operation.set_attribute("change", registered.change.as_str());
    }
    operation.finish(result).await
}

/// A node as the cloud has it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RegisteredNode {
    /// Its id.
    pub id: NodeId,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Option<u64>,
    /// What it says, when it was read whole and keeps the rules of nodes. A listing of the platform profile does not read it.
    pub node: Option<RestNode>,
    /// What was found when it was read: in the platform profile also what its templates forgot.
    pub findings: Vec<NodeFinding>,
}

impl RegisteredNode {
    /// A node that was not read.
    pub fn new(id: NodeId, name: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
            version: None,
            node: None,
            findings: Vec::new(),
        }
    }
}

/// What [`Nodes::register`] found and did.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Registered {
    /// The node as it is now.
    pub node: RegisteredNode,
    /// What had to be done.
    pub change: Change,
    /// The data action whose place it took.
    pub replaced: Option<NodeId>,
    /// What the platform cannot say, check or keep.
    pub findings: Vec<NodeFinding>,
}

impl Registered {
    /// A node and what had to be done.
    pub fn new(node: RegisteredNode, change: Change) -> Self {
        Self {
            node,
            change,
            replaced: None,
            findings: Vec::new(),
        }
    }
}

/// What [`Nodes::register`] would do.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NodePlan {
    /// What would be done.
    pub step: PlannedStep,
    /// What carries the name now.
    pub current: Option<NodeId>,
    /// What the platform cannot say, check or keep.
    pub findings: Vec<NodeFinding>,
}

impl NodePlan {
    /// A plan without findings.
    pub fn new(step: PlannedStep, current: Option<NodeId>) -> Self {
        Self {
            step,
            current,
            findings: Vec::new(),
        }
    }
}

/// What would be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PlannedStep {
    /// Nothing.
    Keep,
    /// It is created.
    Create,
    /// It is changed and keeps its id.
    Update,
    /// A new data action takes its place, with a new id: the contract of an action cannot change. Flows that use the old one have to be
    /// pointed to the new one.
    Replace,
}

impl PlannedStep {
    /// `keep`, `create`, `update` or `replace`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
        }
    }
}

impl fmt::Display for PlannedStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A node's contract differs from that of its data action, which cannot change.
///
/// The source of a [`Conflict`](genesys_core::ErrorKind::Conflict): allow the new action with
/// [`PlatformNodes::with_replacement`](super::PlatformNodes::with_replacement), or give the node another name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the contract of action {id} differs, and takes a new action with a new id")]
#[non_exhaustive]
pub struct ContractChange {
    /// The action that there is.
    pub id: NodeId,
}

impl ContractChange {
    pub(super) fn new(id: NodeId) -> Self {
        Self { id }
    }
}
