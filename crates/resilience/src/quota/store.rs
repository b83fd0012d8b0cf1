//! The quota of a token shared between processes.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::ledger::{Availability, Ledger};
use super::{QuotaConfig, QuotaReport};
use crate::{Clock, StoreError};

/// Slots lent to one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuotaLease {
    /// Names the lease in [`QuotaStore::report`] and [`QuotaStore::give_back`].
    pub id: u64,
    /// Requests that may be sent under it, at least 1.
    pub slots: u32,
    /// After this time the store takes every slot that was neither reported nor returned as spent.
    pub expires_in: Duration,
}

impl QuotaLease {
    /// A lease of `slots` requests for `expires_in`.
    pub const fn new(id: u64, slots: u32, expires_in: Duration) -> Self {
        Self {
            id,
            slots,
            expires_in,
        }
    }
}

/// What a store answers to a request for slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeaseAnswer {
    /// Some slots, perhaps fewer than were wanted.
    Granted(QuotaLease),
    /// None now; ask again after this time.
    Wait(Duration),
}

/// The quota of a token, shared by everyone who uses it. `key` names the token and is no secret.
///
/// A store counts time by its own clock, which is why only durations cross this border.
#[async_trait::async_trait]
pub trait QuotaStore: fmt::Debug + Send + Sync {
    /// Asks for up to `want` slots; 0 is read as 1.
    ///
    /// # Errors
    /// When the store cannot answer. The caller then goes on with its own share.
    async fn lease(&self, key: &str, want: u32) -> Result<LeaseAnswer, StoreError>;

    /// Settles one slot of a lease with what the server said.
    ///
    /// # Errors
    /// When the store cannot take it. A lease that has expired is no error.
    async fn report(&self, key: &str, lease: u64, report: QuotaReport) -> Result<(), StoreError>;

    /// Returns slots that were not used. More than the lease holds is cut to it.
    ///
    /// # Errors
    /// When the store cannot take them. A lease that has expired is no error.
    async fn give_back(&self, key: &str, lease: u64, slots: u32) -> Result<(), StoreError>;

    /// Notes that the server refuses the whole token for `wait`.
    ///
    /// # Errors
    /// When the store cannot take it.
    async fn throttled(&self, key: &str, wait: Duration) -> Result<(), StoreError>;
}

/// The default [`QuotaStore`]: one process, nothing kept after it.
///
/// Holds at most 1024 keys; the one not asked for the longest goes first.
pub struct MemoryQuotaStore {
    config: QuotaConfig,
    clock: Arc<dyn Clock>,
    lease: Duration,
    accounts: Mutex<HashMap<Box<str>, Account>>,
}

const MAX_KEYS: usize = 1024;

struct Account {
    ledger: Ledger,
    leases: HashMap<u64, Lent>,
    last_lease: u64,
    used: Instant,
}

struct Lent {
    slots: u32,
    granted: Instant,
    expires: Instant,
}

impl MemoryQuotaStore {
    /// An empty store whose leases last 30 s.
    pub fn new(config: QuotaConfig, clock: Arc<dyn Clock>) -> Self {
        Self {
            config,
            clock,
            lease: Duration::from_secs(30),
            accounts: Mutex::default(),
        }
    }

    /// How long a lease lasts: 10 ms to 10 min.
    #[must_use]
    pub fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = lease.clamp(Duration::from_millis(10), Duration::from_secs(600));
        self
    }

    fn with_account<T>(&self, key: &str, change: impl FnOnce(&mut Account, Instant) -> T) -> T {
        let now = self.clock.now();
        let mut accounts = self.lock();
        if !accounts.contains_key(key) {
            if accounts.len() >= MAX_KEYS {
                let oldest = accounts
                    .iter()
                    .min_by_key(|(_, account)| account.used)
                    .map(|(key, _)| key.clone());
                if let Some(oldest) = oldest {
                    accounts.remove(&oldest);
                }
            }
            accounts.insert(key.into(), Account::new(&self.config, now));
        }
        let account = accounts
            .entry(key.into())
            .or_insert_with(|| Account::new(&self.config, now));
        account.used = now;
        account.expire(now);
        change(account, now)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Account {
    fn new(config: &QuotaConfig, now: Instant) -> Self {
        Self {
            ledger: Ledger::new(config),
            leases: HashMap::new(),
            last_lease: 0,
            used: now,
        }
    }

    fn expire(&mut self, now: Instant) {
        let ledger = &mut self.ledger;
        self.leases.retain(|_, lent| {
            let alive = lent.expires > now;
            if !alive {
                for _ in 0..lent.slots {
                    ledger.lost(now);
                }
            }
            alive
        });
    }

    /// Takes up to `slots` out of a lease; how many there were, and when they were granted.
    fn draw(&mut self, lease: u64, slots: u32) -> Option<(u32, Instant)> {
        let lent = self.leases.get_mut(&lease)?;
        let drawn = lent.slots.min(slots);
        lent.slots -= drawn;
        let granted = lent.granted;
        if lent.slots == 0 {
            self.leases.remove(&lease);
        }
        Some((drawn, granted))
    }
}

#[async_trait::async_trait]
impl QuotaStore for MemoryQuotaStore {
    async fn lease(&self, key: &str, want: u32) -> Result<LeaseAnswer, StoreError> {
        let length = self.lease;
        let answer = self.with_account(key, |account, now| {
            match account.ledger.take(u64::from(want.max(1)), now) {
                Ok(granted) => {
                    let slots = u32::try_from(granted).unwrap_or(u32::MAX);
                    account.last_lease += 1;
                    let lent = Lent {
                        slots,
                        granted: now,
                        expires: now.checked_add(length).unwrap_or(now),
                    };
                    account.leases.insert(account.last_lease, lent);
                    LeaseAnswer::Granted(QuotaLease::new(account.last_lease, slots, length))
                }
                Err(Availability::Spent(until)) => {
                    LeaseAnswer::Wait(until.saturating_duration_since(now))
                }
                // Somebody's answer is due; how soon depends on the server.
                Err(_) => LeaseAnswer::Wait(Duration::from_millis(50)),
            }
        });
        Ok(answer)
    }

    async fn report(&self, key: &str, lease: u64, report: QuotaReport) -> Result<(), StoreError> {
        self.with_account(key, |account, now| {
            if let Some((_, granted)) = account.draw(lease, 1) {
                account.ledger.report(report, granted, now);
            }
        });
        Ok(())
    }

    async fn give_back(&self, key: &str, lease: u64, slots: u32) -> Result<(), StoreError> {
        self.with_account(key, |account, _| {
            if let Some((drawn, _)) = account.draw(lease, slots) {
                account.ledger.give_back(u64::from(drawn));
            }
        });
        Ok(())
    }

    async fn throttled(&self, key: &str, wait: Duration) -> Result<(), StoreError> {
        self.with_account(key, |account, now| account.ledger.throttle(wait, now));
        Ok(())
    }
}

impl fmt::Debug for MemoryQuotaStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryQuotaStore")
            .field("keys", &self.lock().len())
            .finish_non_exhaustive()
    }
}
