//! What was counted at one moment.

use std::collections::BTreeMap;

use serde::Serialize;

use super::histogram::LatencySummary;
use super::tally::{Latency, Tally};

/// What [`Metrics`](super::Metrics) counted at one moment. Members and names are in a stable order.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MetricsSnapshot {
    /// By the call's name, such as `integrations.create`.
    pub calls: BTreeMap<String, CallMetrics>,
    /// By the operation's name, such as `CREATE`.
    pub operations: BTreeMap<String, OperationMetrics>,
    /// By what the breaker protects.
    pub breakers: BTreeMap<String, BreakerMetrics>,
    /// Of the access token.
    pub renewals: RenewalMetrics,
    /// How many events were counted under [`OTHER`](super::OTHER) because there was no room for their name.
    pub folded: u64,
}

/// Calls of one name: each one request, with its attempts.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CallMetrics {
    /// How they ended.
    pub outcomes: Tally,
    /// From start to end, waiting included.
    pub elapsed: Latency,
    /// On the wire, all attempts of a call together. Of successes and failures that sent something. Absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wire: Option<LatencySummary>,
    /// Off the wire, of the same calls: quota, back-off, token. Absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<LatencySummary>,
    /// Attempts that were started.
    pub attempts: u64,
    /// Further attempts that were scheduled.
    pub retries: u64,
    /// Answers by status code, one an attempt.
    pub answers: BTreeMap<u16, u64>,
}

/// Operations of one name: each one or several calls.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct OperationMetrics {
    /// How they ended.
    pub outcomes: Tally,
    /// From start to end.
    pub elapsed: Latency,
}

/// One breaker that has changed its state at least once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BreakerMetrics {
    /// The last state that was told: `closed`, `open`, `half_open`, `forced_open` or `forced_closed`.
    pub state: String,
    /// How often it came into which state.
    pub transitions: BTreeMap<String, u64>,
}

/// Renewals of the access token.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RenewalMetrics {
    /// How they ended.
    pub outcomes: Tally,
    /// From start to end.
    pub elapsed: Latency,
}
