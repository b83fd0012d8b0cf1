//! The right to send one request.

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use super::core::{Lane, Outcome};

/// The right to send one request through a [`Breaker`](crate::Breaker), owned by the attempt.
///
/// It remembers the generation it was given in: when the breaker has changed its state since, the
/// outcome of this old request says nothing about the present and is ignored.
#[must_use = "a permit that is dropped at once protects nothing"]
pub struct Permit {
    pub(super) lane: Arc<Lane>,
    /// The state word at the time of admission.
    pub(super) word: u64,
    /// The number of the probe; 0 outside half-open.
    pub(super) probe: u64,
    pub(super) started: Instant,
    deadline: Option<Instant>,
    settled: bool,
}

impl Permit {
    #[inline]
    pub(super) fn new(lane: &Arc<Lane>, word: u64, probe: u64, started: Instant) -> Self {
        Self {
            lane: Arc::clone(lane),
            word,
            probe,
            started,
            deadline: None,
            settled: false,
        }
    }

    /// Names the instant at which the attempt will be given up. A permit dropped after it is a failure
    /// of the server; one dropped before is the caller's own cancellation. A probe's lease becomes this
    /// instant and 5 s.
    pub fn with_attempt_deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self.lane.core.extend_lease(&self, deadline);
        self
    }

    /// The server did its work.
    #[inline]
    pub fn success(mut self, now: Instant) {
        self.settled = true;
        self.lane.core.settle(&self, Outcome::Success, now);
    }

    /// The server is to blame: no connection, a time-out, 500, 502, 503, 504.
    pub fn failure(mut self, now: Instant) {
        self.settled = true;
        self.lane.core.settle(&self, Outcome::Failure, now);
    }

    /// The answer says nothing about the server's health: other 4xx, 429.
    pub fn ignored(mut self) {
        self.release();
    }

    /// True when the request decides whether a half-open breaker closes.
    pub fn is_probe(&self) -> bool {
        self.probe != 0
    }

    fn release(&mut self) {
        self.settled = true;
        if self.is_probe() {
            self.lane.core.release(self);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        let core = &self.lane.core;
        let panicked = thread::panicking();
        if panicked || self.deadline.is_some() {
            let now = core.now();
            if panicked || self.deadline.is_some_and(|deadline| now >= deadline) {
                self.settled = true;
                core.settle(self, Outcome::Failure, now);
                return;
            }
        }
        self.release();
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("probe", &self.is_probe())
            .field("started", &self.started)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
