//! The published API contract: a node is a data action of an integration.

use async_trait::async_trait;
use genesys_core::page::SharedRead;
use genesys_core::{Client, Error, ErrorKind, Profile, Result};

use super::api::{ContractChange, NodePlan, Nodes, PlannedStep, Registered, RegisteredNode};
use super::finding::NodeError;
use super::node::RestNode;
use super::velocity::{self, Lowered};
use crate::api::Change;
use crate::ids::{IntegrationId, NodeId};
use crate::limits::{Deadline, Limits};
use crate::platform::wire::TestAnswer;
use crate::probe::Probes;
use crate::report::{TestReport, TestRequest};

mod draft;
mod lookup;
mod seen;

pub use draft::DraftRefused;
use seen::{ActionSeen, Difference};

const ACTIONS: &str = "/api/v2/integrations/actions";
const ACTION: &str = "/api/v2/integrations/actions/{actionId}";
const ACTION_TEST: &str = "/api/v2/integrations/actions/{actionId}/test";
const ACTION_TEMPLATE: &str =
    "/api/v2/integrations/actions/{actionId}/templates/requesttemplate.vm";
const DRAFTS: &str = "/api/v2/integrations/actions/drafts";
const DRAFT: &str = "/api/v2/integrations/actions/{actionId}/draft";
const DRAFT_VALIDATION: &str = "/api/v2/integrations/actions/{actionId}/draft/validation";
const DRAFT_TEST: &str = "/api/v2/integrations/actions/{actionId}/draft/test";
const DRAFT_PUBLISH: &str = "/api/v2/integrations/actions/{actionId}/draft/publish";

/// [`Nodes`] as data actions, by calls that the published API contract has. It works on the real cloud and on the sandbox.
///
/// A node becomes a draft, the platform validates the draft, tests it if an [input](Self::with_draft_test) was given, and publishes
/// the version that was validated; an interrupted run is found by the name and finished. The contract of a published action cannot
/// change: a node with another one takes a new action, which [`plan`](Nodes::plan) says beforehand and
/// [`with_replacement`](Self::with_replacement) has to allow.
///
/// The action belongs to an integration of a type that has actions, such as `custom-rest-actions`; the credentials of a node are those
/// of the integration's configuration. Clones share the reads of the lists.
#[derive(Debug, Clone)]
pub struct PlatformNodes {
    client: Client,
    integration: IntegrationId,
    category: String,
    replacement: bool,
    test: Option<TestRequest>,
    limits: Limits,
    probes: Probes,
    published: SharedRead<ActionSeen>,
    drafts: SharedRead<ActionSeen>,
}

/// What carries the node's name, and what has to be done.
struct Survey {
    lowered: Lowered,
    step: PlannedStep,
    /// The action to keep or to change, with its contract and configuration.
    current: Option<ActionSeen>,
    /// The action whose place is taken.
    old: Option<ActionSeen>,
    /// A draft that was never published, left by an interrupted run.
    draft: Option<ActionSeen>,
}

impl PlatformNodes {
    /// Data actions of this integration, with default limits, in the category `REST nodes`.
    pub fn new(client: Client, integration: IntegrationId) -> Self {
        Self {
            probes: Probes::new(&client),
            client,
            integration,
            category: "REST nodes".to_owned(),
            replacement: false,
            test: None,
            limits: Limits::default(),
            published: SharedRead::default(),
            drafts: SharedRead::default(),
        }
    }

    /// Sets the category, up to 256 characters.
    #[must_use]
    pub fn with_category(mut self, category: impl Into<String>) -> Self {
        self.category = category.into();
        self
    }

    /// Allows that a new action takes the place of one with another contract. The new one is published before the old one is deleted,
    /// and has another id: flows that use the old one have to be pointed to the new one. Default: not allowed.
    #[must_use]
    pub fn with_replacement(mut self, allowed: bool) -> Self {
        self.replacement = allowed;
        self
    }

    /// Tests each draft with this input before it is published; one that fails is not published. Default: no test, because a test
    /// calls the external system.
    #[must_use]
    pub fn with_draft_test(mut self, request: TestRequest) -> Self {
        self.test = Some(request);
        self
    }

    /// Sets how long things may take.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        // A read has the limit of whoever began it.
        self.published = SharedRead::default();
        self.drafts = SharedRead::default();
        self
    }

    fn deadline(&self) -> Deadline<'_> {
        self.limits.deadline(&self.client)
    }

    async fn survey(&self, node: &RestNode, deadline: &Deadline<'_>) -> Result<Survey> {
        let lowered = velocity::lower(node, &self.category);
        if lowered.is_refused() {
            let why = "the node cannot be said as a data action";
            let source = NodeError::new(lowered.findings);
            return Err(Error::new(ErrorKind::InvalidRequest, why).with_source(source));
        }
        let mut survey = Survey {
            lowered,
            step: PlannedStep::Create,
            current: None,
            old: None,
            draft: None,
        };
        let mut named = Vec::new();
        for seen in self.published_named(node.name(), deadline).await? {
            if let Some(whole) = self.read(&seen.id, deadline).await? {
                let difference = whole.difference(&survey.lowered.action);
                named.push((whole, difference));
            }
        }
        let other = |difference: &Difference| *difference == Difference::Contract;
        match named.len() {
            0 => survey.draft = self.unpublished_named(node.name(), deadline).await?,
            1 => {
                let (seen, difference) = named.remove(0);
                survey.step = match difference {
                    Difference::None => PlannedStep::Keep,
                    Difference::Config => PlannedStep::Update,
                    Difference::Contract => PlannedStep::Replace,
                };
                match difference {
                    Difference::Contract => {
                        survey.old = Some(seen);
                        survey.draft = self.unpublished_named(node.name(), deadline).await?;
                    }
                    _ => survey.current = Some(seen),
                }
            }
            // A replacement that was interrupted before the old action was deleted.
            2 if named.iter().filter(|(_, one)| other(one)).count() == 1 => {
                named.sort_by_key(|(_, one)| other(one));
                survey.step = PlannedStep::Replace;
                survey.old = named.pop().map(|(seen, _)| seen);
                survey.current = named.pop().map(|(seen, _)| seen);
            }
            many => return Err(super::several(many)),
        }
        Ok(survey)
    }

    async fn carry_out(
        &self,
        node: &RestNode,
        survey: Survey,
        deadline: &Deadline<'_>,
    ) -> Result<Registered> {
        if let Some(old) = survey.old.as_ref().filter(|_| !self.replacement) {
            let source = ContractChange::new(old.id.clone());
            let why = "the contract differs, and takes a new action that nobody has allowed";
            return Err(Error::new(ErrorKind::Conflict, why).with_source(source));
        }
        let action = &survey.lowered.action;
        let (published, mut change) = match (survey.current, survey.draft) {
            (Some(current), _) if current.difference(action) == Difference::None => {
                (current, Change::Unchanged)
            }
            (Some(current), _) => (
                self.publish_change(&current, action, deadline).await?,
                Change::Updated,
            ),
            (None, draft) => (
                self.publish_new(draft, action, deadline).await?,
                Change::Created,
            ),
        };
        if let Some(old) = &survey.old {
            // Last: until here nothing of what flows use has changed.
            self.delete(&old.id, deadline).await?;
            change = Change::Updated;
        }
        let mut now = RegisteredNode::new(published.id, node.name());
        now.version = published.version;
        now.node = Some(node.clone());
        let mut registered = Registered::new(now, change);
        registered.replaced = survey.old.map(|old| old.id);
        registered.findings = findings(node, &survey.lowered);
        Ok(registered)
    }

    async fn delete(&self, id: &NodeId, deadline: &Deadline<'_>) -> Result<bool> {
        let call = self
            .client
            .delete(ACTION)
            .segment("actionId", id)
            .operation("nodes.delete");
        call.deadline(deadline.remaining()?).gone().await
    }
}

/// What was found when the node was built, and when it was lowered.
fn findings(node: &RestNode, lowered: &Lowered) -> Vec<super::NodeFinding> {
    let built = node.findings().iter();
    built.chain(&lowered.findings).cloned().collect()
}

#[async_trait]
impl Nodes for PlatformNodes {
    fn profile(&self) -> Profile {
        Profile::Platform
    }

    async fn plan(&self, node: &RestNode) -> Result<NodePlan> {
        let survey = self.survey(node, &self.deadline()).await?;
        let current = survey.old.as_ref().or(survey.current.as_ref());
        let mut plan = NodePlan::new(survey.step, current.map(|seen| seen.id.clone()));
        plan.findings = findings(node, &survey.lowered);
        Ok(plan)
    }

    async fn register(&self, node: &RestNode) -> Result<Registered> {
        let deadline = self.deadline();
        let survey = self.survey(node, &deadline).await?;
        self.carry_out(node, survey, &deadline).await
    }

    async fn find(&self, name: &str) -> Result<Option<RegisteredNode>> {
        let deadline = self.deadline();
        let mut named = self.published_named(name, &deadline).await?;
        match (named.pop(), named.len()) {
            (None, _) => Ok(None),
            (Some(seen), 0) => {
                let whole = self.read(&seen.id, &deadline).await?;
                Ok(whole.map(ActionSeen::into_node))
            }
            (Some(_), more) => Err(super::several(more + 1)),
        }
    }

    async fn get(&self, id: &NodeId) -> Result<Option<RegisteredNode>> {
        let whole = self.read(id, &self.deadline()).await?;
        let ours = whole.filter(|seen| seen.integration_id.as_ref() == Some(&self.integration));
        Ok(ours.map(ActionSeen::into_node))
    }

    async fn list(&self) -> Result<Vec<RegisteredNode>> {
        let published = self.published(&self.deadline()).await?;
        Ok(published.into_iter().map(ActionSeen::into_node).collect())
    }

    async fn test(&self, id: &NodeId, request: &TestRequest) -> Result<TestReport> {
        let call = self.client.post(ACTION_TEST).segment("actionId", id);
        self.run_test(call, request, &self.deadline()).await
    }

    async fn remove(&self, id: &NodeId) -> Result<bool> {
        self.delete(id, &self.deadline()).await
    }
}

impl PlatformNodes {
    async fn run_test(
        &self,
        call: genesys_core::RequestBuilder,
        request: &TestRequest,
        deadline: &Deadline<'_>,
    ) -> Result<TestReport> {
        let call = call.with_json(request.input());
        let answer: Result<TestAnswer> = self
            .probes
            .guard(&self.client, call, request)
            .operation("nodes.test")
            .deadline(deadline.remaining()?)
            .json()
            .await;
        match answer {
            Ok(answer) => Ok(answer.into_report(request)),
            // Where repeating does no harm, an unknown outcome is no state to reconcile.
            Err(error) if request.is_repeatable() => Err(error.into_cause()),
            Err(error) => Err(error),
        }
    }
}
