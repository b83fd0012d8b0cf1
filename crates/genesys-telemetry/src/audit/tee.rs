//! One stream of entries into several trails.

use std::sync::Arc;

use async_trait::async_trait;
use genesys_core::Result;
use genesys_core::audit::{AuditEntry, AuditSink};

/// Hands each entry to several sinks, in order.
///
/// Every sink gets every entry, also after one before it failed; the first failure is the answer. The slowest sink sets
/// the pace.
///
/// ```
/// use std::sync::Arc;
/// use genesys_core::audit::{AuditEntry, AuditPhase, AuditSink};
/// use genesys_telemetry::{MemoryAudit, Tee};
///
/// let (first, second) = (MemoryAudit::default(), MemoryAudit::default());
/// let both = Tee::new().with(Arc::new(first.clone())).with(Arc::new(second.clone()));
/// both.try_record(AuditEntry::new("TEST", AuditPhase::Intent, "op-1", "client-1"))?;
/// assert_eq!(first.entries().len() + second.entries().len(), 2);
/// # Ok::<(), genesys_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Tee(Vec<Arc<dyn AuditSink>>);

impl Tee {
    /// No sink yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one more.
    #[must_use]
    pub fn with(mut self, sink: Arc<dyn AuditSink>) -> Self {
        self.0.push(sink);
        self
    }
}

#[async_trait]
impl AuditSink for Tee {
    async fn record(&self, entry: AuditEntry) -> Result<()> {
        let mut result = Ok(());
        for sink in &self.0 {
            result = result.and(sink.record(entry.clone()).await);
        }
        result
    }

    fn try_record(&self, entry: AuditEntry) -> Result<()> {
        let mut result = Ok(());
        for sink in &self.0 {
            result = result.and(sink.try_record(entry.clone()));
        }
        result
    }

    async fn flush(&self) -> Result<()> {
        let mut result = Ok(());
        for sink in &self.0 {
            result = result.and(sink.flush().await);
        }
        result
    }
}
