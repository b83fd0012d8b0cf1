//! What the tests share.

pub(crate) mod cloud;
pub(crate) mod journal;

use std::sync::Arc;
use std::time::{Duration, Instant};

use genesys_core::test_util::{
    RecordingAudit, RecordingObserver, Reply, ScriptedTransport, SentRequest,
};
use genesys_core::{Client, Region, StaticToken};
use genesys_integrations::{Authentication, DataMapping, DefinitionBuilder, IntegrationDefinition};
use resilience::SeededRandom;
use serde_json::{Value, json};

pub(crate) const NAME: &str = "ExternalCRM-Sync";
pub(crate) const PASSWORD: &str = "hunter2-password";
pub(crate) const TOKEN: &str = "t0ken-secret";

pub(crate) fn builder() -> DefinitionBuilder {
    IntegrationDefinition::builder(
        NAME,
        "https://api.example.com/v1/cases",
        Authentication::basic("crm_user", PASSWORD.into()),
    )
}

/// The source document's definition.
pub(crate) fn definition() -> IntegrationDefinition {
    builder()
        .with_mappings([
            DataMapping::direct("caseId", "genesys_case_id"),
            DataMapping::direct("priority", "genesys_priority"),
            DataMapping::direct("status", "genesys_status"),
        ])
        .build()
        .unwrap()
}

/// A client over a scripted transport; time is tokio's, which the tests pause.
pub(crate) struct Rig {
    pub(crate) transport: ScriptedTransport,
    pub(crate) observer: RecordingObserver,
    pub(crate) audit: RecordingAudit,
    pub(crate) client: Client,
}

impl Rig {
    pub(crate) fn new() -> Self {
        let transport = ScriptedTransport::new();
        let observer = RecordingObserver::new();
        let audit = RecordingAudit::new();
        let client = Client::builder(Region::EuWest1)
            .with_token_source(StaticToken::new(TOKEN.into()).unwrap())
            .with_transport(transport.shared())
            .with_random(Arc::new(SeededRandom::new(7)))
            .with_observer(Arc::new(observer.clone()))
            .with_audit(Arc::new(audit.clone()), "client-1")
            .build()
            .unwrap();
        Self {
            transport,
            observer,
            audit,
            client,
        }
    }

    pub(crate) fn push(&self, status: u16, body: Value) -> &Self {
        self.transport.push(Reply::json(status, &body));
        self
    }

    pub(crate) fn now(&self) -> Instant {
        self.client.clock().now()
    }

    pub(crate) fn since(&self, started: Instant) -> Duration {
        self.now() - started
    }

    /// Each request so far, as `VERB /path?query`.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.transport.sent().iter().map(line).collect()
    }

    /// The body of request number `index`.
    pub(crate) fn body(&self, index: usize) -> Value {
        serde_json::from_slice(&self.transport.sent()[index].body).unwrap()
    }
}

pub(crate) fn line(request: &SentRequest) -> String {
    let path = request.uri.path_and_query().unwrap().as_str();
    format!("{} {path}", request.method)
}

/// A list of one page.
pub(crate) fn page(entities: Vec<Value>) -> Value {
    json!({"entities": entities, "pageNumber": 1, "pageSize": 100, "pageCount": 1, "total": entities.len()})
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
