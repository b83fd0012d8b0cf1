//! Taking the platform's three objects away, in reverse order of their creation.

use genesys_core::Result;

use super::wire::IntegrationSeen;
use super::{INTEGRATION, Parts, PlatformIntegrations};
use crate::limits::Deadline;

impl PlatformIntegrations {
    /// The actions, the integration, and the credential of its name that its configuration refers to.
    pub(super) async fn remove(
        &self,
        seen: &IntegrationSeen,
        deadline: &Deadline<'_>,
    ) -> Result<()> {
        let config = self.read_config(&seen.id, deadline).await?;
        let referred = config.map(|config| config.credentials).unwrap_or_default();
        self.remove_integration(seen, deadline).await?;
        let Some(name) = &seen.name else {
            return Ok(());
        };
        for credential in self.credentials_named(name, deadline).await? {
            if referred.values().any(|used| used.id == credential.id) {
                self.delete_credential(&credential.id, deadline).await?;
            }
        }
        Ok(())
    }

    /// Everything of this name. True when there was something.
    pub(super) async fn remove_named(&self, name: &str, deadline: &Deadline<'_>) -> Result<bool> {
        let mut any = false;
        for seen in self.integrations_named(name, deadline).await? {
            self.remove_integration(&seen, deadline).await?;
            any = true;
        }
        for credential in self.credentials_named(name, deadline).await? {
            any |= self.delete_credential(&credential.id, deadline).await?;
        }
        Ok(any)
    }

    /// Removes what a failed creation made: the integration, which did not exist in `before`, and the credential unless it
    /// did. It has a deadline of its own, because what failed may have used up the other one.
    pub(super) async fn take_back(&self, name: &str, before: &Parts) -> Result<()> {
        let deadline = self.deadline();
        for seen in self.integrations_named(name, &deadline).await? {
            self.remove_integration(&seen, &deadline).await?;
        }
        if before.credential.is_none() {
            for credential in self.credentials_named(name, &deadline).await? {
                self.delete_credential(&credential.id, &deadline).await?;
            }
        }
        Ok(())
    }

    async fn remove_integration(
        &self,
        seen: &IntegrationSeen,
        deadline: &Deadline<'_>,
    ) -> Result<()> {
        for action in self.actions_of(&seen.id, deadline).await? {
            self.delete_action(&action.id, deadline).await?;
        }
        let call = self
            .client
            .delete(INTEGRATION)
            .segment("integrationId", &seen.id)
            .operation("integrations.delete");
        call.deadline(deadline.remaining()?).gone().await.map(drop)
    }
}
