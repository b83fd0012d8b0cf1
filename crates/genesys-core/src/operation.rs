//! One guard per operation: exactly one outcome on every path.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use resilience::{Clock, Random};
use serde_json::Value;

use crate::audit::{AuditEntry, AuditPhase, AuditSink};
use crate::error::{Error, Result};
use crate::observe::{Event, Observer, OperationFinished, Outcome};

/// Starts [`Operation`]s: an observer, an audit sink, the actor, time and ids.
///
/// A [`Client`](crate::Client) gives one ([`Client::recorder`](crate::Client::recorder)).
#[derive(Debug, Clone)]
pub struct Recorder {
    observer: Arc<dyn Observer>,
    audit: Arc<dyn AuditSink>,
    actor: Arc<str>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Recorder {
    /// A recorder for `actor`, the id that audit lines name.
    pub fn new(
        observer: Arc<dyn Observer>,
        audit: Arc<dyn AuditSink>,
        actor: impl Into<Arc<str>>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self {
            observer,
            audit,
            actor: actor.into(),
            clock,
            random,
        }
    }

    /// The sink, to flush it at the end.
    pub fn audit(&self) -> &Arc<dyn AuditSink> {
        &self.audit
    }

    /// The observer.
    pub fn observer(&self) -> &Arc<dyn Observer> {
        &self.observer
    }

    /// Records the intent and starts the clock.
    ///
    /// # Errors
    ///
    /// What the audit sink answers: an operation whose intent cannot be recorded must not start.
    pub async fn begin(
        &self,
        action: &'static str,
        target: impl Into<String>,
    ) -> Result<Operation> {
        self.begin_with(action, target, BTreeMap::new()).await
    }

    /// As [`begin`](Recorder::begin), with attributes that belong to the intent already.
    ///
    /// # Errors
    ///
    /// As [`begin`](Recorder::begin).
    pub async fn begin_with(
        &self,
        action: &'static str,
        target: impl Into<String>,
        attributes: BTreeMap<String, Value>,
    ) -> Result<Operation> {
        let mut entry = AuditEntry::new(
            action,
            AuditPhase::Intent,
            format!(
                "{:016x}{:016x}",
                self.random.next_u64(),
                self.random.next_u64()
            ),
            &*self.actor,
        );
        entry.target = Some(target.into());
        entry.attributes = attributes;
        let intent = entry.clone();
        entry.phase = AuditPhase::Outcome;
        // The guard stands before the wait: a caller that is dropped after the sink took the intent still leaves an outcome.
        let mut operation = Operation {
            recorder: self.clone(),
            action: Cow::Borrowed(action),
            started: self.clock.now(),
            entry: Some(entry),
            pending: None,
        };
        if let Err(error) = self.audit.record(intent).await {
            operation.entry = None;
            return Err(error);
        }
        operation.started = self.clock.now();
        Ok(operation)
    }
}

/// A running operation. Ends with [`succeed`](Operation::succeed), [`fail`](Operation::fail) or
/// [`finish`](Operation::finish); a dropped one is recorded as cancelled.
#[derive(Debug)]
#[must_use = "an operation that is dropped is recorded as cancelled"]
pub struct Operation {
    recorder: Recorder,
    action: Cow<'static, str>,
    started: Instant,
    /// None once the outcome is decided.
    entry: Option<AuditEntry>,
    /// Decided, and not yet taken by the sink.
    pending: Option<AuditEntry>,
}

impl Operation {
    /// Names the target anew, once its id is known.
    pub fn set_target(&mut self, target: impl Into<String>) {
        if let Some(entry) = &mut self.entry {
            entry.target = Some(target.into());
        }
    }

    /// Adds a detail to the outcome's line. The caller keeps secrets out.
    pub fn set_attribute(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        if let Some(entry) = &mut self.entry {
            entry.attributes.insert(key.into(), value.into());
        }
    }

    /// Sets the platform's id of the last request.
    pub fn set_correlation_id(&mut self, id: impl Into<String>) {
        if let Some(entry) = &mut self.entry {
            entry.correlation_id = Some(id.into());
        }
    }

    /// Records success.
    ///
    /// # Errors
    ///
    /// What the audit sink answers.
    pub async fn succeed(mut self) -> Result<()> {
        self.end(Outcome::Success, None).await
    }

    /// Records a failure and gives the error back. An audit failure does not hide it: it becomes part of what the sink
    /// counts.
    pub async fn fail(mut self, error: Error) -> Error {
        // The caller's error is the one that matters; the sink itself reports that it is broken on the next record.
        let _ = self.end(Outcome::Failure(error.kind()), Some(&error)).await;
        error
    }

    /// Records what `result` says and gives it back.
    ///
    /// # Errors
    ///
    /// The result's own error, or what the audit sink answers to a success.
    pub async fn finish<T>(self, result: Result<T>) -> Result<T> {
        match result {
            Ok(value) => self.succeed().await.map(|()| value),
            Err(error) => Err(self.fail(error).await),
        }
    }

    async fn end(&mut self, outcome: Outcome, error: Option<&Error>) -> Result<()> {
        let Some(entry) = self.close(outcome, error) else {
            return Ok(());
        };
        // Kept until the sink has it: a future dropped while the sink is full still leaves its line.
        self.pending = Some(entry.clone());
        let recorded = self.recorder.audit.record(entry).await;
        self.pending = None;
        recorded
    }

    /// Emits the event and completes the entry; none when that happened before.
    fn close(&mut self, outcome: Outcome, error: Option<&Error>) -> Option<AuditEntry> {
        let mut entry = self.entry.take()?;
        let elapsed = self
            .recorder
            .clock
            .now()
            .saturating_duration_since(self.started);
        self.recorder
            .observer
            .on_event(&Event::OperationFinished(&OperationFinished::new(
                &self.action,
                outcome,
                elapsed,
            )));
        entry.outcome = Some(outcome);
        entry.latency = Some(elapsed);
        if let Some(error) = error {
            entry.error = Some((error.kind(), error.to_string()));
            if let Some(id) = error.correlation_id() {
                entry.correlation_id = Some(id.to_owned());
            }
        }
        Some(entry)
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        let cancelled = self.close(Outcome::Cancelled, None);
        if let Some(entry) = self.pending.take().or(cancelled) {
            // A drop cannot wait; the sink counts what it refuses.
            let _ = self.recorder.audit.try_record(entry);
        }
    }
}
