//! How often a node calls again.

use std::time::Duration;

use resilience::{Backoff, Jitter, RetryPolicy};
use serde::Serialize;

/// How often a node calls its external system again, and how patiently.
///
/// | setting | default | range |
/// | --- | --- | --- |
/// | retries after the first attempt | 3 | 0 to 10 |
/// | back-off | exponential, doubling | |
/// | first delay | 1 s | 1 ms to 1 h |
/// | longest delay | 10 s | first delay to 1 h |
///
/// Attempts are retries plus one, and one layer alone retries. A node checks the ranges when it is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeRetry {
    max_retries: u32,
    initial_delay: Duration,
    max_delay: Duration,
}

impl Default for NodeRetry {
    fn default() -> Self {
        Self {
            max_retries: 3,
            initial_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(10),
        }
    }
}

impl NodeRetry {
    /// One attempt, no retry.
    pub fn none() -> Self {
        Self::default().with_max_retries(0)
    }

    /// Sets the retries after the first attempt.
    #[must_use]
    pub fn with_max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// Sets the delay before the first retry, in whole milliseconds.
    #[must_use]
    pub fn with_initial_delay(mut self, delay: Duration) -> Self {
        self.initial_delay = delay;
        self
    }

    /// Sets the longest delay, in whole milliseconds.
    #[must_use]
    pub fn with_max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// The retries after the first attempt.
    pub fn max_retries(&self) -> u32 {
        self.max_retries
    }

    /// The delay before the first retry.
    pub fn initial_delay(&self) -> Duration {
        self.initial_delay
    }

    /// The longest delay.
    pub fn max_delay(&self) -> Duration {
        self.max_delay
    }

    /// The same as a policy: attempts are retries plus one; jitter, `Retry-After` and the budget as by default.
    ///
    /// ```
    /// use genesys_integrations::nodes::NodeRetry;
    ///
    /// assert_eq!(NodeRetry::default().policy().max_attempts(), 4);
    /// ```
    pub fn policy(&self) -> RetryPolicy {
        let backoff = Backoff::clamp(self.initial_delay, 2.0, self.max_delay, Jitter::Full);
        RetryPolicy::default()
            .with_max_attempts(self.max_retries.saturating_add(1))
            .with_transient(backoff)
            .with_throttle(backoff)
    }
}

/// As the source document writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RetryConfig {
    max_retries: u32,
    backoff_type: &'static str,
    /// Milliseconds.
    initial_delay: u64,
    /// Milliseconds.
    max_delay: u64,
}

impl From<NodeRetry> for RetryConfig {
    fn from(retry: NodeRetry) -> Self {
        let millis = |delay: Duration| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        Self {
            max_retries: retry.max_retries,
            backoff_type: "exponential",
            initial_delay: millis(retry.initial_delay),
            max_delay: millis(retry.max_delay),
        }
    }
}
