//! The right to send one request.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use super::QuotaReport;
use super::gate::Shared;

/// The right to send one request, and the duty to say what came of it.
///
/// Dropped without a word, for instance because the call was cancelled or the connection was lost, the
/// request counts as spent, since the server may have counted it.
#[must_use = "a slot that is dropped counts as spent"]
pub struct Slot {
    shared: Arc<Shared>,
    sent: Instant,
    settled: bool,
}

impl Slot {
    pub(super) const fn new(shared: Arc<Shared>, sent: Instant) -> Self {
        Self {
            shared,
            sent,
            settled: false,
        }
    }

    /// When the slot was given.
    pub fn given_at(&self) -> Instant {
        self.sent
    }

    /// The answer carried the server's count.
    pub fn report(mut self, report: QuotaReport, now: Instant) {
        self.settled = true;
        let sent = self.sent;
        self.shared
            .settle(now, |ledger| ledger.report(report, sent, now));
    }

    /// The server answered and said nothing about quota. While nothing else is known, that turns the
    /// gate off until a report comes.
    pub fn silent(mut self, now: Instant) {
        self.settled = true;
        self.shared.settle(now, |ledger| ledger.silent(now));
    }

    /// The request was not sent.
    pub fn unused(mut self) {
        self.settled = true;
        let now = self.shared.clock.now();
        self.shared.settle(now, |ledger| ledger.give_back(1));
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if !self.settled {
            let now = self.shared.clock.now();
            self.shared.settle(now, |ledger| ledger.lost(now));
        }
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot")
            .field("sent", &self.sent)
            .finish_non_exhaustive()
    }
}
