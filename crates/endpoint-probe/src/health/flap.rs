//! Too much up and down.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// When an endpoint flaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FlapRule {
    /// So many changes between up and down ...
    pub(super) changes: u32,
    /// ... inside this time.
    pub(super) window: Duration,
}

/// The last changes, at most `rule.changes` of them.
#[derive(Debug, Clone)]
pub(super) struct FlapWindow {
    rule: FlapRule,
    changes: VecDeque<Instant>,
    flapping: bool,
}

impl FlapWindow {
    pub(super) fn new(rule: FlapRule) -> Self {
        Self {
            rule,
            changes: VecDeque::new(),
            flapping: false,
        }
    }

    pub(super) fn is_flapping(&self) -> bool {
        self.flapping
    }

    /// Notes a check at `now`, and whether it changed anything. The changes inside the window if the endpoint flaps.
    pub(super) fn note(&mut self, changed: bool, now: Instant) -> Option<u32> {
        // A change is inside the window for exactly as long as the window: one that is that old is out.
        while self
            .changes
            .front()
            .is_some_and(|at| now.saturating_duration_since(*at) >= self.rule.window)
        {
            self.changes.pop_front();
        }
        if changed {
            self.changes.push_back(now);
            // More than the rule asks for changes nothing; while it flaps, only the newest matters.
            if self.changes.len() > self.rule.changes as usize {
                self.changes.pop_front();
            }
        }
        let inside = u32::try_from(self.changes.len()).unwrap_or(u32::MAX);
        // In at the limit, out only when the window is empty: without the gap between the two, the verdict would flap itself.
        self.flapping = if self.flapping {
            inside > 0
        } else {
            inside >= self.rule.changes
        };
        self.flapping.then_some(inside)
    }
}
