//! The quota store of one process.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{AgedReport, LeaseAnswer, LeaseReport, QuotaLease, QuotaStore};
use crate::quota::QuotaConfig;
use crate::quota::ledger::{Availability, Ledger};
use crate::{Clock, StoreError};

const MAX_KEYS: usize = 1024;

/// How long to leave a store alone whose slots are all lent.
const BUSY: Duration = Duration::from_millis(50);

/// The default [`QuotaStore`]: one process, nothing kept after it.
///
/// Holds at most 1024 keys; the one not asked for the longest goes first.
pub struct MemoryQuotaStore {
    config: QuotaConfig,
    clock: Arc<dyn Clock>,
    lease: Duration,
    last_lease: AtomicU64,
    accounts: Mutex<HashMap<Box<str>, Account>>,
}

struct Account {
    ledger: Ledger,
    leases: HashMap<u64, Lent>,
    used: Instant,
}

struct Lent {
    slots: u32,
    expires: Instant,
}

impl MemoryQuotaStore {
    /// An empty store whose leases last 30 s.
    pub fn new(config: QuotaConfig, clock: Arc<dyn Clock>) -> Self {
        Self {
            config,
            clock,
            lease: Duration::from_secs(30),
            last_lease: AtomicU64::new(0),
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
        if !accounts.contains_key(key) && accounts.len() >= MAX_KEYS {
            let oldest = accounts
                .iter()
                .min_by_key(|(_, account)| account.used)
                .map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                accounts.remove(&oldest);
            }
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
            used: now,
        }
    }

    fn expire(&mut self, now: Instant) {
        let ledger = &mut self.ledger;
        self.leases.retain(|_, lent| {
            let alive = lent.expires > now;
            if !alive {
                ledger.doubt(u64::from(lent.slots), now);
            }
            alive
        });
    }

    /// Takes up to `slots` out of a lease, and says how many there were.
    fn draw(&mut self, lease: u64, slots: u32) -> u32 {
        let Some(lent) = self.leases.get_mut(&lease) else {
            return 0;
        };
        let drawn = lent.slots.min(slots);
        lent.slots -= drawn;
        if lent.slots == 0 {
            self.leases.remove(&lease);
        }
        drawn
    }

    fn report(&mut self, lease: u64, report: LeaseReport, now: Instant) {
        let counted = self.draw(lease, report.counted);
        // Requests of a lease that has expired are in doubt already.
        let silent = self.draw(lease, report.silent);
        let lost = self.draw(lease, report.lost);
        self.ledger.settle(u64::from(counted) + u64::from(silent));
        self.ledger.doubt(u64::from(lost), now);
        match report.newest.and_then(|newest| on_our_clock(newest, now)) {
            Some((newest, sent, heard)) => {
                let answers = u64::from(report.counted) + u64::from(silent);
                self.ledger.learn(newest.report, sent, heard, answers, now);
            }
            None if report.silent > 0 => self.ledger.learn_silence(u64::from(silent), now),
            None => {}
        }
    }
}

/// When the request was sent and answered; none for one that is older than the clock can tell.
fn on_our_clock(aged: AgedReport, now: Instant) -> Option<(AgedReport, Instant, Instant)> {
    let heard = now.checked_sub(aged.answered_ago)?;
    let sent = now.checked_sub(aged.sent_ago)?.min(heard);
    Some((aged, sent, heard))
}

#[async_trait::async_trait]
impl QuotaStore for MemoryQuotaStore {
    async fn lease(&self, key: &str, want: u32) -> Result<LeaseAnswer, StoreError> {
        let length = self.lease;
        let answer = self.with_account(key, |account, now| {
            match account.ledger.take(u64::from(want.max(1)), now) {
                Ok(granted) => {
                    let slots = u32::try_from(granted).unwrap_or(u32::MAX);
                    let id = self.last_lease.fetch_add(1, Ordering::Relaxed) + 1;
                    let expires = now.checked_add(length).unwrap_or(now);
                    account.leases.insert(id, Lent { slots, expires });
                    LeaseAnswer::Granted(QuotaLease::new(id, slots, length))
                }
                Err(Availability::Spent(until)) => {
                    LeaseAnswer::Spent(until.saturating_duration_since(now))
                }
                Err(_) => LeaseAnswer::Busy(BUSY),
            }
        });
        Ok(answer)
    }

    async fn report(&self, key: &str, lease: u64, report: LeaseReport) -> Result<(), StoreError> {
        self.with_account(key, |account, now| account.report(lease, report, now));
        Ok(())
    }

    async fn give_back(&self, key: &str, lease: u64, slots: u32) -> Result<(), StoreError> {
        self.with_account(key, |account, _| {
            let drawn = account.draw(lease, slots);
            account.ledger.settle(u64::from(drawn));
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
