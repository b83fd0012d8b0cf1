//! The credential: user name and password, stored apart from the integration.

use genesys_core::{RequestBuilder, Result};
use serde::de::IgnoredAny;

use super::wire::{CredentialSeen, NewCredential};
use super::{CREDENTIAL, CREDENTIALS, PlatformIntegrations};
use crate::definition::{Authentication, IntegrationDefinition};
use crate::ids::CredentialId;
use crate::limits::Deadline;
use crate::reconcile;

fn carrying(call: RequestBuilder, definition: &IntegrationDefinition) -> RequestBuilder {
    let Authentication::Basic { password, .. } = definition.authentication();
    call.with_secret(password)
        .with_json(&NewCredential::new(definition))
}

impl PlatformIntegrations {
    pub(super) async fn create_credential(
        &self,
        definition: &IntegrationDefinition,
        deadline: &Deadline<'_>,
    ) -> Result<CredentialId> {
        let send = || async {
            let call = self
                .client
                .post(CREDENTIALS)
                .operation("integrations.credentials.create");
            carrying(call, definition)
                .deadline(deadline.remaining()?)
                .json::<CredentialSeen>()
                .await
        };
        let find = || async {
            Ok(self
                .credentials_named(definition.name(), deadline)
                .await?
                .into_iter()
                .next())
        };
        reconcile::create_once(deadline, send, find)
            .await
            .map(|seen| seen.id)
    }

    pub(super) async fn replace_credential(
        &self,
        id: &CredentialId,
        definition: &IntegrationDefinition,
        deadline: &Deadline<'_>,
    ) -> Result<()> {
        let call = self
            .client
            .put(CREDENTIAL)
            .segment("credentialId", id)
            .operation("integrations.credentials.update");
        carrying(call, definition)
            .deadline(deadline.remaining()?)
            .json::<IgnoredAny>()
            .await
            .map(drop)
    }

    pub(super) async fn delete_credential(
        &self,
        id: &CredentialId,
        deadline: &Deadline<'_>,
    ) -> Result<bool> {
        let call = self
            .client
            .delete(CREDENTIAL)
            .segment("credentialId", id)
            .operation("integrations.credentials.delete");
        call.deadline(deadline.remaining()?).gone().await
    }
}
