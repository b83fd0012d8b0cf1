//! A cache that fills itself, once for everybody who misses together.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::{CacheLimits, TtlCache};
use crate::Clock;
use crate::single_flight::{FlightError, SingleFlight};

/// What a fill brought.
#[derive(Debug, Clone)]
pub struct Fresh<V> {
    value: Arc<V>,
    weight: usize,
    ttl: Duration,
}

impl<V> Fresh<V> {
    /// A value that may be kept for `ttl` and takes `weight` bytes.
    pub fn new(value: impl Into<Arc<V>>, weight: usize, ttl: Duration) -> Self {
        Self {
            value: value.into(),
            weight,
            ttl,
        }
    }

    /// A value for those who wait now and nobody else (`no-store`).
    pub fn not_stored(value: impl Into<Arc<V>>) -> Self {
        Self::new(value, 0, Duration::ZERO)
    }
}

/// Why a fill brought nothing. Shared by everybody who waited for it, and not remembered.
#[derive(Debug)]
#[non_exhaustive]
pub enum FillError<E> {
    /// The fill failed.
    Failed(Arc<E>),
    /// The fill did not end.
    Flight(FlightError),
}

impl<E> Clone for FillError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Failed(error) => Self::Failed(Arc::clone(error)),
            Self::Flight(error) => Self::Flight(*error),
        }
    }
}

impl<E> fmt::Display for FillError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cache could not be filled")
    }
}

impl<E: std::error::Error + 'static> std::error::Error for FillError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Failed(error) => Some(&**error),
            Self::Flight(error) => Some(error),
        }
    }
}

/// A [`TtlCache`] whose misses are filled by a [`SingleFlight`]: when an entry expires under a thousand
/// readers, one of them fetches and all get its result. Errors are not cached. Clones share the cache.
pub struct FillCache<V, E> {
    cache: Arc<TtlCache<Arc<str>, Arc<V>>>,
    flights: SingleFlight<Arc<str>, Result<Arc<V>, Arc<E>>>,
    clock: Arc<dyn Clock>,
}

impl<V, E> FillCache<V, E>
where
    V: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// An empty cache.
    pub fn new(limits: CacheLimits, clock: Arc<dyn Clock>) -> Self {
        Self {
            cache: Arc::new(TtlCache::new(limits)),
            flights: SingleFlight::new(),
            clock,
        }
    }

    /// The value of `key`, fetched by `fill` when it is not there. The fill runs as a task of its own and
    /// ends, and is kept, also when its callers are dropped; needs a tokio runtime.
    ///
    /// # Errors
    /// The fill's own error, or that it did not end.
    pub async fn get_or_fill<F, Fut>(&self, key: &str, fill: F) -> Result<Arc<V>, FillError<E>>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<Fresh<V>, E>> + Send + 'static,
    {
        if let Some(value) = self.get(key) {
            return Ok(value);
        }
        let key: Arc<str> = Arc::from(key);
        let (cache, clock) = (Arc::clone(&self.cache), Arc::clone(&self.clock));
        let target = Arc::clone(&key);
        let work = move || async move {
            // A flight may have landed between this caller's miss and its take-off.
            if let Some(value) = cache.get(&target, clock.now()) {
                return Ok(value);
            }
            let fresh = fill().await.map_err(Arc::new)?;
            let value = Arc::clone(&fresh.value);
            cache.insert(target, fresh.value, fresh.weight, fresh.ttl, clock.now());
            Ok(value)
        };
        match self.flights.run(key, work).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(FillError::Failed(error)),
            Err(error) => Err(FillError::Flight(error)),
        }
    }

    /// The value of `key`, if it is there.
    pub fn get(&self, key: &str) -> Option<Arc<V>> {
        self.cache.get(key, self.clock.now())
    }

    /// Removes every entry whose key `matches`: what a write made stale. How many.
    ///
    /// A fill that is under way at this moment still stores what it fetched.
    pub fn invalidate(&self, matches: impl Fn(&str) -> bool) -> usize {
        self.cache.remove_matching(|key| matches(key))
    }

    /// Entries held.
    pub fn len(&self) -> usize {
        self.cache.len()
    }

    /// True when nothing is held.
    pub fn is_empty(&self) -> bool {
        self.cache.is_empty()
    }
}

impl<V, E> Clone for FillCache<V, E> {
    fn clone(&self) -> Self {
        Self {
            cache: Arc::clone(&self.cache),
            flights: self.flights.clone(),
            clock: Arc::clone(&self.clock),
        }
    }
}

impl<V, E> fmt::Debug for FillCache<V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FillCache")
            .field("cache", &self.cache)
            .field("flights", &self.flights)
            .finish_non_exhaustive()
    }
}
