//! What a scripted fault does to an answer or to its connection.

use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{StatusCode, Uri};
use serde_json::{Value, json};

use crate::fault::{Fault, FaultKind};
use crate::ledger::Line;
use crate::reply::json_response;
use crate::wire::{CutBody, DripBody, Ending, LineControl};

/// The answer of a fault that makes its own; `refusal` is the error of a status for which no body was scripted.
pub(crate) fn canned(fault: &Fault, refusal: impl FnOnce(StatusCode) -> Response) -> Response {
    match fault.kind() {
        FaultKind::RetryAfter {
            status,
            seconds,
            date,
        } => {
            let mut response = refusal(known(*status));
            let value = if *date {
                HeaderValue::try_from(crate::time::http_date(Duration::from_secs(*seconds))).ok()
            } else {
                Some(HeaderValue::from(*seconds))
            };
            if let Some(value) = value {
                response.headers_mut().insert(header::RETRY_AFTER, value);
            }
            response
        }
        FaultKind::Status {
            status,
            headers,
            body,
        } => {
            let status = known(*status);
            let mut response = match body {
                // These have no body, whatever was scripted.
                _ if matches!(status.as_u16(), 204 | 205 | 304) => status.into_response(),
                Some(Value::String(text)) => (status, text.clone()).into_response(),
                Some(value) => json_response(status, value),
                None => refusal(status),
            };
            for (name, value) in headers {
                if let (Ok(name), Ok(value)) =
                    (HeaderName::try_from(name), HeaderValue::try_from(value))
                {
                    response.headers_mut().insert(name, value);
                }
            }
            response
        }
        FaultKind::HtmlPage { status } => {
            let status = known(*status);
            let page = format!(
                "<!DOCTYPE html><html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>"
            );
            let mut response = (status, page).into_response();
            response.headers_mut().insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("text/html; charset=utf-8"),
            );
            response
        }
        _ => json_response(
            StatusCode::OK,
            &json!({"entities": [], "id": "cut", "name": "an answer to spoil"}),
        ),
    }
}

/// A status that was checked when the rule was added.
fn known(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The code that the platform's error body has with this status.
pub(crate) fn code(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "bad.credentials",
        403 => "missing.permissions",
        404 => "not.found",
        408 => "request.timeout",
        409 => "general.conflict",
        429 => "too.many.requests.retry.after",
        503 => "service.unavailable",
        504 => "gateway.timeout",
        500..=599 => "internal.server.error",
        _ => "bad.request",
    }
}

/// Lets a fault do to an answer what it does. `stopped` ends a stall.
pub(crate) async fn strike(
    stopped: impl Future<Output = ()>,
    fault: &Fault,
    response: Response,
    control: &LineControl,
    mut line: Line,
) -> Response {
    match fault.kind() {
        FaultKind::Reset => {
            line.broken(None);
            control.end(Ending::Reset);
            std::future::pending().await
        }
        FaultKind::Stall => {
            line.broken(None);
            stopped.await;
            control.end(Ending::Close);
            std::future::pending().await
        }
        FaultKind::Cut => {
            line.broken(Some(response.status().as_u16()));
            cut(response, control).await
        }
        FaultKind::MalformedJson => {
            let (parts, bytes) = whole(response).await;
            line.answered(parts.status.as_u16());
            Response::from_parts(parts, Body::from(bytes.slice(..bytes.len() * 2 / 3)))
        }
        FaultKind::WrongSchema => {
            let (mut parts, bytes) = whole(response).await;
            parts.headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
            if bytes.is_empty() {
                // There was no body to spoil (204), so there is one now.
                parts.status = StatusCode::OK;
            }
            line.answered(parts.status.as_u16());
            Response::from_parts(parts, Body::from(other_members(&bytes).to_string()))
        }
        FaultKind::Drip { bytes, delay_ms } => {
            let (parts, body) = whole(response).await;
            line.answered(parts.status.as_u16());
            let body = DripBody::new(body, *bytes, Duration::from_millis(*delay_ms));
            Response::from_parts(parts, Body::new(body))
        }
        kind @ (FaultKind::PageCount { .. }
        | FaultKind::RepeatedPage { .. }
        | FaultKind::WithoutId) => {
            let (parts, bytes) = whole(response).await;
            line.answered(parts.status.as_u16());
            let asked = parts.extensions.get::<Asked>().map(|asked| asked.0);
            let bytes = match serde_json::from_slice(&bytes) {
                Ok(page) => Bytes::from(spoilt(page, kind, asked).to_string()),
                Err(_) => bytes,
            };
            Response::from_parts(parts, Body::from(bytes))
        }
        FaultKind::WrongContentType => {
            let mut response = response;
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            line.answered(response.status().as_u16());
            response
        }
        _ => {
            line.answered(response.status().as_u16());
            response
        }
    }
}

/// The page that was asked for, where another one is served.
#[derive(Debug, Clone, Copy)]
struct Asked(u64);

/// Asks for the first page instead, and says which one it was.
pub(crate) fn ask_for_the_first_page(uri: &mut Uri) -> Option<u64> {
    let query = uri.query()?;
    let mut asked = None;
    let mut changed = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if name == "pageNumber" {
            asked = value.parse().ok();
            changed.append_pair("pageNumber", "1");
        } else {
            changed.append_pair(&name, &value);
        }
    }
    let target = format!("{}?{}", uri.path(), changed.finish());
    *uri = target.parse().ok()?;
    asked
}

/// Remembers on an answer which page was asked for.
pub(crate) fn remember(response: &mut Response, asked: Option<u64>) {
    if let Some(asked) = asked {
        response.extensions_mut().insert(Asked(asked));
    }
}

/// A page with something wrong about it; what is no page stays as it is.
fn spoilt(mut page: Value, kind: &FaultKind, asked: Option<u64>) -> Value {
    if !page["entities"].is_array() {
        return page;
    }
    match kind {
        FaultKind::PageCount { pages } => page["pageCount"] = json!(pages),
        FaultKind::RepeatedPage { claims: true } => {
            if let Some(asked) = asked {
                page["pageNumber"] = json!(asked);
            }
        }
        FaultKind::WithoutId => {
            if let Some(entity) = page["entities"][0].as_object_mut() {
                entity.remove("id");
            }
        }
        _ => {}
    }
    page
}

/// The same members, each of another type; an array where there were none.
fn other_members(bytes: &[u8]) -> Value {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(members)) if !members.is_empty() => members
            .into_iter()
            .map(|(name, value)| (name, other_type(&value)))
            .collect(),
        _ => json!([]),
    }
}

fn other_type(value: &Value) -> Value {
    match value {
        Value::String(_) | Value::Null => json!(0),
        Value::Number(_) | Value::Bool(_) => json!(value.to_string()),
        Value::Array(_) => json!({}),
        Value::Object(_) => json!([]),
    }
}

async fn whole(response: Response) -> (http::response::Parts, Bytes) {
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    // The sandbox made this body in memory: reading it cannot fail.
    let bytes = axum::body::to_bytes(body, usize::MAX)
        .await
        .unwrap_or_default();
    (parts, bytes)
}

async fn cut(response: Response, control: &LineControl) -> Response {
    let (mut parts, bytes) = whole(response).await;
    if bytes.is_empty() {
        // A body was never promised (204), so the promise is made here.
        parts.status = StatusCode::OK;
    }
    parts.headers.insert(
        header::CONTENT_LENGTH,
        HeaderValue::from(bytes.len().max(1)),
    );
    Response::from_parts(
        parts,
        Body::new(CutBody::new(
            bytes.slice(..bytes.len() / 2),
            control.clone(),
        )),
    )
}
