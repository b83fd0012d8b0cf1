mod attempts;
mod breaker;
mod budget;
mod server_time;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use resilience::test_util::FakeClock;
use resilience::{
    Attempt, Backoff, Breaker, BreakerConfig, Class, Clock, Failure, Jitter, Rejected, Retry,
    RetryBudget, RetryError, RetryEvent, RetryObserver, RetryPolicy, SeededRandom, Stop,
    timeout_at,
};

const SECOND: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
struct Fail {
    class: Class,
    throttle: bool,
    retry_after: Option<Duration>,
    retry_at: Option<Instant>,
    text: String,
}

impl Fail {
    fn new(class: Class) -> Self {
        Self {
            class,
            throttle: false,
            retry_after: None,
            retry_at: None,
            text: format!("{class:?}"),
        }
    }

    /// A 429.
    fn throttled(retry_after: impl Into<Option<Duration>>) -> Self {
        Self {
            throttle: true,
            retry_after: retry_after.into(),
            ..Self::new(Class::Refused)
        }
    }

    fn text(mut self, text: &str) -> Self {
        self.text = text.to_owned();
        self
    }
}

impl From<Rejected> for Fail {
    fn from(rejected: Rejected) -> Self {
        Self {
            retry_at: Some(rejected.retry_at),
            ..Self::new(Class::NotSent).text("breaker open")
        }
    }
}

impl Failure for Fail {
    fn class(&self) -> Class {
        self.class
    }

    fn is_throttle(&self) -> bool {
        self.throttle
    }

    fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    fn summary(&self) -> String {
        self.text.clone()
    }
}

/// One second, doubled, no jitter, no spread: every wait can be foretold.
fn plain() -> RetryPolicy {
    let backoff = Backoff::new(SECOND, 2.0, 60 * SECOND, Jitter::None).unwrap();
    let slower = Backoff::new(10 * SECOND, 2.0, 60 * SECOND, Jitter::None).unwrap();
    RetryPolicy::default()
        .with_transient(backoff)
        .with_throttle(slower)
        .with_spread(Duration::ZERO)
}

struct Bench {
    clock: FakeClock,
    random: SeededRandom,
    policy: RetryPolicy,
    start: Instant,
}

impl Bench {
    fn new(policy: RetryPolicy) -> Self {
        let clock = FakeClock::new();
        Self {
            start: clock.now(),
            clock,
            random: SeededRandom::new(1),
            policy,
        }
    }

    fn retry(&self) -> Retry<'_> {
        Retry::new(&self.policy, &self.clock, &self.random)
    }

    fn elapsed(&self) -> Duration {
        self.clock.now() - self.start
    }

    /// Runs with the failures in turn, then success; when each attempt began.
    async fn script(
        &self,
        retry: Retry<'_>,
        failures: &[Fail],
    ) -> (Result<u32, RetryError<Fail>>, Vec<Duration>) {
        let began = RefCell::new(Vec::new());
        let op = |attempt: Attempt| {
            began.borrow_mut().push(attempt.started - self.start);
            let turn = began.borrow().len() - 1;
            let answer = failures.get(turn).cloned().map_or(Ok(attempt.number), Err);
            async move { answer }
        };
        let result = self.clock.drive(retry.run(op)).await;
        (result, began.into_inner())
    }
}

fn seconds(times: &[Duration]) -> Vec<u64> {
    times.iter().map(Duration::as_secs).collect()
}
