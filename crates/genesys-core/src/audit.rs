//! What an audit trail is told, and the sink that takes it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

use crate::error::{Error, ErrorKind};
use crate::observe::Outcome;

/// Which half of an operation an entry records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuditPhase {
    /// Written before the operation starts, so that a crash in between leaves a trace.
    Intent,
    /// Written after it ended.
    Outcome,
}

impl AuditPhase {
    /// `intent` or `outcome`.
    pub fn as_str(self) -> &'static str {
        match self {
            AuditPhase::Intent => "intent",
            AuditPhase::Outcome => "outcome",
        }
    }
}

/// One line of an audit trail, without what the sink adds: schema version, sequence number and time.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AuditEntry {
    /// What was done, such as `CREATE`.
    pub action: Cow<'static, str>,
    /// Which half of the operation this is.
    pub phase: AuditPhase,
    /// Joins the intent and the outcome of one operation.
    pub operation_id: String,
    /// Who did it: the OAuth client's id, never its secret.
    pub actor: String,
    /// What it was done to: an object's id, or its name while it has no id.
    pub target: Option<String>,
    /// How it ended; none for an intent.
    pub outcome: Option<Outcome>,
    /// How long it took; none for an intent.
    pub latency: Option<Duration>,
    /// The platform's id of the last request.
    pub correlation_id: Option<String>,
    /// Free details. The caller keeps secrets out.
    pub attributes: BTreeMap<String, Value>,
    /// The failure: the kind's name and the error's text.
    pub error: Option<(ErrorKind, String)>,
}

impl AuditEntry {
    /// An entry with everything optional left out.
    pub fn new(
        action: impl Into<Cow<'static, str>>,
        phase: AuditPhase,
        operation_id: impl Into<String>,
        actor: impl Into<String>,
    ) -> Self {
        Self {
            action: action.into(),
            phase,
            operation_id: operation_id.into(),
            actor: actor.into(),
            target: None,
            outcome: None,
            latency: None,
            correlation_id: None,
            attributes: BTreeMap::new(),
            error: None,
        }
    }
}

/// Takes audit entries. A durable file is one implementation (`genesys-telemetry`).
#[async_trait]
pub trait AuditSink: fmt::Debug + Send + Sync {
    /// Hands over one entry and waits while the sink is full, so that memory stays bounded and nothing is lost.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Audit`] when the trail cannot take it: the operation must not go on unrecorded.
    async fn record(&self, entry: AuditEntry) -> Result<(), Error>;

    /// Hands over one entry without waiting, for paths that cannot wait, such as a drop.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Audit`] when the sink is full or broken; the sink counts what it refused.
    fn try_record(&self, entry: AuditEntry) -> Result<(), Error>;

    /// Waits until everything handed over so far is as durable as the sink makes it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Audit`] when an entry could not be written.
    async fn flush(&self) -> Result<(), Error>;
}

/// Keeps nothing: the default of a client that is given no sink.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoAudit;

#[async_trait]
impl AuditSink for NoAudit {
    async fn record(&self, _entry: AuditEntry) -> Result<(), Error> {
        Ok(())
    }

    fn try_record(&self, _entry: AuditEntry) -> Result<(), Error> {
        Ok(())
    }

    async fn flush(&self) -> Result<(), Error> {
        Ok(())
    }
}
