//! The bounded map underneath: entries, bytes and time to live.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How much a cache may hold.
///
/// Defaults: 1024 entries, 16 MiB, a sweep for expired entries once a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheLimits {
    entries: usize,
    bytes: usize,
    sweep: Duration,
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self {
            entries: 1024,
            bytes: 16 * 1024 * 1024,
            sweep: Duration::from_secs(60),
        }
    }
}

impl CacheLimits {
    /// The most entries. 0 keeps nothing.
    #[must_use]
    pub fn with_entries(mut self, entries: usize) -> Self {
        self.entries = entries;
        self
    }

    /// The most bytes, as the sum of the weights given with the values. 0 keeps only weightless values.
    #[must_use]
    pub fn with_bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// How often an insertion removes everything that has expired.
    #[must_use]
    pub fn with_sweep(mut self, interval: Duration) -> Self {
        self.sweep = interval;
        self
    }
}

/// A map whose entries expire, bounded in entries and bytes.
///
/// Values are cloned out: use an `Arc`, which makes them immutable and shared. Expired entries are
/// never returned; they are removed when they are met, and all of them by a sweep now and then, which
/// an insertion pays for. When the map is full, entries that were not read since the eviction last
/// passed them go first.
///
/// The key decides what is the same answer. For an HTTP answer that is method, normalised URL, a digest
/// of the body **and** the identity of the caller; with less, one caller is served another's answer.
pub struct TtlCache<K, V> {
    limits: CacheLimits,
    table: Mutex<Table<K, V>>,
}

struct Table<K, V> {
    places: HashMap<K, usize>,
    entries: Vec<Entry<K, V>>,
    bytes: usize,
    hand: usize,
    next_sweep: Option<Instant>,
}

struct Entry<K, V> {
    key: K,
    value: V,
    weight: usize,
    expires: Instant,
    read: bool,
}

impl<K: Clone + Eq + Hash, V: Clone> TtlCache<K, V> {
    /// An empty cache.
    pub fn new(limits: CacheLimits) -> Self {
        Self {
            limits,
            table: Mutex::new(Table {
                places: HashMap::new(),
                entries: Vec::new(),
                bytes: 0,
                hand: 0,
                next_sweep: None,
            }),
        }
    }

    /// The value of `key`, unless it has expired at `now`.
    pub fn get<Q>(&self, key: &Q, now: Instant) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let mut table = self.lock();
        let place = *table.places.get(key)?;
        let entry = &mut table.entries[place];
        if entry.expires <= now {
            table.take(place);
            return None;
        }
        entry.read = true;
        Some(entry.value.clone())
    }

    /// Keeps `value` for `ttl`, in place of an older one. False when it was not kept: the time is zero,
    /// or it alone is over the limits. The older one is gone in any case.
    pub fn insert(&self, key: K, value: V, weight: usize, ttl: Duration, now: Instant) -> bool {
        let mut table = self.lock();
        if let Some(&place) = table.places.get(&key) {
            table.take(place);
        }
        if table.next_sweep.is_none_or(|at| at <= now) {
            table.purge(now);
            table.next_sweep = now.checked_add(self.limits.sweep);
        }
        // A time beyond the range of the clock is for ever; a year is close enough.
        let expires = now
            .checked_add(ttl)
            .or_else(|| now.checked_add(Duration::from_secs(365 * 24 * 60 * 60)));
        let Some(expires) = expires.filter(|_| !ttl.is_zero()) else {
            return false;
        };
        if weight > self.limits.bytes || self.limits.entries == 0 {
            return false;
        }
        while table.entries.len() >= self.limits.entries || table.bytes > self.limits.bytes - weight
        {
            let place = table.victim(now);
            table.take(place);
        }
        let place = table.entries.len();
        table.bytes += weight;
        table.places.insert(key.clone(), place);
        table.entries.push(Entry {
            key,
            value,
            weight,
            expires,
            read: false,
        });
        true
    }

    /// Removes one entry. True when there was one, expired or not.
    pub fn remove<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let mut table = self.lock();
        let place = table.places.get(key).copied();
        place.is_some_and(|place| {
            table.take(place);
            true
        })
    }

    /// Removes every entry whose key `matches`, such as everything a write made stale. How many.
    pub fn remove_matching(&self, matches: impl Fn(&K) -> bool) -> usize {
        self.lock().take_if(|entry| matches(&entry.key))
    }

    /// Removes every entry that has expired at `now`. How many.
    pub fn purge(&self, now: Instant) -> usize {
        self.lock().purge(now)
    }

    /// Entries held, expired ones that were not met yet included.
    pub fn len(&self) -> usize {
        self.lock().entries.len()
    }

    /// True when nothing is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sum of the weights held.
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }
}

impl<K, V> TtlCache<K, V> {
    fn lock(&self) -> MutexGuard<'_, Table<K, V>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash, V> Table<K, V> {
    fn take(&mut self, place: usize) {
        let old = self.entries.swap_remove(place);
        self.bytes -= old.weight;
        self.places.remove(&old.key);
        if let Some(moved) = self.entries.get(place) {
            self.places.insert(moved.key.clone(), place);
        }
    }

    fn take_if(&mut self, matches: impl Fn(&Entry<K, V>) -> bool) -> usize {
        let before = self.entries.len();
        let mut place = 0;
        while place < self.entries.len() {
            if matches(&self.entries[place]) {
                self.take(place);
            } else {
                place += 1;
            }
        }
        before - self.entries.len()
    }

    fn purge(&mut self, now: Instant) -> usize {
        self.take_if(|entry| entry.expires <= now)
    }

    /// The place to free: second chance, by a hand that goes round. Called only when something is held.
    fn victim(&mut self, now: Instant) -> usize {
        loop {
            let place = self.hand % self.entries.len();
            self.hand = place + 1;
            let entry = &mut self.entries[place];
            if entry.expires <= now || !std::mem::take(&mut entry.read) {
                return place;
            }
        }
    }
}

impl<K, V> fmt::Debug for TtlCache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.lock();
        f.debug_struct("TtlCache")
            .field("entries", &table.entries.len())
            .field("bytes", &table.bytes)
            .field("limits", &self.limits)
            .finish()
    }
}
