//! Who waits at a gate, and for what.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Instant;

use super::gate::Shared;
use super::ledger::{Availability, Ledger};
use super::pool::{AtHand, Lease, Pool};
use super::throttle::Throttles;

pub(super) struct State {
    pub(super) ledger: Ledger,
    pub(super) throttles: Throttles,
    /// What is held of a window that is shared by a store.
    pub(super) pool: Option<Pool>,
    /// Waiting for the window, oldest first. A resource that is throttled waits elsewhere, so that it
    /// keeps nobody behind it waiting.
    pub(super) queue: BTreeMap<u64, Waiting>,
    next_ticket: u64,
}

#[derive(Default)]
pub(super) struct Waiting {
    waker: Option<Waker>,
    notified: bool,
    /// Wakes up by itself.
    timed: bool,
    /// Has its own time to start and is not to be woken before.
    starts: Option<Instant>,
}

impl State {
    pub(super) fn new(ledger: Ledger, pool: Option<Pool>) -> Self {
        Self {
            ledger,
            throttles: Throttles::default(),
            pool,
            queue: BTreeMap::new(),
            next_ticket: 0,
        }
    }

    /// What can be granted now.
    pub(super) fn available(&mut self, now: Instant) -> Availability {
        let known = self.ledger.available(now);
        let Some(pool) = &mut self.pool else {
            return known;
        };
        match (pool.at_hand(now), known) {
            (AtHand::Away, _) => known,
            // The server's own word goes before the store's.
            (_, Availability::Spent(until)) | (AtHand::Spent(until), _) => {
                Availability::Spent(until)
            }
            (AtHand::Slots(slots), _) => Availability::Slots(slots),
            (AtHand::Busy(until), _) => Availability::Pending(Some(until)),
            (AtHand::Ask, _) => Availability::Asked,
        }
    }

    /// Grants one slot; only when there is one.
    pub(super) fn take(&mut self, now: Instant) -> Option<Lease> {
        self.ledger.take_granted();
        self.pool.as_mut().and_then(|pool| pool.take(now))
    }

    pub(super) fn rank(&self, place: &Place<'_>) -> usize {
        match place.ticket {
            None => self.queue.len(),
            Some(ticket) => self.queue.range(..ticket).count(),
        }
    }

    pub(super) fn enter(&mut self, place: &mut Place<'_>, starts: Option<Instant>) {
        let ticket = *place.ticket.get_or_insert_with(|| {
            self.next_ticket += 1;
            self.next_ticket
        });
        self.queue.entry(ticket).or_default().starts = starts;
    }

    pub(super) fn leave(&mut self, place: &mut Place<'_>) {
        if let Some(ticket) = place.ticket.take() {
            self.queue.remove(&ticket);
        }
    }

    /// Wakes as many of the oldest waiters as there are slots. When there are none any more, wakes those
    /// who would not wake up by themselves, so that they learn how long it takes.
    pub(super) fn notify(&mut self, now: Instant) -> Vec<Waker> {
        let free = match self.available(now) {
            Availability::Slots(free) => usize::try_from(free).unwrap_or(usize::MAX),
            // They cannot learn anything before the answer.
            Availability::Asked => return Vec::new(),
            Availability::Pending(_) | Availability::Spent(_) => 0,
        };
        self.queue
            .values_mut()
            .enumerate()
            .take_while(|(rank, _)| *rank < free || free == 0)
            .filter(|(_, waiting)| free > 0 || !waiting.timed)
            .filter(|(_, waiting)| waiting.starts.is_none_or(|start| start <= now))
            .filter_map(|(_, waiting)| {
                waiting.notified = true;
                waiting.waker.take()
            })
            .collect()
    }
}

/// A caller's place in the queue; given up on drop.
pub(super) struct Place<'a> {
    pub(super) shared: &'a Arc<Shared>,
    pub(super) ticket: Option<u64>,
}

impl Place<'_> {
    /// Until `wake` or `deadline`, or until a slot comes back. Only `wake` is a time at which there may be a slot: who has
    /// none wants to know when the window turns out to be spent.
    pub(super) async fn wait(&mut self, wake: Option<Instant>, deadline: Option<Instant>) {
        let at = match (wake, deadline) {
            (Some(wake), Some(deadline)) => Some(wake.min(deadline)),
            (wake, deadline) => wake.or(deadline),
        };
        let mut sleep = at.map(|at| self.shared.clock.sleep_until(at));
        poll_fn(|cx| {
            if let Some(sleep) = &mut sleep
                && sleep.as_mut().poll(cx).is_ready()
            {
                return Poll::Ready(());
            }
            let Some(ticket) = self.ticket else {
                return Poll::Pending;
            };
            let mut state = self.shared.lock();
            match state.queue.get_mut(&ticket) {
                Some(waiting) if waiting.notified => {
                    waiting.notified = false;
                    Poll::Ready(())
                }
                Some(waiting) => {
                    waiting.timed = wake.is_some();
                    waiting.waker = Some(cx.waker().clone());
                    Poll::Pending
                }
                None => Poll::Ready(()),
            }
        })
        .await;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.ticket.is_some() {
            // Whoever stood behind may be next now.
            let now = self.shared.clock.now();
            let mut state = self.shared.lock();
            state.leave(self);
            self.shared.changed(state, now);
        }
    }
}

pub(super) fn wake(wakers: Vec<Waker>) {
    for waker in wakers {
        waker.wake();
    }
}
