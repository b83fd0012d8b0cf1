//! One renewal, from its start to what it leaves behind.

use std::sync::Arc;
use std::time::Instant;

use genesys_core::observe::{Event, Outcome as EventOutcome, TokenRenewal};
use genesys_core::{Error, ErrorKind, Token};
use tokio::sync::watch;

use super::Shared;
use super::backoff::{Setback, next_try};
use super::obtain::{Obtained, obtain};
use super::snapshot::Snapshot;

/// What everybody who waited gets.
pub(super) type Outcome = Result<Arc<Token>, Error>;

/// A failed renewal.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: Error,
    /// Whether the failure keeps the next caller from trying again. A panic does not: it says nothing about the
    /// login host.
    pub(super) remember: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            error,
            remember: true,
        }
    }
}

/// Runs a renewal to its end. Spawned, so no caller's cancellation reaches it.
pub(super) async fn fly(landing: Landing) {
    let result = obtain(&landing.shared, landing.after).await;
    landing.land(result);
}

/// The duty to end a flight, also when its task panics or its runtime shuts down.
pub(super) struct Landing {
    shared: Arc<Shared>,
    sender: watch::Sender<Option<Outcome>>,
    after: u64,
    started: Instant,
    landed: bool,
}

impl Landing {
    /// A flight for a token of a generation higher than `after`.
    pub(super) fn new(
        shared: Arc<Shared>,
        sender: watch::Sender<Option<Outcome>>,
        after: u64,
    ) -> Self {
        Self {
            started: shared.clock.now(),
            shared,
            sender,
            after,
            landed: false,
        }
    }

    fn land(mut self, result: Result<Obtained, Failure>) {
        let note = result.as_ref().ok().and_then(|obtained| obtained.note);
        let outcome = self.settle(result);
        let elapsed = self
            .shared
            .clock
            .now()
            .saturating_duration_since(self.started);
        let text;
        let event = match &outcome {
            Ok(token) => {
                let mut event = TokenRenewal::new(EventOutcome::Success, elapsed);
                event.generation = Some(token.generation());
                event.cause = note;
                event
            }
            Err(error) => {
                let mut event = TokenRenewal::new(EventOutcome::Failure(error.kind()), elapsed);
                text = error.to_string();
                event.cause = Some(&text);
                event
            }
        };
        self.shared.observer.on_event(&Event::TokenRenewal(&event));
        self.sender.send_replace(Some(outcome));
    }

    /// Puts the result where the next callers find it.
    fn settle(&mut self, result: Result<Obtained, Failure>) -> Outcome {
        self.landed = true;
        let shared = &self.shared;
        let mut state = shared.lock();
        state.flight = None;
        match result {
            Ok(obtained) => {
                let token = Arc::new(obtained.token);
                let snapshot = Snapshot::new(
                    Arc::clone(&token),
                    shared.clock.now(),
                    obtained.expires_at,
                    obtained.life,
                    &*shared.random,
                );
                shared.current.store(Some(Arc::new(snapshot)));
                state.generation = token.generation();
                state.failures = 0;
                state.setback = None;
                Ok(token)
            }
            Err(Failure { error, remember }) => {
                let now = shared.clock.now();
                state.failures = state.failures.saturating_add(1);
                let serving = shared
                    .current
                    .load_full()
                    .filter(|current| now < current.hard);
                let until = next_try(
                    &error,
                    state.failures,
                    now,
                    serving.as_ref().map(|current| current.hard),
                    shared.refusal_memory,
                    &*shared.random,
                );
                if let Some(current) = serving {
                    shared.current.store(Some(Arc::new(current.due_at(until))));
                }
                state.setback = remember.then(|| Setback {
                    until,
                    cause: error.clone(),
                });
                Err(error)
            }
        }
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        if !self.landed {
            let outcome = self.settle(Err(Failure {
                error: cut_off(),
                remember: false,
            }));
            self.sender.send_replace(Some(outcome));
        }
    }
}

/// The error of a renewal whose task did not come to its end.
pub(super) fn cut_off() -> Error {
    Error::new(
        ErrorKind::Login,
        "the token renewal was cut off: it panicked or its runtime shut down",
    )
}
