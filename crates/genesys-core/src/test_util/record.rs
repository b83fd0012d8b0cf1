//! An observer and an audit sink that remember what they were told.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use crate::audit::{AuditEntry, AuditSink};
use crate::error::Error;
use crate::observe::{Event, Observer, Outcome};

/// One event, reduced to what tests compare.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum RecordedEvent {
    /// An attempt ended: operation, number, status, outcome.
    Attempt(String, u32, Option<u16>, Outcome),
    /// A retry was scheduled: operation, delay.
    Retry(String, Duration),
    /// A call ended: operation, outcome, attempts.
    Call(String, Outcome, u32),
    /// An operation ended: name, outcome.
    Operation(String, Outcome),
    /// A breaker changed: key, from, to.
    Breaker(String, resilience::State, resilience::State),
    /// A token renewal ended.
    Renewal(Outcome),
}

/// Remembers every event. Clones share the memory.
#[derive(Debug, Clone, Default)]
pub struct RecordingObserver(Arc<Mutex<Vec<RecordedEvent>>>);

impl RecordingObserver {
    /// Nothing heard yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every event so far, in order.
    pub fn events(&self) -> Vec<RecordedEvent> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Observer for RecordingObserver {
    fn on_event(&self, event: &Event<'_>) {
        let recorded = match event {
            Event::AttemptFinished(e) => RecordedEvent::Attempt(
                e.operation.to_owned(),
                e.number,
                e.status.map(|status| status.as_u16()),
                e.outcome,
            ),
            Event::RetryScheduled(e) => RecordedEvent::Retry(e.operation.to_owned(), e.delay),
            Event::CallFinished(e) => {
                RecordedEvent::Call(e.operation.to_owned(), e.outcome, e.attempts)
            }
            Event::OperationFinished(e) => {
                RecordedEvent::Operation(e.operation.to_owned(), e.outcome)
            }
            Event::BreakerChanged(e) => RecordedEvent::Breaker(e.key.to_owned(), e.from, e.to),
            Event::TokenRenewal(e) => RecordedEvent::Renewal(e.outcome),
        };
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(recorded);
    }
}

/// Remembers every audit entry. Clones share the memory.
#[derive(Debug, Clone, Default)]
pub struct RecordingAudit(Arc<Mutex<Vec<AuditEntry>>>);

impl RecordingAudit {
    /// Nothing recorded yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every entry so far, in order.
    pub fn entries(&self) -> Vec<AuditEntry> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[async_trait]
impl AuditSink for RecordingAudit {
    async fn record(&self, entry: AuditEntry) -> Result<(), Error> {
        self.try_record(entry)
    }

    fn try_record(&self, entry: AuditEntry) -> Result<(), Error> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(entry);
        Ok(())
    }

    async fn flush(&self) -> Result<(), Error> {
        Ok(())
    }
}
