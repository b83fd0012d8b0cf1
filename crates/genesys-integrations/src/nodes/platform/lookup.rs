//! Finding what a node has already, by its name.

use futures_core::Stream;
use genesys_core::page::SharedRead;
use genesys_core::{Error, ErrorKind, Result};

use super::seen::ActionSeen;
use super::{ACTION, ACTION_TEMPLATE, ACTIONS, DRAFTS, PlatformNodes};
use crate::ids::NodeId;
use crate::limits::Deadline;

impl PlatformNodes {
    fn items(&self, path: &'static str) -> impl Stream<Item = Result<ActionSeen>> + Send + 'static {
        self.client
            .get(path)
            .operation("nodes.list")
            .numbered_pages::<ActionSeen>()
    }

    /// The actions of our integration in a list, whose read is shared with everybody who looks into it now.
    async fn known(
        &self,
        list: &SharedRead<ActionSeen>,
        path: &'static str,
        deadline: &Deadline<'_>,
    ) -> Result<Vec<ActionSeen>> {
        let read = list.all(&self.client, self.limits.total(), self.items(path));
        let known = deadline.bound(read).await?;
        let ours = |seen: &&ActionSeen| seen.integration_id.as_ref() == Some(&self.integration);
        Ok(known.iter().filter(ours).cloned().collect())
    }

    pub(super) async fn published(&self, deadline: &Deadline<'_>) -> Result<Vec<ActionSeen>> {
        self.known(&self.published, ACTIONS, deadline).await
    }

    pub(super) async fn published_named(
        &self,
        name: &str,
        deadline: &Deadline<'_>,
    ) -> Result<Vec<ActionSeen>> {
        let mut known = self.published(deadline).await?;
        known.retain(|seen| seen.is_named(name));
        Ok(known)
    }

    /// A draft of this name that has no published action.
    pub(super) async fn unpublished_named(
        &self,
        name: &str,
        deadline: &Deadline<'_>,
    ) -> Result<Option<ActionSeen>> {
        let mut drafts = self.known(&self.drafts, DRAFTS, deadline).await?;
        drafts.retain(|seen| seen.is_named(name));
        if drafts.is_empty() {
            return Ok(None);
        }
        let published = self.published(deadline).await?;
        let alone = |draft: &ActionSeen| published.iter().all(|seen| seen.id != draft.id);
        Ok(drafts.into_iter().find(alone))
    }

    /// The published version of an action, whole.
    pub(super) async fn read(
        &self,
        id: &NodeId,
        deadline: &Deadline<'_>,
    ) -> Result<Option<ActionSeen>> {
        let call = self
            .client
            .get(ACTION)
            .segment("actionId", id)
            .operation("nodes.get");
        let call = call
            .query("expand", "contract")
            .query("includeConfig", true);
        let seen: Option<ActionSeen> = call.deadline(deadline.remaining()?).json_or_none().await?;
        match seen {
            Some(seen) if seen.lacks_body() => {
                let body = self.read_body(id, deadline).await?;
                Ok(Some(seen.with_body(body)))
            }
            other => Ok(other),
        }
    }

    /// The template of the body, where the platform shows it as a file.
    async fn read_body(&self, id: &NodeId, deadline: &Deadline<'_>) -> Result<String> {
        let call = self
            .client
            .get(ACTION_TEMPLATE)
            .segment("actionId", id)
            .operation("nodes.get_template");
        let answer = call.deadline(deadline.remaining()?).send().await?;
        String::from_utf8(answer.body().to_vec())
            .map_err(|_| Error::new(ErrorKind::Decode, "the request template is not UTF-8"))
    }
}
