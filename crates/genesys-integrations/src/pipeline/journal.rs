//! What a deployment writes down, so that a killed one can be resumed or undone.

use std::fmt;

use async_trait::async_trait;
use genesys_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

use super::target::Target;
use crate::api::Change;
use crate::definition::Fingerprint;
use crate::ids::IntegrationId;

/// The version of the record's form that this version writes and reads.
const SCHEMA: u32 = 1;
/// The largest record that is read.
const MAX_BYTES: usize = 256 * 1024;

/// Keeps the record of one deployment.
#[async_trait]
pub trait Journal: fmt::Debug + Send + Sync {
    /// The record, if there is one.
    ///
    /// # Errors
    ///
    /// [`Io`](ErrorKind::Io) when it cannot be read or is damaged. A damaged record is never taken for none.
    async fn load(&self) -> Result<Option<JournalRecord>>;

    /// Replaces the record as a whole. Once this returns, the record survives the process.
    ///
    /// # Errors
    ///
    /// [`Io`](ErrorKind::Io) when it cannot be written; the former record is still there then.
    async fn save(&self, record: &JournalRecord) -> Result<()>;

    /// Removes the record. One that does not exist is removed already.
    ///
    /// # Errors
    ///
    /// [`Io`](ErrorKind::Io) when it cannot be removed.
    async fn clear(&self) -> Result<()>;
}

/// What a deployment has begun and done. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct JournalRecord {
    /// The version of this form.
    schema: u32,
    /// The profile's name.
    pub profile: String,
    /// The name of the definition, which is the marker of what it made.
    pub name: String,
    /// The definition, secrets apart.
    pub fingerprint: Fingerprint,
    /// Where the deployment is.
    pub phase: JournalPhase,
    /// True when an integration of this name existed before the deployment; it is never deleted.
    pub adopted: bool,
    /// True when this or an earlier deployment of this journal created the integration.
    pub(super) owned: bool,
    /// The integration, once its id is known.
    pub integration: Option<IntegrationId>,
    /// The steps that were begun, in order.
    pub steps: Vec<JournalStep>,
    /// The deployment that this one repeats. It is put back when this one changes nothing, or is undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) finished: Option<Box<JournalRecord>>,
}

/// Where a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum JournalPhase {
    /// Begun, and neither finished nor being undone.
    Running,
    /// Being undone.
    RollingBack,
    /// Every step is done.
    Finished,
}

/// One step of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct JournalStep {
    /// Its name.
    pub name: String,
    /// False from before it begins until it is known to have ended.
    pub done: bool,
    /// True when it made or changed something, as far as is known.
    pub changed: bool,
    /// What a further step made, in its own words.
    pub reference: Option<String>,
}

impl JournalRecord {
    pub(super) fn new(target: &dyn Target, adopted: bool, owned: bool) -> Self {
        Self {
            schema: SCHEMA,
            profile: target.profile().as_str().to_owned(),
            name: target.name().to_owned(),
            fingerprint: target.fingerprint(),
            phase: JournalPhase::Running,
            adopted,
            owned,
            integration: None,
            steps: Vec::new(),
            finished: None,
        }
    }

    /// Reads a record from its JSON form.
    ///
    /// # Errors
    ///
    /// [`Io`](ErrorKind::Io) when it is damaged, larger than 256 KiB, or of another version.
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Version {
            schema: u32,
        }
        let damaged = |_| Error::new(ErrorKind::Io, "the journal is damaged");
        if bytes.len() > MAX_BYTES {
            return Err(Error::new(
                ErrorKind::Io,
                "the journal is larger than any that this version writes",
            ));
        }
        let version: Version = serde_json::from_slice(bytes).map_err(damaged)?;
        if version.schema != SCHEMA {
            return Err(Error::new(
                ErrorKind::Io,
                format!(
                    "the journal has form {}, and this version reads {SCHEMA}",
                    version.schema
                ),
            ));
        }
        serde_json::from_slice(bytes).map_err(damaged)
    }

    /// The record's JSON form. Equal records give equal bytes.
    ///
    /// # Errors
    ///
    /// [`Io`](ErrorKind::Io), which no record of this crate causes.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        serde_json::to_vec_pretty(self)
            .map_err(|_| Error::new(ErrorKind::Io, "the journal has no JSON form"))
    }

    pub(super) fn step(&self, name: &str) -> Option<&JournalStep> {
        self.steps.iter().find(|step| step.name == name)
    }

    pub(super) fn is_done(&self, name: &str) -> bool {
        self.step(name).is_some_and(|step| step.done)
    }

    /// Notes that a step begins; one that was begun before keeps what is known of it.
    pub(super) fn begin(&mut self, name: &str) {
        match self.steps.iter_mut().find(|step| step.name == name) {
            Some(step) => step.done = false,
            None => self.steps.push(JournalStep {
                name: name.to_owned(),
                done: false,
                changed: false,
                reference: None,
            }),
        }
    }

    /// Takes back that a step was begun: it is known to have done nothing that counts.
    pub(super) fn forget(&mut self, name: &str) {
        self.steps.retain(|step| step.name != name);
    }

    /// What the deployment had to do, earlier tries included.
    pub(super) fn change(&self) -> Change {
        if !self.adopted {
            Change::Created
        } else if self.steps.iter().any(|step| step.changed) {
            Change::Updated
        } else {
            Change::Unchanged
        }
    }

    /// Notes that a step ended. What an earlier try changed stays changed.
    pub(super) fn end(&mut self, name: &str, changed: bool, reference: Option<String>) {
        if let Some(step) = self.steps.iter_mut().find(|step| step.name == name) {
            step.done = true;
            step.changed |= changed;
            step.reference = reference.or(step.reference.take());
        }
    }
}
