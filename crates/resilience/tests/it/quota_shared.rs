//! Gates that share a window through a store, in virtual time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use resilience::test_util::FakeClock;
use resilience::{
    Clock, LeaseAnswer, LeaseReport, MemoryQuotaStore, Quota, QuotaConfig, QuotaLease, QuotaStore,
    SeededRandom, StoreError, StoreErrorKind,
};

mod failures;
mod jobs;
mod leases;

/// A store in memory whose bad days are ordered, and which counts who comes.
#[derive(Debug)]
struct Shop {
    clock: FakeClock,
    store: MemoryQuotaStore,
    fails: AtomicBool,
    panics: AtomicBool,
    /// Every visit takes this long, in milliseconds.
    delay: AtomicU64,
    asked: AtomicU64,
}

impl Shop {
    fn new(clock: &FakeClock) -> Arc<Self> {
        Self::with_lease(clock, Duration::from_secs(30))
    }

    fn with_lease(clock: &FakeClock, lease: Duration) -> Arc<Self> {
        let store = MemoryQuotaStore::new(QuotaConfig::default(), Arc::new(clock.clone()));
        Arc::new(Self {
            clock: clock.clone(),
            store: store.with_lease(lease),
            fails: AtomicBool::new(false),
            panics: AtomicBool::new(false),
            delay: AtomicU64::new(0),
            asked: AtomicU64::new(0),
        })
    }

    /// A gate of one process.
    fn gate(self: &Arc<Self>, seed: u64) -> Quota {
        self.gate_with(QuotaConfig::default(), seed)
    }

    fn gate_with(self: &Arc<Self>, config: QuotaConfig, seed: u64) -> Quota {
        let random = Arc::new(SeededRandom::new(seed));
        let store = Arc::clone(self) as Arc<dyn QuotaStore>;
        Quota::new(config, Arc::new(self.clock.clone()), random).with_store(store, "token")
    }

    fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::Relaxed);
    }

    fn slow_down(&self, delay: Duration) {
        let millis = u64::try_from(delay.as_millis()).unwrap();
        self.delay.store(millis, Ordering::Relaxed);
    }

    fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    async fn enter(&self) -> Result<(), StoreError> {
        let delay = Duration::from_millis(self.delay.load(Ordering::Relaxed));
        if !delay.is_zero() {
            self.clock.sleep_until(self.clock.now() + delay).await;
        }
        assert!(!self.panics.load(Ordering::Relaxed), "ordered");
        match self.fails.load(Ordering::Relaxed) {
            true => Err(StoreError::new(StoreErrorKind::Unavailable)),
            false => Ok(()),
        }
    }

    /// How many slots another process could lease now; they are given back.
    async fn left(&self) -> u32 {
        match self.store.lease("token", 10_000).await.unwrap() {
            LeaseAnswer::Granted(QuotaLease { id, slots, .. }) => {
                self.store.give_back("token", id, slots).await.unwrap();
                slots
            }
            _ => 0,
        }
    }
}

#[async_trait]
impl QuotaStore for Shop {
    async fn lease(&self, key: &str, want: u32) -> Result<LeaseAnswer, StoreError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.enter().await?;
        self.store.lease(key, want).await
    }

    async fn report(&self, key: &str, lease: u64, report: LeaseReport) -> Result<(), StoreError> {
        self.enter().await?;
        self.store.report(key, lease, report).await
    }

    async fn give_back(&self, key: &str, lease: u64, slots: u32) -> Result<(), StoreError> {
        self.enter().await?;
        self.store.give_back(key, lease, slots).await
    }

    async fn throttled(&self, key: &str, wait: Duration) -> Result<(), StoreError> {
        self.enter().await?;
        self.store.throttled(key, wait).await
    }
}

/// Lets tasks of this thread run without moving time.
async fn settle() {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}
