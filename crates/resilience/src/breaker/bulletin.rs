//! Transition events on their way to the listeners.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};

use super::event::{BreakerListener, Transition};
use crate::sync::{Mutex, MutexGuard, RwLock, TryLockError};

#[derive(Debug)]
pub(super) struct Bulletin {
    events: Mutex<VecDeque<Transition>>,
    /// Held while events are handed out, which keeps them in order.
    delivery: Mutex<()>,
    listeners: RwLock<Vec<Arc<dyn BreakerListener>>>,
}

impl Bulletin {
    pub(super) fn new(listeners: Vec<Arc<dyn BreakerListener>>) -> Self {
        Self {
            events: Mutex::default(),
            delivery: Mutex::default(),
            listeners: RwLock::new(listeners),
        }
    }

    pub(super) fn listen(&self, listener: Arc<dyn BreakerListener>) {
        self.listeners
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(listener);
    }

    /// Called with the state's lock held, so that events queue in the order of the transitions.
    pub(super) fn post(&self, event: Transition) {
        self.events().push_back(event);
    }

    /// Called without the state's lock. Whoever finds the delivery busy leaves its events to that
    /// thread, which looks again after it has let go; so a listener may use the breaker.
    pub(super) fn deliver(&self) {
        while !self.events().is_empty() {
            let _turn = match self.delivery.try_lock() {
                Ok(turn) => turn,
                Err(TryLockError::Poisoned(turn)) => turn.into_inner(),
                Err(TryLockError::WouldBlock) => return,
            };
            let Some(event) = self.events().pop_front() else {
                continue;
            };
            let listeners = self
                .listeners
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            for listener in listeners {
                // A permit may settle in a destructor that runs because of a panic, where a second
                // panic would end the process.
                let _ = catch_unwind(AssertUnwindSafe(|| listener.on_transition(&event)));
            }
        }
    }

    fn events(&self) -> MutexGuard<'_, VecDeque<Transition>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
