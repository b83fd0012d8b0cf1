//! One request to the server: ledger, body, faults, token, resource, faults again.

use std::sync::Arc;

use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{Request, StatusCode};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;

use crate::body::read;
use crate::entry::Host;
use crate::fault::{FaultKind, Stage};
use crate::gate::bearer;
use crate::ledger::{Arrival, Line};
use crate::resources::echo::{Asked, answer, is_served, refusal};
use crate::resources::state::State;
use crate::strike::{canned, code, strike};
use crate::tokens::token_fingerprint;
use crate::wire::LineControl;

const PREFIX: &str = "/v1/resources/";

pub(super) async fn handle(
    state: Arc<State>,
    control: LineControl,
    request: Request<Incoming>,
) -> Response {
    let (parts, body) = request.into_parts();
    let token = bearer(&parts.headers);
    let line = state.ledger.begin(Arrival {
        host: Host::Resources,
        method: &parts.method,
        uri: &parts.uri,
        correlation_id: &state.ids.uuid(),
        token: token.map(token_fingerprint),
    });
    let verdict = state
        .faults
        .judge(Host::Resources, &parts.method, parts.uri.path());
    let body = read(body).await;
    if let Ok(bytes) = &body {
        line.body(bytes);
    }
    let delay = verdict.delay_before.saturating_add(verdict.delay_after);
    if !delay.is_zero() {
        line.fault("latency");
        crate::time::pause(delay).await;
    }
    let Some(fault) = verdict.fault else {
        let response = serve(&state, &parts, body.map_err(|error| error.status()), &line);
        line.answered(response.status().as_u16());
        return response;
    };
    line.fault(fault.kind().name());
    if let (FaultKind::ExpiredToken, Some(token)) = (fault.kind(), token) {
        // The request goes on and meets the answer to a token that is not known.
        state.forget(token);
    }
    let is_early = fault.stage() == Stage::Before && *fault.kind() != FaultKind::ExpiredToken;
    let response = if is_early || fault.kind().makes_answer() {
        canned(&fault, |status| refusal(status, code(status)))
    } else {
        serve(&state, &parts, body.map_err(|error| error.status()), &line)
    };
    strike(state.stopped(), &fault, response, &control, line).await
}

fn serve(state: &State, parts: &Parts, body: Result<Bytes, StatusCode>, line: &Line) -> Response {
    let Some(name) = parts.uri.path().strip_prefix(PREFIX) else {
        return refusal(StatusCode::NOT_FOUND, "not.found");
    };
    let Ok(id) = percent_decode_str(name).decode_utf8() else {
        return refusal(StatusCode::BAD_REQUEST, "invalid.id");
    };
    if name.is_empty() || name.contains('/') || matches!(&*id, "." | "..") {
        return refusal(StatusCode::NOT_FOUND, "not.found");
    }
    line.route(Some(format!("{PREFIX}{{id}}")));
    if !is_served(&parts.method) {
        return refusal(StatusCode::METHOD_NOT_ALLOWED, "method.not.allowed");
    }
    let Some(caller) = bearer(&parts.headers).and_then(|token| state.caller(token)) else {
        return refusal(StatusCode::UNAUTHORIZED, "invalid.token");
    };
    let body = match body {
        Ok(body) => body,
        Err(status) => return refusal(status, code(status)),
    };
    if state.is_unchanged(&parts.method, &parts.headers) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        *response.headers_mut() = state.headers();
        return response;
    }
    let asked = Asked {
        parts,
        resource_id: &id,
        caller: &caller,
        body: &body,
        number: state.next_answer(),
    };
    answer(&asked, state.headers())
}
