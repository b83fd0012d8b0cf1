//! The answer to a simulation.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use genesys_core::redact::external_text;
use http::StatusCode;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::status::http_status;
use crate::executor::{AnswerData, AttemptTrace, Execution, ExecutionError};

/// The most characters of a name that nobody has.
const NAME: usize = 80;

/// What came of a simulation. Its JSON form is what a flow is given: `success`, `status`, `data` or `error`, `retries`; of a failure
/// also the platform's error members `code`, `message` and `contextId`; and the trace of every attempt.
///
/// `data` is the external system's JSON, digit by digit. What is no JSON is in `dataBase64`, with its `mediaType`.
#[derive(Debug, Clone)]
pub struct Simulation(Outcome);

#[derive(Debug, Clone)]
enum Outcome {
    Done(Box<Execution>),
    Failed(ExecutionError),
    Unknown(String),
}

impl Simulation {
    pub(super) fn unknown(name: &str) -> Self {
        Self(Outcome::Unknown(external_text(name, &[], NAME)))
    }

    /// True when the external system answered 2xx with what the node expects.
    pub fn is_success(&self) -> bool {
        matches!(self.0, Outcome::Done(_))
    }

    /// The status of the external system's last answer; without one, that of [`http_status`](Self::http_status).
    pub fn status(&self) -> u16 {
        let answered = match &self.0 {
            Outcome::Done(done) => Some(done.status),
            Outcome::Failed(error) => error.status(),
            Outcome::Unknown(_) => None,
        };
        answered.unwrap_or_else(|| self.http_status().as_u16())
    }

    /// The status for an HTTP answer that carries this: 200 for a success, and as [`http_status`] says for a failure. A node that is not
    /// there is 404.
    pub fn http_status(&self) -> StatusCode {
        match &self.0 {
            Outcome::Done(_) => StatusCode::OK,
            Outcome::Failed(error) => http_status(error.kind()),
            Outcome::Unknown(_) => StatusCode::NOT_FOUND,
        }
    }

    /// How long to wait before the next try, for a `Retry-After` header.
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.0 {
            Outcome::Failed(error) => error.retry_after(),
            _ => None,
        }
    }

    /// Requests that were sent after the first one.
    pub fn retries(&self) -> u32 {
        match &self.0 {
            Outcome::Done(done) => done.retries(),
            Outcome::Failed(error) => error.retries(),
            Outcome::Unknown(_) => 0,
        }
    }

    /// Every attempt, first to last.
    pub fn trace(&self) -> &[AttemptTrace] {
        match &self.0 {
            Outcome::Done(done) => &done.attempts,
            Outcome::Failed(error) => error.attempts(),
            Outcome::Unknown(_) => &[],
        }
    }

    /// The execution, or why there was none. None when the node is not there.
    pub fn result(&self) -> Option<Result<&Execution, &ExecutionError>> {
        match &self.0 {
            Outcome::Done(done) => Some(Ok(done)),
            Outcome::Failed(error) => Some(Err(error)),
            Outcome::Unknown(_) => None,
        }
    }

    /// A stable code for a failure: `node.` and the kind, such as `node.schema`; `node.not_found`.
    pub fn code(&self) -> Option<String> {
        match &self.0 {
            Outcome::Done(_) => None,
            Outcome::Failed(error) => Some(format!("node.{}", error.kind().as_str())),
            Outcome::Unknown(_) => Some("node.not_found".to_owned()),
        }
    }

    /// The failure in one line, without payloads.
    pub fn error(&self) -> Option<String> {
        match &self.0 {
            Outcome::Done(_) => None,
            Outcome::Failed(error) => Some(error.to_string()),
            Outcome::Unknown(name) => Some(format!("there is no node {name}")),
        }
    }

    /// What kind of failure it is, in words.
    pub fn message(&self) -> Option<String> {
        match &self.0 {
            Outcome::Done(_) => None,
            Outcome::Failed(error) => Some(error.kind().to_string()),
            Outcome::Unknown(_) => Some("no such node".to_owned()),
        }
    }

    /// The id of this execution, that its audit line carries too.
    pub fn context_id(&self) -> Option<&str> {
        match &self.0 {
            Outcome::Done(done) => Some(&done.context_id),
            Outcome::Failed(error) => Some(error.context_id()),
            Outcome::Unknown(_) => None,
        }
    }
}

impl From<Result<Execution, ExecutionError>> for Simulation {
    fn from(result: Result<Execution, ExecutionError>) -> Self {
        Self(match result {
            Ok(done) => Outcome::Done(Box::new(done)),
            Err(error) => Outcome::Failed(error),
        })
    }
}

impl Serialize for Simulation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("success", &self.is_success())?;
        map.serialize_entry("status", &self.status())?;
        if let Outcome::Done(done) = &self.0 {
            match &done.data {
                AnswerData::Empty => {}
                AnswerData::Json(_) => {
                    let text = done.data.json().unwrap_or("null").to_owned();
                    let raw = RawValue::from_string(text).map_err(serde::ser::Error::custom)?;
                    map.serialize_entry("data", &raw)?;
                }
                AnswerData::Other { media_type, bytes } => {
                    map.serialize_entry("mediaType", media_type)?;
                    map.serialize_entry("dataBase64", &STANDARD.encode(bytes))?;
                }
            }
        }
        if let Some(error) = self.error() {
            map.serialize_entry("error", &error)?;
        }
        map.serialize_entry("retries", &self.retries())?;
        if let (Some(code), Some(message)) = (self.code(), self.message()) {
            map.serialize_entry("code", &code)?;
            map.serialize_entry("message", &message)?;
        }
        if let Some(id) = self.context_id() {
            map.serialize_entry("contextId", id)?;
        }
        match self.result() {
            Some(Ok(done)) => map.serialize_entry("cache", &done.cache)?,
            Some(Err(error)) => {
                map.serialize_entry("cache", &error.cache())?;
                if !error.violations().is_empty() {
                    map.serialize_entry("violations", error.violations())?;
                }
                if !error.missing().is_empty() {
                    map.serialize_entry("missing", error.missing())?;
                }
                if error.is_outcome_unknown() {
                    map.serialize_entry("outcomeUnknown", &true)?;
                }
            }
            None => {}
        }
        map.serialize_entry("trace", self.trace())?;
        map.end()
    }
}
