//! What an answer says of its request.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use http::{Method, StatusCode};
use serde::Serialize;
use serde_json::value::RawValue;

/// Shown instead of what may be a secret.
const REDACTED: &str = "[redacted]";
/// Headers that hold no secret. Those beginning with `x-` are shown as well, unless their name says otherwise.
const SHOWN: [&str; 14] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "content-length",
    "content-type",
    "date",
    "host",
    "if-modified-since",
    "if-none-match",
    "range",
    "traceparent",
    "transfer-encoding",
    "user-agent",
];
/// What the name of a secret holds.
const SECRET_PARTS: [&str; 9] = [
    "auth",
    "cookie",
    "credential",
    "key",
    "password",
    "secret",
    "session",
    "signature",
    "token",
];

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Echo<'a> {
    status: &'static str,
    result_id: String,
    resource_id: &'a str,
    caller: &'a str,
    method: &'a str,
    query: Vec<Pair>,
    headers: BTreeMap<&'a str, String>,
    /// Passed on as it came: neither numbers nor repeated members change.
    body: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

#[derive(Debug, Serialize)]
struct Pair {
    name: String,
    value: String,
}

/// A request to a resource by a caller who is known.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) parts: &'a Parts,
    pub(super) resource_id: &'a str,
    pub(super) caller: &'a str,
    pub(super) body: &'a [u8],
    /// The number of the answer.
    pub(super) number: u64,
}

/// The answer with these headers beside its own.
pub(super) fn answer(asked: &Asked<'_>, headers: HeaderMap) -> Response {
    let json = serde_json::from_slice::<&RawValue>(asked.body).ok();
    let text = match json {
        None if !asked.body.is_empty() => Some(std::str::from_utf8(asked.body)),
        _ => None,
    };
    let query = asked.parts.uri.query().unwrap_or_default();
    let echo = Echo {
        status: "ok",
        result_id: format!("result-{}", asked.number),
        resource_id: asked.resource_id,
        caller: asked.caller,
        method: asked.parts.method.as_str(),
        query: url::form_urlencoded::parse(query.as_bytes())
            .map(|(name, value)| Pair {
                value: shown(&name, &value, true),
                name: name.into_owned(),
            })
            .collect(),
        headers: shown_headers(&asked.parts.headers),
        body: json,
        text: text.and_then(Result::ok),
        base64: text.and_then(|text| text.err().map(|_| STANDARD.encode(asked.body))),
    };
    match serde_json::to_string(&echo) {
        Ok(text) => respond(StatusCode::OK, text, headers),
        Err(_) => respond(StatusCode::INTERNAL_SERVER_ERROR, "{}".into(), headers),
    }
}

fn shown_headers(headers: &HeaderMap) -> BTreeMap<&str, String> {
    headers
        .keys()
        .map(|name| {
            let values: Vec<_> = headers
                .get_all(name)
                .into_iter()
                .map(|value| String::from_utf8_lossy(value.as_bytes()))
                .collect();
            let name = name.as_str();
            let open = SHOWN.contains(&name) || name.starts_with("x-");
            (name, shown(name, &values.join(", "), open))
        })
        .collect()
}

fn shown(name: &str, value: &str, open: bool) -> String {
    let name = name.to_ascii_lowercase();
    if open && !SECRET_PARTS.iter().any(|part| name.contains(part)) {
        value.to_owned()
    } else {
        REDACTED.to_owned()
    }
}

/// A refusal in the server's own form.
pub(super) fn refusal(status: StatusCode, reason: &str) -> Response {
    let body = serde_json::json!({"status": "error", "error": reason}).to_string();
    let mut headers = HeaderMap::new();
    match status {
        StatusCode::UNAUTHORIZED => {
            let challenge = HeaderValue::from_static("Bearer realm=\"resources\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            let allowed = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
            headers.insert(header::ALLOW, allowed);
        }
        _ => {}
    }
    respond(status, body, headers)
}

fn respond(status: StatusCode, body: String, mut headers: HeaderMap) -> Response {
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// True for the methods that a resource has.
pub(super) fn is_served(method: &Method) -> bool {
    matches!(
        *method,
        Method::GET | Method::HEAD | Method::POST | Method::PUT | Method::PATCH | Method::DELETE
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        for name in ["x-api-key", "X-Auth-Token", "session_id", "my-signature"] {
            assert_eq!(shown(name, "v", true), REDACTED, "{name}");
        }
        assert_eq!(shown("x-trace", "v", true), "v");
        assert_eq!(shown("forwarded", "v", false), REDACTED);
    }
}
