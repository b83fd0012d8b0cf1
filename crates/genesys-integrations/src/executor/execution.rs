//! What came of an execution.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::cache::CacheOutcome;
use super::error::ExecutionErrorKind;

/// A node was executed: the external system answered 2xx, and the answer is what the node said it would be.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Execution {
    /// The status of the answer.
    pub status: u16,
    /// What it holds.
    pub data: AnswerData,
    /// Every attempt, first to last; none for an answer that was kept.
    pub attempts: Vec<AttemptTrace>,
    /// What the cache did.
    pub cache: CacheOutcome,
    /// From the call to its answer.
    pub elapsed: Duration,
    /// The id of this execution, that its audit line carries too.
    pub context_id: String,
}

impl Execution {
    /// Requests that were sent after the first one.
    pub fn retries(&self) -> u32 {
        retries(&self.attempts)
    }
}

/// What an answer holds. Shared and immutable.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerData {
    /// Nothing, and that is allowed.
    Empty,
    /// JSON as the external system wrote it, digit by digit; checked.
    Json(Bytes),
    /// Anything else, from a node without a response schema.
    Other {
        /// What the external system calls it; empty when it does not say.
        media_type: String,
        /// It.
        bytes: Bytes,
    },
}

impl AnswerData {
    /// The JSON text, if it is JSON.
    pub fn json(&self) -> Option<&str> {
        match self {
            Self::Json(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }
}

/// One attempt of an execution.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AttemptTrace {
    /// Counts from 1.
    pub number: u32,
    /// When it began.
    pub started: SystemTime,
    /// How long it took.
    pub latency: Duration,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// What went wrong, if something did.
    pub error: Option<ExecutionErrorKind>,
    /// How long the external system asked to wait.
    pub retry_after: Option<Duration>,
    /// The wait that followed, before the next attempt.
    pub delay: Duration,
    /// A request went out. False when the breaker held it back.
    pub sent: bool,
}

/// Times in milliseconds, the beginning in RFC 3339.
impl Serialize for AttemptTrace {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("attempt", &self.number)?;
        if let Ok(started) = jiff::Timestamp::try_from(self.started) {
            map.serialize_entry("started", &format!("{started:.3}"))?;
        }
        map.serialize_entry("latencyMs", &millis(self.latency))?;
        if let Some(status) = self.status {
            map.serialize_entry("status", &status)?;
        }
        if let Some(error) = self.error {
            map.serialize_entry("error", error.as_str())?;
        }
        if let Some(wait) = self.retry_after {
            map.serialize_entry("retryAfterMs", &millis(wait))?;
        }
        map.serialize_entry("delayMs", &millis(self.delay))?;
        map.end()
    }
}

pub(super) fn retries(attempts: &[AttemptTrace]) -> u32 {
    let sent = attempts.iter().filter(|attempt| attempt.sent).count();
    u32::try_from(sent.saturating_sub(1)).unwrap_or(u32::MAX)
}
