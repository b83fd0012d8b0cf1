//! Finding what a definition has already, by its name.

use futures_core::Stream;
use futures_util::TryStreamExt;
use genesys_core::Result;
use serde::de::DeserializeOwned;

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
        let matching = self
            .integrations()
            .try_filter(|seen| std::future::ready(seen.name.as_deref() == Some(name)));
        deadline.bound(matching.try_collect()).await
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
        self.filtered(
            CREDENTIALS,
            "integrations.credentials.list",
            deadline,
            |seen: &CredentialSeen| seen.name.as_deref() == Some(name),
        )
        .await
    }

    pub(super) async fn actions_of(
        &self,
        id: &IntegrationId,
        deadline: &Deadline<'_>,
    ) -> Result<Vec<ActionSeen>> {
        self.filtered(
            ACTIONS,
            "integrations.actions.list",
            deadline,
            |seen: &ActionSeen| seen.integration_id.as_ref() == Some(id),
        )
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

    async fn filtered<T: DeserializeOwned + Send + Unpin + 'static>(
        &self,
        route: &'static str,
        operation: &'static str,
        deadline: &Deadline<'_>,
        wanted: impl Fn(&T) -> bool,
    ) -> Result<Vec<T>> {
        let items = self
            .client
            .get(route)
            .operation(operation)
            .numbered_pages::<T>();
        deadline
            .bound(
                items
                    .try_filter(|item| std::future::ready(wanted(item)))
                    .try_collect(),
            )
            .await
    }
}
