//! Durations in constant memory.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Serialize, Serializer};

/// One hour in microseconds. No call is allowed to take longer.
const HIGHEST: u64 = 3_600_000_000;
/// Two decimal digits: a reported value is within 1 % of the recorded one.
const DIGITS: u8 = 2;

/// Percentiles of durations in constant memory, about 14 kB once something is recorded.
///
/// Resolution is 1 µs or 1 %, whichever is coarser. A duration beyond one hour counts as one hour in the percentiles; count,
/// sum and maximum are exact.
#[derive(Debug, Clone, Default)]
pub struct LatencyHistogram {
    /// None before the first value: most names never see a failure.
    buckets: Option<Histogram<u32>>,
    count: u64,
    sum: Duration,
    max: Duration,
}

impl LatencyHistogram {
    /// Nothing recorded yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one duration, in constant time.
    pub fn record(&mut self, value: Duration) {
        self.count = self.count.saturating_add(1);
        self.sum = self.sum.saturating_add(value);
        self.max = self.max.max(value);
        if self.buckets.is_none() {
            // The constant bounds are valid (a test says so), so this is never `None` twice.
            self.buckets = Histogram::new_with_bounds(1, HIGHEST, DIGITS).ok();
        }
        if let Some(buckets) = &mut self.buckets {
            buckets.saturating_record(u64::try_from(value.as_micros()).unwrap_or(u64::MAX));
        }
    }

    /// How many were recorded.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The value below or at which this part of the values lies, `0.5` for the median; none before the first. Values
    /// outside 0 to 1 count as the nearer end.
    pub fn quantile(&self, part: f64) -> Option<Duration> {
        let buckets = self.buckets.as_ref()?;
        let micros = buckets.value_at_quantile(part.clamp(0.0, 1.0));
        // A bucket's end may lie beyond what was ever recorded.
        Some(Duration::from_micros(micros).min(self.max))
    }

    /// Count, sum, mean, percentiles and maximum; none before the first value.
    pub fn summary(&self) -> Option<LatencySummary> {
        let mean = self.sum.as_secs_f64() / self.count as f64;
        Some(LatencySummary {
            count: self.count,
            sum: self.sum,
            mean: Duration::try_from_secs_f64(mean).unwrap_or(self.max),
            p50: self.quantile(0.5)?,
            p90: self.quantile(0.9)?,
            p99: self.quantile(0.99)?,
            max: self.max,
        })
    }
}

/// What a [`LatencyHistogram`] says. Serialises to milliseconds with decimals, the unit in each name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LatencySummary {
    /// How many were recorded.
    pub count: u64,
    /// All together.
    #[serde(rename = "sum_ms", serialize_with = "millis")]
    pub sum: Duration,
    /// The arithmetic mean.
    #[serde(rename = "mean_ms", serialize_with = "millis")]
    pub mean: Duration,
    /// The median, within 1 %.
    #[serde(rename = "p50_ms", serialize_with = "millis")]
    pub p50: Duration,
    /// Nine of ten are at most this, within 1 %.
    #[serde(rename = "p90_ms", serialize_with = "millis")]
    pub p90: Duration,
    /// 99 of 100 are at most this, within 1 %.
    #[serde(rename = "p99_ms", serialize_with = "millis")]
    pub p99: Duration,
    /// The longest, exact.
    #[serde(rename = "max_ms", serialize_with = "millis")]
    pub max: Duration,
}

fn millis<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(value.as_nanos() as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_bounds_are_valid() {
        assert!(Histogram::<u32>::new_with_bounds(1, HIGHEST, DIGITS).is_ok());
    }

    #[test]
    fn nothing_recorded_says_nothing() {
        // errata EVR-34
        let empty = LatencyHistogram::new();
        assert_eq!(
            (empty.quantile(0.5), empty.summary(), empty.count()),
            (None, None, 0)
        );
    }

    #[test]
    fn extremes_are_clamped_and_never_fail() {
        let mut histogram = LatencyHistogram::new();
        histogram.record(Duration::ZERO);
        histogram.record(Duration::MAX);
        histogram.record(Duration::MAX);
        let summary = histogram.summary().unwrap();
        assert_eq!(
            (summary.count, summary.max, summary.sum),
            (3, Duration::MAX, Duration::MAX)
        );
        assert!(
            summary.p50 >= Duration::from_secs(3564),
            "{:?}",
            summary.p50
        );
    }

    proptest! {
        #[test]
        fn a_percentile_is_within_one_percent_of_the_sorted_values(
            mut micros in prop::collection::vec(1_u64..100_000_000, 1..400),
            part in 0.0_f64..=1.0,
        ) {
            // errata ALL-23
            let mut histogram = LatencyHistogram::new();
            for value in &micros {
                histogram.record(Duration::from_micros(*value));
            }
            micros.sort_unstable();
            let rank = ((part * micros.len() as f64).ceil() as usize).clamp(1, micros.len());
            let exact = micros[rank - 1] as f64;
            let found = histogram.quantile(part).unwrap().as_micros() as f64;
            prop_assert!((found - exact).abs() <= exact * 0.01 + 1.0, "{found} for {exact}");
            prop_assert_eq!(histogram.summary().unwrap().max, Duration::from_micros(*micros.last().unwrap()));
        }
    }
}
