//! Which resources are stopped by which limit, and until when.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

/// The most resources and limits remembered. What ends first is forgotten first.
const MAX_ENTRIES: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Throttles {
    /// The end of each limit's stop.
    limits: HashMap<Arc<str>, Instant>,
    /// The limits that were seen with a resource. A limit may span several resources.
    resources: HashMap<Arc<str>, Vec<Arc<str>>>,
}

impl Throttles {
    pub(super) fn stop(&mut self, limit: &str, resource: &str, until: Instant, now: Instant) {
        self.make_room(now);
        let limit: Arc<str> = Arc::from(limit);
        let end = self.limits.entry(Arc::clone(&limit)).or_insert(until);
        *end = (*end).max(until);
        let seen = self.resources.entry(Arc::from(resource)).or_default();
        if !seen.contains(&limit) {
            seen.push(limit);
        }
    }

    /// Until when `resource` is stopped.
    pub(super) fn until(&self, resource: &str, now: Instant) -> Option<Instant> {
        self.resources
            .get(resource)?
            .iter()
            .filter_map(|limit| self.limits.get(limit).copied())
            .filter(|until| *until > now)
            .max()
    }

    /// Makes room by an eighth at a time, so that a flood of names does not search with each of them.
    fn make_room(&mut self, now: Instant) {
        if self.limits.len() < MAX_ENTRIES && self.resources.len() < MAX_ENTRIES {
            return;
        }
        self.limits.retain(|_, until| *until > now);
        if self.limits.len() >= MAX_ENTRIES {
            let mut ends: Vec<Instant> = self.limits.values().copied().collect();
            let (_, last, _) = ends.select_nth_unstable(MAX_ENTRIES / 8);
            let mut surplus = MAX_ENTRIES / 8;
            self.limits.retain(|_, until| {
                let goes = *until <= *last && surplus > 0;
                surplus -= usize::from(goes);
                !goes
            });
        }
        let limits = &self.limits;
        self.resources.retain(|_, seen| {
            seen.retain(|limit| limits.contains_key(limit));
            !seen.is_empty()
        });
        // Many resources under a few limits that last: none of them is more worth keeping.
        if self.resources.len() >= MAX_ENTRIES {
            let mut kept = 0;
            self.resources.retain(|_, _| {
                kept += 1;
                kept <= MAX_ENTRIES * 7 / 8
            });
        }
    }
}
