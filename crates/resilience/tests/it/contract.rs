//! The in-memory stores keep the contracts that every store keeps.

use std::sync::Arc;
use std::time::Duration;

use resilience::test_util::{FakeClock, cache_store, dedupe_store, quota_store};
use resilience::{CacheLimits, MemoryCacheStore, MemoryDedupeStore, MemoryQuotaStore, QuotaConfig};

#[tokio::test]
async fn the_memory_cache_keeps_its_contract() {
    let clock = FakeClock::new();
    let store = MemoryCacheStore::new(CacheLimits::default(), Arc::new(clock.clone()));
    clock.drive(cache_store(&store, &clock)).await;
}

#[tokio::test]
async fn the_memory_dedupe_keeps_its_contract() {
    let clock = FakeClock::new();
    let store = MemoryDedupeStore::new(Arc::new(clock.clone()));
    clock.drive(dedupe_store(&store, &clock)).await;
}

#[tokio::test]
async fn the_memory_quota_keeps_its_contract() {
    for lease in [400, 700, 1000].map(Duration::from_millis) {
        let clock = FakeClock::new();
        let store = MemoryQuotaStore::new(QuotaConfig::default(), Arc::new(clock.clone()));
        let store = store.with_lease(lease);
        clock.drive(quota_store(&store, &clock, lease)).await;
    }
}
