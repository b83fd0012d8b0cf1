//! Counts what the event stream tells.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use genesys_core::observe::{CallFinished, Event, Observer};
use resilience::State;

use super::histogram::LatencyHistogram;
use super::names::Names;
use super::snapshot::{
    BreakerMetrics, CallMetrics, MetricsSnapshot, OperationMetrics, RenewalMetrics,
};
use super::tally::Running;

/// Counts calls, operations, breaker transitions and token renewals. Clones share the counts.
///
/// ```
/// use std::time::Duration;
/// use genesys_core::observe::{Event, Observer, OperationFinished, Outcome};
/// use genesys_telemetry::Metrics;
///
/// let metrics = Metrics::new();
/// assert_eq!(metrics.snapshot().operations.len(), 0);
///
/// let finished = OperationFinished::new("CREATE", Outcome::Success, Duration::from_millis(120));
/// metrics.on_event(&Event::OperationFinished(&finished));
///
/// let create = &metrics.snapshot().operations["CREATE"];
/// assert_eq!(create.outcomes.success_rate, Some(1.0));
/// assert!(metrics.to_prometheus().contains(r#"genesys_operations_total{operation="CREATE",outcome="success"} 1"#));
/// ```
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    calls: Names<Call>,
    operations: Names<Running>,
    breakers: Names<Breaker>,
    renewals: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Call {
    ended: Running,
    wire: LatencyHistogram,
    waiting: LatencyHistogram,
    attempts: u64,
    retries: u64,
    /// By status code: there are at most 900.
    answers: BTreeMap<u16, u64>,
}

#[derive(Debug, Default)]
struct Breaker {
    state: Option<State>,
    transitions: BTreeMap<&'static str, u64>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Room for 64 names each of calls, operations and breakers.
    pub fn new() -> Self {
        Self::with_names(64)
    }

    /// Room for `max` names each of calls, operations and breakers; further ones are counted as
    /// [`OTHER`](super::OTHER). A call name takes up to 60 kB, an operation name up to 30 kB.
    pub fn with_names(max: usize) -> Self {
        Self(Arc::new(Inner {
            calls: Names::new(max),
            operations: Names::new(max),
            breakers: Names::new(max),
            renewals: Mutex::default(),
        }))
    }

    /// What was counted so far. The figures of one name belong together: they are read under its lock.
    pub fn snapshot(&self) -> MetricsSnapshot {
        let inner = &*self.0;
        let renewals = inner
            .renewals
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let renewals = RenewalMetrics {
            outcomes: renewals.tally(),
            elapsed: renewals.latency(),
        };
        MetricsSnapshot {
            calls: inner.calls.collect(|call| CallMetrics {
                outcomes: call.ended.tally(),
                elapsed: call.ended.latency(),
                wire: call.wire.summary(),
                waiting: call.waiting.summary(),
                attempts: call.attempts,
                retries: call.retries,
                answers: call.answers.clone(),
            }),
            operations: inner.operations.collect(|operation| OperationMetrics {
                outcomes: operation.tally(),
                elapsed: operation.latency(),
            }),
            breakers: inner.breakers.collect(|breaker| BreakerMetrics {
                state: state_name(breaker.state.unwrap_or(State::Closed)).to_owned(),
                transitions: breaker
                    .transitions
                    .iter()
                    .map(|(to, count)| ((*to).to_owned(), *count))
                    .collect(),
            }),
            renewals,
            folded: inner.calls.folded() + inner.operations.folded() + inner.breakers.folded(),
        }
    }

    /// [`MetricsSnapshot::to_prometheus`] of what was counted so far.
    pub fn to_prometheus(&self) -> String {
        self.snapshot().to_prometheus()
    }
}

impl Call {
    fn finish(&mut self, event: &CallFinished<'_>) {
        self.ended.record(event.outcome, event.elapsed);
        self.attempts = self.attempts.saturating_add(event.attempts.into());
        // A cancelled call's times say when its caller left; a call that never reached the wire has no wire time.
        let cancelled = matches!(event.outcome, genesys_core::observe::Outcome::Cancelled);
        if !cancelled && event.attempts > 0 {
            self.wire.record(event.wire);
            self.waiting
                .record(event.elapsed.saturating_sub(event.wire));
        }
    }
}

impl Observer for Metrics {
    fn on_event(&self, event: &Event<'_>) {
        let inner = &*self.0;
        match event {
            Event::CallFinished(event) => inner
                .calls
                .update(event.operation, |call| call.finish(event)),
            Event::AttemptFinished(event) => {
                if let Some(status) = event.status {
                    inner.calls.update(event.operation, |call| {
                        *call.answers.entry(status.as_u16()).or_default() += 1;
                    });
                }
            }
            Event::RetryScheduled(event) => inner.calls.update(event.operation, |call| {
                call.retries = call.retries.saturating_add(1);
            }),
            Event::OperationFinished(event) => {
                inner.operations.update(event.operation, |operation| {
                    operation.record(event.outcome, event.elapsed);
                })
            }
            Event::BreakerChanged(event) => inner.breakers.update(event.key, |breaker| {
                breaker.state = Some(event.to);
                *breaker.transitions.entry(state_name(event.to)).or_default() += 1;
            }),
            Event::TokenRenewal(event) => inner
                .renewals
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .record(event.outcome, event.elapsed),
            _ => {}
        }
    }
}

/// The states' names in labels.
pub(super) fn state_name(state: State) -> &'static str {
    match state {
        State::Closed => "closed",
        State::Open => "open",
        State::HalfOpen => "half_open",
        State::ForcedOpen => "forced_open",
        State::ForcedClosed => "forced_closed",
        _ => "unknown",
    }
}
