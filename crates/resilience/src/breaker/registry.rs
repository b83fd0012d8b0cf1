//! Breakers by key.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Breaker, BreakerConfig, BreakerListener, State};
use crate::{Clock, Random};

/// One breaker for each key, such as a host and a family of paths.
///
/// Bounded: at most [`with_capacity`](Self::with_capacity) breakers are kept (default 1024), and one
/// that was not asked for during [`with_idle`](Self::with_idle) (default 10 min) makes room first. When
/// all are in use, the next in turn that is closed goes, so a flood of new keys cannot make the registry
/// forget that an upstream is down while any other can go. Clones share the registry.
#[derive(Clone)]
pub struct BreakerRegistry {
    config: BreakerConfig,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    listeners: Vec<Arc<dyn BreakerListener>>,
    capacity: usize,
    idle: Duration,
    table: Arc<Mutex<Table>>,
}

#[derive(Default)]
struct Table {
    places: HashMap<Arc<str>, usize>,
    entries: Vec<Entry>,
    /// The clock hand of the eviction.
    hand: usize,
}

struct Entry {
    key: Arc<str>,
    breaker: Breaker,
    used: Instant,
    /// Asked for since the hand last passed.
    touched: bool,
}

impl BreakerRegistry {
    /// An empty registry whose breakers all use `config`, clamped to its bounds.
    pub fn new(config: BreakerConfig, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self {
            config: config.clamp(),
            clock,
            random,
            listeners: Vec::new(),
            capacity: 1024,
            idle: Duration::from_secs(600),
            table: Arc::default(),
        }
    }

    /// The most breakers kept, at least 1. Set it before the registry is shared.
    #[must_use]
    pub fn with_capacity(mut self, capacity: usize) -> Self {
        self.capacity = capacity.max(1);
        self
    }

    /// After how long without use a breaker may go.
    #[must_use]
    pub fn with_idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// Tells `listener` about every transition of breakers made from now on.
    #[must_use]
    pub fn with_listener(mut self, listener: Arc<dyn BreakerListener>) -> Self {
        self.listeners.push(listener);
        self
    }

    /// The breaker of `key`, made when there is none.
    pub fn get(&self, key: &str, now: Instant) -> Breaker {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&place) = table.places.get(key) {
            let entry = &mut table.entries[place];
            entry.used = now;
            entry.touched = true;
            return entry.breaker.clone();
        }
        let key: Arc<str> = Arc::from(key);
        let breaker = Breaker::build(
            self.config.clone(),
            Arc::clone(&self.clock),
            Arc::clone(&self.random),
            Arc::clone(&key),
            self.listeners.clone(),
        );
        let entry = Entry {
            key: Arc::clone(&key),
            breaker: breaker.clone(),
            used: now,
            touched: false,
        };
        if table.entries.len() < self.capacity {
            let place = table.entries.len();
            table.places.insert(key, place);
            table.entries.push(entry);
        } else {
            let place = table.victim(now, self.idle);
            let old = std::mem::replace(&mut table.entries[place], entry);
            table.places.remove(&old.key);
            table.places.insert(key, place);
        }
        breaker
    }

    /// Drops every breaker that was not asked for during the idle time. Never needed for the bound;
    /// gives memory back after a burst of keys.
    pub fn evict_idle(&self, now: Instant) {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let mut place = 0;
        while place < table.entries.len() {
            if table.entries[place].is_idle(now, self.idle) {
                let old = table.entries.swap_remove(place);
                table.places.remove(&old.key);
                if let Some(moved) = table.entries.get(place) {
                    let key = Arc::clone(&moved.key);
                    table.places.insert(key, place);
                }
            } else {
                place += 1;
            }
        }
    }

    /// Breakers held.
    pub fn len(&self) -> usize {
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.entries.len()
    }

    /// True when no breaker is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Entry {
    fn is_idle(&self, now: Instant, idle: Duration) -> bool {
        now.saturating_duration_since(self.used) >= idle
    }
}

impl Table {
    /// The place to reuse: second chance for what was asked for since the last round, and a third for
    /// what is not closed.
    fn victim(&mut self, now: Instant, idle: Duration) -> usize {
        let len = self.entries.len();
        for _ in 0..2 * len {
            let place = self.hand % len;
            self.hand = (place + 1) % len;
            let entry = &mut self.entries[place];
            let kept = std::mem::take(&mut entry.touched) || entry.breaker.state() != State::Closed;
            if entry.is_idle(now, idle) || !kept {
                return place;
            }
        }
        let place = self.hand % len;
        self.hand = (place + 1) % len;
        place
    }
}

impl fmt::Debug for BreakerRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerRegistry")
            .field("len", &self.len())
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}
