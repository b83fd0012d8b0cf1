//! What a scripted fault does to an answer or to its connection.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::cloud::Cloud;
use crate::entry::is_token_path;
use crate::fault::{Fault, FaultKind};
use crate::ledger::Line;
use crate::login;
use crate::reply::json_response;
use crate::wire::{CutBody, Ending, LineControl};

/// The answer of a fault that makes its own.
pub(crate) fn canned(fault: &Fault, path: &str) -> Response {
    match fault.kind() {
        FaultKind::Status {
            status,
            headers,
            body,
        } => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response = match body {
                Some(Value::String(text)) => (status, text.clone()).into_response(),
                Some(value) => json_response(status, value),
                None if is_token_path(path) => login::scripted(status),
                None => ApiError::new(
                    status,
                    code(status),
                    format!("Scripted fault: HTTP {status}"),
                )
                .into_response(),
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
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_GATEWAY);
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

/// The code that the platform's error body has with this status.
fn code(status: StatusCode) -> &'static str {
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

/// Lets a fault do to an answer what it does.
pub(crate) async fn strike(
    cloud: &Cloud,
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
            cloud.stopped().await;
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
