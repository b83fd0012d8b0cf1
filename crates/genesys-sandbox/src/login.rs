//! The token endpoint.
//!
//! The login host takes one form: HTTP Basic and `grant_type=client_credentials` as a form. The API host takes that
//! too, and the three forms of the source documents: client id and secret in a form body (at `/oauth/token` and at
//! `/api/v2/oauth/token`), and the same as JSON (at `/oauth/token`).

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use percent_encoding::percent_decode;
use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::entry::{Host, Object, Verb};
use crate::reply::{Reply, json_response};
use crate::tokens::token_fingerprint;

/// A refusal in the shape of the token endpoint, which differs from the API's.
#[derive(Debug)]
struct OauthError {
    status: StatusCode,
    error: &'static str,
    description: String,
}

impl OauthError {
    fn invalid(description: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error: "invalid_request",
            description: description.into(),
        }
    }

    fn client() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            error: "invalid_client",
            description: "authentication failed".into(),
        }
    }
}

impl IntoResponse for OauthError {
    fn into_response(self) -> Response {
        let body = json!({
            "error": self.error,
            "description": self.description,
            "error_description": self.description,
        });
        let mut response = json_response(self.status, &body);
        if self.status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic"));
        }
        response
    }
}

/// The answer of a scripted fault at the token endpoint.
pub(crate) fn scripted(status: StatusCode) -> Response {
    let error = if status.is_server_error() {
        "server_error"
    } else {
        "invalid_request"
    };
    OauthError {
        status,
        error,
        description: format!("scripted fault: HTTP {status}"),
    }
    .into_response()
}

/// Which forms of the request a host and path take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Forms {
    /// Basic and form.
    BasicOnly,
    /// Also client id and secret in the form.
    Form,
    /// Also JSON.
    FormAndJson,
}

/// `POST /oauth/token` and, on the API host, `POST /api/v2/oauth/token`.
pub(crate) async fn token(
    State(cloud): State<Arc<Cloud>>,
    Extension(host): Extension<Host>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let forms = match (host, uri.path()) {
        (Host::Login | Host::Resources, _) => Forms::BasicOnly,
        (Host::Api, "/oauth/token") => Forms::FormAndJson,
        (Host::Api, _) => Forms::Form,
    };
    grant(&cloud, forms, &headers, &body)
        .map_or_else(IntoResponse::into_response, IntoResponse::into_response)
}

fn grant(
    cloud: &Cloud,
    forms: Forms,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Reply, OauthError> {
    let members = members(forms, headers, body)?;
    let (id, secret) = credentials(forms, headers, &members)?;
    let standing = cloud.grants.spend(&id);
    if standing.is_exceeded() {
        return Err(OauthError::invalid(format!(
            "rate limit exceeded; retry after {} seconds",
            standing.reset
        )));
    }
    if !cloud.clients.authenticate(&id, &secret) {
        return Err(OauthError::client());
    }
    match members.get("grant_type").map(String::as_str) {
        Some("client_credentials") => {}
        None | Some("") => return Err(OauthError::invalid("grant_type is required")),
        Some(_) => {
            return Err(OauthError {
                status: StatusCode::BAD_REQUEST,
                error: "unsupported_grant_type",
                description: "only client_credentials is served here".into(),
            });
        }
    }
    let (token, life) = cloud.tokens.grant(&id);
    let mut answer = json!({
        "access_token": token,
        "token_type": "bearer",
        "expires_in": life.as_secs(),
    });
    if let Some(scope) = members.get("scope") {
        answer["scope"] = json!(scope);
    }
    Ok(Reply::ok(answer).with_effect(Object::Token, Verb::Created, &token_fingerprint(&token)))
}

fn members(
    forms: Forms,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<BTreeMap<String, String>, OauthError> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match essence.as_str() {
        "application/x-www-form-urlencoded" => form_members(body),
        "application/json" if forms == Forms::FormAndJson => json_members(body),
        _ => Err(OauthError::invalid(
            "content type must be application/x-www-form-urlencoded",
        )),
    }
}

/// Decodes a form strictly: a stray `%`, text that is not UTF-8 and a repeated name are errors and not guesses.
fn form_members(body: &[u8]) -> Result<BTreeMap<String, String>, OauthError> {
    let mut members = BTreeMap::new();
    for pair in body
        .split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
    {
        let cut = pair
            .iter()
            .position(|byte| *byte == b'=')
            .unwrap_or(pair.len());
        let name = form_text(&pair[..cut])?;
        let value = form_text(pair.get(cut + 1..).unwrap_or_default())?;
        if members.insert(name.clone(), value).is_some() {
            return Err(OauthError::invalid(format!("{name} is repeated")));
        }
    }
    Ok(members)
}

fn form_text(raw: &[u8]) -> Result<String, OauthError> {
    let malformed = || OauthError::invalid("the form is not encoded correctly");
    for (at, _) in raw.iter().enumerate().filter(|(_, byte)| **byte == b'%') {
        let digits = raw.get(at + 1..at + 3).ok_or_else(malformed)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(malformed());
        }
    }
    if raw.iter().any(|byte| !byte.is_ascii_graphic()) {
        return Err(malformed());
    }
    let spaced: Vec<u8> = raw
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    Ok(percent_decode(&spaced)
        .decode_utf8()
        .map_err(|_| malformed())?
        .into_owned())
}

fn json_members(body: &[u8]) -> Result<BTreeMap<String, String>, OauthError> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|_| OauthError::invalid("the body is not valid JSON"))?;
    let Value::Object(object) = value else {
        return Err(OauthError::invalid("the body is not a JSON object"));
    };
    object
        .into_iter()
        .map(|(name, value)| match value {
            Value::String(text) => Ok((name, text)),
            _ => Err(OauthError::invalid(format!("{name} is not a string"))),
        })
        .collect()
}

fn credentials(
    forms: Forms,
    headers: &HeaderMap,
    members: &BTreeMap<String, String>,
) -> Result<(String, String), OauthError> {
    let in_body = members.contains_key("client_id") || members.contains_key("client_secret");
    let Some(authorization) = headers.get(header::AUTHORIZATION) else {
        return match (
            forms,
            members.get("client_id"),
            members.get("client_secret"),
        ) {
            (Forms::BasicOnly, _, _) => Err(OauthError::invalid(
                "client credentials belong in the Authorization header",
            )),
            (_, Some(id), Some(secret)) => Ok((id.clone(), secret.clone())),
            _ => Err(OauthError::invalid(
                "client_id and client_secret are required",
            )),
        };
    };
    if in_body {
        return Err(OauthError::invalid("client credentials were sent twice"));
    }
    let text = authorization.to_str().map_err(|_| OauthError::client())?;
    let (scheme, encoded) = text.split_once(' ').ok_or_else(OauthError::client)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(OauthError::client());
    }
    let decoded = STANDARD
        .decode(encoded.trim())
        .map_err(|_| OauthError::client())?;
    let pair = String::from_utf8(decoded).map_err(|_| OauthError::client())?;
    let (id, secret) = pair.split_once(':').ok_or_else(OauthError::client)?;
    Ok((id.to_owned(), secret.to_owned()))
}
