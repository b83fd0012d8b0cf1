//! A login host that answers from a script, on a clock that the test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use genesys_auth::{ClientCredentials, OAuth, OAuthBuilder, TokenCache};
use genesys_core::Hosts;
use genesys_core::test_util::{RecordingObserver, Reply, ScriptedTransport};
use resilience::test_util::FakeClock;
use resilience::{RetryPolicy, SeededRandom};
use serde_json::json;
use tokio::sync::Semaphore;

pub const SECRET: &str = "s3cr3t&+=%ü";

pub struct Login {
    pub transport: ScriptedTransport,
    pub clock: FakeClock,
    pub observer: RecordingObserver,
    gate: Arc<Semaphore>,
    life: Arc<AtomicU64>,
}

impl Login {
    /// Answers each request with a token of an hour, once the gate is open; it is at first.
    pub fn new() -> Self {
        let login = Self {
            transport: ScriptedTransport::new(),
            clock: FakeClock::new(),
            observer: RecordingObserver::new(),
            gate: Arc::new(Semaphore::new(1)),
            life: Arc::new(AtomicU64::new(3_600)),
        };
        let (gate, life, issued) = (
            Arc::clone(&login.gate),
            Arc::clone(&login.life),
            AtomicU64::new(0),
        );
        login.transport.handle(move |_| {
            let (gate, number) = (Arc::clone(&gate), issued.fetch_add(1, Ordering::SeqCst) + 1);
            let life = life.load(Ordering::SeqCst);
            async move {
                let _open = gate.acquire().await;
                token(&format!("token-{number}"), life)
            }
        });
        login
    }

    pub fn set_life(&self, seconds: u64) {
        self.life.store(seconds, Ordering::SeqCst);
    }

    /// Requests from now on wait for `open`.
    pub fn close(&self) {
        self.gate.forget_permits(1);
    }

    pub fn open(&self) {
        self.gate.add_permits(1);
    }

    pub fn requests(&self) -> usize {
        self.transport.sent().len()
    }

    pub fn oauth(&self) -> OAuthBuilder {
        OAuth::builder(
            Hosts::from_base("https://api.example.com").unwrap(),
            ClientCredentials::new("client", SECRET).unwrap(),
        )
        .with_transport(self.transport.shared())
        .with_clock(Arc::new(self.clock.clone()))
        .with_random(Arc::new(SeededRandom::new(7)))
        .with_observer(Arc::new(self.observer.clone()))
    }

    /// A cache whose exchanges make one attempt each, so that requests count renewals.
    pub fn cache(&self) -> TokenCache {
        TokenCache::new(
            self.oauth()
                .with_retry(RetryPolicy::none())
                .build()
                .unwrap(),
        )
    }

    pub fn advance(&self, seconds: f64) {
        self.clock.advance(Duration::from_secs_f64(seconds));
    }
}

pub fn token(secret: &str, life: u64) -> Reply {
    Reply::json(
        200,
        &json!({"access_token": secret, "token_type": "bearer", "expires_in": life}),
    )
}

pub fn oauth_error(status: u16, error: &str, description: &str) -> Reply {
    Reply::json(status, &json!({"error": error, "description": description}))
}

/// Lets every spawned task of a current-thread runtime run until it waits.
pub async fn settle() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}
