//! The seam for a cache shared between processes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{CacheLimits, TtlCache};
use crate::{Clock, StoreError};

/// Bytes by key, for a time.
///
/// A store may forget at any time and never returns what has expired. Values are immutable.
#[async_trait::async_trait]
pub trait CacheStore: fmt::Debug + Send + Sync {
    /// The value of `key`, unless it has expired or was never there.
    ///
    /// # Errors
    /// When the store cannot answer. Treat it as a miss.
    async fn get(&self, key: &str) -> Result<Option<Arc<[u8]>>, StoreError>;

    /// Keeps `value` for `ttl`, in place of an older one. A zero `ttl` removes.
    ///
    /// # Errors
    /// When the store cannot take it. A value that is too large for the store is not kept and no error.
    async fn put(&self, key: &str, value: Arc<[u8]>, ttl: Duration) -> Result<(), StoreError>;

    /// Removes `key`, if it is there.
    ///
    /// # Errors
    /// When the store cannot. Then a stale value may be served until it expires.
    async fn remove(&self, key: &str) -> Result<(), StoreError>;
}

/// The default [`CacheStore`]: one process, bounded. A value weighs its length and its key's.
#[derive(Debug)]
pub struct MemoryCacheStore {
    cache: TtlCache<Arc<str>, Arc<[u8]>>,
    clock: Arc<dyn Clock>,
}

impl MemoryCacheStore {
    /// An empty store.
    pub fn new(limits: CacheLimits, clock: Arc<dyn Clock>) -> Self {
        Self {
            cache: TtlCache::new(limits),
            clock,
        }
    }
}

#[async_trait::async_trait]
impl CacheStore for MemoryCacheStore {
    async fn get(&self, key: &str) -> Result<Option<Arc<[u8]>>, StoreError> {
        Ok(self.cache.get(key, self.clock.now()))
    }

    async fn put(&self, key: &str, value: Arc<[u8]>, ttl: Duration) -> Result<(), StoreError> {
        let weight = key.len().saturating_add(value.len());
        self.cache
            .insert(Arc::from(key), value, weight, ttl, self.clock.now());
        Ok(())
    }

    async fn remove(&self, key: &str) -> Result<(), StoreError> {
        self.cache.remove(key);
        Ok(())
    }
}
