//! The gate that requests pass one by one.

use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use super::ledger::{Availability, Ledger};
use super::throttle::Throttles;
use super::{QuotaConfig, QuotaError, Slot};
use crate::{Clock, Random};

/// The longest spread after a reset.
const MAX_SPREAD: Duration = Duration::from_secs(2);

/// The quota of one token. Clones share it; use one for each token.
///
/// It learns the server's fixed window from reports and refusals, spends it as fast as requests come,
/// and then lets them wait for the reset, after which they start one after the other in their order.
///
/// - While nothing is known, a limited number of requests is in flight at a time; their answers tell.
/// - A server that never reports is not gated.
/// - The server's own count wins over ours. When it grows faster than our answers come in, others spend
///   the same token, and the gate leaves room for them in what is left of the window.
/// - A nonsensical report is bounded: a limit of 0 is read as 1, a reset is cut to the longest window.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), resilience::QuotaError> {
/// use std::{sync::Arc, time::Duration};
/// use resilience::{Clock, Quota, QuotaConfig, QuotaReport, SystemClock, ThreadRandom};
///
/// let clock = Arc::new(SystemClock);
/// let quota = Quota::new(QuotaConfig::default(), clock.clone(), Arc::new(ThreadRandom));
/// let slot = quota.acquire("GET /users", None).await?;
/// // Send the request; its answer carries the server's count.
/// slot.report(QuotaReport::new(300, 300, Duration::from_secs(42)), clock.now());
///
/// let deadline = clock.now() + Duration::from_secs(5);
/// let error = quota.acquire("GET /users", Some(deadline)).await.unwrap_err();
/// assert!(error.wait > Duration::from_secs(41));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Quota {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    config: QuotaConfig,
    pub(super) clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    state: Mutex<State>,
}

struct State {
    ledger: Ledger,
    throttles: Throttles,
    /// Waiting for the window, oldest first. A resource that is throttled waits elsewhere, so that it
    /// keeps nobody behind it waiting.
    queue: BTreeMap<u64, Waiting>,
    next_ticket: u64,
}

#[derive(Default)]
struct Waiting {
    waker: Option<Waker>,
    notified: bool,
    /// Wakes up by itself.
    timed: bool,
    /// Has its own time to start and is not to be woken before.
    starts: Option<Instant>,
}

impl Quota {
    /// A gate that knows nothing yet.
    pub fn new(config: QuotaConfig, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        let state = Mutex::new(State {
            ledger: Ledger::new(&config),
            throttles: Throttles::default(),
            queue: BTreeMap::new(),
            next_ticket: 0,
        });
        Self {
            shared: Arc::new(Shared {
                config,
                clock,
                random,
                state,
            }),
        }
    }

    /// Waits for the right to send one request to `resource`, a name of the caller's choice such as
    /// method and path template. Waiters are served in their order; dropping the future gives the place
    /// in the queue up.
    ///
    /// # Errors
    /// [`QuotaError`] at once when the next slot is known to be at or after `deadline`, and at
    /// `deadline` when that was not known before.
    pub async fn acquire(
        &self,
        resource: &str,
        deadline: Option<Instant>,
    ) -> Result<Slot, QuotaError> {
        let mut place = Place {
            shared: &self.shared,
            ticket: None,
        };
        let mut not_before = None;
        loop {
            let now = self.shared.clock.now();
            let wake = match self.shared.step(&mut place, resource, not_before, now) {
                Step::Granted => {
                    return Ok(Slot::new(Arc::clone(&self.shared), now));
                }
                Step::Wait { until, start } => {
                    if start.is_some() {
                        not_before = start;
                    }
                    if let (Some(until), Some(deadline)) = (until, deadline)
                        && until >= deadline
                    {
                        let wait = until.saturating_duration_since(now);
                        return Err(QuotaError { wait });
                    }
                    start.or(until)
                }
                Step::Watch { until } => until,
            };
            if deadline.is_some_and(|deadline| deadline <= now) {
                let wait = wake.map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
                return Err(QuotaError { wait });
            }
            place.wait(wake, deadline).await;
        }
    }

    /// Notes that the server refused a request to `resource` and asked to wait.
    ///
    /// A `limit_key` of `None`, or one of the configured shared keys, stops the whole token; any other
    /// key stops only the resources that were refused because of it. The wait is never shortened, but
    /// cut to 24 h.
    pub fn throttled(
        &self,
        limit_key: Option<&str>,
        resource: &str,
        retry_after: Duration,
        now: Instant,
    ) {
        let config = &self.shared.config;
        let limit =
            limit_key.filter(|key| !config.shared_keys.iter().any(|shared| &**shared == *key));
        let mut state = self.shared.lock();
        match limit {
            None => {
                state.ledger.throttle(retry_after, now);
                let woken = state.notify(now);
                drop(state);
                wake(woken);
            }
            Some(limit) => {
                let wait = retry_after.min(config.max_throttle);
                if let Some(until) = now.checked_add(wait) {
                    state.throttles.stop(limit, resource, until, now);
                }
            }
        }
    }

    /// Requests that wait for the window now.
    pub fn waiting(&self) -> usize {
        self.shared.lock().queue.len()
    }
}

impl fmt::Debug for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quota")
            .field("ledger", &self.shared.lock().ledger)
            .finish_non_exhaustive()
    }
}

enum Step {
    Granted,
    /// No slot before `until`; this waiter starts at `start`.
    Wait {
        until: Option<Instant>,
        start: Option<Instant>,
    },
    /// A slot may come back at any time.
    Watch {
        until: Option<Instant>,
    },
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn step(
        &self,
        place: &mut Place<'_>,
        resource: &str,
        not_before: Option<Instant>,
        now: Instant,
    ) -> Step {
        let mut state = self.lock();
        if let Some(until) = state.throttles.until(resource, now) {
            let start = later(until, self.random.duration_up_to(self.config.step));
            if place.ticket.is_some() {
                state.leave(place);
                let woken = state.notify(now);
                drop(state);
                wake(woken);
            }
            return Step::Wait {
                until: Some(until),
                start: Some(start),
            };
        }
        let rank = state.rank(place) as u64;
        if let Some(start) = not_before.filter(|start| now < *start) {
            return Step::Wait {
                until: Some(start),
                start: Some(start),
            };
        }
        match state.ledger.available(now) {
            // The older waiters' slots are theirs, also while they are still asleep.
            Availability::Slots(free) if free > rank => {
                let _ = state.ledger.take(1, now);
                state.leave(place);
                Step::Granted
            }
            Availability::Slots(_) => {
                state.enter(place, None);
                Step::Watch { until: None }
            }
            Availability::Pending(until) => {
                state.enter(place, None);
                Step::Watch {
                    until: until.map(|until| self.start_after(until, rank)),
                }
            }
            Availability::Spent(until) => {
                let start = self.start_after(until, rank);
                state.enter(place, Some(start));
                Step::Wait {
                    until: Some(until),
                    start: Some(start),
                }
            }
        }
    }

    /// When the waiter of this rank starts after a reset: one after the other, never before it.
    fn start_after(&self, reset: Instant, rank: u64) -> Instant {
        let step = self.config.step;
        let rank = u32::try_from(rank).unwrap_or(u32::MAX);
        let spread = step.saturating_mul(rank).min(MAX_SPREAD);
        later(reset, spread + self.random.duration_up_to(step))
    }

    pub(super) fn settle(&self, now: Instant, change: impl FnOnce(&mut Ledger)) {
        let mut state = self.lock();
        change(&mut state.ledger);
        let woken = state.notify(now);
        drop(state);
        wake(woken);
    }
}

impl State {
    fn rank(&self, place: &Place<'_>) -> usize {
        match place.ticket {
            None => self.queue.len(),
            Some(ticket) => self.queue.range(..ticket).count(),
        }
    }

    fn enter(&mut self, place: &mut Place<'_>, starts: Option<Instant>) {
        let ticket = *place.ticket.get_or_insert_with(|| {
            self.next_ticket += 1;
            self.next_ticket
        });
        self.queue.entry(ticket).or_default().starts = starts;
    }

    fn leave(&mut self, place: &mut Place<'_>) {
        if let Some(ticket) = place.ticket.take() {
            self.queue.remove(&ticket);
        }
    }

    /// Wakes as many of the oldest waiters as there are slots. When there are none any more, wakes those
    /// who would not wake up by themselves, so that they learn how long it takes.
    fn notify(&mut self, now: Instant) -> Vec<Waker> {
        let free = match self.ledger.available(now) {
            Availability::Slots(free) => usize::try_from(free).unwrap_or(usize::MAX),
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
struct Place<'a> {
    shared: &'a Shared,
    ticket: Option<u64>,
}

impl Place<'_> {
    /// Until `wake` or `deadline`, or until a slot comes back. Only `wake` is a time at which there may be a slot: who has
    /// none wants to know when the window turns out to be spent.
    async fn wait(&mut self, wake: Option<Instant>, deadline: Option<Instant>) {
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
            let woken = state.notify(now);
            drop(state);
            wake(woken);
        }
    }
}

fn wake(wakers: Vec<Waker>) {
    for waker in wakers {
        waker.wake();
    }
}

fn later(at: Instant, by: Duration) -> Instant {
    at.checked_add(by).unwrap_or(at)
}
