//! The gate that requests pass one by one.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[cfg(feature = "tokio")]
use super::courier::{Store, dispatch};
use super::ledger::{Availability, Ledger};
use super::pool::Pool;
use super::queue::{Place, State, wake};
use super::slot::{Fate, Grant};
#[cfg(feature = "tokio")]
use super::store::QuotaStore;
use super::{QuotaConfig, QuotaError, Slot, StoreHealth};
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
    #[cfg(feature = "tokio")]
    pub(super) store: Option<Store>,
}

impl Quota {
    /// A gate that knows nothing yet.
    pub fn new(config: QuotaConfig, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        let state = State::new(Ledger::new(&config), None);
        Self {
            shared: Arc::new(Shared {
                config,
                clock,
                random,
                state: Mutex::new(state),
                #[cfg(feature = "tokio")]
                store: None,
            }),
        }
    }

    /// The same gate, before its first request, on a window that it shares with every gate of the same `store` and `key`, in
    /// this process or another. The key names the token; it is no secret and must not be one.
    ///
    /// - The gate leases slots: one for each caller that waits and one for each request under way, at most
    ///   [`with_lease_size`](QuotaConfig::with_lease_size). It returns what is left as soon as nobody waits and nothing is
    ///   under way. What a crashed process held comes back when its lease expires.
    /// - Visits to the store happen in tasks of their own. A caller waits for one only when there is no slot at hand, at
    ///   most [`with_store_patience`](QuotaConfig::with_store_patience) and never beyond its deadline.
    /// - **A store that fails or is slower than that has no say for 1 s**, and then until a visit succeeds, which no caller
    ///   waits for. Meanwhile the gate decides alone, as a gate without a store does: by the server's counts, which show how
    ///   fast others spend the same token. What may go over the limit then is what the processes have in flight together
    ///   when the window runs out, and each process tries [`with_probing`](QuotaConfig::with_probing) requests at the start
    ///   of the next one. [`store_health`](Self::store_health) counts it.
    /// - What the server itself said, to this gate, goes before what the store says.
    /// - Slots that a gate takes outside of a tokio runtime are granted as if the store were away.
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    #[must_use]
    pub fn with_store(self, store: Arc<dyn QuotaStore>, key: impl Into<Arc<str>>) -> Self {
        let config = self.shared.config.clone();
        let state = State::new(Ledger::new(&config), Some(Pool::new(&config)));
        Self {
            shared: Arc::new(Shared {
                clock: Arc::clone(&self.shared.clock),
                random: Arc::clone(&self.shared.random),
                state: Mutex::new(state),
                store: Some(Store {
                    store,
                    key: key.into(),
                    patience: config.patience,
                }),
                config,
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
            let step = Shared::step(&self.shared, &mut place, resource, not_before, now);
            let wake = match step {
                Step::Granted(grant) => {
                    return Ok(Slot::new(Arc::clone(&self.shared), grant));
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
                if let Some(pool) = &mut state.pool {
                    let wait = retry_after.min(config.max_throttle);
                    pool.throttled(later(now, wait));
                }
                self.shared.changed(state, now);
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

    /// How the gate gets on with its store; none without one.
    pub fn store_health(&self) -> Option<StoreHealth> {
        self.shared.lock().pool.as_ref().map(Pool::health)
    }
}

impl fmt::Debug for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.lock();
        f.debug_struct("Quota")
            .field("ledger", &state.ledger)
            .field("pool", &state.pool)
            .finish_non_exhaustive()
    }
}

enum Step {
    Granted(Grant),
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
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn step(
        shared: &Arc<Self>,
        place: &mut Place<'_>,
        resource: &str,
        not_before: Option<Instant>,
        now: Instant,
    ) -> Step {
        let mut state = shared.lock();
        if let Some(until) = state.throttles.until(resource, now) {
            let start = later(until, shared.random.duration_up_to(shared.config.step));
            if place.ticket.is_some() {
                state.leave(place);
                shared.changed(state, now);
            }
            return Step::Wait {
                until: Some(until),
                start: Some(start),
            };
        }
        let step = shared.in_turn(&mut state, place, not_before, now);
        #[cfg(feature = "tokio")]
        {
            let woken = dispatch(shared, &mut state, now);
            drop(state);
            wake(woken);
        }
        step
    }

    fn in_turn(
        &self,
        state: &mut State,
        place: &mut Place<'_>,
        not_before: Option<Instant>,
        now: Instant,
    ) -> Step {
        let rank = state.rank(place) as u64;
        if let Some(start) = not_before.filter(|start| now < *start) {
            return Step::Wait {
                until: Some(start),
                start: Some(start),
            };
        }
        match state.available(now) {
            // The older waiters' slots are theirs, also while they are still asleep.
            Availability::Slots(free) if free > rank => {
                let lease = state.take(now);
                state.leave(place);
                Step::Granted(Grant { sent: now, lease })
            }
            Availability::Slots(_) | Availability::Asked => {
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

    /// Notes what came of a slot.
    pub(super) fn settle(shared: &Arc<Self>, grant: Grant, fate: Fate, now: Instant) {
        let mut state = shared.lock();
        let ledger = &mut state.ledger;
        match fate {
            Fate::Reported(report) => ledger.report(report, grant.sent, now),
            Fate::Silent => ledger.silent(now),
            Fate::Lost => ledger.lost(now),
            Fate::Unused => ledger.settle(1),
        }
        if let Some(pool) = &mut state.pool {
            pool.settle(grant.lease, fate, grant.sent, now);
        }
        shared.changed(state, now);
    }

    /// Tells those who wait, and the store, what has changed.
    pub(super) fn changed(self: &Arc<Self>, mut state: MutexGuard<'_, State>, now: Instant) {
        let woken = state.notify(now);
        #[cfg(feature = "tokio")]
        let more = dispatch(self, &mut state, now);
        drop(state);
        wake(woken);
        #[cfg(feature = "tokio")]
        wake(more);
    }
}

fn later(at: Instant, by: Duration) -> Instant {
    at.checked_add(by).unwrap_or(at)
}
