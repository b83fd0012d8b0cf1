//! The simulator of REST nodes: an input comes in, the node runs as a flow would run it, and every attempt is told.

use std::fmt;

use axum::extract::{FromRequest, Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use genesys_integrations::executor::NodeCall;
use genesys_integrations::simulator::{Simulation, Simulator};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use secrecy::SecretString;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::json;
use serde_json::value::RawValue;

use crate::server::Listening;
use crate::{JsonBody, Problem};

/// The member of an input that is a credential.
const AUTH_TOKEN: &str = "authToken";

/// `POST /simulate/node`, `POST /simulate/nodes/{name}` and `GET /simulate/nodes` around a [`Simulator`].
///
/// The body of a simulation is the node's input, one JSON object: `{"targetId": …, "requestPayload": {…}}`. A member
/// `authToken` is not part of the input but the credential of that name, for this call alone; it is taken when the service
/// listens on loopback only, and never told again. `/simulate/node` runs the node that [`new`](Self::new) was told.
///
/// The answer is the [`Simulation`]: `success`, `status`, `data` or `error`, `retries`, the trace of every attempt, and of a
/// failure `code`, `message` and `contextId`.
///
/// | status | when |
/// | --- | --- |
/// | 200 | the external system answered what the node expects |
/// | 400 | the input is no JSON object, or has a member twice |
/// | 403 | a credential was sent to a service that listens beyond loopback |
/// | 404 | there is no node of that name |
/// | 422 | the input breaks the node's schema, or would change the request's structure; nothing was sent |
/// | 502 | the external system failed, or its answer is not what the node expects |
/// | 503 with `Retry-After` | it throttles, or its circuit breaker is open |
/// | 504 | the deadline passed |
///
/// A caller whose `Accept` names `application/problem+json` gets failures as a [`Problem`] with the same members.
#[derive(Debug, Clone)]
pub struct SimulatorService {
    simulator: Simulator,
    node: String,
}

impl SimulatorService {
    /// A service around `simulator`, whose `/simulate/node` runs the node called `node`.
    pub fn new(simulator: Simulator, node: impl Into<String>) -> Self {
        Self {
            simulator,
            node: node.into(),
        }
    }

    /// The routes, to be run by a [`Server`](crate::Server) or merged into a router of your own. Run by anything else they take
    /// no credentials, because nothing says where they are listened for.
    pub fn router(self) -> Router {
        Router::new()
            .route("/simulate/node", post(simulate))
            .route("/simulate/nodes", get(nodes))
            .route("/simulate/nodes/{name}", post(simulate_named))
            .with_state(self)
    }

    async fn run(&self, name: &str, asked: Asked) -> Response {
        let simulation = self.simulator.simulate(name, asked.call).await;
        if asked.problem && !simulation.is_success() {
            return problem(&simulation).into_response();
        }
        let retry_after = simulation
            .retry_after()
            .filter(|_| simulation.http_status() == StatusCode::SERVICE_UNAVAILABLE)
            .map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
        let mut response = (simulation.http_status(), Json(&simulation)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A simulation that somebody asks for.
struct Asked {
    call: NodeCall,
    /// Failures are wanted as problems.
    problem: bool,
}

impl<S: Send + Sync> FromRequest<S> for Asked {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let problem = accepts_problem(request.headers());
        let loopback = request
            .extensions()
            .get::<Listening>()
            .is_some_and(|listening| listening.0.ip().is_loopback());
        let JsonBody(body) = JsonBody::from_request(request, state).await?;
        let bad = |detail: &str| {
            Problem::new(StatusCode::BAD_REQUEST, "input").with_detail(detail.to_owned())
        };
        let text = std::str::from_utf8(&body).map_err(|_| bad("the body is not UTF-8"))?;
        let members: Members<'_> = serde_json::from_str(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            bad("the body is one JSON object")
                .with_member("position", &json!({"line": line, "column": column}))
        })?;
        let call = match members.split().map_err(bad)? {
            (None, _) => NodeCall::new(text),
            (Some(_), _) if !loopback => {
                return Err(Problem::new(StatusCode::FORBIDDEN, "credential")
                    .with_detail("credentials are taken on loopback only; configure them"));
            }
            (Some(token), input) => NodeCall::new(input).with_secret(AUTH_TOKEN, token),
        };
        Ok(Self { call, problem })
    }
}

/// The members of an object as they were written, so that numbers keep their digits.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl Members<'_> {
    /// The credential, and the input without it.
    fn split(&self) -> Result<(Option<SecretString>, String), &'static str> {
        let mut token = None;
        let mut input = String::from("{");
        for (name, value) in &self.0 {
            if name == AUTH_TOKEN {
                let text: String = serde_json::from_str(value.get())
                    .map_err(|_| "the member authToken is a string")?;
                if token.replace(SecretString::from(text)).is_some() {
                    return Err("the body has the member authToken twice");
                }
                continue;
            }
            if input.len() > 1 {
                input.push(',');
            }
            input.push_str(&json!(name).to_string());
            input.push(':');
            input.push_str(value.get());
        }
        input.push('}');
        Ok((token, input))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

fn accepts_problem(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .any(|range| {
            let essence = range.split(';').next().unwrap_or_default().trim();
            essence.eq_ignore_ascii_case("application/problem+json")
        })
}

fn problem(simulation: &Simulation) -> Problem {
    let status = simulation.http_status();
    let code = simulation.code().unwrap_or_default();
    let mut problem = Problem::new(status, &code)
        .with_detail(simulation.error().unwrap_or_default())
        .with_retry_after(
            simulation
                .retry_after()
                .filter(|_| status == StatusCode::SERVICE_UNAVAILABLE),
        );
    // Every member of the answer that a problem does not have by another name.
    if let Ok(serde_json::Value::Object(members)) = serde_json::to_value(simulation) {
        for (name, value) in members {
            match name.as_str() {
                "status" => problem = problem.with_member("upstreamStatus", &value),
                "error" | "success" => {}
                _ => problem = problem.with_member(&name, &value),
            }
        }
    }
    problem
}

async fn simulate(State(service): State<SimulatorService>, asked: Asked) -> Response {
    service.run(&service.node, asked).await
}

async fn simulate_named(
    State(service): State<SimulatorService>,
    Path(name): Path<String>,
    asked: Asked,
) -> Response {
    service.run(&name, asked).await
}

async fn nodes(State(service): State<SimulatorService>) -> Response {
    let nodes: Vec<_> = service
        .simulator
        .nodes()
        .map(|prepared| {
            let node = prepared.node();
            json!({
                "name": node.name(),
                "description": node.description(),
                "requestMethod": node.method().as_str(),
                "inputSchema": node.input_schema(),
            })
        })
        .collect();
    Json(json!({ "entities": nodes })).into_response()
}
