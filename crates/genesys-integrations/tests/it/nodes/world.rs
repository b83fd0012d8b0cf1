//! The embedded cloud with nodes in one profile.

use std::sync::Arc;
use std::time::Duration;

use genesys_core::test_util::RecordingAudit;
use genesys_core::{Client, Hosts, Profile, StaticToken, transport::ReqwestTransport};
use genesys_integrations::nodes::{EXAMPLE_DOCUMENT, RestNode, RestNodeBuilder};
use genesys_integrations::{GuideNodes, IntegrationId, Limits, Nodes, PlatformNodes};
use genesys_sandbox::Sandbox;
use resilience::{Backoff, Jitter};
use serde_json::{Value, json};

use crate::sandbox::log_in;

pub(crate) const PROFILES: [Profile; 2] = [Profile::Guide, Profile::Platform];
pub(crate) const NAME: &str = "ExternalRESTNode";

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Client,
    pub(crate) audit: RecordingAudit,
    pub(crate) profile: Profile,
    pub(crate) integration: IntegrationId,
}

impl World {
    pub(crate) async fn new(profile: Profile) -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        sandbox.set_profile(match profile {
            Profile::Guide => genesys_sandbox::Profile::Guide,
            Profile::Platform => genesys_sandbox::Profile::Platform,
        });
        let transport = Arc::new(ReqwestTransport::builder().build().unwrap());
        let token = log_in(&*transport, &sandbox).await;
        let audit = RecordingAudit::new();
        let client = Client::builder(Hosts::new(&sandbox.api_url(), &sandbox.login_url()).unwrap())
            .with_token_source(StaticToken::new(token.into()).unwrap())
            .with_transport(transport)
            .with_attempt_timeout(Duration::from_millis(500))
            .with_audit(Arc::new(audit.clone()), "client-1")
            .build()
            .unwrap();
        sandbox.set_quota(1_000_000, Duration::from_secs(60));
        let integration = match profile {
            Profile::Guide => IntegrationId::new("none"),
            Profile::Platform => {
                let body =
                    json!({"name": "Nodes", "integrationType": {"id": "custom-rest-actions"}});
                let call = client.post("/api/v2/integrations").with_json(&body);
                let created: Value = call.json().await.unwrap();
                IntegrationId::new(created["id"].as_str().unwrap())
            }
        };
        Self {
            sandbox,
            client,
            audit,
            profile,
            integration: integration.unwrap(),
        }
    }

    pub(crate) fn limits() -> Limits {
        let poll = Backoff::clamp(
            Duration::from_millis(2),
            2.0,
            Duration::from_millis(20),
            Jitter::None,
        );
        Limits::default().with_poll(poll)
    }

    pub(crate) fn platform(&self) -> PlatformNodes {
        PlatformNodes::new(self.client.clone(), self.integration.clone())
            .with_limits(Self::limits())
    }

    pub(crate) fn nodes(&self) -> Arc<dyn Nodes> {
        match self.profile {
            Profile::Guide => {
                Arc::new(GuideNodes::new(self.client.clone()).with_limits(Self::limits()))
            }
            Profile::Platform => Arc::new(self.platform()),
        }
    }

    /// Exactly one node, and nothing half-made.
    pub(crate) fn assert_one(&self, context: &str) {
        let state = self.sandbox.state();
        let counts = (state.nodes.len(), state.actions.len(), state.drafts.len());
        let expected = match self.profile {
            Profile::Guide => (1, 0, 0),
            Profile::Platform => (0, 1, 0),
        };
        assert_eq!(counts, expected, "{} {context}: {state:?}", self.profile);
    }

    pub(crate) fn assert_none(&self, context: &str) {
        let state = self.sandbox.state();
        let counts = (state.nodes.len(), state.actions.len(), state.drafts.len());
        assert_eq!(counts, (0, 0, 0), "{} {context}: {state:?}", self.profile);
    }
}

/// The source document's node, with both inputs required.
pub(crate) fn node() -> RestNode {
    builder().build().unwrap()
}

pub(crate) fn builder() -> RestNodeBuilder {
    let node = RestNode::from_document(EXAMPLE_DOCUMENT.as_bytes()).unwrap();
    let mut schema = node.input_schema().clone();
    schema["required"] = json!(["requestPayload", "targetId"]);
    node.to_builder().with_input_schema(schema)
}
