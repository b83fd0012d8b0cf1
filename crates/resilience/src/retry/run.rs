//! The loop itself.

use std::fmt;
use std::future::Future;
use std::time::{Duration, Instant};

use super::{AttemptRecord, Class, Failure, RetryError, RetryPolicy, Stop};
use crate::{Clock, Random, RetryBudget};

/// What an attempt needs to know about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// Counts every execution from 1.
    pub number: u32,
    /// When the attempt began: the loop has read the clock, so the attempt need not.
    pub started: Instant,
    /// The deadline of the whole call.
    pub deadline: Option<Instant>,
}

/// A retry is about to be waited for.
#[derive(Debug)]
#[non_exhaustive]
pub struct RetryEvent<'a> {
    /// The number of the attempt that failed.
    pub attempt: u32,
    /// The wait that follows; zero for a replay.
    pub delay: Duration,
    /// What is known about the failed request.
    pub class: Class,
    /// The failure in one line.
    pub summary: &'a str,
}

/// Hears about retries. Called between attempts, on the caller's task: return quickly.
pub trait RetryObserver: Send + Sync {
    /// An attempt failed and another one follows after `event.delay`.
    fn on_retry(&self, event: &RetryEvent<'_>);
}

/// Runs an operation until it succeeds or no further attempt makes sense.
///
/// - No wait before the first attempt and none after the last.
/// - The deadline is looked at before every wait: a wait that would end at or after it is not begun. The
///   first attempt is made whatever the deadline.
/// - A `Retry-After` is waited for in full and a spread is added after it; above the policy's cap the
///   call fails at once.
/// - Dropping the future during a wait cancels the wait; nothing stays behind.
///
/// The deadline does not interrupt an attempt that is running: [`Attempt::deadline`] is there for the
/// operation to do that with [`timeout_at`](crate::timeout_at).
#[derive(Clone, Copy)]
pub struct Retry<'a> {
    policy: &'a RetryPolicy,
    clock: &'a dyn Clock,
    random: &'a dyn Random,
    budget: Option<&'a RetryBudget>,
    deadline: Option<Instant>,
    start: Option<Instant>,
    repeatable: bool,
    observer: Option<&'a dyn RetryObserver>,
}

impl fmt::Debug for Retry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("policy", self.policy)
            .field("budget", &self.budget)
            .field("deadline", &self.deadline)
            .field("repeatable", &self.repeatable)
            .finish_non_exhaustive()
    }
}

impl<'a> Retry<'a> {
    /// A loop without budget and deadline, for a call that is not repeatable.
    pub fn new(policy: &'a RetryPolicy, clock: &'a dyn Clock, random: &'a dyn Random) -> Self {
        Self {
            policy,
            clock,
            random,
            budget: None,
            deadline: None,
            start: None,
            repeatable: false,
            observer: None,
        }
    }

    /// Takes every charged retry out of `budget`, and pays this call in.
    #[must_use]
    pub fn with_budget(mut self, budget: &'a RetryBudget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Begins no wait that would end at or after `deadline`.
    #[must_use]
    pub fn with_deadline(mut self, deadline: impl Into<Option<Instant>>) -> Self {
        self.deadline = deadline.into();
        self
    }

    /// The instant at which the call began, for a caller that has read the clock. Default: when [`run`](Self::run) is polled
    /// first.
    #[must_use]
    pub fn with_start(mut self, start: Instant) -> Self {
        self.start = Some(start);
        self
    }

    /// Whether sending the request twice does no harm: an idempotent method, or the caller's word.
    #[must_use]
    pub fn with_repeatable(mut self, repeatable: bool) -> Self {
        self.repeatable = repeatable;
        self
    }

    /// Tells `observer` about every retry.
    #[must_use]
    pub fn with_observer(mut self, observer: &'a dyn RetryObserver) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Runs `op` until it succeeds or no further attempt makes sense. The future is `Send` when `op`
    /// and its results are.
    ///
    /// # Errors
    /// The last error with the history of the call. See [`Stop`] for the reasons.
    pub async fn run<T, E, F, Fut>(self, mut op: F) -> Result<T, RetryError<E>>
    where
        E: Failure,
        F: FnMut(Attempt) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let mut call = Call::new(self.start.unwrap_or_else(|| self.clock.now()));
        if let Some(budget) = self.budget {
            budget.deposit(call.started);
        }
        loop {
            let attempt = call.begin(self.deadline);
            let error = match op(attempt).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let now = self.clock.now();
            call.record(&error, now);
            let wait = match self.decide(&error, &mut call, now) {
                Ok(wait) => wait,
                Err(stop) => return Err(call.fail(error, stop, now)),
            };
            call.announce(self.observer, &error, wait);
            drop(error);
            if let Some(at) = now.checked_add(wait).filter(|_| !wait.is_zero()) {
                self.clock.sleep_until(at).await;
            }
            call.resume(self.clock.now(), now);
        }
    }

    /// The wait before the next attempt, or why there is none.
    fn decide<E: Failure>(
        &self,
        error: &E,
        call: &mut Call,
        now: Instant,
    ) -> Result<Duration, Stop> {
        if error.is_spent() {
            return Err(Stop::Spent);
        }
        match error.class() {
            Class::Final => return Err(Stop::Final),
            Class::Replay if call.replayed => return Err(Stop::Final),
            Class::MaybeProcessed if !self.repeatable => return Err(Stop::NotRepeatable),
            Class::Replay => {
                self.check_deadline(now, Duration::ZERO)?;
                call.replayed = true;
                return Ok(Duration::ZERO);
            }
            Class::NotSent | Class::Refused | Class::MaybeProcessed => {}
        }
        // Nothing was sent and the next chance is known: that is a postponement and no attempt. They
        // are counted apart, so that a breaker that stays open ends the call too.
        let postponed = error.class() == Class::NotSent && error.retry_at().is_some();
        let spent = if postponed {
            &mut call.postponed
        } else {
            &mut call.charged
        };
        *spent += 1;
        if *spent >= self.policy.max_attempts() {
            return Err(Stop::AttemptsSpent);
        }
        let index = *spent - 1;
        let wait = self.wait(error, index, now)?;
        self.check_deadline(now, wait)?;
        match self.budget {
            Some(budget) if !postponed && !budget.withdraw(now) => Err(Stop::BudgetEmpty),
            _ => Ok(wait),
        }
    }

    fn wait<E: Failure>(&self, error: &E, index: u32, now: Instant) -> Result<Duration, Stop> {
        let asked = error.retry_after();
        let until = error.retry_at().map(|at| at.saturating_duration_since(now));
        // Zero is no instant to wait for; the ordinary back-off keeps it from becoming a hot loop.
        let Some(named) = asked.max(until).filter(|wait| !wait.is_zero()) else {
            let backoff = if error.is_throttle() || asked.is_some() {
                self.policy.throttle()
            } else {
                self.policy.transient()
            };
            return Ok(backoff.delay(index, self.random));
        };
        if named > self.policy.retry_after_cap() || now.checked_add(named).is_none() {
            return Err(Stop::RetryAfterTooLong { wait: named });
        }
        // The spread yields to the deadline, half of what is left, but the named time never does.
        let room = self.deadline.map_or(Duration::MAX, |deadline| {
            deadline
                .saturating_duration_since(now)
                .saturating_sub(named)
                / 2
        });
        let spread = self.policy.spread().min(room);
        let spread = self.random.duration_up_to(spread);
        Ok(named.checked_add(spread).unwrap_or(named))
    }

    fn check_deadline(&self, now: Instant, wait: Duration) -> Result<(), Stop> {
        match self.deadline {
            Some(deadline) if now.checked_add(wait).is_none_or(|at| at >= deadline) => {
                Err(Stop::Deadline { wait })
            }
            _ => Ok(()),
        }
    }
}

/// What one call has done so far.
struct Call {
    started: Instant,
    attempt_started: Instant,
    number: u32,
    charged: u32,
    postponed: u32,
    replayed: bool,
    waited: Duration,
    waited_before: Duration,
    attempts: Vec<AttemptRecord>,
}

impl Call {
    fn new(now: Instant) -> Self {
        Self {
            started: now,
            attempt_started: now,
            number: 0,
            charged: 0,
            postponed: 0,
            replayed: false,
            waited: Duration::ZERO,
            waited_before: Duration::ZERO,
            attempts: Vec::new(),
        }
    }

    fn begin(&mut self, deadline: Option<Instant>) -> Attempt {
        self.number = self.number.saturating_add(1);
        Attempt {
            number: self.number,
            started: self.attempt_started,
            deadline,
        }
    }

    fn record<E: Failure>(&mut self, error: &E, now: Instant) {
        self.attempts.push(AttemptRecord {
            number: self.number,
            elapsed: now.saturating_duration_since(self.attempt_started),
            waited_before: self.waited_before,
            summary: error.summary(),
        });
    }

    fn announce<E: Failure>(
        &self,
        observer: Option<&dyn RetryObserver>,
        error: &E,
        delay: Duration,
    ) {
        if let (Some(observer), Some(record)) = (observer, self.attempts.last()) {
            observer.on_retry(&RetryEvent {
                attempt: record.number,
                delay,
                class: error.class(),
                summary: &record.summary,
            });
        }
    }

    fn resume(&mut self, now: Instant, failed_at: Instant) {
        self.waited_before = now.saturating_duration_since(failed_at);
        self.waited += self.waited_before;
        self.attempt_started = now;
    }

    fn fail<E>(self, last: E, stop: Stop, now: Instant) -> RetryError<E> {
        RetryError {
            last,
            stop,
            attempts: self.attempts,
            elapsed: now.saturating_duration_since(self.started),
            waited: self.waited,
        }
    }
}
