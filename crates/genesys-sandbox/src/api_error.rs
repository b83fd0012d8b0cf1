//! The error body of the platform's API.

use std::collections::BTreeMap;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Map, Value, json};

/// One violation, named by the member that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Detail {
    pub(crate) code: &'static str,
    pub(crate) field: String,
}

/// The limit that a refusal names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) key: &'static str,
    pub(crate) value: u64,
}

/// A refusal in the platform's own shape. The gate adds the `contextId`, which only it knows.
#[derive(Debug, Clone)]
pub(crate) struct ApiError(Box<Refusal>);

#[derive(Debug, Clone)]
struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    template: Option<&'static str>,
    params: BTreeMap<&'static str, String>,
    details: Vec<Detail>,
    entity: Option<String>,
    limit: Option<Limit>,
    retry_after: Option<u64>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Refusal {
            status,
            code,
            message: message.into(),
            template: None,
            params: BTreeMap::new(),
            details: Vec::new(),
            entity: None,
            limit: None,
            retry_after: None,
        }))
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.0.status
    }

    pub(crate) fn retry_after(&self) -> Option<u64> {
        self.0.retry_after
    }

    pub(crate) fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// No object of this kind has this id.
    pub(crate) fn unknown(kind: &str, id: &str) -> Self {
        let mut error = Self::new(
            StatusCode::NOT_FOUND,
            "not.found",
            format!("The requested {kind} was not found."),
        );
        error.0.entity = Some(id.to_owned());
        error
    }

    /// The path leads nowhere.
    pub(crate) fn no_such_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not.found", "HTTP 404 Not Found")
    }

    /// The path exists, the method does not.
    pub(crate) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method.not.allowed",
            "HTTP 405 Method Not Allowed",
        )
    }

    /// No bearer token came with the request.
    pub(crate) fn no_token() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "authentication.required",
            "No authentication bearer token specified in authorization header.",
        )
    }

    /// The bearer token is unknown, expired or revoked.
    pub(crate) fn bad_token() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "bad.credentials",
            "Invalid login credentials.",
        )
    }

    /// The client lacks every one of `permissions`, of which one is enough.
    pub(crate) fn forbidden(permissions: &[&str]) -> Self {
        let (code, template, names) = match permissions {
            [one] => (
                "missing.permissions",
                "Unable to perform the requested action. You are missing the following permission(s): {permissions}",
                (*one).to_owned(),
            ),
            several => (
                "missing.any.permissions",
                "Unable to perform the requested action. You must have at least one of the following permissions assigned: {permissions}",
                format!("[{}]", several.join(", ")),
            ),
        };
        let mut error = Self::new(
            StatusCode::FORBIDDEN,
            code,
            template.replace("{permissions}", &names),
        );
        error.0.template = Some(template);
        error.0.params.insert("permissions", names);
        error
    }

    /// Over the quota; try again after so many seconds.
    pub(crate) fn too_many_requests(seconds: u64, limit: Limit) -> Self {
        let mut error = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too.many.requests.retry.after",
            format!("Rate limit exceeded the maximum. Retry the request in [{seconds}] seconds"),
        );
        error.0.limit = Some(limit);
        error.0.retry_after = Some(seconds);
        error
    }

    /// The body is longer than the platform takes.
    pub(crate) fn too_large(limit: u64) -> Self {
        let mut error = Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "request.entity.too.large",
            format!("The request body exceeds the limit of {limit} bytes."),
        );
        error.0.limit = Some(Limit {
            key: "request.bytes.max",
            value: limit,
        });
        error
    }

    /// A version that is not the current one, in the words that clients look for.
    pub(crate) fn version_mismatch(supplied: u64, current: u64) -> Self {
        Self::conflict(
            "general.conflict",
            format!(
                "The supplied version {supplied} does not match the current version {current}."
            ),
        )
    }

    pub(crate) fn with_details(mut self, details: Vec<Detail>) -> Self {
        self.0.details = details;
        self
    }

    /// Adds the member that is to blame.
    #[cfg(feature = "platform")]
    pub(crate) fn with_field(mut self, code: &'static str, field: &str) -> Self {
        self.0.details.push(Detail {
            code,
            field: field.to_owned(),
        });
        self
    }

    /// The platform's error body.
    pub(crate) fn body(&self, context: &str) -> Value {
        let mut body = Map::new();
        body.insert("message".into(), json!(self.0.message));
        body.insert("code".into(), json!(self.0.code));
        body.insert("status".into(), json!(self.0.status.as_u16()));
        body.insert("messageParams".into(), json!(self.0.params));
        body.insert("contextId".into(), json!(context));
        let details: Vec<Value> = self
            .0
            .details
            .iter()
            .map(|detail| json!({"errorCode": detail.code, "fieldName": detail.field}))
            .collect();
        body.insert("details".into(), Value::Array(details));
        body.insert("errors".into(), json!([]));
        if let Some(template) = self.0.template {
            body.insert("messageWithParams".into(), json!(template));
        }
        if let Some(id) = &self.0.entity {
            body.insert("entityId".into(), json!(id));
        }
        if let Some(limit) = &self.0.limit {
            body.insert(
                "limit".into(),
                json!({"key": limit.key, "namespace": "platform.api", "value": limit.value}),
            );
        }
        Value::Object(body)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
