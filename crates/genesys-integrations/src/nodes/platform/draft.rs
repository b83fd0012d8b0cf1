//! Draft, validate, test, publish.

use genesys_core::error::PlatformError;
use genesys_core::{Error, ErrorKind, Result, redact};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::seen::{ActionSeen, Difference};
use super::{DRAFT, DRAFT_PUBLISH, DRAFT_TEST, DRAFT_VALIDATION, DRAFTS, PlatformNodes};
use crate::ids::{IntegrationId, NodeId};
use crate::limits::Deadline;
use crate::nodes::action::{ActionConfig, ActionContract, DataAction};
use crate::reconcile;
use crate::report::TestReport;

/// How often a stale version is read again. Each time somebody else was faster.
const STALE_VERSIONS: u32 = 5;
/// The most characters kept of a text that the platform gives.
const MAX_TEXT: usize = 500;
const MAX_PROBLEMS: usize = 20;

/// A draft was not published: the platform's own validation or test refused it.
///
/// The source of a [`State`](genesys_core::ErrorKind::State). The draft was taken back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the draft was refused: {}", .problems.join("; "))]
#[non_exhaustive]
pub struct DraftRefused {
    /// Why, in the platform's words; bounded.
    pub problems: Vec<String>,
    /// The report of the test, if it was that.
    pub test: Option<TestReport>,
}

/// `POST /actions/drafts`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewDraft<'a> {
    integration_id: &'a IntegrationId,
    #[serde(flatten)]
    action: &'a DataAction,
}

/// `PATCH …/draft`. The contract only of a draft that was never published.
#[derive(Serialize)]
struct DraftPatch<'a> {
    category: &'a str,
    name: &'a str,
    config: &'a ActionConfig,
    #[serde(skip_serializing_if = "Option::is_none")]
    contract: Option<&'a ActionContract>,
    version: u64,
}

#[derive(Deserialize)]
struct Validation {
    #[serde(default)]
    valid: bool,
    #[serde(default)]
    errors: Vec<PlatformError>,
}

impl PlatformNodes {
    /// A new action, or the draft that an interrupted run has left; taken back when it is refused.
    pub(super) async fn publish_new(
        &self,
        left: Option<ActionSeen>,
        action: &DataAction,
        deadline: &Deadline<'_>,
    ) -> Result<ActionSeen> {
        let draft = match left {
            Some(left) => {
                self.write_draft(left, action, Some(&action.contract), deadline)
                    .await?
            }
            None => self.create_draft(action, deadline).await?,
        };
        self.check_and_publish(draft, action, deadline).await
    }

    /// The next version of a published action, by a draft of it.
    pub(super) async fn publish_change(
        &self,
        current: &ActionSeen,
        action: &DataAction,
        deadline: &Deadline<'_>,
    ) -> Result<ActionSeen> {
        let call = self
            .client
            .post(DRAFT)
            .segment("actionId", &current.id)
            .operation("nodes.draft.create");
        let begun = call
            .deadline(deadline.remaining()?)
            .json::<ActionSeen>()
            .await;
        let draft = match begun {
            Ok(draft) => draft,
            // There is one already, perhaps the one whose answer was lost.
            Err(error) if error.cause() == ErrorKind::Conflict || error.is_outcome_unknown() => {
                match self.read_draft(&current.id, deadline).await {
                    Ok(Some(draft)) => draft,
                    _ => return Err(error),
                }
            }
            Err(error) => return Err(error),
        };
        let draft = self.write_draft(draft, action, None, deadline).await?;
        self.check_and_publish(draft, action, deadline).await
    }

    async fn create_draft(
        &self,
        action: &DataAction,
        deadline: &Deadline<'_>,
    ) -> Result<ActionSeen> {
        let body = NewDraft {
            integration_id: &self.integration,
            action,
        };
        let send = || async {
            let call = self.client.post(DRAFTS).operation("nodes.create");
            call.with_json(&body)
                .deadline(deadline.remaining()?)
                .json::<ActionSeen>()
                .await
        };
        let find = || self.unpublished_named(&action.name, deadline);
        let draft = reconcile::create_once(deadline, send, find).await?;
        if draft.contract.is_some() && draft.config.is_some() {
            return Ok(draft);
        }
        // What the look-up found has no details; it was sent just now.
        match self.read_draft(&draft.id, deadline).await? {
            Some(whole) => Ok(whole),
            None => Err(Error::new(
                ErrorKind::NotFound,
                "the draft was deleted meanwhile",
            )),
        }
    }

    async fn read_draft(&self, id: &NodeId, deadline: &Deadline<'_>) -> Result<Option<ActionSeen>> {
        let call = self
            .client
            .get(DRAFT)
            .segment("actionId", id)
            .operation("nodes.draft.get");
        let call = call
            .query("expand", "contract")
            .query("includeConfig", true);
        call.deadline(deadline.remaining()?).json_or_none().await
    }

    /// Writes what the node wants over a draft, under the draft's version.
    async fn write_draft(
        &self,
        mut draft: ActionSeen,
        action: &DataAction,
        contract: Option<&ActionContract>,
        deadline: &Deadline<'_>,
    ) -> Result<ActionSeen> {
        let mut stale = 0;
        loop {
            let patch = DraftPatch {
                category: &action.category,
                name: &action.name,
                config: &action.config,
                contract,
                version: version_of(&draft)?,
            };
            let call = self
                .client
                .patch(DRAFT)
                .segment("actionId", &draft.id)
                .operation("nodes.draft.update");
            let written = call
                .with_json(&patch)
                .deadline(deadline.remaining()?)
                .json::<ActionSeen>()
                .await;
            let error = match written {
                Ok(written) => return Ok(written),
                Err(error) => error,
            };
            let again = error.cause() == ErrorKind::Conflict || error.is_outcome_unknown();
            if !again || stale == STALE_VERSIONS {
                return Err(error);
            }
            stale += 1;
            // What the look-up met says less than the write it was made for.
            let Ok(Some(seen)) = self.read_draft(&draft.id, deadline).await else {
                return Err(error);
            };
            if seen.difference(action) == Difference::None {
                return Ok(seen);
            }
            draft = seen;
        }
    }

    /// Validates, tests and publishes one version of a draft; takes it back when it is refused.
    async fn check_and_publish(
        &self,
        draft: ActionSeen,
        action: &DataAction,
        deadline: &Deadline<'_>,
    ) -> Result<ActionSeen> {
        if let Some(refused) = self.check(&draft.id, deadline).await? {
            // The error that matters is the refusal. What stays behind carries the name and is found by it.
            let _ = self.discard(&draft.id, deadline).await;
            let why = "the platform refused the draft";
            return Err(Error::new(ErrorKind::State, why).with_source(refused));
        }
        self.publish(draft, action, deadline).await
    }

    async fn check(&self, id: &NodeId, deadline: &Deadline<'_>) -> Result<Option<DraftRefused>> {
        let call = self
            .client
            .get(DRAFT_VALIDATION)
            .segment("actionId", id)
            .operation("nodes.draft.validate");
        let validation: Validation = call.deadline(deadline.remaining()?).json().await?;
        if !validation.valid {
            let words = |error: PlatformError| {
                let text = error.message.or(error.code);
                redact::external_text(text.as_deref().unwrap_or("no reason given"), &[], MAX_TEXT)
            };
            let problems = validation.errors.into_iter().map(words);
            return Ok(Some(DraftRefused {
                problems: problems.take(MAX_PROBLEMS).collect(),
                test: None,
            }));
        }
        let Some(request) = &self.test else {
            return Ok(None);
        };
        let call = self.client.post(DRAFT_TEST).segment("actionId", id);
        let report = self.run_test(call, request, deadline).await?;
        Ok((!report.is_success()).then(|| DraftRefused {
            problems: vec![report.message.clone()],
            test: Some(report),
        }))
    }

    /// Publishes the version that was checked. When nobody can know whether it took effect, reading tells: a draft that is published
    /// is a draft no more.
    async fn publish(
        &self,
        draft: ActionSeen,
        action: &DataAction,
        deadline: &Deadline<'_>,
    ) -> Result<ActionSeen> {
        let body = json!({"version": version_of(&draft)?});
        let mut unknown = None;
        loop {
            let call = self
                .client
                .post(DRAFT_PUBLISH)
                .segment("actionId", &draft.id)
                .operation("nodes.publish");
            let published = call
                .with_json(&body)
                .deadline(deadline.remaining()?)
                .json::<ActionSeen>()
                .await;
            let error = match published {
                Ok(published) => return Ok(published),
                Err(error) => error,
            };
            let first = match (unknown, error.is_outcome_unknown()) {
                (None, false) => return Err(error),
                (None, true) => None,
                // The second publication was refused, or is unknown as well: the first is the one to be settled.
                (Some(first), _) => Some(first),
            };
            match (self.read(&draft.id, deadline).await, first) {
                (Ok(Some(seen)), _) if seen.difference(action) == Difference::None => {
                    return Ok(seen);
                }
                (_, Some(first)) => return Err(first),
                (Ok(_), None) => unknown = Some(error),
                (Err(_), None) => return Err(error),
            }
        }
    }

    async fn discard(&self, id: &NodeId, deadline: &Deadline<'_>) -> Result<bool> {
        let call = self
            .client
            .delete(DRAFT)
            .segment("actionId", id)
            .operation("nodes.draft.delete");
        call.deadline(deadline.remaining()?).gone().await
    }
}

fn version_of(draft: &ActionSeen) -> Result<u64> {
    draft
        .version
        .ok_or_else(|| Error::new(ErrorKind::Protocol, "the draft has no version"))
}
