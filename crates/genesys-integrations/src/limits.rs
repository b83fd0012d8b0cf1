//! How long things may take.

use std::time::{Duration, Instant};

use genesys_core::{Client, Error, ErrorKind, Result};
use resilience::{Backoff, Jitter, timeout_at};

/// How long the methods of [`Integrations`](crate::Integrations) may take.
///
/// | limit | default |
/// | --- | --- |
/// | one method, all of its requests and waits | 120 s |
/// | waiting for a reported state | 60 s |
/// | waiting until something just created can be read | 15 s |
/// | pause between two looks | 250 ms, growing by half up to 5 s |
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    total: Duration,
    state: Duration,
    appearance: Duration,
    poll: Backoff,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            total: Duration::from_secs(120),
            state: Duration::from_secs(60),
            appearance: Duration::from_secs(15),
            poll: Backoff::clamp(
                Duration::from_millis(250),
                1.5,
                Duration::from_secs(5),
                Jitter::None,
            ),
        }
    }
}

impl Limits {
    /// Sets the limit of one method.
    #[must_use]
    pub fn with_total(mut self, limit: Duration) -> Self {
        self.total = limit;
        self
    }

    /// Sets how long a reported state is waited for, within the limit of the method.
    #[must_use]
    pub fn with_state(mut self, limit: Duration) -> Self {
        self.state = limit;
        self
    }

    /// Sets how long something just created may answer 404, within the limit of the method.
    #[must_use]
    pub fn with_appearance(mut self, limit: Duration) -> Self {
        self.appearance = limit;
        self
    }

    /// Sets the pauses between two looks at the same thing.
    #[must_use]
    pub fn with_poll(mut self, pauses: Backoff) -> Self {
        self.poll = pauses;
        self
    }

    /// The limit of one method.
    pub(crate) fn total(&self) -> Duration {
        self.total
    }

    /// Starts the clock of one method.
    pub(crate) fn deadline<'a>(&'a self, client: &'a Client) -> Deadline<'a> {
        Deadline::of(client, &self.poll, self.total)
    }

    /// The earlier of `deadline` and the limit for a reported state.
    pub(crate) fn state_deadline<'a>(&'a self, deadline: &Deadline<'a>) -> Deadline<'a> {
        deadline.within(self.state)
    }

    /// The earlier of `deadline` and the limit for something to appear.
    pub(crate) fn appearance_deadline<'a>(&'a self, deadline: &Deadline<'a>) -> Deadline<'a> {
        deadline.within(self.appearance)
    }
}

/// When a method must have ended, and how it pauses until then.
#[derive(Debug, Clone)]
pub(crate) struct Deadline<'a> {
    client: &'a Client,
    poll: &'a Backoff,
    started: Instant,
    /// None for a limit beyond what the clock can express.
    at: Option<Instant>,
}

impl<'a> Deadline<'a> {
    fn of(client: &'a Client, poll: &'a Backoff, limit: Duration) -> Self {
        let started = client.clock().now();
        Self {
            client,
            poll,
            started,
            at: started.checked_add(limit),
        }
    }

    fn within(&self, limit: Duration) -> Self {
        let mut inner = Self::of(self.client, self.poll, limit);
        inner.at = match (inner.at, self.at) {
            (Some(own), Some(outer)) => Some(own.min(outer)),
            (own, outer) => own.or(outer),
        };
        inner
    }

    /// What is left, for the next request.
    pub(crate) fn remaining(&self) -> Result<Duration> {
        let left = match self.at {
            Some(at) => at.saturating_duration_since(self.client.clock().now()),
            None => Duration::MAX,
        };
        if left.is_zero() {
            return Err(Error::new(
                ErrorKind::Deadline,
                "no time is left for the next request",
            ));
        }
        Ok(left)
    }

    /// Since the clock was started.
    pub(crate) fn elapsed(&self) -> Duration {
        self.client
            .clock()
            .now()
            .saturating_duration_since(self.started)
    }

    /// Pauses before look number `index`, from 0. False, at once, when the deadline would come first.
    pub(crate) async fn pause(&self, index: u32) -> bool {
        let delay = self.poll.delay(index, &**self.client.random());
        let Some(until) = self.client.clock().now().checked_add(delay) else {
            return false;
        };
        if self.at.is_some_and(|at| until >= at) {
            return false;
        }
        self.client.clock().sleep_until(until).await;
        true
    }

    /// Runs reads, which may be dropped halfway without harm, until the deadline.
    pub(crate) async fn bound<T>(&self, reads: impl Future<Output = Result<T>>) -> Result<T> {
        match self.at {
            None => reads.await,
            Some(at) => timeout_at(&**self.client.clock(), at, reads)
                .await
                .unwrap_or_else(|_elapsed| {
                    Err(Error::new(
                        ErrorKind::Deadline,
                        "the list was not read to its end in time",
                    ))
                }),
        }
    }
}
