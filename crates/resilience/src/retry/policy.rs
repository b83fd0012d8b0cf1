//! How often and how patiently to retry.

use std::time::Duration;

use crate::{Backoff, Jitter};

/// How often and how patiently to retry.
///
/// | setting | default |
/// | --- | --- |
/// | attempts, the first included | 4 |
/// | back-off after a transient failure | 100 ms, doubled up to 20 s, full jitter |
/// | back-off after a throttle | 1 s, doubled up to 30 s, full jitter |
/// | longest `Retry-After` waited for | 180 s |
/// | spread after the instant a server names | up to 1.2 s |
#[derive(Debug, Clone, PartialEq)]
pub struct RetryPolicy {
    max_attempts: u32,
    transient: Backoff,
    throttle: Backoff,
    retry_after_cap: Duration,
    spread: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 4,
            transient: Backoff::default(),
            throttle: Backoff::clamp(
                Duration::from_secs(1),
                2.0,
                Duration::from_secs(30),
                Jitter::Full,
            ),
            retry_after_cap: Duration::from_secs(180),
            spread: Duration::from_millis(1200),
        }
    }
}

impl RetryPolicy {
    /// One attempt, no retry. A [`Replay`](crate::Class::Replay) still happens, because it is the
    /// second half of the same attempt.
    pub fn none() -> Self {
        Self::default().with_max_attempts(1)
    }

    /// Attempts in all, the first included. 0 counts as 1.
    #[must_use]
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// The delays after a transient failure.
    #[must_use]
    pub fn with_transient(mut self, backoff: Backoff) -> Self {
        self.transient = backoff;
        self
    }

    /// The delays after a throttle that names no time.
    #[must_use]
    pub fn with_throttle(mut self, backoff: Backoff) -> Self {
        self.throttle = backoff;
        self
    }

    /// The longest wait a server may ask for. A longer one fails the call at once.
    #[must_use]
    pub fn with_retry_after_cap(mut self, cap: Duration) -> Self {
        self.retry_after_cap = cap;
        self
    }

    /// How far callers that were given the same instant spread out after it. Zero: not at all.
    #[must_use]
    pub fn with_spread(mut self, spread: Duration) -> Self {
        self.spread = spread;
        self
    }

    /// Attempts in all.
    pub fn max_attempts(&self) -> u32 {
        self.max_attempts
    }

    /// The delays after a transient failure.
    pub fn transient(&self) -> &Backoff {
        &self.transient
    }

    /// The delays after a throttle that names no time.
    pub fn throttle(&self) -> &Backoff {
        &self.throttle
    }

    /// The longest wait a server may ask for.
    pub fn retry_after_cap(&self) -> Duration {
        self.retry_after_cap
    }

    /// The spread after an instant that a server named.
    pub fn spread(&self) -> Duration {
        self.spread
    }
}
