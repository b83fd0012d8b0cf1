//! Doing once what is asked for under one key.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use resilience::{CacheLimits, TtlCache};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use super::options::IdempotencyKey;
use super::report::ResolveReport;

/// How long a report is remembered.
const KEEP: Duration = Duration::from_secs(24 * 60 * 60);
/// How many of them, and how many bytes of reports.
const MAX_KEYS: usize = 10_000;
const MAX_BYTES: usize = 32 << 20;

/// What a resolve was asked for: a digest of the route's JSON.
pub(super) type Fingerprint = [u8; 32];

/// Remembers the reports of keys, and lets one resolve a key run at a time.
///
/// Nothing runs in the background: when the first of several callers is dropped, or fails, the next one takes over. A slot is
/// held for as long as somebody wants it, so the table of slots is as large as there are callers.
#[derive(Debug, Clone)]
pub(super) struct Replays {
    done: Arc<TtlCache<Arc<str>, Arc<Done>>>,
    slots: Arc<Mutex<HashMap<Arc<str>, Weak<Slot>>>>,
}

#[derive(Debug)]
struct Done {
    fingerprint: Fingerprint,
    report: ResolveReport,
}

/// One key that is being resolved.
#[derive(Debug)]
struct Slot {
    fingerprint: Fingerprint,
    turn: Arc<AsyncMutex<()>>,
}

/// What a key turned out to be.
pub(super) enum Entered {
    /// It is this caller's turn.
    Lead(Lead),
    /// Somebody did it before.
    Replay(Box<ResolveReport>),
    /// It belongs to another route.
    Reused,
}

/// The right to resolve a key. Dropped without a report it passes to the next caller.
pub(super) struct Lead {
    replays: Replays,
    key: Arc<str>,
    slot: Arc<Slot>,
    /// Held across the whole resolve: this lock is the single flight.
    _turn: OwnedMutexGuard<()>,
}

impl Default for Replays {
    fn default() -> Self {
        let limits = CacheLimits::default()
            .with_entries(MAX_KEYS)
            .with_bytes(MAX_BYTES);
        Self {
            done: Arc::new(TtlCache::new(limits)),
            slots: Arc::default(),
        }
    }
}

impl Replays {
    /// Waits for this caller's turn, or for the report of whoever had it before.
    pub(super) async fn enter(
        &self,
        key: &IdempotencyKey,
        fingerprint: Fingerprint,
        now: impl Fn() -> Instant,
    ) -> Entered {
        let key: Arc<str> = Arc::from(key.as_str());
        let slot = {
            let mut slots = self.lock();
            if let Some(done) = self.done.get(&*key, now()) {
                return done.answer(fingerprint);
            }
            match slots.get(&key).and_then(Weak::upgrade) {
                Some(slot) => slot,
                None => {
                    slots.retain(|_, slot| slot.strong_count() > 0);
                    let turn = Arc::default();
                    let slot = Arc::new(Slot { fingerprint, turn });
                    slots.insert(Arc::clone(&key), Arc::downgrade(&slot));
                    slot
                }
            }
        };
        if slot.fingerprint != fingerprint {
            return Entered::Reused;
        }
        let turn = Arc::clone(&slot.turn).lock_owned().await;
        match self.done.get(&*key, now()) {
            Some(done) => done.answer(fingerprint),
            None => Entered::Lead(Lead {
                replays: self.clone(),
                key,
                slot,
                _turn: turn,
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Weak<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Done {
    fn answer(&self, fingerprint: Fingerprint) -> Entered {
        if self.fingerprint == fingerprint {
            Entered::Replay(Box::new(self.report.clone()))
        } else {
            Entered::Reused
        }
    }
}

impl Lead {
    /// Remembers the report for whoever comes with this key.
    pub(super) fn complete(self, report: &ResolveReport, now: Instant) {
        // What a report weighs is what its text weighs, near enough.
        let weight = serde_json::to_vec(report).map_or(0, |text| text.len());
        let done = Arc::new(Done {
            fingerprint: self.slot.fingerprint,
            report: report.clone(),
        });
        let key = Arc::clone(&self.key);
        self.replays.done.insert(key, done, weight, KEEP, now);
    }
}
