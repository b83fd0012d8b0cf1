//! What was counted.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use depgraph::FindingKind;
use hdrhistogram::Histogram;
use resilience::Clock;
use serde::Serialize;

use crate::map::{DependencyMap, millis};

mod prometheus;

/// The longest mapping that is told apart: a day, in microseconds.
const LONGEST: u64 = 86_400_000_000;
const DIGITS: u8 = 3;

/// Counts of mappings and of what they found. Clones share them.
///
/// Every mapping is counted once, however it ended; callers that joined one count as that one. A map with findings is a mapping
/// that succeeded and a validation that did not. Reading the counts takes no longer the more there were.
#[derive(Clone)]
pub struct MapMetrics {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    succeeded: u64,
    failed: u64,
    cancelled: u64,
    valid: u64,
    invalid: u64,
    findings: BTreeMap<FindingKind, u64>,
    /// References found and resolved, over all maps.
    found: u64,
    resolved: u64,
    /// In microseconds. None when the library refuses its bounds, which are constant; then there are no percentiles.
    latencies: Option<Histogram<u64>>,
    sum: Duration,
    last: Option<Last>,
}

/// What the last map has.
#[derive(Debug, Clone, Copy)]
struct Last {
    objects: u64,
    references: u64,
    queues: u64,
    gaps: u64,
    errors: u64,
    warnings: u64,
}

impl Default for MapMetrics {
    fn default() -> Self {
        let inner = Inner {
            succeeded: 0,
            failed: 0,
            cancelled: 0,
            valid: 0,
            invalid: 0,
            findings: BTreeMap::new(),
            found: 0,
            resolved: 0,
            latencies: Histogram::new_with_bounds(1, LONGEST, DIGITS).ok(),
            sum: Duration::ZERO,
            last: None,
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
        }
    }
}

/// The counts at one moment. Its JSON has the members' names.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MetricsSnapshot {
    /// Mappings that ended.
    pub total_mappings: u64,
    /// Those that brought back a map.
    pub successful_mappings: u64,
    /// Those that failed.
    pub failed_mappings: u64,
    /// Those that were stopped.
    pub cancelled_mappings: u64,
    /// The share of mappings that brought back a map, 0 to 1; 0 before the first.
    pub success_rate: f64,
    /// The mean time of a mapping; 0 before the first.
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
    /// Resolved by found references of all maps, 0 to 1; none when nothing was referred to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution_accuracy: Option<f64>,
    /// References found.
    pub references_found: u64,
    /// Those that lead to an object that exists.
    pub references_resolved: u64,
    /// Maps in which nothing was found that the policy forbids.
    pub valid_maps: u64,
    /// Maps in which something was.
    pub invalid_maps: u64,
    /// Findings by kind, errors and warnings, over all maps.
    pub findings: BTreeMap<String, u64>,
    /// Objects of the last map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objects: Option<u64>,
    /// References of the last map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub references: Option<u64>,
    /// Queues of the last map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queues: Option<u64>,
    /// Gaps of the last map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gaps: Option<u64>,
    /// Errors of the last map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<u64>,
    /// Warnings of the last map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warnings: Option<u64>,
}

/// How a mapping ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Succeeded,
    Failed,
    Cancelled,
}

impl MapMetrics {
    /// The counts now, all of the same moment.
    pub fn snapshot(&self) -> MetricsSnapshot {
        let inner = self.lock();
        let latencies = inner
            .latencies
            .as_ref()
            .filter(|latencies| !latencies.is_empty());
        let at = |quantile: f64| {
            latencies.map(|latencies| from_micros(latencies.value_at_quantile(quantile)))
        };
        let total = inner.succeeded + inner.failed + inner.cancelled;
        let mean = |sum: f64| match total {
            0 => 0.0,
            total => sum / total as f64,
        };
        let findings = inner.findings.iter();
        MetricsSnapshot {
            total_mappings: total,
            successful_mappings: inner.succeeded,
            failed_mappings: inner.failed,
            cancelled_mappings: inner.cancelled,
            success_rate: mean(inner.succeeded as f64),
            avg_latency_ms: mean(millis(inner.sum)),
            p50_latency_ms: at(0.5),
            p90_latency_ms: at(0.9),
            p99_latency_ms: at(0.99),
            max_latency_ms: latencies.map(|latencies| from_micros(latencies.max())),
            resolution_accuracy: (inner.found > 0)
                .then(|| inner.resolved as f64 / inner.found as f64),
            references_found: inner.found,
            references_resolved: inner.resolved,
            valid_maps: inner.valid,
            invalid_maps: inner.invalid,
            findings: findings
                .map(|(kind, count)| (kind.as_str().to_owned(), *count))
                .collect(),
            objects: inner.last.map(|last| last.objects),
            references: inner.last.map(|last| last.references),
            queues: inner.last.map(|last| last.queues),
            gaps: inner.last.map(|last| last.gaps),
            errors: inner.last.map(|last| last.errors),
            warnings: inner.last.map(|last| last.warnings),
        }
    }

    /// Counts one mapping when it ends, or when what comes back is dropped.
    pub(crate) fn begin(&self, clock: Arc<dyn Clock>, started: Instant) -> Counting {
        Counting {
            metrics: self.clone(),
            clock,
            started,
            ended: false,
        }
    }

    /// Counts what was found in a map.
    pub(crate) fn mapped(&self, map: &DependencyMap) {
        let queues = map.queues() as u64;
        let mut inner = self.lock();
        match map.is_valid() {
            true => inner.valid += 1,
            false => inner.invalid += 1,
        }
        for (kind, total) in &map.report.totals {
            *inner.findings.entry(*kind).or_default() += total.found() as u64;
        }
        inner.found = inner.found.saturating_add(map.accuracy.found);
        inner.resolved = inner.resolved.saturating_add(map.accuracy.resolved);
        inner.last = Some(Last {
            objects: map.graph.node_count() as u64,
            references: map.graph.edge_count() as u64,
            queues,
            gaps: map.graph.gaps().len() as u64,
            errors: map.report.errors() as u64,
            warnings: map.report.warnings() as u64,
        });
    }

    fn record(&self, ending: Ending, latency: Duration) {
        let mut inner = self.lock();
        match ending {
            Ending::Succeeded => inner.succeeded += 1,
            Ending::Failed => inner.failed += 1,
            Ending::Cancelled => inner.cancelled += 1,
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

fn from_micros(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}

impl fmt::Debug for MapMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.snapshot().fmt(f)
    }
}

/// One mapping under way.
pub(crate) struct Counting {
    metrics: MapMetrics,
    clock: Arc<dyn Clock>,
    started: Instant,
    ended: bool,
}

impl Counting {
    pub(crate) fn finish(mut self, ending: Ending, latency: Duration) {
        self.ended = true;
        self.metrics.record(ending, latency);
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        if !self.ended {
            let latency = self.clock.now().saturating_duration_since(self.started);
            self.metrics.record(Ending::Cancelled, latency);
        }
    }
}
