//! Settings, the server's report, and the refusal.

use std::sync::Arc;
use std::time::Duration;

/// What a server says about its window with an answer.
///
/// Some servers round `reset` up to whole seconds and some down. The gate takes it as rounded up, and
/// adds a second for good once an answer proves that it was rounded down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuotaReport {
    /// Requests counted in the current window, this one included.
    pub count: u64,
    /// Requests allowed in a window. 0 counts as 1.
    pub allowed: u64,
    /// Time until the window ends.
    pub reset: Duration,
}

impl QuotaReport {
    /// A report of `count` requests out of `allowed`, with `reset` left.
    pub const fn new(count: u64, allowed: u64, reset: Duration) -> Self {
        Self {
            count,
            allowed,
            reset,
        }
    }
}

/// Settings of a [`Quota`](crate::Quota).
///
/// | setting | default |
/// | --- | --- |
/// | requests in flight while the window is not known | 64 |
/// | longest window believed | 5 min |
/// | longest throttle believed | 24 h |
/// | spread between two waiters after a reset | 2 ms, at most 2 s in all |
/// | limit keys that stop the whole token | none named |
/// | slots in one lease of a shared window | at most 25 |
/// | patience with a store | 250 ms |
#[derive(Debug, Clone, PartialEq)]
pub struct QuotaConfig {
    pub(super) probing: u64,
    pub(super) max_window: Duration,
    pub(super) max_throttle: Duration,
    pub(super) step: Duration,
    pub(super) shared_keys: Vec<Arc<str>>,
    pub(super) lease_size: u32,
    #[cfg_attr(
        not(feature = "tokio"),
        allow(dead_code, reason = "without a runtime no gate has a store")
    )]
    pub(super) patience: Duration,
}

impl Default for QuotaConfig {
    fn default() -> Self {
        Self {
            probing: 64,
            max_window: Duration::from_secs(300),
            max_throttle: Duration::from_secs(24 * 60 * 60),
            step: Duration::from_millis(2),
            shared_keys: Vec::new(),
            lease_size: 25,
            patience: Duration::from_millis(250),
        }
    }
}

impl QuotaConfig {
    /// Requests in flight while nothing is known about the window: at the start and right after a
    /// reset. At least 1.
    #[must_use]
    pub fn with_probing(mut self, requests: u32) -> Self {
        self.probing = u64::from(requests.max(1));
        self
    }

    /// The longest reset that is believed; a longer one is cut to it, so that a server's mistake cannot
    /// stop a client for ever. Between 1 s and 24 h.
    #[must_use]
    pub fn with_max_window(mut self, window: Duration) -> Self {
        self.max_window = window.clamp(Duration::from_secs(1), Duration::from_secs(24 * 60 * 60));
        self
    }

    /// The distance between two waiters that start after the same reset, up to 100 ms. They start in
    /// the order in which they came.
    #[must_use]
    pub fn with_spread_step(mut self, step: Duration) -> Self {
        self.step = step.min(Duration::from_millis(100));
        self
    }

    /// Limit keys that stand for the whole token. A throttle that names another key stops only the
    /// resources it was seen with.
    #[must_use]
    pub fn with_shared_keys<I>(mut self, keys: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Arc<str>>,
    {
        self.shared_keys = keys.into_iter().map(Into::into).collect();
        self
    }

    /// The most slots that a gate with a store leases at a time, between 1 and 1000. What one gate holds, another cannot
    /// use.
    #[must_use]
    pub fn with_lease_size(mut self, slots: u32) -> Self {
        self.lease_size = slots.clamp(1, 1000);
        self
    }

    /// How long a visit to the store may take before the gate decides alone, between 1 ms and 10 s.
    #[must_use]
    pub fn with_store_patience(mut self, patience: Duration) -> Self {
        self.patience = patience.clamp(Duration::from_millis(1), Duration::from_secs(10));
        self
    }
}

/// No slot before the deadline. Nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("quota is spent, the next slot is {wait:?} away")]
#[non_exhaustive]
pub struct QuotaError {
    /// The time until the next slot, as far as it is known.
    pub wait: Duration,
}
