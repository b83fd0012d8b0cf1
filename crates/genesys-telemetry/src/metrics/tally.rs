//! Counts and latencies of one name, by outcome.

use std::collections::BTreeMap;
use std::time::Duration;

use genesys_core::observe::Outcome;
use serde::Serialize;

use super::histogram::{LatencyHistogram, LatencySummary};

/// How often something ended in which way.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Tally {
    /// All that ended.
    pub total: u64,
    /// Did what was asked.
    pub success: u64,
    /// Failed.
    pub failure: u64,
    /// Given up by the caller.
    pub cancelled: u64,
    /// Failures by the kind's stable name.
    pub failures: BTreeMap<String, u64>,
    /// Successes among successes and failures, 0 to 1. Absent before the first of either.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success_rate: Option<f64>,
}

/// Elapsed time, split by how it ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Latency {
    /// Of what succeeded. Absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success: Option<LatencySummary>,
    /// Of what failed. Absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<LatencySummary>,
}

/// The running state behind a [`Tally`] and a [`Latency`].
#[derive(Debug, Default)]
pub(super) struct Running {
    success: LatencyHistogram,
    failure: LatencyHistogram,
    /// By the kind's name: as many as there are kinds.
    failures: BTreeMap<&'static str, u64>,
    cancelled: u64,
}

impl Running {
    pub(super) fn record(&mut self, outcome: Outcome, elapsed: Duration) {
        match outcome {
            Outcome::Success => self.success.record(elapsed),
            Outcome::Failure(kind) => {
                self.failure.record(elapsed);
                *self.failures.entry(kind.as_str()).or_default() += 1;
            }
            _ => self.cancelled = self.cancelled.saturating_add(1),
        }
    }

    pub(super) fn tally(&self) -> Tally {
        let (success, failure) = (self.success.count(), self.failure.count());
        let judged = success.saturating_add(failure);
        Tally {
            total: judged.saturating_add(self.cancelled),
            success,
            failure,
            cancelled: self.cancelled,
            failures: self
                .failures
                .iter()
                .map(|(kind, count)| ((*kind).to_owned(), *count))
                .collect(),
            success_rate: (judged > 0).then(|| success as f64 / judged as f64),
        }
    }

    pub(super) fn latency(&self) -> Latency {
        Latency {
            success: self.success.summary(),
            failure: self.failure.summary(),
        }
    }
}
