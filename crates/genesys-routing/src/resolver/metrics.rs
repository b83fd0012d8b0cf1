//! What was counted.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use resilience::Clock;
use serde::Serialize;

use super::check::EndpointResult;

/// The longest latency that is told apart: an hour, in microseconds.
const LONGEST: u64 = 3_600_000_000;
const DIGITS: u8 = 3;

/// Counts of resolves and probes. Clones share them.
///
/// Every resolve is counted once, however it ended: refused by the rules, unreachable, failed, or dropped.
#[derive(Clone)]
pub struct ResolveMetrics {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    total: u64,
    successful: u64,
    probes: u64,
    reachable: u64,
    /// In microseconds. None when the library refuses its bounds, which are constant; then there are no percentiles.
    latencies: Option<Histogram<u64>>,
    sum: Duration,
}

impl Default for ResolveMetrics {
    fn default() -> Self {
        let inner = Inner {
            total: 0,
            successful: 0,
            probes: 0,
            reachable: 0,
            latencies: Histogram::new_with_bounds(1, LONGEST, DIGITS).ok(),
            sum: Duration::ZERO,
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
        }
    }
}

/// The counts at one moment. Its JSON has the members' names.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MetricsSnapshot {
    /// Resolves that ended.
    pub total_resolves: u64,
    /// Those that did what was asked, dry runs and replays included.
    pub successful_resolves: u64,
    /// Endpoints that were probed.
    pub probed_endpoints: u64,
    /// Those that were reachable.
    pub reachable_endpoints: u64,
    /// The share of reachable endpoints, 0 to 1; none (null) before the first probe.
    pub reachability_rate: Option<f64>,
    /// The mean time of a resolve; 0 before the first.
    pub avg_latency_ms: f64,
    /// The median.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50_latency_ms: Option<f64>,
    /// The time that nine of ten did not exceed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p90_latency_ms: Option<f64>,
    /// The time that 99 of a hundred did not exceed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99_latency_ms: Option<f64>,
    /// The longest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_latency_ms: Option<f64>,
}

impl ResolveMetrics {
    /// The counts now, all of the same moment.
    pub fn snapshot(&self) -> MetricsSnapshot {
        let inner = self.lock();
        let latencies = inner
            .latencies
            .as_ref()
            .filter(|latencies| !latencies.is_empty());
        let at = |quantile: f64| {
            latencies.map(|latencies| millis(latencies.value_at_quantile(quantile)))
        };
        MetricsSnapshot {
            total_resolves: inner.total,
            successful_resolves: inner.successful,
            probed_endpoints: inner.probes,
            reachable_endpoints: inner.reachable,
            reachability_rate: (inner.probes > 0)
                .then(|| inner.reachable as f64 / inner.probes as f64),
            avg_latency_ms: match inner.total {
                0 => 0.0,
                total => inner.sum.as_secs_f64() * 1_000.0 / total as f64,
            },
            p50_latency_ms: at(0.5),
            p90_latency_ms: at(0.9),
            p99_latency_ms: at(0.99),
            max_latency_ms: latencies.map(|latencies| millis(latencies.max())),
        }
    }

    /// Counts one resolve when it ends, or when what comes back is dropped.
    pub(super) fn begin(&self, clock: Arc<dyn Clock>, started: Instant) -> Counting {
        Counting {
            metrics: self.clone(),
            clock,
            started,
            ended: false,
        }
    }

    pub(super) fn probed(&self, endpoints: &[EndpointResult]) {
        let reachable = endpoints.iter().filter(|one| one.reachable).count();
        let mut inner = self.lock();
        inner.probes = inner.probes.saturating_add(endpoints.len() as u64);
        inner.reachable = inner.reachable.saturating_add(reachable as u64);
    }

    fn record(&self, success: bool, latency: Duration) {
        let mut inner = self.lock();
        inner.total = inner.total.saturating_add(1);
        if success {
            inner.successful = inner.successful.saturating_add(1);
        }
        inner.sum = inner.sum.saturating_add(latency);
        if let Some(latencies) = &mut inner.latencies {
            let micros = u64::try_from(latency.as_micros()).unwrap_or(LONGEST);
            latencies.saturating_record(micros.clamp(1, LONGEST));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn millis(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}

impl MetricsSnapshot {
    /// The Prometheus text format.
    pub fn to_prometheus(self) -> String {
        let mut out = String::new();
        let mut one = |name: &str, kind: &str, help: &str, values: &[(&str, f64)]| {
            out.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
            for (label, value) in values {
                out.push_str(&format!("{name}{label} {value}\n"));
            }
        };
        one(
            "event_route_resolves_total",
            "counter",
            "Resolves that ended, by result.",
            &[
                ("{result=\"success\"}", self.successful_resolves as f64),
                (
                    "{result=\"failure\"}",
                    self.total_resolves.saturating_sub(self.successful_resolves) as f64,
                ),
            ],
        );
        one(
            "event_route_probes_total",
            "counter",
            "Endpoints that were probed, by result.",
            &[
                ("{result=\"reachable\"}", self.reachable_endpoints as f64),
                (
                    "{result=\"unreachable\"}",
                    self.probed_endpoints
                        .saturating_sub(self.reachable_endpoints) as f64,
                ),
            ],
        );
        let quantiles: Vec<(&str, f64)> = [
            ("{quantile=\"0.5\"}", self.p50_latency_ms),
            ("{quantile=\"0.9\"}", self.p90_latency_ms),
            ("{quantile=\"0.99\"}", self.p99_latency_ms),
            ("{quantile=\"1\"}", self.max_latency_ms),
        ]
        .into_iter()
        .filter_map(|(label, millis)| millis.map(|millis| (label, millis / 1_000.0)))
        .collect();
        one(
            "event_route_resolve_seconds",
            "gauge",
            "Time of a resolve, from start to end.",
            &quantiles,
        );
        out
    }
}

impl fmt::Debug for ResolveMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.snapshot().fmt(f)
    }
}

/// One resolve under way.
pub(super) struct Counting {
    metrics: ResolveMetrics,
    clock: Arc<dyn Clock>,
    started: Instant,
    ended: bool,
}

impl Counting {
    pub(super) fn finish(mut self, success: bool, latency: Duration) {
        self.ended = true;
        self.metrics.record(success, latency);
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        if !self.ended {
            let latency = self.clock.now().saturating_duration_since(self.started);
            self.metrics.record(false, latency);
        }
    }
}
