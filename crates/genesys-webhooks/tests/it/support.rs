//! A client over a script, in virtual time.

use std::sync::Arc;

use genesys_core::test_util::{RecordingAudit, Reply, ScriptedTransport};
use genesys_core::{Client, Region, StaticToken};
use genesys_webhooks::SigningKey;
use resilience::SeededRandom;
use resilience::test_util::FakeClock;
use secrecy::SecretString;
use serde_json::{Value, json};

/// Everything that a test looks at.
pub(crate) struct World {
    pub(crate) transport: ScriptedTransport,
    pub(crate) clock: FakeClock,
    pub(crate) audit: RecordingAudit,
    pub(crate) client: Client,
}

pub(crate) fn world() -> World {
    let transport = ScriptedTransport::new();
    let clock = FakeClock::new();
    let audit = RecordingAudit::new();
    let client = Client::builder(Region::UsEast1)
        .with_token_source(StaticToken::new(SecretString::from("a-token")).unwrap())
        .with_transport(transport.shared())
        .with_clock(Arc::new(clock.clone()))
        .with_random(Arc::new(SeededRandom::new(7)))
        .with_audit(Arc::new(audit.clone()), "client-1")
        .build()
        .unwrap();
    World {
        transport,
        clock,
        audit,
        client,
    }
}

impl World {
    /// Method and path of every request so far.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.transport
            .sent()
            .iter()
            .map(|request| format!("{} {}", request.method, request.uri.path()))
            .collect()
    }

    pub(crate) fn push_all(&self, replies: impl IntoIterator<Item = Reply>) {
        for reply in replies {
            self.transport.push(reply);
        }
    }
}

pub(crate) fn key(fill: u8) -> SigningKey {
    SigningKey::from_bytes(&[fill; 32]).unwrap()
}

/// A page of a list.
pub(crate) fn page(entities: &[Value]) -> Reply {
    Reply::json(
        200,
        &json!({"entities": entities, "pageNumber": 1, "pageSize": 100, "pageCount": 1, "total": entities.len()}),
    )
}

/// The status webhook of `int-1` as the server describes it.
pub(crate) fn status_webhook(id: &str, target: &str) -> Value {
    json!({
        "id": id, "name": "integration-status-int-1", "targetUrl": target, "httpMethod": "POST",
        "event": "integration.status.changed", "contentType": "application/json", "enabled": true,
        "createdAt": "2026-01-31T12:00:00Z", "unknownMember": 1,
    })
}
