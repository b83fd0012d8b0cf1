//! The token cache.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use async_trait::async_trait;
use genesys_core::observe::Observer;
use genesys_core::{Error, ErrorKind, Token, TokenSource};
use resilience::{Clock, Random};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::exchange::TokenExchange;
use crate::oauth::OAuth;
use crate::store::{TokenKey, TokenStore};

mod backoff;
mod builder;
mod flight;
mod obtain;
mod snapshot;

use backoff::Setback;
pub use builder::TokenCacheBuilder;
use flight::{Landing, Outcome};
use snapshot::Snapshot;

/// Keeps one token fresh for any number of callers. Cheap to clone; clones share everything.
///
/// | the token's age | what a caller gets | what happens |
/// | --- | --- | --- |
/// | up to 80–90 % of its life (jittered) | the token, at the first poll | nothing |
/// | from there to `min(30 s, life / 10)` before its expiry | the token, at the first poll | one renewal runs in a task of its own |
/// | after that, or none yet, or [invalidated](TokenSource::invalidate) | waits for the renewal, with its own deadline | one renewal for all callers |
///
/// - A renewal is a spawned task: it survives every caller that waits for it, so a caller may be dropped at any time.
/// - A renewal that fails early starts a growing, jittered back-off that ends with the token's validity at the latest;
///   the old token serves on. One that fails with nobody served makes callers fail at once with
///   [`ErrorKind::LoginThrottled`] until the back-off is over. `Retry-After` is never shortened (up to an hour).
/// - A refusal, such as a wrong secret, is remembered for 5 s: callers get the same error and no request is sent.
/// - Renewals that do not help, because one fresh token after the other is invalidated, are paused too: after three in a
///   row callers get [`ErrorKind::Unauthenticated`] for a growing while.
/// - A panic in the exchange is an error for all who wait, and the next caller starts anew.
/// - Nothing runs until a token is asked for, and a renewal ends by itself within its time limit.
/// - A valid token is read without a lock or a task switch.
///
/// Renewals run on the tokio runtime of the caller that starts them.
#[derive(Clone)]
pub struct TokenCache {
    shared: Arc<Shared>,
}

struct Shared {
    exchange: Arc<dyn TokenExchange>,
    store: Arc<dyn TokenStore>,
    key: TokenKey,
    holder: String,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    observer: Arc<dyn Observer>,
    renewal_timeout: Duration,
    refusal_memory: Duration,
    /// Written only while `state` is locked; read without it.
    current: ArcSwapOption<Snapshot>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The renewal that runs.
    flight: Option<watch::Receiver<Option<Outcome>>>,
    /// The highest generation that this cache has held. Tokens of the store are taken only above it.
    generation: u64,
    /// Renewals that failed since the last success.
    failures: u32,
    /// Tokens in a row that were invalidated soon after they were received.
    rejected: u32,
    /// The last failure, while it keeps callers from causing the next one.
    setback: Option<Setback>,
}

impl TokenCache {
    /// A cache over `oauth` with the default limits. [`OAuth::into_cache`] leads to the other ones.
    pub fn new(oauth: OAuth) -> Self {
        oauth.into_cache().build()
    }

    /// A cache over an exchange of your own.
    pub fn builder(exchange: impl TokenExchange + 'static) -> TokenCacheBuilder {
        TokenCacheBuilder::new(Arc::new(exchange))
    }

    /// The current token, if it is valid now. Starts nothing and never waits.
    pub fn peek(&self) -> Option<Arc<Token>> {
        let now = self.shared.clock.now();
        let current = self.shared.current.load();
        current
            .as_ref()
            .filter(|current| now < current.hard)
            .map(|current| Arc::clone(&current.token))
    }
}

#[async_trait]
impl TokenSource for TokenCache {
    /// # Errors
    ///
    /// The login's own error for the callers that waited for it; [`ErrorKind::LoginThrottled`] with
    /// [`retry_after`](Error::retry_after) while a back-off runs; the remembered refusal;
    /// [`ErrorKind::Config`] when a renewal is due and no tokio runtime is there to run it.
    async fn token(&self) -> Result<Arc<Token>, Error> {
        if let Some(token) = self.shared.valid() {
            return Ok(token);
        }
        self.shared.renewed().await
    }

    async fn invalidate(&self, seen: &Token) {
        let shared = &self.shared;
        let mut state = shared.lock();
        let current = shared.current.load_full();
        let Some(current) =
            current.filter(|current| current.token.generation() == seen.generation())
        else {
            return;
        };
        shared.current.store(None);
        let now = shared.clock.now();
        let age = now.saturating_duration_since(current.since);
        state.rejected = if age < backoff::YOUNG {
            state.rejected.saturating_add(1)
        } else {
            0
        };
        let pause = Setback::rejected(state.rejected, now, &*shared.random);
        let until = |setback: &Option<Setback>| setback.as_ref().map(|setback| setback.until);
        if until(&pause) > until(&state.setback) {
            state.setback = pause;
        }
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache")
            .field("exchange", &self.shared.exchange)
            .field("token", &self.peek())
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The current token while it is valid. Starts its renewal when that is due.
    fn valid(self: &Arc<Self>) -> Option<Arc<Token>> {
        let now = self.clock.now();
        let current = self.current.load();
        let current = current.as_ref().filter(|current| now < current.hard)?;
        if now >= current.soft {
            self.renew_early(now);
        }
        Some(Arc::clone(&current.token))
    }

    /// Starts the renewal of a token that still serves, unless one runs. Without a runtime it is left to a caller that
    /// has one.
    fn renew_early(self: &Arc<Self>, now: Instant) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let mut state = self.lock();
        let due = self
            .current
            .load_full()
            .filter(|current| now >= current.soft);
        let Some(current) = due.filter(|_| state.flight.is_none()) else {
            return;
        };
        // While it runs, and until its failure says otherwise, nothing more is due: readers stay off the lock.
        self.current
            .store(Some(Arc::new(current.due_at(current.hard))));
        let (landing, _) = self.take_off(&mut state);
        // A runtime that is shutting down drops the task at once, and the drop takes the lock.
        drop(state);
        runtime.spawn(flight::fly(landing));
    }

    /// Waits for the renewal that runs, or for a new one.
    async fn renewed(self: &Arc<Self>) -> Result<Arc<Token>, Error> {
        let mut flight = match self.join()? {
            Joined::Token(token) => return Ok(token),
            Joined::Flight(flight) => flight,
        };
        let outcome = match flight.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone(),
            Err(_) => None,
        };
        match outcome {
            Some(result) => result,
            None => Err(flight::cut_off()),
        }
    }

    fn join(self: &Arc<Self>) -> Result<Joined, Error> {
        let mut state = self.lock();
        let now = self.clock.now();
        if let Some(current) = self
            .current
            .load_full()
            .filter(|current| now < current.hard)
        {
            return Ok(Joined::Token(Arc::clone(&current.token)));
        }
        if let Some(flight) = &state.flight {
            return Ok(Joined::Flight(flight.clone()));
        }
        if let Some(setback) = state.setback.as_ref().filter(|setback| now < setback.until) {
            return Err(setback.error(now));
        }
        let runtime = Handle::try_current().map_err(|_| {
            Error::new(
                ErrorKind::Config,
                "a token renewal needs a running tokio runtime",
            )
        })?;
        let (landing, receiver) = self.take_off(&mut state);
        drop(state);
        runtime.spawn(flight::fly(landing));
        Ok(Joined::Flight(receiver))
    }

    fn take_off(
        self: &Arc<Self>,
        state: &mut State,
    ) -> (Landing, watch::Receiver<Option<Outcome>>) {
        let (sender, receiver) = watch::channel(None);
        state.flight = Some(receiver.clone());
        (
            Landing::new(Arc::clone(self), sender, state.generation),
            receiver,
        )
    }
}

enum Joined {
    Token(Arc<Token>),
    Flight(watch::Receiver<Option<Outcome>>),
}
