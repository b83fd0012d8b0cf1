//! The right to send one request.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use super::QuotaReport;
use super::gate::Shared;
use super::pool::Lease;

/// The right to send one request, and the duty to say what came of it.
///
/// Dropped without a word, for instance because the call was cancelled or the connection was lost, the
/// request counts as spent, since the server may have counted it.
#[must_use = "a slot that is dropped counts as spent"]
pub struct Slot {
    shared: Arc<Shared>,
    grant: Grant,
    settled: bool,
}

/// When a slot was granted, and under which lease of a shared window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grant {
    pub(super) sent: Instant,
    pub(super) lease: Option<Lease>,
}

/// What came of a slot.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    Reported(QuotaReport),
    Silent,
    Lost,
    Unused,
}

impl Slot {
    pub(super) const fn new(shared: Arc<Shared>, grant: Grant) -> Self {
        Self {
            shared,
            grant,
            settled: false,
        }
    }

    /// When the slot was given.
    pub fn given_at(&self) -> Instant {
        self.grant.sent
    }

    /// The answer carried the server's count.
    pub fn report(self, report: QuotaReport, now: Instant) {
        self.settle(Fate::Reported(report), now);
    }

    /// The server answered and said nothing about quota. While nothing else is known, that turns the
    /// gate off until a report comes.
    pub fn silent(self, now: Instant) {
        self.settle(Fate::Silent, now);
    }

    /// The request was not sent.
    pub fn unused(self) {
        let now = self.shared.clock.now();
        self.settle(Fate::Unused, now);
    }

    fn settle(mut self, fate: Fate, now: Instant) {
        self.settled = true;
        Shared::settle(&self.shared, self.grant, fate, now);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if !self.settled {
            let now = self.shared.clock.now();
            Shared::settle(&self.shared, self.grant, Fate::Lost, now);
        }
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot")
            .field("sent", &self.grant.sent)
            .finish_non_exhaustive()
    }
}
