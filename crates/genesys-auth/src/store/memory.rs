//! The store of one process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use genesys_core::Error;
use resilience::{Clock, SystemClock};

use super::{StoredToken, TokenKey, TokenStore};

/// Keeps tokens in this process. Clones share them; the tokens are wiped with the last clone.
///
/// ```
/// use std::sync::Arc;
/// use genesys_auth::{MemoryTokenStore, TokenStore};
///
/// // Hand the same one to several caches and they ask the login host once between them.
/// let shared: Arc<dyn TokenStore> = Arc::new(MemoryTokenStore::new());
/// # let _ = shared;
/// ```
#[derive(Debug, Clone)]
pub struct MemoryTokenStore {
    clock: Arc<dyn Clock>,
    entries: Arc<Mutex<HashMap<TokenKey, Entry>>>,
}

#[derive(Debug, Default)]
struct Entry {
    token: Option<StoredToken>,
    lease: Option<Lease>,
}

#[derive(Debug)]
struct Lease {
    holder: String,
    /// None: later than the clock can say.
    until: Option<Instant>,
}

impl MemoryTokenStore {
    /// An empty store whose leases run by the system's clock.
    pub fn new() -> Self {
        Self::with_clock(Arc::new(SystemClock))
    }

    /// An empty store whose leases run by `clock`.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            entries: Arc::default(),
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<TokenKey, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryTokenStore {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl TokenStore for MemoryTokenStore {
    async fn get(&self, key: &TokenKey) -> Result<Option<StoredToken>, Error> {
        Ok(self
            .entries()
            .get(key)
            .and_then(|entry| entry.token.clone()))
    }

    async fn put(&self, key: &TokenKey, token: StoredToken) -> Result<bool, Error> {
        let mut entries = self.entries();
        let kept = &mut entries.entry(key.clone()).or_default().token;
        let newer = kept
            .as_ref()
            .is_none_or(|kept| token.generation() > kept.generation());
        if newer {
            *kept = Some(token);
        }
        Ok(newer)
    }

    async fn lease(&self, key: &TokenKey, holder: &str, ttl: Duration) -> Result<bool, Error> {
        let now = self.clock.now();
        let mut entries = self.entries();
        let lease = &mut entries.entry(key.clone()).or_default().lease;
        let taken = lease.as_ref().is_some_and(|lease| {
            lease.holder != holder && lease.until.is_none_or(|until| now < until)
        });
        if !taken {
            *lease = Some(Lease {
                holder: holder.to_owned(),
                until: now.checked_add(ttl),
            });
        }
        Ok(!taken)
    }

    async fn release(&self, key: &TokenKey, holder: &str) -> Result<(), Error> {
        if let Some(entry) = self.entries().get_mut(key) {
            entry.lease.take_if(|lease| lease.holder == holder);
        }
        Ok(())
    }
}
