//! Finding what a definition has already, by its name.

use futures_core::Stream;
use futures_util::TryStreamExt;
use genesys_core::Result;
use genesys_core::page::SharedRead;

use super::wire::{ActionSeen, CredentialSeen, IntegrationSeen};
use super::{ACTIONS, CREDENTIALS, INTEGRATIONS, Parts, PlatformIntegrations, TYPE_ID, ambiguous};
use crate::ids::IntegrationId;
use crate::limits::Deadline;

impl PlatformIntegrations {
    /// Every integration of our type.
    pub(super) fn integrations(
        &self,
    ) -> impl Stream<Item = Result<IntegrationSeen>> + Send + 'static {
        self.client
            .get(INTEGRATIONS)
            .operation("integrations.list")
            .query("integrationType", TYPE_ID)
            .numbered_pages::<IntegrationSeen>()
            .try_filter(|seen| std::future::ready(seen.is_of_our_type()))
    }

    pub(super) async fn integrations_named(
        &self,
        name: &str,
        deadline: &Deadline<'_>,
    ) -> Result<Vec<IntegrationSeen>> {
        let named = |seen: &IntegrationSeen| seen.name.as_deref() == Some(name);
        self.known(
            &self.known.integrations,
            self.integrations(),
            named,
            deadline,
        )
        .await
    }

    pub(super) async fn integration_named(
        &self,
        name: &str,
        deadline: &Deadline<'_>,
    ) -> Result<Option<IntegrationSeen>> {
        let mut found = self.integrations_named(name, deadline).await?;
        match found.len() {
            0 | 1 => Ok(found.pop()),
            many => Err(ambiguous(many)),
        }
    }

    pub(super) async fn credentials_named(
        &self,
        name: &str,
        deadline: &Deadline<'_>,
    ) -> Result<Vec<CredentialSeen>> {
        let items = self
            .client
            .get(CREDENTIALS)
            .operation("integrations.credentials.list")
            .numbered_pages();
        let named = |seen: &CredentialSeen| seen.name.as_deref() == Some(name);
        self.known(&self.known.credentials, items, named, deadline)
            .await
    }

    pub(super) async fn actions_of(
        &self,
        id: &IntegrationId,
        deadline: &Deadline<'_>,
    ) -> Result<Vec<ActionSeen>> {
        let items = self
            .client
            .get(ACTIONS)
            .operation("integrations.actions.list")
            .numbered_pages();
        let of_it = |seen: &ActionSeen| seen.integration_id.as_ref() == Some(id);
        self.known(&self.known.actions, items, of_it, deadline)
            .await
    }

    /// The action that stands for the integration: the one of its name, or its only one.
    pub(super) async fn action_of(
        &self,
        id: &IntegrationId,
        deadline: &Deadline<'_>,
    ) -> Result<Option<ActionSeen>> {
        let mut actions = self.actions_of(id, deadline).await?;
        if actions.len() < 2 {
            return Ok(actions.pop());
        }
        let name = self.look(id, deadline).await?.and_then(|seen| seen.name);
        Ok(actions.into_iter().find(|action| action.name == name))
    }

    /// Everything that the definition of this name has.
    pub(super) async fn parts(&self, name: &str, deadline: &Deadline<'_>) -> Result<Parts> {
        let integration = self.integration_named(name, deadline).await?;
        self.parts_around(integration, name, deadline).await
    }

    /// This integration, its action, and the credential of this name.
    pub(super) async fn parts_around(
        &self,
        integration: Option<IntegrationSeen>,
        name: &str,
        deadline: &Deadline<'_>,
    ) -> Result<Parts> {
        let credential = self
            .credentials_named(name, deadline)
            .await?
            .into_iter()
            .next();
        let action = match &integration {
            Some(seen) => self.action_of(&seen.id, deadline).await?,
            None => None,
        };
        Ok(Parts {
            credential,
            integration,
            action,
        })
    }

    /// What is wanted of a list, whose read is shared with everybody who looks into it now.
    async fn known<T: Clone + Send + Sync + 'static>(
        &self,
        list: &SharedRead<T>,
        items: impl Stream<Item = Result<T>> + Send + 'static,
        wanted: impl Fn(&T) -> bool,
        deadline: &Deadline<'_>,
    ) -> Result<Vec<T>> {
        let read = list.all(&self.client, self.limits.total(), items);
        let known = deadline.bound(read).await?;
        Ok(known.iter().filter(|item| wanted(item)).cloned().collect())
    }
}
