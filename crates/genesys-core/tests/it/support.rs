//! A token source that counts, and a client on a script.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use async_trait::async_trait;
use genesys_core::test_util::{RecordingObserver, ScriptedTransport};
use genesys_core::vocabulary::SecretString;
use genesys_core::{Client, ClientBuilder, Error, Region, Token, TokenSource};

/// Makes `token-1`, `token-2`, … : a new one each time the current one is refused.
#[derive(Debug, Default)]
pub struct CountingTokens {
    pub generation: AtomicU64,
    pub invalidated: AtomicUsize,
}

#[async_trait]
impl TokenSource for CountingTokens {
    async fn token(&self) -> Result<Arc<Token>, Error> {
        let generation = self.generation.load(Ordering::SeqCst) + 1;
        let token = Token::new(SecretString::from(format!("token-{generation}")))?;
        Ok(Arc::new(token.with_generation(generation)))
    }

    async fn invalidate(&self, seen: &Token) {
        self.invalidated.fetch_add(1, Ordering::SeqCst);
        let _ = self.generation.compare_exchange(
            seen.generation() - 1,
            seen.generation(),
            Ordering::SeqCst,
            Ordering::SeqCst,
        );
    }
}

pub struct Fixture {
    pub transport: ScriptedTransport,
    pub observer: RecordingObserver,
    pub tokens: Arc<CountingTokens>,
}

impl Fixture {
    pub fn new() -> Self {
        Self {
            transport: ScriptedTransport::new(),
            observer: RecordingObserver::new(),
            tokens: Arc::default(),
        }
    }

    pub fn builder(&self) -> ClientBuilder {
        Client::builder(Region::UsEast1)
            .with_shared_token_source(Arc::clone(&self.tokens) as Arc<dyn TokenSource>)
            .with_transport(self.transport.shared())
            .with_observer(Arc::new(self.observer.clone()))
    }

    pub fn client(&self) -> Client {
        self.builder().build().unwrap()
    }
}
