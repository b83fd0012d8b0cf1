//! Settings of an executor.

use std::sync::Arc;
use std::time::Duration;

use genesys_core::{Recorder, Transport};
use http::HeaderName;
use resilience::{
    BreakerConfig, BreakerRegistry, CacheLimits, CacheStore, Clock, MemoryCacheStore, Random,
    RetryBudget, RetryPolicy, SingleFlight, SystemClock, ThreadRandom,
};
use secrecy::SecretString;

use super::cache::Cache;
use super::{Executor, Inner};

/// Breakers kept; the least recently used ones go first.
const BREAKERS: usize = 256;

/// Builds an [`Executor`].
#[derive(Debug)]
#[must_use]
pub struct ExecutorBuilder {
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    recorder: Option<Recorder>,
    credentials: Vec<(String, SecretString)>,
    retry: Option<RetryPolicy>,
    budget: RetryBudget,
    breaker: BreakerConfig,
    total_timeout: Duration,
    input_bytes: usize,
    caching: bool,
    limits: CacheLimits,
    store: Option<Arc<dyn CacheStore>>,
    stale: Duration,
    uncounted: Vec<HeaderName>,
}

impl ExecutorBuilder {
    pub(super) fn new(transport: Arc<dyn Transport>) -> Self {
        Self {
            transport,
            clock: Arc::new(SystemClock),
            random: Arc::new(ThreadRandom),
            recorder: None,
            credentials: Vec::new(),
            retry: None,
            budget: RetryBudget::default(),
            breaker: BreakerConfig::default(),
            total_timeout: Duration::from_secs(120),
            input_bytes: 1024 * 1024,
            caching: true,
            limits: CacheLimits::default(),
            store: None,
            stale: Duration::ZERO,
            uncounted: Vec::new(),
        }
    }

    /// Sets time. Default: the system's.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets randomness. Default: the thread's generator.
    pub fn with_random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// Sets the audit trail: an intent and an outcome `node_executed` for each execution. Default: none is kept.
    pub fn with_recorder(mut self, recorder: Recorder) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// Sets the credential `name`, that nodes take by `{{credentials.name}}`. A call may bring its own in its place.
    pub fn with_credential(mut self, name: impl Into<String>, secret: SecretString) -> Self {
        self.credentials.push((name.into(), secret));
        self
    }

    /// Sets how often and when calls are repeated, whatever the nodes say. Default: each node's own policy. One layer alone retries.
    pub fn with_retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// Sets the retry budget that all calls share. Default: 20 % of calls and one retry in two seconds.
    pub fn with_retry_budget(mut self, budget: RetryBudget) -> Self {
        self.budget = budget;
        self
    }

    /// Sets the limits of the circuit breakers, one for each origin; brought inside their bounds.
    pub fn with_breaker(mut self, config: BreakerConfig) -> Self {
        self.breaker = config;
        self
    }

    /// Sets how long a call may take that does not say, waits included. Default 120 s. A call that others may join is also held to it.
    pub fn with_total_timeout(mut self, limit: Duration) -> Self {
        self.total_timeout = limit;
        self
    }

    /// Sets the largest input, in bytes. Default 1 MiB.
    pub fn with_input_limit(mut self, bytes: usize) -> Self {
        self.input_bytes = bytes;
        self
    }

    /// Keeps no answer.
    pub fn without_cache(mut self) -> Self {
        self.caching = false;
        self
    }

    /// Sets how much the cache of this process may hold. Default: 1024 entries and 16 MiB.
    pub fn with_cache_limits(mut self, limits: CacheLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Keeps answers in another store than this process's memory. Whoever reads the store reads the answers; it holds no request and no
    /// secret, but keys are digests that cover credentials.
    pub fn with_cache_store(mut self, store: Arc<dyn CacheStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// Lets an answer that is past its time by up to `limit` stand in when a new one cannot be had: no connection, no time, 408, 429,
    /// 5xx. Default: never. A server may allow less (`stale-if-error`), or nothing (`must-revalidate`).
    pub fn with_stale_if_error(mut self, limit: Duration) -> Self {
        self.stale = limit;
        self
    }

    /// Leaves a header out of what makes two requests the same: one that differs in every request and changes no answer, such as a
    /// correlation id. By default all that a node sends count.
    pub fn with_uncounted_header(mut self, name: HeaderName) -> Self {
        self.uncounted.push(name);
        self
    }

    /// Makes the executor.
    pub fn build(self) -> Executor {
        let breakers = BreakerRegistry::new(
            self.breaker,
            Arc::clone(&self.clock),
            Arc::clone(&self.random),
        )
        .with_capacity(BREAKERS);
        let cache = self.caching.then(|| Cache {
            store: self.store.unwrap_or_else(|| {
                Arc::new(MemoryCacheStore::new(self.limits, Arc::clone(&self.clock)))
            }),
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            stale: self.stale,
            uncounted: self.uncounted,
            flights: SingleFlight::new(),
            generations: SingleFlight::new(),
        });
        Executor(Arc::new(Inner {
            transport: self.transport,
            clock: self.clock,
            random: self.random,
            recorder: self.recorder,
            credentials: self.credentials,
            retry: self.retry,
            budget: self.budget,
            breakers,
            total_timeout: self.total_timeout,
            input_bytes: self.input_bytes,
            cache,
        }))
    }
}
