//! One registry in two forms.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, header};
use serde::Serialize;

/// Prometheus text for a caller that names `text/plain` or OpenMetrics in `Accept`, JSON for everybody else.
pub(crate) fn answer(
    headers: &HeaderMap,
    json: &impl Serialize,
    prometheus: impl FnOnce() -> String,
) -> Response {
    let wants_text = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .map(|range| range.split(';').next().unwrap_or_default().trim())
        .find_map(|range| match range {
            "text/plain" | "application/openmetrics-text" => Some(true),
            "application/json" => Some(false),
            _ => None,
        })
        .unwrap_or(false);
    let mut response = if wants_text {
        let mut response = prometheus().into_response();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"),
        );
        response
    } else {
        axum::Json(json).into_response()
    };
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
