//! What a handler answers, and what it changed.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::Value;

use crate::entry::{Effect, Object, Verb};

/// The effects of one request, handed from the handler to the ledger.
#[derive(Debug, Clone, Default)]
pub(crate) struct Effects(pub(crate) Vec<Effect>);

/// A successful answer.
#[derive(Debug)]
pub(crate) struct Reply {
    status: StatusCode,
    body: Option<Value>,
    effects: Effects,
}

impl Reply {
    pub(crate) fn ok(body: Value) -> Self {
        Self {
            status: StatusCode::OK,
            body: Some(body),
            effects: Effects::default(),
        }
    }

    pub(crate) fn created(body: Value) -> Self {
        Self {
            status: StatusCode::CREATED,
            ..Self::ok(body)
        }
    }

    pub(crate) fn no_content() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            body: None,
            effects: Effects::default(),
        }
    }

    /// Tells the ledger what this request changed.
    pub(crate) fn with_effect(mut self, object: Object, verb: Verb, id: &str) -> Self {
        self.effects.0.push(Effect::new(object, verb, id));
        self
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = match self.body {
            Some(body) => json_response(self.status, &body),
            None => self.status.into_response(),
        };
        response.extensions_mut().insert(self.effects);
        response
    }
}

pub(crate) fn json_response(status: StatusCode, body: &Value) -> Response {
    let mut response = (status, body.to_string()).into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}
