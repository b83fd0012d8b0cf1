//! Settings of a token cache.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use genesys_core::observe::{NoObserver, Observer};
use resilience::{Clock, Random, SystemClock, ThreadRandom};

use super::{Shared, TokenCache};
use crate::exchange::TokenExchange;
use crate::store::{MemoryTokenStore, TokenStore};

/// Settings of a [`TokenCache`], made by [`OAuth::into_cache`](crate::OAuth::into_cache) or [`TokenCache::builder`].
#[derive(Debug)]
#[must_use]
pub struct TokenCacheBuilder {
    exchange: Arc<dyn TokenExchange>,
    store: Option<Arc<dyn TokenStore>>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    observer: Arc<dyn Observer>,
    renewal_timeout: Duration,
    refusal_memory: Duration,
}

impl TokenCacheBuilder {
    pub(super) fn new(exchange: Arc<dyn TokenExchange>) -> Self {
        Self {
            exchange,
            store: None,
            clock: Arc::new(SystemClock),
            random: Arc::new(ThreadRandom),
            observer: Arc::new(NoObserver),
            renewal_timeout: Duration::from_secs(30),
            refusal_memory: Duration::from_secs(5),
        }
    }

    /// Shares tokens with every cache on the same store. Default: a [`MemoryTokenStore`] of this cache alone.
    pub fn with_store(mut self, store: Arc<dyn TokenStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// Sets time. Default: the system's.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets randomness, for jitter. Default: the thread's generator.
    pub fn with_random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// Sets who hears about renewals. Default: nobody.
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// Sets the limit of one renewal, all attempts and waits together. Default 30 s. Zero counts as a millisecond.
    ///
    /// Waiting for another cache's renewal, on a shared store, comes on top: up to this limit and 5 s.
    pub fn with_renewal_timeout(mut self, limit: Duration) -> Self {
        self.renewal_timeout = limit.max(Duration::from_millis(1));
        self
    }

    /// Sets how long a refusal, such as a wrong secret, is answered from memory. Default 5 s. Zero asks the login host
    /// at every call.
    pub fn with_refusal_memory(mut self, time: Duration) -> Self {
        self.refusal_memory = time;
        self
    }

    /// Makes the cache. Sends and starts nothing.
    pub fn build(self) -> TokenCache {
        let clock = self.clock;
        let store = self
            .store
            .unwrap_or_else(|| Arc::new(MemoryTokenStore::with_clock(Arc::clone(&clock))));
        // Leases tell holders apart by it, across processes.
        let holder = format!(
            "{:x}-{:016x}{:016x}",
            std::process::id(),
            ThreadRandom.next_u64(),
            ThreadRandom.next_u64()
        );
        TokenCache {
            shared: Arc::new(Shared {
                key: self.exchange.key(),
                exchange: self.exchange,
                store,
                holder,
                clock,
                random: self.random,
                observer: self.observer,
                renewal_timeout: self.renewal_timeout,
                refusal_memory: self.refusal_memory,
                current: ArcSwapOption::empty(),
                state: std::sync::Mutex::default(),
            }),
        }
    }
}
