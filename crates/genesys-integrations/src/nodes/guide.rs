//! The source document's wire form: one object a node.

use async_trait::async_trait;
use futures_util::Stream;
use genesys_core::page::SharedRead;
use genesys_core::{Client, Error, ErrorKind, Profile, Result, policy};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::api::{NodePlan, Nodes, PlannedStep, Registered, RegisteredNode};
use super::node::RestNode;
use super::several;
use crate::api::Change;
use crate::ids::NodeId;
use crate::limits::{Deadline, Limits};
use crate::reconcile;
use crate::report::{TestReport, TestRequest};

const COLLECTION: &str = "/api/v2/custom-integrations/nodes";
const ITEM: &str = "/api/v2/custom-integrations/nodes/{id}";
/// How often a stale version is read again. Each time somebody else was faster.
const STALE_VERSIONS: u32 = 5;
/// The members that a node may have, and what was registered may lack.
const MEMBERS: [&str; 10] = [
    "description",
    "inputSchema",
    "name",
    "requestBody",
    "requestHeaders",
    "requestMethod",
    "requestUrl",
    "responseSchema",
    "retryConfig",
    "type",
];

/// [`Nodes`] in the wire form of the source document. The sandbox serves it.
///
/// Writes have the document's three attempts and its delays ([`guide_003`](policy::guide_003)). Clones share the reads of the list.
#[derive(Debug, Clone)]
pub struct GuideNodes {
    client: Client,
    limits: Limits,
    known: SharedRead<Object>,
}

/// A registered node as it is shown.
#[derive(Debug, Clone, Deserialize)]
struct Object {
    id: NodeId,
    name: String,
    version: u64,
    #[serde(flatten)]
    members: Map<String, Value>,
}

impl Object {
    fn member(&self, name: &str) -> Option<Value> {
        match name {
            "name" => Some(self.name.clone().into()),
            other => self.members.get(other).cloned(),
        }
    }

    /// True when it says what the node says.
    fn says(&self, node: &RestNode) -> bool {
        // Texts and JSON values always have a JSON form.
        let wanted = serde_json::to_value(node.wire()).unwrap_or_default();
        MEMBERS
            .iter()
            .all(|name| self.member(name).as_ref() == wanted.get(name))
    }

    fn into_node(self) -> RegisteredNode {
        let mut document = self.members.clone();
        document.insert("name".to_owned(), self.name.clone().into());
        let text = serde_json::to_vec(&document).unwrap_or_default();
        let mut registered = RegisteredNode::new(self.id, self.name);
        registered.version = Some(self.version);
        // The bytes that were read are not those that anybody wrote.
        let without_spans = |found: &[super::NodeFinding]| {
            let mut found = found.to_vec();
            found.iter_mut().for_each(|one| one.span = None);
            found
        };
        match RestNode::from_document(&text) {
            Ok(node) => {
                registered.findings = without_spans(node.findings());
                registered.node = Some(node);
            }
            Err(error) => registered.findings = without_spans(error.findings()),
        }
        registered
    }
}

impl GuideNodes {
    /// Nodes of the client's organisation, with default limits.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            limits: Limits::default(),
            known: SharedRead::default(),
        }
    }

    /// Sets how long things may take.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        // A read has the limit of whoever began it.
        self.known = SharedRead::default();
        self
    }

    fn deadline(&self) -> Deadline<'_> {
        self.limits.deadline(&self.client)
    }

    fn objects(&self) -> impl Stream<Item = Result<Object>> + Send + 'static {
        self.client
            .get(COLLECTION)
            .operation("nodes.list")
            .numbered_pages::<Object>()
    }

    async fn all(&self, deadline: &Deadline<'_>) -> Result<std::sync::Arc<[Object]>> {
        let read = self
            .known
            .all(&self.client, self.limits.total(), self.objects());
        deadline.bound(read).await
    }

    async fn sole(&self, name: &str, deadline: &Deadline<'_>) -> Result<Option<Object>> {
        let known = self.all(deadline).await?;
        let mut named = known.iter().filter(|object| object.name == name);
        match (named.next(), named.count()) {
            (first, 0) => Ok(first.cloned()),
            (_, more) => Err(several(more + 1)),
        }
    }

    async fn look(&self, id: &NodeId, deadline: &Deadline<'_>) -> Result<Option<Object>> {
        let call = self
            .client
            .get(ITEM)
            .segment("id", id)
            .operation("nodes.get");
        call.deadline(deadline.remaining()?).json_or_none().await
    }

    async fn post(&self, node: &RestNode, deadline: &Deadline<'_>) -> Result<Object> {
        let call = self.client.post(COLLECTION).operation("nodes.create");
        call.with_json(&node.wire())
            .retry(policy::guide_003())
            .deadline(deadline.remaining()?)
            .json()
            .await
    }

    async fn put(
        &self,
        current: &Object,
        node: &RestNode,
        deadline: &Deadline<'_>,
    ) -> Result<Object> {
        let mut body = serde_json::to_value(node.wire()).unwrap_or_default();
        body["version"] = current.version.into();
        let call = self
            .client
            .put(ITEM)
            .segment("id", &current.id)
            .operation("nodes.update");
        call.with_json(&body)
            .retry(policy::guide_003())
            .deadline(deadline.remaining()?)
            .json()
            .await
    }

    async fn create(&self, node: &RestNode, deadline: &Deadline<'_>) -> Result<Registered> {
        let send = || self.post(node, deadline);
        let find = || self.sole(node.name(), deadline);
        match reconcile::create_once(deadline, send, find).await {
            Ok(created) => Ok(Registered::new(created.into_node(), Change::Created)),
            // Somebody else made it meanwhile.
            Err(error) if error.cause() == ErrorKind::Conflict => match find().await {
                Ok(Some(found)) => self.update(found, node, deadline).await,
                _ => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// Writes what differs. A stale version is read again and written again, up to [`STALE_VERSIONS`] times. When nobody can know
    /// whether a write took effect, reading tells.
    async fn update(
        &self,
        mut current: Object,
        node: &RestNode,
        deadline: &Deadline<'_>,
    ) -> Result<Registered> {
        let mut change = Change::Unchanged;
        let mut stale = 0;
        while !current.says(node) {
            change = Change::Updated;
            match self.put(&current, node, deadline).await {
                Ok(written) => {
                    current = written;
                    break;
                }
                Err(error)
                    if stale < STALE_VERSIONS
                        && (error.cause() == ErrorKind::Conflict || error.is_outcome_unknown()) =>
                {
                    stale += 1;
                    // What the look-up met says less than the write it was made for.
                    let Ok(Some(seen)) = self.look(&current.id, deadline).await else {
                        return Err(error);
                    };
                    current = seen;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Registered::new(current.into_node(), change))
    }
}

#[async_trait]
impl Nodes for GuideNodes {
    fn profile(&self) -> Profile {
        Profile::Guide
    }

    async fn plan(&self, node: &RestNode) -> Result<NodePlan> {
        let found = self.sole(node.name(), &self.deadline()).await?;
        let step = match &found {
            None => PlannedStep::Create,
            Some(found) if found.says(node) => PlannedStep::Keep,
            Some(_) => PlannedStep::Update,
        };
        let mut plan = NodePlan::new(step, found.map(|found| found.id));
        plan.findings = node.findings().to_vec();
        Ok(plan)
    }

    async fn register(&self, node: &RestNode) -> Result<Registered> {
        let deadline = self.deadline();
        let mut registered = match self.sole(node.name(), &deadline).await? {
            Some(found) => self.update(found, node, &deadline).await?,
            None => self.create(node, &deadline).await?,
        };
        registered.findings = node.findings().to_vec();
        Ok(registered)
    }

    async fn find(&self, name: &str) -> Result<Option<RegisteredNode>> {
        let found = self.sole(name, &self.deadline()).await?;
        Ok(found.map(Object::into_node))
    }

    async fn get(&self, id: &NodeId) -> Result<Option<RegisteredNode>> {
        let found = self.look(id, &self.deadline()).await?;
        Ok(found.map(Object::into_node))
    }

    async fn list(&self) -> Result<Vec<RegisteredNode>> {
        let known = self.all(&self.deadline()).await?;
        Ok(known.iter().cloned().map(Object::into_node).collect())
    }

    async fn test(&self, _id: &NodeId, _request: &TestRequest) -> Result<TestReport> {
        Err(Error::new(
            ErrorKind::Unsupported,
            "the guide profile keeps nodes and does not run them; run them by the executor, or use the platform profile",
        )
        .with_operation("nodes.test"))
    }

    async fn remove(&self, id: &NodeId) -> Result<bool> {
        let call = self
            .client
            .delete(ITEM)
            .segment("id", id)
            .operation("nodes.delete");
        call.deadline(self.deadline().remaining()?).gone().await
    }
}
