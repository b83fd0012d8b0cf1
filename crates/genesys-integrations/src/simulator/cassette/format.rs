//! The lines of a cassette, and what is left out of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use genesys_core::TransportErrorKind;
use genesys_core::redact::{REDACTED, printable};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::executor::secrets::Secrets;

pub(super) const VERSION: u32 = 1;

/// Headers whose values are kept: what they say of content and time decides what an executor does. Every other one is redacted.
const KEPT: [HeaderName; 13] = [
    http::header::ACCEPT,
    http::header::AGE,
    http::header::CACHE_CONTROL,
    http::header::CONTENT_LENGTH,
    http::header::CONTENT_TYPE,
    http::header::DATE,
    http::header::ETAG,
    http::header::EXPIRES,
    http::header::LAST_MODIFIED,
    http::header::PRAGMA,
    http::header::RETRY_AFTER,
    http::header::USER_AGENT,
    http::header::VARY,
];

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) cassette: u32,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Exchange {
    pub(super) request: Asked,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) answer: Option<Answered>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

/// A request without its credentials. Two are the same when method, URL and body are.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) url: String,
    #[serde(default)]
    pub(super) headers: Vec<(String, String)>,
    #[serde(flatten)]
    pub(super) body: Body,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Answered {
    pub(super) status: u16,
    #[serde(default)]
    pub(super) headers: Vec<(String, String)>,
    #[serde(flatten)]
    pub(super) body: Body,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
}

impl Body {
    fn new(bytes: &Bytes, secrets: &Secrets) -> Self {
        match std::str::from_utf8(bytes) {
            Ok("") => Self::default(),
            Ok(text) => Self {
                body: Some(blank(text, secrets)),
                body_base64: None,
            },
            // A credential in the midst of bytes cannot be taken out of them.
            Err(_) if secrets.are_in_bytes(bytes) => Self {
                body: Some(REDACTED.to_owned()),
                body_base64: None,
            },
            Err(_) => Self {
                body: None,
                body_base64: Some(STANDARD.encode(bytes)),
            },
        }
    }

    fn bytes(&self) -> Option<Bytes> {
        match (&self.body, &self.body_base64) {
            (Some(text), _) => Some(Bytes::from(text.clone())),
            (None, Some(encoded)) => STANDARD.decode(encoded).ok().map(Bytes::from),
            (None, None) => Some(Bytes::new()),
        }
    }
}

/// JSON stays JSON, and hides nothing behind its escapes.
fn blank(text: &str, secrets: &Secrets) -> String {
    if secrets.is_empty() {
        return text.to_owned();
    }
    match serde_json::from_str::<Value>(text) {
        Ok(mut value) => {
            if secrets.blank_value(&mut value) {
                value.to_string()
            } else {
                text.to_owned()
            }
        }
        Err(_) => secrets.blank(text),
    }
}

impl Asked {
    pub(super) fn new(request: &Request<Bytes>, secrets: &Secrets) -> Self {
        Self {
            method: request.method().as_str().to_owned(),
            url: secrets.blank(&request.uri().to_string()),
            headers: headers(request.headers(), secrets),
            body: Body::new(request.body(), secrets),
        }
    }

    /// What makes it the same request.
    pub(super) fn key(&self) -> (String, String, Body) {
        (self.method.clone(), self.url.clone(), self.body.clone())
    }
}

impl Answered {
    pub(super) fn new(answer: &Response<Bytes>, secrets: &Secrets) -> Self {
        Self {
            status: answer.status().as_u16(),
            headers: headers(answer.headers(), secrets),
            body: Body::new(answer.body(), secrets),
        }
    }

    /// The answer again; none when a line holds what no answer can.
    pub(super) fn response(&self) -> Option<Response<Bytes>> {
        let mut answer = Response::new(self.body.bytes()?);
        *answer.status_mut() = StatusCode::from_u16(self.status).ok()?;
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            let value = HeaderValue::from_str(value).ok()?;
            answer.headers_mut().append(name, value);
        }
        Some(answer)
    }
}

fn headers(headers: &HeaderMap, secrets: &Secrets) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            let shown = match value.to_str() {
                Ok(text) if KEPT.contains(name) && !value.is_sensitive() => {
                    secrets.blank(&printable(text))
                }
                _ => REDACTED.to_owned(),
            };
            (name.as_str().to_owned(), shown)
        })
        .collect()
}

const ERRORS: [(&str, TransportErrorKind); 7] = [
    ("connect", TransportErrorKind::Connect),
    ("request", TransportErrorKind::Request),
    ("timeout", TransportErrorKind::Timeout),
    ("reset", TransportErrorKind::Reset),
    ("truncated", TransportErrorKind::Truncated),
    ("body_too_large", TransportErrorKind::BodyTooLarge),
    ("other", TransportErrorKind::Other),
];

pub(super) fn error_name(kind: TransportErrorKind) -> &'static str {
    let found = ERRORS.iter().find(|(_, one)| *one == kind);
    found.map_or("other", |(name, _)| name)
}

pub(super) fn error_kind(name: &str) -> Option<TransportErrorKind> {
    let found = ERRORS.iter().find(|(one, _)| *one == name);
    found.map(|(_, kind)| *kind)
}
