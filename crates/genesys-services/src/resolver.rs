//! The endpoint resolver: a route comes in, and is deployed once every endpoint of it was verified.

use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use genesys_core::ErrorKind;
use genesys_routing::resolver::{
    IdempotencyKey, ResolveError, ResolveErrorKind, ResolveOptions, ResolveOutcome, ResolveReport,
    Resolver,
};
use genesys_routing::{EventRoute, RouteError, RouteId};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{JsonBody, Problem, metrics};

/// `POST /resolve`, `GET /routes/{id}` and `GET /metrics` around a [`Resolver`].
///
/// | answer of `POST /resolve` | when |
/// | --- | --- |
/// | 201 with `Location` | the route was created |
/// | 200 | it was updated or unchanged, for a dry run (`?dryRun=true`), for a replay (`Idempotency-Key`) |
/// | 400 | the body is no route (with line and column), or the query or the key is malformed |
/// | 409 | somebody else changed the route, or the key was used for another one |
/// | 422 | the route breaks rules: all of them are named |
/// | 502 | too few endpoints are reachable (with each one's result), or the cloud refused or failed |
/// | 503 with `Retry-After` | the cloud throttles, or its circuit breaker is open |
/// | 504 | the deadline passed |
///
/// What the server adds (401, 404, 405, 408, 413, 415, 500) stands at [`Server`](crate::Server). Every error is a
/// [`Problem`].
#[derive(Debug, Clone)]
pub struct ResolverService {
    resolver: Resolver,
    deadline: Duration,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ResolveQuery {
    #[serde(default)]
    dry_run: bool,
}

impl ResolverService {
    /// A service around `resolver`. Clones of the resolver share its metrics and its idempotency keys.
    pub fn new(resolver: Resolver) -> Self {
        Self {
            resolver,
            deadline: Duration::from_secs(60),
        }
    }

    /// Sets the limit of one resolve. Default 60 s.
    #[must_use]
    pub fn with_deadline(mut self, limit: Duration) -> Self {
        self.deadline = limit;
        self
    }

    /// The routes, to be run by a [`Server`](crate::Server) or merged into a router of your own.
    pub fn router(self) -> Router {
        Router::new()
            .route("/resolve", post(resolve))
            .route("/routes/{id}", get(route))
            .route("/metrics", get(counts))
            .with_state(self)
    }

    fn options(
        &self,
        query: &ResolveQuery,
        headers: &HeaderMap,
    ) -> Result<ResolveOptions, Problem> {
        let options = ResolveOptions::new()
            .with_dry_run(query.dry_run)
            .with_deadline(self.deadline);
        let mut keys = headers.get_all("idempotency-key").iter();
        match (keys.next(), keys.next()) {
            (None, _) => Ok(options),
            (Some(key), None) => {
                let key = key.to_str().unwrap_or_default();
                IdempotencyKey::new(key)
                    .map(|key| options.with_idempotency_key(key))
                    .map_err(|error| bad_request("idempotency-key", error.message()))
            }
            (Some(_), Some(_)) => Err(bad_request("idempotency-key", "there is more than one key")),
        }
    }
}

fn bad_request(code: &str, detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, code).with_detail(detail)
}

async fn resolve(
    State(service): State<ResolverService>,
    query: Result<Query<ResolveQuery>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let Query(query) = query
        .map_err(|_| bad_request("query", "the query may hold dryRun, which is true or false"))?;
    let options = service.options(&query, &headers)?;
    let resolved = service.resolver.resolve_json(&body, &options).await;
    match resolved {
        Ok(report) => Ok(success(&report, &body)),
        Err(error) => Err(failure(&error)),
    }
}

fn success(report: &ResolveReport, body: &[u8]) -> Response {
    let created = report.outcome == ResolveOutcome::Created;
    let status = if created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let mut answer = serde_json::to_value(report).unwrap_or_default();
    // With the defaults that were filled in.
    if let (Some(members), Ok(route)) = (answer.as_object_mut(), EventRoute::parse(body)) {
        members.insert("route".to_owned(), route.to_json());
    }
    let mut response = (status, Json(answer)).into_response();
    let location = report
        .id
        .as_ref()
        .filter(|_| created)
        .and_then(|id| HeaderValue::from_str(&format!("/routes/{id}")).ok());
    if let Some(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

fn failure(error: &ResolveError) -> Problem {
    let mut problem = Problem::new(error.status(), code(error.kind()))
        .with_detail(detail(error))
        .with_member("stage", &error.stage().as_str())
        .with_retry_after(
            error
                .retry_after()
                .filter(|_| error.status() == StatusCode::SERVICE_UNAVAILABLE),
        );
    match error.route_error() {
        Some(RouteError::Syntax(place)) => {
            let place = json!({"line": place.line, "column": place.column, "member": place.path});
            problem = problem.with_member("position", &place);
        }
        Some(RouteError::Rules(violations)) => {
            let findings: Vec<Value> = violations
                .iter()
                .map(|one| {
                    json!({"code": one.code.as_str(), "pointer": one.pointer, "message": one.message})
                })
                .collect();
            problem = problem
                .with_detail(match findings.len() {
                    1 => "the route breaks a rule".to_owned(),
                    many => format!("the route breaks {many} rules"),
                })
                .with_member("findings", &findings);
        }
        None => {}
    }
    if !error.endpoints().is_empty() {
        problem = problem.with_member("endpoints", &error.endpoints());
    }
    if error.is_outcome_unknown() {
        problem = problem.with_member("outcomeUnknown", &true);
    }
    if let Some(id) = error.error().correlation_id() {
        problem = problem.with_member("correlationId", &id);
    }
    problem
}

/// What the caller can act on is told; the inside of a failure that only the operator can act on is logged.
fn detail(error: &ResolveError) -> String {
    let told = match error.kind() {
        ResolveErrorKind::Upstream => "the cloud failed",
        ResolveErrorKind::Audit => "the audit trail cannot be written",
        _ => return error.to_string(),
    };
    log(error.error());
    told.to_owned()
}

fn log(error: &genesys_core::Error) {
    #[cfg(feature = "tracing")]
    tracing::error!(correlation_id = error.correlation_id(), %error, "a request failed");
    #[cfg(not(feature = "tracing"))]
    let _ = error;
}

fn code(kind: ResolveErrorKind) -> &'static str {
    match kind {
        ResolveErrorKind::Syntax => "syntax",
        ResolveErrorKind::Rules => "rules",
        ResolveErrorKind::Unsupported => "unsupported",
        ResolveErrorKind::Unreachable => "unreachable",
        ResolveErrorKind::KeyReused => "key-reused",
        ResolveErrorKind::Conflict => "conflict",
        ResolveErrorKind::Refused => "refused",
        ResolveErrorKind::Throttled => "throttled",
        ResolveErrorKind::Deadline => "deadline",
        ResolveErrorKind::OutcomeUnknown => "outcome-unknown",
        ResolveErrorKind::Audit => "audit",
        _ => "upstream",
    }
}

async fn route(
    State(service): State<ResolverService>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let not_found = || Problem::new(StatusCode::NOT_FOUND, "not-found");
    let id = RouteId::new(id).map_err(|_| not_found())?;
    match service.resolver.routes().get(&id).await {
        Ok(Some(found)) => Ok(Json(json!({
            "id": found.id,
            "name": found.name,
            "version": found.version,
            "enabled": found.enabled,
            "state": found.state.as_str(),
            "detail": found.detail,
            "route": found.route.as_ref().map(EventRoute::to_json),
        }))
        .into_response()),
        Ok(None) => Err(not_found()),
        Err(error) => Err(upstream(&error)),
    }
}

/// What a failed read of the cloud means for this service's caller.
fn upstream(error: &genesys_core::Error) -> Problem {
    let (status, code) = match error.kind() {
        ErrorKind::RateLimited | ErrorKind::BreakerOpen | ErrorKind::LoginThrottled => {
            (StatusCode::SERVICE_UNAVAILABLE, "throttled")
        }
        ErrorKind::Deadline | ErrorKind::Timeout => (StatusCode::GATEWAY_TIMEOUT, "deadline"),
        _ => (StatusCode::BAD_GATEWAY, "upstream"),
    };
    log(error);
    let problem = Problem::new(status, code).with_retry_after(error.retry_after());
    match error.correlation_id() {
        Some(id) => problem.with_member("correlationId", &id),
        None => problem,
    }
}

async fn counts(State(service): State<ResolverService>, headers: HeaderMap) -> Response {
    let snapshot = service.resolver.metrics().snapshot();
    metrics::answer(&headers, &snapshot, || snapshot.to_prometheus())
}
