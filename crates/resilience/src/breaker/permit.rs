//! The right to send one request, owned or borrowed.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use super::core::{Lane, Outcome};
use crate::sync::panicking;

/// What the breaker needs to know of a request it let through.
#[derive(Debug, Clone, Copy)]
pub(super) struct Admission {
    /// The state word at the time of admission.
    pub(super) word: u64,
    /// The number of the probe; 0 outside half-open.
    pub(super) probe: u64,
    pub(super) started: Instant,
}

/// What both kinds of permit remember.
#[derive(Debug)]
struct Ticket {
    admission: Admission,
    deadline: Option<Instant>,
    settled: bool,
}

impl Ticket {
    #[inline]
    const fn new(admission: Admission) -> Self {
        Self {
            admission,
            deadline: None,
            settled: false,
        }
    }

    const fn is_probe(&self) -> bool {
        self.admission.probe != 0
    }

    fn limit(&mut self, lane: &Lane, deadline: Instant) {
        self.deadline = Some(deadline);
        lane.core.extend_lease(self.admission, deadline);
    }

    #[inline]
    fn settle(&mut self, lane: &Lane, outcome: Outcome, now: Instant) {
        self.settled = true;
        lane.settle(self.admission, outcome, now);
    }

    fn release(&mut self, lane: &Lane) {
        self.settled = true;
        if self.is_probe() {
            lane.core.release(self.admission);
        }
    }

    #[inline]
    fn abandon(&mut self, lane: &Lane) {
        if !self.settled {
            self.abandon_unsettled(lane);
        }
    }

    #[cold]
    fn abandon_unsettled(&mut self, lane: &Lane) {
        let panicked = panicking();
        if panicked || self.deadline.is_some() {
            let now = lane.core.now();
            if panicked || self.deadline.is_some_and(|deadline| now >= deadline) {
                self.settle(lane, Outcome::Failure, now);
                return;
            }
        }
        self.release(lane);
    }
}

/// The right to send one request through a [`Breaker`](crate::Breaker), owned by the attempt.
///
/// It remembers the generation it was given in: when the breaker has changed its state since, the
/// outcome of this old request says nothing about the present and is ignored.
#[must_use = "a permit that is dropped at once protects nothing"]
pub struct Permit {
    lane: Arc<Lane>,
    ticket: Ticket,
}

/// A [`Permit`] that borrows its breaker, for an attempt that does not outlive it. Saves the two updates
/// of a reference count, which are most of what an owned permit costs.
#[must_use = "a permit that is dropped at once protects nothing"]
pub struct PermitRef<'a> {
    lane: &'a Lane,
    ticket: Ticket,
}

impl Permit {
    #[inline]
    pub(super) const fn new(lane: Arc<Lane>, admission: Admission) -> Self {
        Self {
            lane,
            ticket: Ticket::new(admission),
        }
    }
}

impl<'a> PermitRef<'a> {
    #[inline]
    pub(super) const fn new(lane: &'a Lane, admission: Admission) -> Self {
        Self {
            lane,
            ticket: Ticket::new(admission),
        }
    }
}

macro_rules! permit_methods {
    ($permit:ty) => {
        impl $permit {
            /// Names the instant at which the attempt will be given up. A permit dropped after it is a
            /// failure of the server; one dropped before is the caller's own cancellation. A probe's
            /// lease becomes this instant and 5 s.
            pub fn with_attempt_deadline(mut self, deadline: Instant) -> Self {
                self.ticket.limit(&self.lane, deadline);
                self
            }

            /// The server did its work.
            #[inline]
            pub fn success(mut self, now: Instant) {
                self.ticket.settle(&self.lane, Outcome::Success, now);
            }

            /// The server is to blame: no connection, a time-out, 500, 502, 503, 504.
            pub fn failure(mut self, now: Instant) {
                self.ticket.settle(&self.lane, Outcome::Failure, now);
            }

            /// The answer says nothing about the server's health: other 4xx, 429.
            pub fn ignored(mut self) {
                self.ticket.release(&self.lane);
            }

            /// True when the request decides whether a half-open breaker closes.
            pub fn is_probe(&self) -> bool {
                self.ticket.is_probe()
            }
        }
    };
}

permit_methods!(Permit);
permit_methods!(PermitRef<'_>);

impl Drop for Permit {
    #[inline]
    fn drop(&mut self) {
        self.ticket.abandon(&self.lane);
    }
}

impl Drop for PermitRef<'_> {
    #[inline]
    fn drop(&mut self) {
        self.ticket.abandon(self.lane);
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Permit").field(&self.ticket).finish()
    }
}

impl fmt::Debug for PermitRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PermitRef").field(&self.ticket).finish()
    }
}
