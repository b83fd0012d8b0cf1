//! The audit report of widget deployments.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use genesys_core::Result;
use genesys_core::audit::{AuditEntry, AuditPhase, AuditSink};
use genesys_core::observe::Outcome;
use genesys_core::redact;
use resilience::{Clock, SystemClock};
use serde::Serialize;
use serde_json::Value;

use crate::audit::json;
use crate::metrics::{LatencyHistogram, LatencySummary};

/// The operation that is reported.
const DEPLOY: &str = "DEPLOY";
/// The attribute that tells a widget's deployment from an integration's, and names it.
const NAME: &str = "widget_name";
/// The attribute with its id.
const ID: &str = "id";
/// Characters kept of a name or id.
const TEXT: usize = 256;

/// Collects widget deployments for an audit report. Clones share it.
///
/// It is an [`AuditSink`] that takes one thing from the stream: the outcome of each `DEPLOY` of a widget, which is exactly
/// one a deployment, a failed or cancelled one included. Put it beside the durable trail with a [`Tee`](crate::Tee). Each
/// deployment is counted in constant time; the last 1,024 are kept as entries, all are in the summary.
///
/// ```
/// use std::time::Duration;
///
/// use genesys_core::audit::{AuditEntry, AuditPhase, AuditSink};
/// use genesys_core::observe::Outcome;
/// use genesys_telemetry::WidgetAudit;
///
/// let audit = WidgetAudit::default();
/// let mut entry = AuditEntry::new("DEPLOY", AuditPhase::Outcome, "op-1", "client-1");
/// entry.attributes = [
///     ("widget_name".to_owned(), "Agent Dashboard Widget".into()),
///     ("id".to_owned(), "w-1".into()),
/// ].into();
/// entry.outcome = Some(Outcome::Success);
/// entry.latency = Some(Duration::from_millis(250));
/// audit.try_record(entry)?;
///
/// let report = audit.report();
/// assert_eq!((report.summary.total, report.summary.success_rate), (1, Some(1.0)));
/// assert_eq!(report.entries[0].widget_id.as_deref(), Some("w-1"));
/// # Ok::<(), genesys_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct WidgetAudit {
    clock: Arc<dyn Clock>,
    capacity: usize,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    entries: VecDeque<WidgetEntry>,
    total: u64,
    successes: LatencyHistogram,
    failures: LatencyHistogram,
}

/// What [`WidgetAudit`] collected.
///
/// Its JSON form is `{"entries": […], "summary": {…}}`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct WidgetReport {
    /// The last deployments, oldest first.
    pub entries: Vec<WidgetEntry>,
    /// All deployments.
    pub summary: WidgetSummary,
}

/// One deployment. What concerns all of them stands in the summary alone.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct WidgetEntry {
    /// When it ended, in UTC with microseconds.
    #[serde(serialize_with = "json::time::serialize")]
    pub timestamp: SystemTime,
    /// The widget's id; none when it failed before there was one.
    pub widget_id: Option<String>,
    /// The widget's name.
    pub widget_name: String,
    /// How it ended.
    pub status: WidgetStatus,
    /// From beginning to end, written in milliseconds. A failed one includes its rollback.
    #[serde(rename = "latency_ms", serialize_with = "millis")]
    pub latency: Duration,
}

/// How a deployment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WidgetStatus {
    /// The widget is as defined and active.
    Success,
    /// It is not: the deployment failed, or its caller gave it up.
    Failure,
}

/// All deployments together. Latencies are those of successes; failures have their own.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct WidgetSummary {
    /// How many ended.
    pub total: u64,
    /// Successes among them, 0 to 1; none before the first.
    pub success_rate: Option<f64>,
    /// The mean of the successes' latencies, written in milliseconds; none before the first.
    #[serde(rename = "avg_latency_ms", serialize_with = "json::millis::serialize")]
    pub avg_latency: Option<Duration>,
    /// Their median, within 1 %.
    #[serde(rename = "p50_ms", serialize_with = "json::millis::serialize")]
    pub p50: Option<Duration>,
    /// Nine of ten are at most this, within 1 %.
    #[serde(rename = "p90_ms", serialize_with = "json::millis::serialize")]
    pub p90: Option<Duration>,
    /// 99 of 100 are at most this, within 1 %.
    #[serde(rename = "p99_ms", serialize_with = "json::millis::serialize")]
    pub p99: Option<Duration>,
    /// The latencies of failures; none before the first. Those that were given up are not in it: how long they ran says when
    /// their caller lost patience.
    pub failures: Option<LatencySummary>,
}

impl WidgetAudit {
    /// Keeps the last `capacity` deployments as entries.
    pub fn new(capacity: usize) -> Self {
        Self {
            clock: Arc::new(SystemClock),
            capacity,
            kept: Arc::default(),
        }
    }

    /// Takes the entries' times from `clock`.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// What was collected so far. Aggregates are computed here and stored nowhere.
    pub fn report(&self) -> WidgetReport {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let successes = kept.successes.summary();
        let rate = kept.successes.count() as f64 / kept.total as f64;
        WidgetReport {
            entries: kept.entries.iter().cloned().collect(),
            summary: WidgetSummary {
                total: kept.total,
                success_rate: (kept.total > 0).then_some(rate),
                avg_latency: successes.map(|summary| summary.mean),
                p50: successes.map(|summary| summary.p50),
                p90: successes.map(|summary| summary.p90),
                p99: successes.map(|summary| summary.p99),
                failures: kept.failures.summary(),
            },
        }
    }

    fn take(&self, entry: &AuditEntry) -> Option<()> {
        if entry.action != DEPLOY || entry.phase != AuditPhase::Outcome {
            return None;
        }
        let text = |key| {
            let text = entry.attributes.get(key).and_then(Value::as_str)?;
            Some(redact::external_text(text, &[], TEXT))
        };
        let widget_name = text(NAME)?;
        let (outcome, latency) = (entry.outcome?, entry.latency.unwrap_or_default());
        let done = WidgetEntry {
            timestamp: json::time::to_micros(self.clock.wall()),
            widget_id: text(ID),
            widget_name,
            status: match outcome {
                Outcome::Success => WidgetStatus::Success,
                _ => WidgetStatus::Failure,
            },
            latency,
        };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.total = kept.total.saturating_add(1);
        match outcome {
            Outcome::Success => kept.successes.record(latency),
            Outcome::Failure(_) => kept.failures.record(latency),
            _ => {}
        }
        kept.entries.push_back(done);
        if kept.entries.len() > self.capacity {
            kept.entries.pop_front();
        }
        Some(())
    }
}

impl Default for WidgetAudit {
    /// The last 1,024 deployments.
    fn default() -> Self {
        Self::new(1024)
    }
}

#[async_trait]
impl AuditSink for WidgetAudit {
    async fn record(&self, entry: AuditEntry) -> Result<()> {
        self.try_record(entry)
    }

    fn try_record(&self, entry: AuditEntry) -> Result<()> {
        self.take(&entry);
        Ok(())
    }

    async fn flush(&self) -> Result<()> {
        Ok(())
    }
}

fn millis<S: serde::Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(value.as_nanos() as f64 / 1e6)
}
