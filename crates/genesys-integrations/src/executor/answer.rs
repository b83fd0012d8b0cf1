//! Reading what the external system answered.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use genesys_core::redact::{REDACTED, external_text};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response};
use serde_json::Value;

use super::error::{ExecutionError, ExecutionErrorKind};
use super::execution::{AnswerData, AttemptTrace};
use super::json::{self, Unusable};
use super::secrets::Secrets;
use crate::schema::Schema;

/// The most characters kept of a media type.
const MEDIA_TYPE: usize = 100;

/// An answer that was read and checked.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) media_type: Option<String>,
    pub(super) json: bool,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn data(&self) -> AnswerData {
        if self.body.is_empty() {
            AnswerData::Empty
        } else if self.json {
            AnswerData::Json(self.body.clone())
        } else {
            AnswerData::Other {
                media_type: self.media_type.clone().unwrap_or_default(),
                bytes: self.body.clone(),
            }
        }
    }
}

/// An answer as it came, with what the cache needs to know of it.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) answer: Answer,
    pub(super) headers: HeaderMap,
    /// It repeated a secret, which has been blanked out.
    pub(super) echoed: bool,
    pub(super) attempts: Vec<AttemptTrace>,
}

/// What a flight brought: fetched, or found when it took off.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) answer: Answer,
    pub(super) attempts: Vec<AttemptTrace>,
    pub(super) stored: bool,
    pub(super) found: Option<Duration>,
}

/// Reads a 2xx answer: against the response schema when there is one.
pub(super) fn read(
    answer: Response<Bytes>,
    schema: Option<&ResponseSchema>,
    secrets: &Secrets,
) -> Result<Received, ExecutionError> {
    let (parts, body) = answer.into_parts();
    let media_type = media_type(&parts.headers);
    let says_json = media_type.as_deref().is_some_and(names_json);
    let (mut body, mut echoed, mut is_json) = (body, false, false);
    if body.is_empty() {
        if schema.is_some_and(|schema| !schema.allows_empty) {
            return Err(ExecutionError::new(
                ExecutionErrorKind::Empty,
                "the response schema does not allow null",
            ));
        }
    } else if schema.is_some() || says_json {
        is_json = true;
        let mut value = parse(&body, media_type.as_deref())?;
        let violations = schema.map(|schema| schema.schema.violations(&value));
        let violations = violations.unwrap_or_default();
        if !violations.is_empty() {
            return Err(ExecutionError::new(ExecutionErrorKind::Schema, "")
                .change(|error| error.violations = violations));
        }
        let text = str::from_utf8(&body).unwrap_or_default();
        echoed = secrets.may_be_in_json(text) && secrets.blank_value(&mut value);
        if echoed {
            body = value.to_string().into();
        }
    } else if secrets.are_in_bytes(&body) {
        echoed = true;
        body = Bytes::from_static(REDACTED.as_bytes());
    }
    Ok(Received {
        answer: Answer {
            status: parts.status.as_u16(),
            media_type: media_type.map(|media_type| secrets.blank(&media_type)),
            json: is_json,
            body,
        },
        headers: parts.headers,
        echoed,
        attempts: Vec::new(),
    })
}

/// The schema of a node's answers.
#[derive(Debug)]
pub(super) struct ResponseSchema {
    schema: Schema,
    /// An empty answer stands for null.
    allows_empty: bool,
}

impl From<Schema> for ResponseSchema {
    fn from(schema: Schema) -> Self {
        Self {
            allows_empty: schema.is_valid(&Value::Null),
            schema,
        }
    }
}

fn parse(body: &Bytes, media_type: Option<&str>) -> Result<Value, ExecutionError> {
    let fail = |why: &str| {
        let said = match media_type {
            Some(media_type) => format!("{why}; it is called {media_type}"),
            None => why.to_owned(),
        };
        Err(ExecutionError::new(ExecutionErrorKind::NotJson, said))
    };
    let Ok(text) = std::str::from_utf8(body) else {
        return fail("it is no UTF-8");
    };
    match json::parse(text) {
        Ok(value) => Ok(value),
        Err(Unusable::Unreadable) => fail("it cannot be read, or nests too deeply"),
        Err(Unusable::Ambiguous) => fail("it has a member twice"),
    }
}

fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next().unwrap_or_default().trim();
    if essence.is_empty() {
        return None;
    }
    let essence = essence.to_ascii_lowercase();
    let fit = essence.len() <= MEDIA_TYPE && essence.bytes().all(|byte| byte.is_ascii_graphic());
    Some(if fit {
        essence
    } else {
        external_text(&essence, &[], MEDIA_TYPE)
    })
}

fn names_json(media_type: &str) -> bool {
    matches!(media_type, "application/json" | "text/json") || media_type.ends_with("+json")
}

/// One answer for everybody who waited for it.
impl From<(Received, bool)> for Fetched {
    fn from((received, stored): (Received, bool)) -> Self {
        Self {
            answer: received.answer,
            attempts: received.attempts,
            stored,
            found: None,
        }
    }
}

impl Fetched {
    /// True for an answer that may not be used again.
    pub(super) fn is_for_one(&self) -> bool {
        !self.stored && self.found.is_none()
    }

    pub(super) fn found(answer: Answer, age: Duration) -> Arc<Self> {
        Arc::new(Self {
            answer,
            attempts: Vec::new(),
            stored: true,
            found: Some(age),
        })
    }
}
