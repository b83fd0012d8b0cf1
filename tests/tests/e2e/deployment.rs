//! The deployment of document 000 on a sandbox: who runs it, and what the organisation must hold afterwards.

use std::sync::Arc;
use std::time::Duration;

use genesys_cloud::{GenesysCloud, GenesysCloudBuilder, Profile, StatusStep};
use genesys_core::audit::AuditSink;
use genesys_core::observe::Observer;
use genesys_integrations::pipeline::Journal;
use genesys_integrations::{
    Authentication, DataMapping, IntegrationDefinition, MemoryJournal, Pipeline,
};
use genesys_sandbox::{CLIENT_ID, CLIENT_SECRET, Counts, Object, Sandbox, Verb};
use genesys_webhooks::{Inbox, PlatformWatch, StatusReceiver, TargetUrl};
use resilience::{Backoff, Jitter, RetryPolicy};
use serde_json::{Value, json};

use crate::support::hosts;

/// The integration's name.
pub(crate) const NAME: &str = "ExternalCRM-Sync";
/// The user that the external system knows.
pub(crate) const USERNAME: &str = "crm_user";
/// Its password there.
pub(crate) const PASSWORD: &str = "a-password-of-the-tests";
/// Where the external system answers.
pub(crate) const ENDPOINT: &str = "https://api.example.com/v1/cases";

/// Both wire forms.
pub(crate) const PROFILES: [Profile; 2] = [Profile::Guide, Profile::Platform];

/// Document 000's definition.
pub(crate) fn definition(password: &str) -> IntegrationDefinition {
    IntegrationDefinition::builder(NAME, ENDPOINT, Authentication::basic(USERNAME, password.into()))
        .with_mappings([
            DataMapping::direct("caseId", "genesys_case_id"),
            DataMapping::direct("priority", "genesys_priority"),
            DataMapping::direct("status", "genesys_status"),
        ])
        .build()
        .unwrap()
}

/// A sandbox in one profile, and a receiver of its status events.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) profile: Profile,
    pub(crate) receiver: StatusReceiver,
}

impl Stage {
    pub(crate) async fn new(profile: Profile) -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        sandbox.set_profile(match profile {
            Profile::Guide => genesys_sandbox::Profile::Guide,
            Profile::Platform => genesys_sandbox::Profile::Platform,
        });
        Self {
            sandbox,
            profile,
            receiver: StatusReceiver::start(Inbox::new()).await.unwrap(),
        }
    }

    /// A program that starts now: its token cache, breakers and quota are its own. Its pauses are short.
    pub(crate) fn cloud(&self) -> GenesysCloudBuilder {
        let pause = Backoff::clamp(
            Duration::from_millis(5),
            2.0,
            Duration::from_millis(20),
            Jitter::Full,
        );
        let retry = RetryPolicy::default()
            .with_transient(pause)
            .with_throttle(pause)
            .with_spread(Duration::from_millis(20));
        let credentials =
            genesys_auth::ClientCredentials::new(CLIENT_ID, CLIENT_SECRET).unwrap();
        GenesysCloud::builder()
            .with_hosts(hosts(&self.sandbox))
            .with_profile(self.profile)
            .with_credentials(credentials)
            .with_retry(retry)
    }

    /// The workflow's pipeline, in memory: a webhook in the guide profile, a watch in the platform profile.
    pub(crate) fn pipeline(&self, cloud: &GenesysCloud) -> Pipeline {
        self.pipeline_to(cloud, self.receiver.url().clone())
    }

    /// As [`pipeline`](Self::pipeline), with another target of the webhook.
    pub(crate) fn pipeline_to(&self, cloud: &GenesysCloud, target: TargetUrl) -> Pipeline {
        let step = match self.profile {
            Profile::Guide => StatusStep::new().with_webhook(Arc::clone(cloud.webhooks()), target),
            Profile::Platform => {
                StatusStep::new().with_watch(Arc::new(PlatformWatch::new(cloud.client().clone())))
            }
        };
        Pipeline::new(
            cloud.client().clone(),
            Arc::clone(cloud.integrations()),
            definition(PASSWORD),
        )
        .with_step("WEBHOOK", Arc::new(step))
    }

    /// Runs the workflow as a new program.
    pub(crate) async fn deploy(&self, journal: Arc<dyn Journal>) -> genesys_integrations::Deployment {
        let cloud = self.cloud().build().unwrap();
        self.pipeline(&cloud).with_journal(journal).run().await.unwrap()
    }

    /// What differs from one finished deployment of the definition; empty when all is well.
    pub(crate) async fn differences(&self) -> Vec<String> {
        let state = self.sandbox.state();
        let mut problems = Vec::new();
        let mut expect = |what: &str, seen: Value, wanted: Value| {
            if seen != wanted {
                problems.push(format!("{what}: {seen} instead of {wanted}"));
            }
        };
        let one_for = |profile| usize::from(self.profile == profile);
        expect("integrations", json!(state.integrations.len()), json!(1));
        expect("webhooks", json!(state.webhooks.len()), json!(one_for(Profile::Guide)));
        expect("credentials", json!(state.credentials.len()), json!(one_for(Profile::Platform)));
        expect("actions", json!(state.actions.len()), json!(one_for(Profile::Platform)));
        expect("drafts", json!(state.drafts.len()), json!(0));
        let Some(integration) = state.integrations.first() else {
            return problems;
        };
        expect("name", integration["name"].clone(), json!(NAME));
        match self.profile {
            Profile::Guide => {
                expect("status", integration["status"].clone(), json!("active"));
                expect("endpoint", integration["endpoint"].clone(), json!(ENDPOINT));
                expect(
                    "mapping",
                    json!(integration["dataMapping"].as_array().map(Vec::len)),
                    json!(3),
                );
                if let Some(webhook) = state.webhooks.first() {
                    let id = integration["id"].as_str().unwrap();
                    expect("webhook", webhook["name"].clone(), json!(format!("integration-status-{id}")));
                }
            }
            Profile::Platform => {
                expect("intended", integration["intendedState"].clone(), json!("ENABLED"));
                expect("reported", integration["reportedState"]["code"].clone(), json!("ACTIVE"));
                if let (Some(credential), Some(action)) =
                    (state.credentials.first(), state.actions.first())
                {
                    let id = integration["id"].as_str().unwrap();
                    let config = self.config(id).await;
                    let notes = config["notes"].as_str().unwrap_or_default();
                    let digest = definition(PASSWORD).fingerprint();
                    expect("fingerprint", json!(notes.ends_with(digest.as_str())), json!(true));
                    expect("credential in use", config["credentials"]["basicAuth"]["id"].clone(), credential["id"].clone());
                    expect("action", action["integrationId"].clone(), integration["id"].clone());
                    expect("credential", credential["name"].clone(), json!(NAME));
                }
            }
        }
        problems
    }

    /// The current configuration of a platform integration.
    async fn config(&self, id: &str) -> Value {
        let cloud = self.cloud().build().unwrap();
        cloud
            .client()
            .get("/api/v2/integrations/{id}/config/current")
            .segment("id", id)
            .json()
            .await
            .unwrap()
    }

    /// How often each kind of object was created.
    pub(crate) fn created(&self) -> Vec<(Object, u64)> {
        let counts = self.sandbox.counts();
        OBJECTS.map(|object| (object, counts.effect(object, Verb::Created))).to_vec()
    }
}

/// The kinds that a deployment creates.
pub(crate) const OBJECTS: [Object; 4] =
    [Object::Integration, Object::Credential, Object::Action, Object::Webhook];

/// True when nothing but tokens was granted or changed.
pub(crate) fn is_untouched(counts: &Counts) -> bool {
    counts.effects.keys().all(|(object, _)| *object == Object::Token)
}
