//! A complete answer.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::decode;
use crate::error::{Error, ErrorKind, Result};

/// A complete 2xx answer. Its body is immutable and shared.
#[derive(Clone)]
pub struct Response {
    operation: Cow<'static, str>,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Response {
    pub(super) fn new(operation: Cow<'static, str>, answer: http::Response<Bytes>) -> Self {
        let (parts, body) = answer.into_parts();
        Self {
            operation,
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    /// The status, always 2xx.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers; names are compared without regard to case.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The bytes.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The platform's id of this request.
    pub fn correlation_id(&self) -> Option<String> {
        correlation_id(&self.headers).map(Cow::into_owned)
    }

    /// Decodes the body.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnexpectedContent`] when it is empty or the content type is not JSON;
    /// [`ErrorKind::Decode`] with the JSON path when it does not fit `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        self.json_borrowed()
    }

    /// As [`json`](Response::json), for a type that borrows from the body.
    pub(crate) fn json_borrowed<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        if self.body.is_empty() {
            return Err(self.error(ErrorKind::UnexpectedContent, "the body is empty"));
        }
        if !is_json(&self.headers) {
            return Err(self.error(ErrorKind::UnexpectedContent, "the content type is not JSON"));
        }
        decode::from_slice(&self.body).map_err(|why| self.error(ErrorKind::Decode, why))
    }

    /// For a call that reads nothing of the answer: a page of a proxy is still no answer of the platform.
    pub(super) fn check_content(&self) -> Result<()> {
        if self.body.is_empty() || is_json(&self.headers) {
            Ok(())
        } else {
            Err(self.error(ErrorKind::UnexpectedContent, "the content type is not JSON"))
        }
    }

    /// An error about this answer.
    pub(crate) fn error(&self, kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(kind, message)
            .with_operation(self.operation.clone())
            .with_status(self.status)
            .with_correlation_id(self.correlation_id())
    }
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response")
            .field("operation", &self.operation)
            .field("status", &self.status)
            .field("headers", &crate::redact::headers(&self.headers))
            .field("body_len", &self.body.len())
            .finish()
    }
}

const CORRELATION_ID: HeaderName = HeaderName::from_static("inin-correlation-id");

pub(super) fn correlation_id(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    headers
        .get(CORRELATION_ID)
        .and_then(|value| value.to_str().ok())
        .map(|id| crate::redact::short_text(id, 100))
}

/// True for `application/json` and every `+json` type. No content type at all is taken for JSON, as the decoder decides.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return true;
    };
    let Ok(text) = value.to_str() else {
        return false;
    };
    let essence = text
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
}
