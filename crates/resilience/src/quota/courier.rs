//! Carries a gate's messages to its store.

use std::fmt;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::gate::Shared;
use super::ledger::Availability;
use super::pool::{Demand, Errand};
use super::queue::{State, wake};
use super::{LeaseAnswer, QuotaStore};
use crate::{StoreError, StoreErrorKind, timeout_at};

/// The store of a gate.
#[derive(Clone)]
pub(super) struct Store {
    pub(super) store: Arc<dyn QuotaStore>,
    pub(super) key: Arc<str>,
    pub(super) patience: Duration,
}

/// Sends somebody to the store if there is anything to do and nobody is there. Who visits does so in a task of its own: no
/// caller waits for what others need, and a caller who leaves takes nothing with it.
pub(super) fn dispatch(shared: &Arc<Shared>, state: &mut State, now: Instant) -> Vec<Waker> {
    let Some(store) = &shared.store else {
        return Vec::new();
    };
    let demand = state.demand(now);
    let Some(pool) = &mut state.pool else {
        return Vec::new();
    };
    if !pool.wants_visit(demand, now) {
        return Vec::new();
    }
    // Outside of a runtime there is nobody to send.
    let Ok(runtime) = Handle::try_current() else {
        pool.failed(None, now);
        return state.notify(now);
    };
    pool.is_visited = true;
    let courier = Courier {
        shared: Arc::clone(shared),
        store: store.clone(),
        is_back: false,
    };
    runtime.spawn(courier.run());
    Vec::new()
}

impl State {
    fn demand(&mut self, now: Instant) -> Demand {
        Demand {
            waiting: u64::try_from(self.queue.len()).unwrap_or(u64::MAX),
            in_flight: self.ledger.in_flight(),
            is_futile: matches!(self.ledger.available(now), Availability::Spent(_)),
        }
    }
}

struct Courier {
    shared: Arc<Shared>,
    store: Store,
    is_back: bool,
}

impl Courier {
    /// Goes as long as there is something to do.
    async fn run(mut self) {
        while let Some(errand) = self.next() {
            let visit = self.store.visit(&errand);
            let answer = match errand.begun.checked_add(self.store.patience) {
                Some(until) => timeout_at(&*self.shared.clock, until, visit)
                    .await
                    .unwrap_or_else(|_elapsed| Err(StoreError::new(StoreErrorKind::Unavailable))),
                None => visit.await,
            };
            self.settle(&errand, answer);
        }
    }

    fn next(&mut self) -> Option<Errand> {
        let now = self.shared.clock.now();
        let mut state = self.shared.lock();
        let demand = state.demand(now);
        let pool = state.pool.as_mut()?;
        let errand = pool.errand(demand, now);
        // Under the lock: whoever has something to do from here on sends the next one.
        pool.is_visited = errand.is_some();
        self.is_back = errand.is_none();
        errand
    }

    fn settle(&self, errand: &Errand, answer: Result<Option<LeaseAnswer>, StoreError>) {
        let now = self.shared.clock.now();
        let mut state = self.shared.lock();
        if let Some(pool) = &mut state.pool {
            match answer {
                Ok(answer) => pool.visited(answer, errand.begun, now),
                Err(_) => pool.failed(errand.throttled, now),
            }
        }
        let woken = state.notify(now);
        drop(state);
        wake(woken);
    }
}

/// A visit that ended with its runtime or by a panic of the store has failed: nobody may wait for it.
impl Drop for Courier {
    fn drop(&mut self) {
        if self.is_back {
            return;
        }
        let now = self.shared.clock.now();
        let mut state = self.shared.lock();
        if let Some(pool) = &mut state.pool {
            pool.is_visited = false;
            pool.failed(None, now);
        }
        let woken = state.notify(now);
        drop(state);
        wake(woken);
    }
}

impl Store {
    /// The news first: what the store grants depends on them.
    async fn visit(&self, errand: &Errand) -> Result<Option<LeaseAnswer>, StoreError> {
        let (store, key) = (&*self.store, &*self.key);
        if let Some(until) = errand.throttled {
            let wait = until.saturating_duration_since(errand.begun);
            store.throttled(key, wait).await?;
        }
        for (lease, report) in &errand.reports {
            store.report(key, *lease, *report).await?;
        }
        for (lease, slots) in &errand.returns {
            store.give_back(key, *lease, *slots).await?;
        }
        match errand.want {
            0 => Ok(None),
            want => store.lease(key, want).await.map(Some),
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(f)
    }
}
