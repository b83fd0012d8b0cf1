//! The same endpoint, probed again and again.

use std::time::Duration;

use serde::Serialize;

use super::Probe;
use super::report::{PhaseTimings, ProbeReport};
use crate::serial;

/// Most samples of a series.
const MOST: usize = 1_000;

/// Percentiles of some durations. Nearest rank: each figure is one that was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Percentiles {
    /// How many were measured.
    pub count: usize,
    /// The shortest.
    #[serde(rename = "minMs", serialize_with = "serial::millis")]
    pub min: Duration,
    /// Half of them took no longer.
    #[serde(rename = "p50Ms", serialize_with = "serial::millis")]
    pub p50: Duration,
    /// Nine of ten took no longer.
    #[serde(rename = "p90Ms", serialize_with = "serial::millis")]
    pub p90: Duration,
    /// Ninety-nine of a hundred took no longer.
    #[serde(rename = "p99Ms", serialize_with = "serial::millis")]
    pub p99: Duration,
    /// The longest.
    #[serde(rename = "maxMs", serialize_with = "serial::millis")]
    pub max: Duration,
}

impl Percentiles {
    /// `None` of nothing.
    pub fn of(durations: impl IntoIterator<Item = Duration>) -> Option<Self> {
        let mut sorted: Vec<_> = durations.into_iter().collect();
        sorted.sort_unstable();
        let count = sorted.len();
        let rank = |percent: usize| {
            let place = (count * percent).div_ceil(100).saturating_sub(1);
            sorted.get(place).copied()
        };
        Some(Self {
            count,
            min: sorted.first().copied()?,
            p50: rank(50)?,
            p90: rank(90)?,
            p99: rank(99)?,
            max: sorted.last().copied()?,
        })
    }
}

/// Several probes of one endpoint: phases apart, and failures apart from all of them. The time of a failed probe is the time
/// of a failure and no latency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ProbeSeries {
    /// How many probes there were.
    pub samples: usize,
    /// How many of them found the endpoint unhealthy.
    pub failures: usize,
    /// The look-up.
    pub dns: Option<Percentiles>,
    /// TCP.
    pub connect: Option<Percentiles>,
    /// The TLS handshake.
    pub tls: Option<Percentiles>,
    /// From the request to the answer's header.
    pub first_byte: Option<Percentiles>,
    /// From the answer's header to the end of its body.
    pub transfer: Option<Percentiles>,
    /// Connection, TLS and first byte together.
    pub latency: Option<Percentiles>,
    /// The report of the last probe; `None` without any.
    pub last: Option<ProbeReport>,
}

impl Probe {
    /// Probes one endpoint `samples` times, one after the other, at most 1,000 times. Of a name with several addresses each
    /// healthy one is a measurement.
    pub async fn series(&self, url: &str, samples: usize) -> ProbeSeries {
        let samples = samples.min(MOST);
        let mut timings = Vec::new();
        let (mut failures, mut last) = (0, None);
        for _ in 0..samples {
            let report = self.probe(url).await;
            failures += usize::from(!report.verdict.is_usable());
            let healthy = report.addresses.iter().filter(|one| one.healthy);
            timings.extend(healthy.map(|one| one.timings));
            last = Some(report);
        }
        let of = |phase: fn(&PhaseTimings) -> Option<Duration>| {
            Percentiles::of(timings.iter().filter_map(phase))
        };
        ProbeSeries {
            samples,
            failures,
            dns: of(|one| one.dns),
            connect: of(|one| one.connect),
            tls: of(|one| one.tls),
            first_byte: of(|one| one.first_byte),
            transfer: of(|one| one.transfer),
            latency: of(PhaseTimings::latency),
            last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_measured_values_and_none_of_nothing() {
        let millis = |range: std::ops::RangeInclusive<u64>| range.rev().map(Duration::from_millis);
        let all = Percentiles::of(millis(1..=100)).unwrap();
        let figures = [all.min, all.p50, all.p90, all.p99, all.max].map(|one| one.as_millis());
        assert_eq!((all.count, figures), (100, [1, 50, 90, 99, 100]));
        let one = Percentiles::of(millis(7..=7)).unwrap();
        assert_eq!((one.min, one.p50, one.p99), (one.max, one.max, one.max));
        assert_eq!(Percentiles::of([]), None);
    }
}
