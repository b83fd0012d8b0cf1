//! The published API contract.
//!
//! One definition becomes three objects: a credential (`basicAuth`), an integration (type `custom-rest-actions`, whose
//! configuration refers to the credential), and a data action of that integration (URL and data mapping). All three carry
//! the definition's name, and the configuration's notes carry its fingerprint.

use async_trait::async_trait;
use futures_util::TryStreamExt;
use genesys_core::page::SharedRead;
use genesys_core::{Client, Error, ErrorKind, Profile, Result};

use crate::api::{Ensured, Integrations, Listing};
use crate::definition::IntegrationDefinition;
use crate::guide::ambiguous;
use crate::ids::IntegrationId;
use crate::integration::{Integration, IntendedState, StateChange};
use crate::limits::{Deadline, Limits};
use crate::probe::Probes;
use crate::report::{TestReport, TestRequest};
use crate::wait;

mod action;
mod config;
mod converge;
mod credential;
mod lookup;
mod remove;
pub(crate) mod wire;

use wire::{IntegrationSeen, IntentPatch, TestAnswer};

const INTEGRATIONS: &str = "/api/v2/integrations";
const INTEGRATION: &str = "/api/v2/integrations/{integrationId}";
const CONFIG: &str = "/api/v2/integrations/{integrationId}/config/current";
const CREDENTIALS: &str = "/api/v2/integrations/credentials";
const CREDENTIAL: &str = "/api/v2/integrations/credentials/{credentialId}";
const ACTIONS: &str = "/api/v2/integrations/actions";
const ACTION: &str = "/api/v2/integrations/actions/{actionId}";
const ACTION_TEST: &str = "/api/v2/integrations/actions/{actionId}/test";

/// The type of every integration that a definition makes.
const TYPE_ID: &str = "custom-rest-actions";
/// The slot of that type's configuration that takes the credential, and the credential's own type.
const CREDENTIAL_TYPE: &str = "basicAuth";

/// [`Integrations`] by calls that the published API contract has. It works on the real cloud and on the sandbox.
///
/// Clones share the circuit breaker of tests, and the reads of the lists: however many look for a name at a time, each list
/// is read once for all of them.
#[derive(Debug, Clone)]
pub struct PlatformIntegrations {
    client: Client,
    limits: Limits,
    probes: Probes,
    known: Known,
}

impl PlatformIntegrations {
    /// Integrations of the client's organisation, with default limits.
    pub fn new(client: Client) -> Self {
        Self {
            limits: Limits::default(),
            probes: Probes::new(&client),
            known: Known::default(),
            client,
        }
    }

    /// Sets how long things may take.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        // A read has the limit of whoever began it.
        self.known = Known::default();
        self
    }

    fn deadline(&self) -> Deadline<'_> {
        self.limits.deadline(&self.client)
    }

    async fn look(
        &self,
        id: &IntegrationId,
        deadline: &Deadline<'_>,
    ) -> Result<Option<IntegrationSeen>> {
        let call = self
            .client
            .get(INTEGRATION)
            .segment("integrationId", id)
            .operation("integrations.get");
        call.deadline(deadline.remaining()?).json_or_none().await
    }

    async fn set_state_by(
        &self,
        id: &IntegrationId,
        intended: IntendedState,
        deadline: &Deadline<'_>,
    ) -> Result<StateChange> {
        let waiting = self.limits.state_deadline(deadline);
        // The intended state is set, not moved: twice is once.
        let first: IntegrationSeen = self
            .client
            .patch(INTEGRATION)
            .segment("integrationId", id)
            .operation("integrations.set_state")
            .with_json(&IntentPatch::new(intended))
            .idempotent(true)
            .deadline(deadline.remaining()?)
            .json()
            .await?;
        wait::for_state(&waiting, intended, first.into_integration(), || async {
            Ok(self
                .look(id, &waiting)
                .await?
                .map(IntegrationSeen::into_integration))
        })
        .await
    }
}

#[async_trait]
impl Integrations for PlatformIntegrations {
    fn profile(&self) -> Profile {
        Profile::Platform
    }

    async fn ensure(&self, definition: &IntegrationDefinition) -> Result<Ensured> {
        self.converge(definition, &self.deadline()).await
    }

    async fn create(&self, definition: &IntegrationDefinition) -> Result<Integration> {
        let deadline = self.deadline();
        let found = self.parts(definition.name(), &deadline).await?;
        if found.integration.is_some() {
            return Err(ambiguous(1).with_operation("integrations.create"));
        }
        self.build(definition, &found, &deadline).await
    }

    async fn update(
        &self,
        id: &IntegrationId,
        definition: &IntegrationDefinition,
    ) -> Result<Integration> {
        self.rewrite(id, definition, &self.deadline()).await
    }

    async fn get(&self, id: &IntegrationId) -> Result<Option<Integration>> {
        Ok(self
            .look(id, &self.deadline())
            .await?
            .map(IntegrationSeen::into_integration))
    }

    async fn find(&self, name: &str) -> Result<Option<Integration>> {
        let found = self.integration_named(name, &self.deadline()).await?;
        Ok(found.map(IntegrationSeen::into_integration))
    }

    fn list(&self) -> Listing {
        Listing::new(
            self.integrations()
                .map_ok(IntegrationSeen::into_integration),
        )
    }

    async fn set_state(&self, id: &IntegrationId, intended: IntendedState) -> Result<StateChange> {
        self.set_state_by(id, intended, &self.deadline()).await
    }

    async fn test(&self, id: &IntegrationId, request: &TestRequest) -> Result<TestReport> {
        let deadline = self.deadline();
        let Some(action) = self.action_of(id, &deadline).await? else {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "the integration has no action that could be tested",
            )
            .with_operation("integrations.test"));
        };
        let call = self
            .client
            .post(ACTION_TEST)
            .segment("actionId", &action.id)
            .with_json(request.input());
        let answer: Result<TestAnswer> = self
            .probes
            .guard(&self.client, call, request)
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

    async fn delete(&self, id: &IntegrationId) -> Result<bool> {
        let deadline = self.deadline();
        match self.look(id, &deadline).await? {
            Some(seen) => self.remove(&seen, &deadline).await.map(|()| true),
            None => Ok(false),
        }
    }

    async fn purge(&self, name: &str) -> Result<bool> {
        self.remove_named(name, &self.deadline()).await
    }
}

/// The lists in which names are looked for.
#[derive(Debug, Clone, Default)]
struct Known {
    credentials: SharedRead<wire::CredentialSeen>,
    integrations: SharedRead<IntegrationSeen>,
    actions: SharedRead<wire::ActionSeen>,
}

/// What a definition already has.
#[derive(Debug, Default)]
struct Parts {
    credential: Option<wire::CredentialSeen>,
    integration: Option<IntegrationSeen>,
    action: Option<wire::ActionSeen>,
}
