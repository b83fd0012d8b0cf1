//! A client over a script, in virtual time.

use std::sync::Arc;

use genesys_core::test_util::{RecordingAudit, Reply, ScriptedTransport};
use genesys_core::{Client, Region, StaticToken};
use resilience::SeededRandom;
use resilience::test_util::FakeClock;
use secrecy::SecretString;
use serde_json::{Value, json};

/// Everything that a test looks at.
pub(crate) struct World {
    pub(crate) transport: ScriptedTransport,
    #[cfg_attr(not(feature = "resolver"), expect(dead_code))]
    pub(crate) audit: RecordingAudit,
    pub(crate) clock: FakeClock,
    pub(crate) client: Client,
}

pub(crate) fn world() -> World {
    let transport = ScriptedTransport::new();
    let audit = RecordingAudit::new();
    let clock = FakeClock::new();
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
        audit,
        clock,
        client,
    }
}

impl World {
    /// Runs it, moving time on whenever it waits.
    pub(crate) async fn drive<T>(&self, work: impl Future<Output = T>) -> T {
        self.clock.drive(work).await
    }

    /// Method and path of every request so far.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.transport
            .sent()
            .iter()
            .map(|request| format!("{} {}", request.method, request.uri.path()))
            .collect()
    }

    /// The methods alone.
    pub(crate) fn methods(&self) -> String {
        let sent = self.transport.sent();
        let methods: Vec<&str> = sent.iter().map(|request| request.method.as_str()).collect();
        methods.join(" ")
    }

    pub(crate) fn push_all(&self, replies: impl IntoIterator<Item = Reply>) {
        for reply in replies {
            self.transport.push(reply);
        }
    }

    /// The body of a request, by its number from 0.
    pub(crate) fn body(&self, index: usize) -> Value {
        serde_json::from_slice(&self.transport.sent()[index].body).unwrap()
    }
}

/// A numbered page of a list.
pub(crate) fn page(entities: &[Value]) -> Reply {
    Reply::json(
        200,
        &json!({"entities": entities, "pageNumber": 1, "pageSize": 100, "pageCount": 1, "total": entities.len()}),
    )
}

/// A page of a list by cursor, the only one.
pub(crate) fn cursor_page(entities: &[Value]) -> Reply {
    Reply::json(200, &json!({"entities": entities}))
}

/// What a server adds to a body that it was sent.
pub(crate) fn with(mut body: Value, members: Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}
