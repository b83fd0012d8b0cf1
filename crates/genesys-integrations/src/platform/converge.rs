//! Making the platform's three objects what a definition says.

use genesys_core::{Error, ErrorKind, Result};

use super::action::{Difference, difference};
use super::wire::{IntegrationSeen, NewIntegration};
use super::{INTEGRATIONS, Parts, PlatformIntegrations};
use crate::api::{Change, Ensured};
use crate::definition::IntegrationDefinition;
use crate::ids::{CredentialId, IntegrationId};
use crate::integration::{Integration, IntendedState};
use crate::limits::Deadline;
use crate::{reconcile, wait};

impl PlatformIntegrations {
    /// Creates what is missing and changes what differs. A change that fails leaves the integration switched off, for the
    /// next call to finish.
    pub(super) async fn converge(
        &self,
        definition: &IntegrationDefinition,
        deadline: &Deadline<'_>,
    ) -> Result<Ensured> {
        let found = self.parts(definition.name(), deadline).await?;
        if let Some(seen) = found.integration.clone() {
            return self.adjust(definition, &found, seen, false, deadline).await;
        }
        let integration = self.build(definition, &found, deadline).await?;
        Ok(Ensured::new(integration, Change::Created))
    }

    /// Creates everything, but for a credential that an interrupted run may have left, and takes it back when it fails.
    pub(super) async fn build(
        &self,
        definition: &IntegrationDefinition,
        found: &Parts,
        deadline: &Deadline<'_>,
    ) -> Result<Integration> {
        let result = self.build_parts(definition, found, deadline).await;
        if result.is_err() {
            // The error that matters is the first one. What stays behind carries the name and is found by it.
            let _ = self.take_back(definition.name(), found).await;
        }
        result
    }

    async fn build_parts(
        &self,
        definition: &IntegrationDefinition,
        found: &Parts,
        deadline: &Deadline<'_>,
    ) -> Result<Integration> {
        let credential = self.credential(definition, found, true, deadline).await?;
        let created = self.create_integration(definition, deadline).await?;
        let config = self.await_config(&created.id, deadline).await?;
        self.write_config(&created.id, definition, &credential, config, deadline)
            .await?;
        self.create_action(&created.id, definition, deadline)
            .await?;
        let waiting = self.limits.appearance_deadline(deadline);
        let seen = wait::for_appearance(&waiting, "the integration", || {
            self.look(&created.id, &waiting)
        })
        .await?;
        Ok(seen.into_integration())
    }

    /// Writes everything over an integration, whatever it is now.
    pub(super) async fn rewrite(
        &self,
        id: &IntegrationId,
        definition: &IntegrationDefinition,
        deadline: &Deadline<'_>,
    ) -> Result<Integration> {
        let seen = self.look(id, deadline).await?.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "there is no such integration")
                .with_operation("integrations.update")
        })?;
        let name = seen.name.clone().unwrap_or_default();
        let found = self
            .parts_around(Some(seen.clone()), &name, deadline)
            .await?;
        Ok(self
            .adjust(definition, &found, seen, true, deadline)
            .await?
            .integration)
    }

    /// Changes what differs, or everything.
    async fn adjust(
        &self,
        definition: &IntegrationDefinition,
        found: &Parts,
        seen: IntegrationSeen,
        everything: bool,
        deadline: &Deadline<'_>,
    ) -> Result<Ensured> {
        let id = seen.id.clone();
        let config = self.await_config(&id, deadline).await?;
        let action = match &found.action {
            Some(action) => self.read_action(&action.id, deadline).await?,
            None => None,
        };
        let other_definition = everything || !config.is_for(definition);
        let in_place = found
            .credential
            .as_ref()
            .is_some_and(|credential| config.wanted(definition, &credential.id) == config);
        let action_difference = action.as_ref().map(|action| difference(action, definition));
        if in_place && action_difference == Some(Difference::None) && !everything {
            return Ok(Ensured::new(seen.into_integration(), Change::Unchanged));
        }

        // From here on the integration is not what was tested.
        if seen.may_be_active() {
            self.set_state_by(&id, IntendedState::Disabled, deadline)
                .await?;
        }
        let credential = self
            .credential(definition, found, other_definition, deadline)
            .await?;
        match (action, action_difference) {
            (Some(_), Some(Difference::None)) => {}
            (Some(action), Some(Difference::Config)) => {
                self.update_action(action, definition, deadline).await?
            }
            (Some(action), _) => {
                self.delete_action(&action.id, deadline).await?;
                self.create_action(&id, definition, deadline).await?;
            }
            (None, _) => {
                self.create_action(&id, definition, deadline).await?;
            }
        }
        // Last, because it records the fingerprint: a run that is interrupted before is begun again.
        self.write_config(&id, definition, &credential, config, deadline)
            .await?;
        let now = self.look(&id, deadline).await?.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "the integration was deleted meanwhile")
        })?;
        Ok(Ensured::new(now.into_integration(), Change::Updated))
    }

    /// The id of the credential, created where it is missing and written again where it may hold something else.
    async fn credential(
        &self,
        definition: &IntegrationDefinition,
        found: &Parts,
        rewrite: bool,
        deadline: &Deadline<'_>,
    ) -> Result<CredentialId> {
        match &found.credential {
            None => self.create_credential(definition, deadline).await,
            Some(seen) => {
                if rewrite {
                    self.replace_credential(&seen.id, definition, deadline)
                        .await?;
                }
                Ok(seen.id.clone())
            }
        }
    }

    async fn create_integration(
        &self,
        definition: &IntegrationDefinition,
        deadline: &Deadline<'_>,
    ) -> Result<IntegrationSeen> {
        let name = definition.name();
        let send = || async {
            let call = self
                .client
                .post(INTEGRATIONS)
                .operation("integrations.create");
            let call = call.with_json(&NewIntegration::new(name));
            call.deadline(deadline.remaining()?)
                .json::<IntegrationSeen>()
                .await
        };
        reconcile::create_once(deadline, send, || self.integration_named(name, deadline)).await
    }
}
