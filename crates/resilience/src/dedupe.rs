//! Doing once what may be delivered several times.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::{Clock, StoreError};

/// What a store answers to a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Claim {
    /// Nobody has done it: do it, then say so with this number. Numbers grow with every claim of a key.
    New(u64),
    /// Somebody is doing it. Should that fail or take longer than its lease, it can be claimed again
    /// after this time at the latest.
    Busy(Duration),
    /// It is done.
    Done,
}

/// Remembers which keys were dealt with, across processes if the store is shared.
///
/// Claim a key before the work, [`complete`](Self::complete) it afterwards, or
/// [`release`](Self::release) it when the work failed and should be delivered again. A claim whose lease
/// ran out can be taken by another; what the first holder says afterwards is ignored.
#[async_trait::async_trait]
pub trait DedupeStore: fmt::Debug + Send + Sync {
    /// Claims `key` for `lease`. Atomic: of any number of concurrent claims one is [`Claim::New`].
    ///
    /// # Errors
    /// When the store cannot answer. Then nobody knows whether the work was done.
    async fn claim(&self, key: &str, lease: Duration) -> Result<Claim, StoreError>;

    /// Marks the work as done, to be remembered for `keep`. False when the claim is no longer the
    /// caller's, and nothing was marked.
    ///
    /// # Errors
    /// When the store cannot take it. The lease then runs out and the work may be done again.
    async fn complete(&self, key: &str, claim: u64, keep: Duration) -> Result<bool, StoreError>;

    /// Gives the claim up. False when it is no longer the caller's.
    ///
    /// # Errors
    /// When the store cannot take it. The lease then runs out by itself.
    async fn release(&self, key: &str, claim: u64) -> Result<bool, StoreError>;
}

/// The default [`DedupeStore`]: one process, bounded.
///
/// Holds at most [`with_capacity`](Self::with_capacity) keys (default 65,536). When it is full of live
/// ones, the done one that would be forgotten next is forgotten early; claims under way are never
/// dropped, and when there is nothing else a new claim fails as unavailable.
pub struct MemoryDedupeStore {
    clock: Arc<dyn Clock>,
    capacity: usize,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    entries: HashMap<Box<str>, Entry>,
    last_claim: u64,
}

struct Entry {
    claim: u64,
    done: bool,
    until: Instant,
}

impl MemoryDedupeStore {
    /// An empty store.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            capacity: 65_536,
            table: Mutex::default(),
        }
    }

    /// The most keys held, at least 1.
    #[must_use]
    pub fn with_capacity(mut self, capacity: usize) -> Self {
        self.capacity = capacity.max(1);
        self
    }

    /// Keys held.
    pub fn len(&self) -> usize {
        self.lock().entries.len()
    }

    /// True when no key is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// The caller's own claim, if it still is.
    fn held(&mut self, key: &str, claim: u64) -> Option<&mut Entry> {
        self.entries
            .get_mut(key)
            .filter(|entry| entry.claim == claim && !entry.done)
    }

    /// Room for one more key. Sweeps a share at once, so that a full store does not search on every claim.
    fn make_room(&mut self, capacity: usize, now: Instant) -> bool {
        if self.entries.len() < capacity {
            return true;
        }
        self.entries.retain(|_, entry| entry.until > now);
        if self.entries.len() >= capacity {
            let mut ends: Vec<Instant> = self
                .entries
                .values()
                .filter(|entry| entry.done)
                .map(|entry| entry.until)
                .collect();
            let share = (capacity / 16).max(1);
            if ends.len() > share {
                ends.select_nth_unstable(share - 1);
                ends.truncate(share);
            }
            if let Some(last) = ends.into_iter().max() {
                self.entries
                    .retain(|_, entry| !entry.done || entry.until > last);
            }
        }
        self.entries.len() < capacity
    }
}

#[async_trait::async_trait]
impl DedupeStore for MemoryDedupeStore {
    async fn claim(&self, key: &str, lease: Duration) -> Result<Claim, StoreError> {
        let now = self.clock.now();
        let mut table = self.lock();
        if let Some(entry) = table.entries.get(key).filter(|entry| entry.until > now) {
            return Ok(if entry.done {
                Claim::Done
            } else {
                Claim::Busy(entry.until.saturating_duration_since(now))
            });
        }
        table.entries.remove(key);
        if !table.make_room(self.capacity, now) {
            return Err(StoreError::new(crate::StoreErrorKind::Unavailable));
        }
        table.last_claim += 1;
        let claim = table.last_claim;
        let entry = Entry {
            claim,
            done: false,
            until: later(now, lease),
        };
        table.entries.insert(key.into(), entry);
        Ok(Claim::New(claim))
    }

    async fn complete(&self, key: &str, claim: u64, keep: Duration) -> Result<bool, StoreError> {
        let until = later(self.clock.now(), keep);
        let mut table = self.lock();
        let held = table.held(key, claim);
        Ok(held.is_some_and(|entry| {
            entry.done = true;
            entry.until = until;
            true
        }))
    }

    async fn release(&self, key: &str, claim: u64) -> Result<bool, StoreError> {
        let mut table = self.lock();
        let held = table.held(key, claim).is_some();
        if held {
            table.entries.remove(key);
        }
        Ok(held)
    }
}

/// Beyond the range of the clock means for ever; a year is close enough.
fn later(now: Instant, by: Duration) -> Instant {
    now.checked_add(by)
        .or_else(|| now.checked_add(Duration::from_secs(365 * 24 * 60 * 60)))
        .unwrap_or(now)
}

impl fmt::Debug for MemoryDedupeStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryDedupeStore")
            .field("keys", &self.len())
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}
