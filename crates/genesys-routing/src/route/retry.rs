//! How patiently the cloud repeats a delivery.

use std::time::Duration;

/// How often and after which waits a delivery that failed is repeated by the cloud.
///
/// | setting | default | allowed |
/// | --- | --- | --- |
/// | retries | 3 | 0 to 5 |
/// | wait before the first one | 5 s | 0.1 s to 1 h |
/// | growth of the wait | 2 | 1 to 10 |
///
/// Wait and growth are kept to six decimals: what JSON carries exactly. The waits together
/// ([`total_delay`](Self::total_delay)) must not exceed 24 hours. Nothing is checked here: a route's
/// [`build`](crate::RouteBuilder::build) does that.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DeliveryRetry {
    pub(crate) max_retries: i64,
    /// Seconds, as on the wire: what JSON can express and a duration cannot has to reach the rules.
    pub(crate) interval: f64,
    pub(crate) backoff_factor: f64,
}

impl Default for DeliveryRetry {
    fn default() -> Self {
        Self {
            max_retries: 3,
            interval: 5.0,
            backoff_factor: 2.0,
        }
    }
}

impl DeliveryRetry {
    /// Sets how many deliveries may follow the first one.
    #[must_use]
    pub fn with_max_retries(mut self, retries: u32) -> Self {
        self.max_retries = i64::from(retries);
        self
    }

    /// Sets the wait before the first retry.
    #[must_use]
    pub fn with_interval(mut self, interval: Duration) -> Self {
        self.interval = interval.as_secs_f64();
        self
    }

    /// Sets the factor by which each wait is longer than the one before it.
    #[must_use]
    pub fn with_backoff_factor(mut self, factor: f64) -> Self {
        self.backoff_factor = factor;
        self
    }

    /// How many deliveries may follow the first one.
    pub fn max_retries(&self) -> u32 {
        u32::try_from(self.max_retries).unwrap_or(0)
    }

    /// The wait before the first retry.
    pub fn interval(&self) -> Duration {
        Duration::try_from_secs_f64(self.interval).unwrap_or(Duration::MAX)
    }

    /// The factor by which each wait is longer than the one before it.
    pub fn backoff_factor(&self) -> f64 {
        self.backoff_factor
    }

    /// All waits together: how long an event may be under way, apart from the deliveries themselves.
    /// [`Duration::MAX`] when that is more than a duration can hold.
    pub fn total_delay(&self) -> Duration {
        Duration::try_from_secs_f64(self.total_seconds()).unwrap_or(Duration::MAX)
    }

    /// Six decimals. More may change on their way through a JSON reader, and an unchanged route would look changed.
    pub(crate) fn rounded(mut self) -> Self {
        let round = |number: f64| (number * 1e6).round() / 1e6;
        self.interval = round(self.interval);
        self.backoff_factor = round(self.backoff_factor);
        self
    }

    /// As [`total_delay`](Self::total_delay), for values that break every rule: infinite or not a number.
    pub(crate) fn total_seconds(&self) -> f64 {
        let mut wait = self.interval;
        let mut total = 0.0;
        // Far more than the rules allow, so that a huge count ends soon and is over the limit all the same.
        for _ in 0..self.max_retries.clamp(0, 1_000) {
            total += wait;
            wait *= self.backoff_factor;
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_add_up() {
        // errata EVR-12
        let retry = DeliveryRetry::default();
        assert_eq!(retry.total_delay(), Duration::from_secs(5 + 10 + 20));
        assert_eq!(retry.with_max_retries(0).total_delay(), Duration::ZERO);
        let huge = retry
            .with_max_retries(u32::MAX)
            .with_backoff_factor(f64::INFINITY);
        assert_eq!(huge.total_delay(), Duration::MAX);
    }
}
