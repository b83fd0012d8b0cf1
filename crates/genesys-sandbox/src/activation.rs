//! How platform integrations reach an intended state.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long `reportedState` stays `ACTIVATING` or `DEACTIVATING`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Activation {
    /// For this many `GET`s of the integration after the change. Zero: the change is immediate.
    Polls(u32),
    /// For this long.
    After(Duration),
}

impl Default for Activation {
    /// One poll, so that a client that never waits is found out.
    fn default() -> Self {
        Self::Polls(1)
    }
}

#[derive(Debug)]
struct Book {
    pace: Activation,
    failures: VecDeque<String>,
}

/// The pace of activations and their scripted failures. Changes hold from the next change of an intended state on.
#[derive(Debug)]
pub struct Activations(Mutex<Book>);

impl Activations {
    pub(crate) fn new(pace: Activation) -> Self {
        Self(Mutex::new(Book {
            pace,
            failures: VecDeque::new(),
        }))
    }

    /// Sets the pace.
    pub fn set_pace(&self, pace: Activation) {
        self.lock().pace = pace;
    }

    /// Lets the next activation end in `ERROR` with this message in `reportedState.detail`. Calls queue up.
    pub fn fail_next(&self, message: impl Into<String>) {
        self.lock().failures.push_back(message.into());
    }

    pub(crate) fn begin(&self, enable: bool) -> (Activation, Option<String>) {
        let mut book = self.lock();
        let failure = if enable {
            book.failures.pop_front()
        } else {
            None
        };
        (book.pace, failure)
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
