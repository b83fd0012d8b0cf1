//! The configuration of an integration, replaced as a whole under a version.

use genesys_core::{Error, ErrorKind, Result};
use serde::de::IgnoredAny;

use super::wire::{Configuration, CredentialRef};
use super::{CONFIG, CREDENTIAL_TYPE, PlatformIntegrations};
use crate::definition::IntegrationDefinition;
use crate::ids::{CredentialId, IntegrationId};
use crate::limits::Deadline;
use crate::wait;

/// How often a stale version is read again. Each time somebody else was faster.
pub(super) const STALE_VERSIONS: u32 = 5;

/// True when the version that was written was not the current one.
pub(super) fn is_stale(error: &Error) -> bool {
    error.cause() == ErrorKind::Conflict
}

fn notes(definition: &IntegrationDefinition) -> String {
    format!(
        "Deployed by genesys-integrations, definition {}",
        definition.fingerprint()
    )
}

impl Configuration {
    /// True when it was written for this definition.
    pub(super) fn is_for(&self, definition: &IntegrationDefinition) -> bool {
        self.notes == notes(definition)
    }

    /// What it should be; the members that a definition says nothing about stay as they are.
    pub(super) fn wanted(
        &self,
        definition: &IntegrationDefinition,
        credential: &CredentialId,
    ) -> Self {
        let mut wanted = self.clone();
        wanted.name = definition.name().to_owned();
        wanted.notes = notes(definition);
        wanted.credentials.insert(
            CREDENTIAL_TYPE.to_owned(),
            CredentialRef {
                id: credential.clone(),
            },
        );
        wanted
    }
}

impl PlatformIntegrations {
    pub(super) async fn read_config(
        &self,
        id: &IntegrationId,
        deadline: &Deadline<'_>,
    ) -> Result<Option<Configuration>> {
        let call = self
            .client
            .get(CONFIG)
            .segment("integrationId", id)
            .operation("integrations.config.get");
        call.deadline(deadline.remaining()?).json_or_none().await
    }

    /// As [`read_config`](Self::read_config), for an integration that was just created and may not be readable yet.
    pub(super) async fn await_config(
        &self,
        id: &IntegrationId,
        deadline: &Deadline<'_>,
    ) -> Result<Configuration> {
        let waiting = self.limits.appearance_deadline(deadline);
        wait::for_appearance(&waiting, "the configuration", || {
            self.read_config(id, &waiting)
        })
        .await
    }

    /// Writes what the definition wants over `current`. A stale version is read again and written again, up to
    /// [`STALE_VERSIONS`] times. When nobody can know whether a write took effect, reading tells; the client has repeated it
    /// already.
    pub(super) async fn write_config(
        &self,
        id: &IntegrationId,
        definition: &IntegrationDefinition,
        credential: &CredentialId,
        mut current: Configuration,
        deadline: &Deadline<'_>,
    ) -> Result<()> {
        let mut stale = 0;
        loop {
            let wanted = current.wanted(definition, credential);
            if wanted == current {
                return Ok(());
            }
            let call = self
                .client
                .put(CONFIG)
                .segment("integrationId", id)
                .operation("integrations.config.put");
            match call
                .with_json(&wanted)
                .deadline(deadline.remaining()?)
                .json::<IgnoredAny>()
                .await
            {
                Ok(_) => return Ok(()),
                Err(error) if is_stale(&error) && stale < STALE_VERSIONS => {
                    stale += 1;
                    current = self.await_config(id, deadline).await?;
                }
                Err(error) if error.is_outcome_unknown() => {
                    return match self.read_config(id, deadline).await {
                        Ok(Some(seen)) if seen.wanted(definition, credential) == seen => Ok(()),
                        // What the look-up met says less than the write it was made for.
                        _ => Err(error),
                    };
                }
                Err(error) => return Err(error),
            }
        }
    }
}
