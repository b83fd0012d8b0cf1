//! The deployment of document 000 on a sandbox: who runs it, and what the organisation must hold afterwards.

use std::sync::Arc;
use std::time::Duration;

use genesys_auth::ClientCredentials;
use genesys_cloud::{GenesysCloud, GenesysCloudBuilder, Profile, StatusStep};
use genesys_core::Transport;
use genesys_integrations::pipeline::Journal;
use genesys_integrations::{
    Authentication, DataMapping, Deployment, GuideIntegrations, IntegrationDefinition,
    Integrations, Limits, Pipeline, PipelineError, PlatformIntegrations,
};
use genesys_sandbox::{CLIENT_ID, CLIENT_SECRET, Delivery, Object, Sandbox, Verb};
use genesys_webhooks::{Inbox, PlatformWatch, StatusReceiver, TargetUrl};
use resilience::{Backoff, Jitter, RetryPolicy};
use serde_json::{Value, json};

use crate::support::{hosts, transport};

/// The integration's name.
pub(crate) const NAME: &str = "ExternalCRM-Sync";
/// Where the external system answers.
pub(crate) const ENDPOINT: &str = "https://api.example.com/v1/cases";
/// The integration's password, unless a test has another one.
pub(crate) const PASSWORD: &str = "a-password-of-the-tests";
/// Both wire forms.
pub(crate) const PROFILES: [Profile; 2] = [Profile::Guide, Profile::Platform];
/// The kinds of object that a deployment creates.
pub(crate) const OBJECTS: [Object; 4] = [
    Object::Integration,
    Object::Credential,
    Object::Action,
    Object::Webhook,
];

/// Document 000's definition.
pub(crate) fn definition(password: &str) -> IntegrationDefinition {
    IntegrationDefinition::builder(
        NAME,
        ENDPOINT,
        Authentication::basic("crm_user", password.into()),
    )
    .with_mappings([
        DataMapping::direct("caseId", "genesys_case_id"),
        DataMapping::direct("priority", "genesys_priority"),
        DataMapping::direct("status", "genesys_status"),
    ])
    .build()
    .unwrap()
}

fn exponential(base: Duration, cap: Duration) -> Backoff {
    Backoff::clamp(base, 2.0, cap, Jitter::Full)
}

/// The default policy with pauses that a test can wait for.
fn short_pauses() -> RetryPolicy {
    let pause = exponential(Duration::from_millis(5), Duration::from_millis(20));
    RetryPolicy::default()
        .with_transient(pause)
        .with_throttle(pause)
        .with_spread(Duration::from_millis(20))
}

/// A sandbox in one profile, and a receiver of its status events.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) profile: Profile,
    pub(crate) receiver: StatusReceiver,
    transport: Arc<dyn Transport>,
}

impl Stage {
    pub(crate) async fn new(profile: Profile) -> Self {
        Self::over(profile, transport()).await
    }

    /// A stage whose programs send by this transport. One that serves many stages saves reading the system's certificates
    /// for each.
    pub(crate) async fn over(profile: Profile, transport: Arc<dyn Transport>) -> Self {
        Self::on(Sandbox::start().await.unwrap(), profile, transport).await
    }

    /// A stage on a sandbox that is set up already.
    pub(crate) async fn on(
        sandbox: Sandbox,
        profile: Profile,
        transport: Arc<dyn Transport>,
    ) -> Self {
        sandbox.set_profile(match profile {
            Profile::Guide => genesys_sandbox::Profile::Guide,
            Profile::Platform => genesys_sandbox::Profile::Platform,
        });
        Self {
            sandbox,
            profile,
            receiver: StatusReceiver::start(Inbox::new()).await.unwrap(),
            transport,
        }
    }

    pub(crate) fn transport(&self) -> &Arc<dyn Transport> {
        &self.transport
    }

    /// A program that starts now: its token, breakers and quota are its own, only connections are shared.
    pub(crate) fn program(&self) -> GenesysCloudBuilder {
        let credentials = ClientCredentials::new(CLIENT_ID, CLIENT_SECRET).unwrap();
        GenesysCloud::builder()
            .with_transport(Arc::clone(&self.transport))
            .with_hosts(hosts(&self.sandbox))
            .with_profile(self.profile)
            .with_credentials(credentials)
            .with_retry(short_pauses())
    }

    /// The workflow's pipeline: a webhook in the guide profile, a watch in the platform profile.
    pub(crate) fn pipeline(&self, cloud: &GenesysCloud, journal: Arc<dyn Journal>) -> Pipeline {
        let target = self.receiver.url().clone();
        self.pipeline_of(cloud, definition(PASSWORD), target)
            .with_journal(journal)
    }

    /// As [`pipeline`](Self::pipeline), for any definition and any target of the webhook; the journal is in memory.
    pub(crate) fn pipeline_of(
        &self,
        cloud: &GenesysCloud,
        definition: IntegrationDefinition,
        target: TargetUrl,
    ) -> Pipeline {
        let client = cloud.client().clone();
        let limits = Limits::default()
            .with_appearance(Duration::from_secs(12))
            .with_poll(exponential(
                Duration::from_millis(20),
                Duration::from_millis(200),
            ));
        let (integrations, step): (Arc<dyn Integrations>, _) = match self.profile {
            Profile::Guide => (
                Arc::new(GuideIntegrations::new(client.clone()).with_limits(limits)),
                StatusStep::new().with_webhook(Arc::clone(cloud.webhooks()), target),
            ),
            Profile::Platform => (
                Arc::new(PlatformIntegrations::new(client.clone()).with_limits(limits)),
                StatusStep::new().with_watch(Arc::new(PlatformWatch::new(client.clone()))),
            ),
        };
        Pipeline::new(client, integrations, definition).with_step("WEBHOOK", Arc::new(step))
    }

    /// Runs the workflow as a new program.
    pub(crate) async fn deploy(
        &self,
        journal: Arc<dyn Journal>,
    ) -> Result<Deployment, PipelineError> {
        let cloud = self.program().build().unwrap();
        self.pipeline(&cloud, journal).run().await
    }

    /// Undoes the workflow as a new program.
    pub(crate) async fn roll_back(&self, journal: Arc<dyn Journal>) -> Result<bool, PipelineError> {
        let cloud = self.program().build().unwrap();
        self.pipeline(&cloud, journal).roll_back().await
    }

    /// What differs from one finished deployment of the definition, as the ledger and the organisation show it; empty when
    /// all is well. Asks for the configuration, so remove faults first.
    pub(crate) async fn differences(&self) -> Vec<String> {
        let (state, counts) = (self.sandbox.state(), self.sandbox.counts());
        let guide = self.profile == Profile::Guide;
        let mut problems = Vec::new();
        let mut expect = |what: &str, seen: Value, wanted: Value| {
            if seen != wanted {
                problems.push(format!("{what}: {seen} instead of {wanted}"));
            }
        };
        for (object, kind, wanted) in [
            (Object::Integration, &state.integrations, 1),
            (Object::Webhook, &state.webhooks, u64::from(guide)),
            (Object::Credential, &state.credentials, u64::from(!guide)),
            (Object::Action, &state.actions, u64::from(!guide)),
            (Object::Draft, &state.drafts, 0),
        ] {
            expect(
                &format!("{object:?} held"),
                json!(kind.len()),
                json!(wanted),
            );
            let created = counts.effect(object, Verb::Created);
            expect(
                &format!("{object:?} created"),
                json!(created),
                json!(wanted),
            );
        }
        let Some(integration) = state.integrations.first() else {
            return problems;
        };
        let id = integration["id"].as_str().unwrap();
        expect("name", integration["name"].clone(), json!(NAME));
        if guide {
            expect("status", integration["status"].clone(), json!("active"));
            expect("endpoint", integration["endpoint"].clone(), json!(ENDPOINT));
            let mapping = integration["dataMapping"].as_array().map(Vec::len);
            expect("mapping", json!(mapping), json!(3));
            let watched = format!("integration-status-{id}");
            expect("webhook", state.webhooks[0]["name"].clone(), json!(watched));
            let target = self.receiver.url().as_url().as_str();
            expect(
                "target",
                state.webhooks[0]["targetUrl"].clone(),
                json!(target),
            );
        } else {
            let config = self.config(id).await;
            let used = config["credentials"]["basicAuth"]["id"].clone();
            let notes = config["notes"].as_str().unwrap_or_default();
            let digest = definition(PASSWORD).fingerprint();
            expect(
                "credential in use",
                used,
                state.credentials[0]["id"].clone(),
            );
            expect(
                "fingerprint",
                json!(notes.ends_with(digest.as_str())),
                json!(true),
            );
            expect(
                "intended",
                integration["intendedState"].clone(),
                json!("ENABLED"),
            );
            let reported = integration["reportedState"]["code"].clone();
            expect("reported", reported, json!("ACTIVE"));
            expect(
                "action of",
                state.actions[0]["integrationId"].clone(),
                json!(id),
            );
        }
        problems
    }

    /// The current configuration of a platform integration.
    async fn config(&self, id: &str) -> Value {
        let cloud = self.program().build().unwrap();
        let call = cloud
            .client()
            .get("/api/v2/integrations/{id}/config/current");
        call.segment("id", id).json().await.unwrap()
    }

    /// The news that the integration is active, once it was delivered to the receiver.
    pub(crate) async fn news(&self) -> Delivery {
        let active = |delivery: &Delivery| {
            delivery.is_delivered() && delivery.payload["newStatus"] == "active"
        };
        self.sandbox
            .wait_for_delivery(active, Duration::from_secs(20))
            .await
            .unwrap()
    }
}
