//! The source documents' own retry numbers, as named policies.
//!
//! Attempts are retries plus one. Each policy differs from [`RetryPolicy::default`] in its numbers only: jitter, `Retry-After`,
//! budget, deadline and retry classes hold for all of them.

use std::time::Duration;

use resilience::{Backoff, BreakerConfig, Jitter, RetryPolicy};

fn exponential(base: Duration, cap: Duration) -> Backoff {
    Backoff::clamp(base, 2.0, cap, Jitter::Full)
}

/// Document 000, the test of an integration: 5 attempts, base 1 s. The call is marked repeatable there.
pub fn guide_000_test() -> RetryPolicy {
    let backoff = exponential(Duration::from_secs(1), Duration::from_secs(30));
    RetryPolicy::default()
        .with_max_attempts(5)
        .with_transient(backoff)
        .with_throttle(backoff)
}

/// Document 000, the breaker of the test: 3 consecutive failures, open 5 s and growing.
pub fn guide_000_breaker() -> BreakerConfig {
    BreakerConfig::default()
        .with_consecutive_failures(3)
        .with_open_time(Duration::from_secs(5), Duration::from_secs(60))
}

/// Document 001, creation: 4 attempts, throttle base 1 s, transient base 0.5 s.
pub fn guide_001_create() -> RetryPolicy {
    RetryPolicy::default()
        .with_max_attempts(4)
        .with_throttle(exponential(Duration::from_secs(1), Duration::from_secs(30)))
        .with_transient(exponential(
            Duration::from_millis(500),
            Duration::from_secs(30),
        ))
}

/// Document 001, activation: as its creation, with 3 attempts.
pub fn guide_001_activate() -> RetryPolicy {
    guide_001_create().with_max_attempts(3)
}

/// Document 002: 3 attempts, base 1 s.
pub fn guide_002() -> RetryPolicy {
    let backoff = exponential(Duration::from_secs(1), Duration::from_secs(30));
    RetryPolicy::default()
        .with_max_attempts(3)
        .with_transient(backoff)
        .with_throttle(backoff)
}

/// Document 003: 3 attempts, 0.5 s doubling to at most 10 s.
pub fn guide_003() -> RetryPolicy {
    let backoff = exponential(Duration::from_millis(500), Duration::from_secs(10));
    RetryPolicy::default()
        .with_max_attempts(3)
        .with_transient(backoff)
        .with_throttle(backoff)
}

/// Document 004: 6 attempts.
pub fn guide_004() -> RetryPolicy {
    RetryPolicy::default().with_max_attempts(6)
}

#[cfg(test)]
mod tests {
    use resilience::SeededRandom;

    use super::*;

    #[test]
    fn the_documents_numbers_hold_and_waits_grow() {
        // errata INT-21, ALL-08
        let policies = [
            (guide_000_test(), 5, 1000),
            (guide_001_create(), 4, 500),
            (guide_001_activate(), 3, 500),
            (guide_002(), 3, 1000),
            (guide_003(), 3, 500),
        ];
        for (policy, attempts, base) in policies {
            assert_eq!(policy.max_attempts(), attempts);
            let random = SeededRandom::new(7);
            for index in 0..20 {
                let bound = Duration::from_millis(base)
                    .saturating_mul(1 << index)
                    .min(Duration::from_secs(30));
                assert!(policy.transient().delay(index, &random) <= bound);
            }
        }
        assert_eq!(guide_004().max_attempts(), 6);
    }
}
