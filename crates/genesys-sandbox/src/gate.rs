//! What every request passes, in this order: ledger, body, faults, token, quota, permission, route, faults again.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request as RoutedRequest, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::Request;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use hyper::body::Incoming;
use tower::ServiceExt as _;

use crate::api_error::{ApiError, Limit};
use crate::body::read;
use crate::cloud::Cloud;
use crate::entry::{Host, is_token_path};
use crate::fault::{Fault, FaultKind, Stage};
use crate::ledger::Arrival;
use crate::login;
use crate::permissions;
use crate::quota::Standing;
use crate::reply::{Effects, json_response};
use crate::strike::{ask_for_the_first_page, canned, code, remember, strike};
use crate::tokens::token_fingerprint;
use crate::wire::LineControl;

const CORRELATION_ID: HeaderName = HeaderName::from_static("inin-correlation-id");
const RATE_COUNT: HeaderName = HeaderName::from_static("inin-ratelimit-count");
const RATE_ALLOWED: HeaderName = HeaderName::from_static("inin-ratelimit-allowed");
const RATE_RESET: HeaderName = HeaderName::from_static("inin-ratelimit-reset");

/// The client that a request's token belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) String);

/// The bearer token itself, for the one route that revokes it.
#[derive(Clone)]
pub(crate) struct Bearer(pub(crate) String);

#[derive(Debug, Clone)]
struct Route(String);

/// What serves the requests of one host.
pub(crate) fn service(
    cloud: Arc<Cloud>,
    host: Host,
    router: Router,
) -> impl Fn(LineControl, Request<Incoming>) -> BoxFuture + Clone + Send + 'static {
    move |control, request| {
        Box::pin(handle(
            Arc::clone(&cloud),
            host,
            router.clone(),
            control,
            request,
        ))
    }
}

type BoxFuture = std::pin::Pin<Box<dyn Future<Output = Response> + Send>>;

/// Serves one request.
async fn handle(
    cloud: Arc<Cloud>,
    host: Host,
    router: Router,
    control: LineControl,
    request: Request<Incoming>,
) -> Response {
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(host);
    if host == Host::Api && parts.uri.path().starts_with("/_sandbox/") {
        return administer(&cloud, router, parts, body).await;
    }
    let correlation = cloud.correlations.uuid();
    let token = bearer(&parts.headers).map(str::to_owned);
    let line = cloud.ledger.begin(Arrival {
        host,
        method: &parts.method,
        uri: &parts.uri,
        correlation_id: &correlation,
        token: token.as_deref().map(token_fingerprint),
    });
    let context = Context {
        cloud: &cloud,
        correlation: &correlation,
        token: token.as_deref(),
        host,
        path: parts.uri.path().to_owned(),
    };
    let verdict = cloud.faults.judge(host, &parts.method, parts.uri.path());
    let body = read(body).await;
    if let Ok(bytes) = &body {
        line.body(bytes);
    }
    if !verdict.delay_before.is_zero() {
        line.fault("latency");
        crate::time::pause(verdict.delay_before).await;
    }
    let mut fault = verdict.fault;
    if let Some(fault) = &fault {
        line.fault(fault.kind().name());
    }
    if let Some(early) = fault.take_if(|fault| fault.stage() == Stage::Before) {
        if *early.kind() == FaultKind::ExpiredToken {
            // The request goes on and meets the platform's own answer to a dead token.
            if let Some(token) = context.token {
                cloud.tokens.expire(token);
            }
        } else {
            let response = context.finish(context.canned(&early), None).await;
            return strike(cloud.stopped(), &early, response, &control, line).await;
        }
    }
    let asked = match fault.as_ref().map(Fault::kind) {
        Some(FaultKind::RepeatedPage { .. }) => ask_for_the_first_page(&mut parts.uri),
        _ => None,
    };
    let (response, standing) = context.serve(router, parts, body).await;
    let route = response
        .extensions()
        .get::<Route>()
        .map(|route| route.0.clone());
    line.route(route);
    if let Some(effects) = response.extensions().get::<Effects>() {
        line.effects(effects.0.clone());
    }
    let mut response = context.finish(response, standing).await;
    remember(&mut response, asked);
    if !verdict.delay_after.is_zero() {
        line.fault("latency");
        crate::time::pause(verdict.delay_after).await;
    }
    match fault {
        Some(fault) => {
            if fault.kind().makes_answer() {
                response = context.finish(context.canned(&fault), standing).await;
            }
            strike(cloud.stopped(), &fault, response, &control, line).await
        }
        None => {
            line.answered(response.status().as_u16());
            response
        }
    }
}

/// The sandbox's own endpoints: outside ledger, faults, tokens and quota.
async fn administer(cloud: &Arc<Cloud>, router: Router, parts: Parts, body: Incoming) -> Response {
    let correlation = cloud.correlations.uuid();
    let response = match read(body).await {
        Ok(bytes) => route(router, parts, bytes).await,
        Err(error) => error.into_response(),
    };
    render(response, &correlation)
}

async fn route(router: Router, parts: Parts, body: Bytes) -> Response {
    router
        .oneshot(Request::from_parts(parts, Body::from(body)))
        .await
        .unwrap_or_else(|never| match never {})
}

struct Context<'a> {
    cloud: &'a Arc<Cloud>,
    correlation: &'a str,
    token: Option<&'a str>,
    host: Host,
    path: String,
}

impl Context<'_> {
    fn wants_token(&self) -> bool {
        self.host == Host::Api && !is_token_path(&self.path)
    }

    /// The answer of a fault, with the error body that this path has.
    fn canned(&self, fault: &Fault) -> Response {
        canned(fault, |status| {
            if is_token_path(&self.path) {
                return login::scripted(status);
            }
            let message = format!("Scripted fault: HTTP {status}");
            ApiError::new(status, code(status), message).into_response()
        })
    }

    async fn serve(
        &self,
        router: Router,
        mut parts: Parts,
        body: Result<Bytes, ApiError>,
    ) -> (Response, Option<Standing>) {
        let mut standing = None;
        if self.wants_token() {
            let Some(token) = self.token else {
                return (ApiError::no_token().into_response(), None);
            };
            let Some(client) = self.cloud.tokens.client(token) else {
                return (ApiError::bad_token().into_response(), None);
            };
            let spent = self.cloud.quota.spend(&token_fingerprint(token));
            standing = Some(spent);
            if spent.is_exceeded() {
                let limit = Limit {
                    key: "token.rate.per.minute",
                    value: spent.allowed,
                };
                return (
                    ApiError::too_many_requests(spent.reset, limit).into_response(),
                    standing,
                );
            }
            parts.extensions.insert(Caller(client));
            parts.extensions.insert(Bearer(token.to_owned()));
        }
        match body {
            Ok(bytes) => (route(router, parts, bytes).await, standing),
            Err(error) => (error.into_response(), standing),
        }
    }

    /// Gives an answer the error body, the correlation id and, on the API, the three rate headers.
    async fn finish(&self, response: Response, standing: Option<Standing>) -> Response {
        let mut response = render(response, self.correlation);
        if self.wants_token() {
            let key = self.token.map(token_fingerprint).unwrap_or_default();
            let standing = standing.unwrap_or_else(|| self.cloud.quota.peek(&key));
            let headers = response.headers_mut();
            headers.insert(RATE_COUNT, HeaderValue::from(standing.count));
            headers.insert(RATE_ALLOWED, HeaderValue::from(standing.allowed));
            headers.insert(RATE_RESET, HeaderValue::from(standing.reset));
        }
        response
    }
}

fn render(mut response: Response, correlation: &str) -> Response {
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        let body = json_response(error.status(), &error.body(correlation));
        let mut headers = std::mem::take(response.headers_mut());
        headers.remove(header::CONTENT_LENGTH);
        response = body;
        for (name, value) in &headers {
            response
                .headers_mut()
                .entry(name)
                .or_insert_with(|| value.clone());
        }
        if let Some(seconds) = error.retry_after() {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
    if let Ok(value) = HeaderValue::try_from(correlation) {
        response.headers_mut().insert(CORRELATION_ID, value);
    }
    response
}

/// The token of a request, if it has one.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim())
        .filter(|token| !token.is_empty())
}

/// The layer around every route: notes which one it was, and asks for its permission.
pub(crate) async fn permit(
    State(cloud): State<Arc<Cloud>>,
    request: RoutedRequest,
    next: Next,
) -> Response {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned())
        .unwrap_or_default();
    let wanted = permissions::required(request.method(), &route);
    let allowed = wanted.is_empty()
        || request.extensions().get::<Caller>().is_some_and(|caller| {
            wanted
                .iter()
                .any(|permission| cloud.clients.may(&caller.0, permission))
        });
    let mut response = if allowed {
        next.run(request).await
    } else {
        ApiError::forbidden(wanted).into_response()
    };
    response.extensions_mut().insert(Route(route));
    response
}
