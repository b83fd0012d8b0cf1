//! What a data action does, step by step: check the input, render the request, call, translate the answer, render the
//! result, check the output.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use http::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};
use url::Url;

use crate::api_error::ApiError;
use crate::external::ExternalSystems;
use crate::platform::json_path::{self, Found};
use crate::platform::records::ActionVersion;
use crate::platform::velocity::{Scope, render};
use crate::schema;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);
/// Shown in a step's result in place of a credential.
const MASK: &str = "********";

/// One step of a run.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) outcome: Result<Value, ApiError>,
}

/// A run: its steps up to the first that failed, and the result when none did.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) operations: Vec<Operation>,
    pub(crate) result: Option<Value>,
}

impl Run {
    fn step(&mut self, name: &'static str, outcome: Result<Value, ApiError>) -> Option<Value> {
        let result = outcome.as_ref().ok().cloned();
        self.operations.push(Operation { name, outcome });
        result
    }

    /// Why it failed.
    pub(crate) fn error(&self) -> Option<&ApiError> {
        self.operations
            .last()
            .and_then(|operation| operation.outcome.as_ref().err())
    }
}

/// Runs an action against the scripted external systems.
pub(crate) async fn run(
    external: &ExternalSystems,
    action: &ActionVersion,
    credentials: &BTreeMap<String, SecretString>,
    input: &Value,
) -> Run {
    let mut run = Run::default();
    // The last step that is recorded is the one that failed, so there is nothing to do with an early end.
    let _ = steps(&mut run, external, action, credentials, input).await;
    run
}

async fn steps(
    run: &mut Run,
    external: &ExternalSystems,
    action: &ActionVersion,
    credentials: &BTreeMap<String, SecretString>,
    input: &Value,
) -> Option<()> {
    run.step(
        "Validate input against schema",
        checked(&action.input_schema, input),
    )?;
    let request = Request::render(&action.config["request"], input, credentials);
    let request = match request {
        Ok((request, shown)) => {
            run.step("Render request from templates", Ok(shown))?;
            request
        }
        Err(error) => {
            run.step("Render request from templates", Err(error));
            return None;
        }
    };
    let timeout = action.config["timeoutSeconds"]
        .as_u64()
        .map_or(DEFAULT_TIMEOUT, Duration::from_secs);
    let (shown, raw) = match request.call(external, credentials, timeout).await {
        Ok(answer) => answer,
        Err(error) => {
            run.step("Execute request", Err(error));
            return None;
        }
    };
    let answer = run.step("Execute request", Ok(shown))?;
    let body = &answer["body"];
    let response = &action.config["response"];
    let variables = run.step(
        "Extract variables using 'translationMap'",
        translate(response, body),
    )?;
    let result = run.step(
        "Transform result using 'successTemplate'",
        transform(response, &raw, &variables),
    )?;
    run.step(
        "Validate output against schema",
        checked(&action.success_schema, &result),
    )?;
    run.result = Some(result);
    Some(())
}

fn checked(schema: &Value, value: &Value) -> Result<Value, ApiError> {
    let violations = schema::violations(schema, value);
    if violations.is_empty() {
        return Ok(value.clone());
    }
    Err(ApiError::bad_request(
        "invalid.schema",
        format!(
            "The value does not match its schema: {}.",
            violations.join("; ")
        ),
    ))
}

struct RequestScope<'a> {
    input: &'a Value,
    credentials: Option<&'a BTreeMap<String, SecretString>>,
}

impl Scope for RequestScope<'_> {
    fn text(&self, path: &[&str]) -> Option<String> {
        match path {
            ["input", "rawRequest"] => Some(self.input.to_string()),
            ["input", names @ ..] => plain(
                names
                    .iter()
                    .try_fold(self.input, |value, name| value.get(name))?,
            ),
            ["credentials", name] => Some(match self.credentials {
                Some(fields) => fields.get(*name)?.expose_secret().to_owned(),
                None => MASK.to_owned(),
            }),
            _ => None,
        }
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

struct Request {
    url: Url,
    method: http::Method,
    headers: http::HeaderMap,
    body: String,
}

impl Request {
    /// Renders the request twice: to send it, and to show it with credentials masked.
    fn render(
        config: &Value,
        input: &Value,
        credentials: &BTreeMap<String, SecretString>,
    ) -> Result<(Self, Value), ApiError> {
        let real = RequestScope {
            input,
            credentials: Some(credentials),
        };
        let masked = RequestScope {
            input,
            credentials: None,
        };
        let template =
            |name: &str, default: &str| config[name].as_str().unwrap_or(default).to_owned();
        let text = |template: &str, scope: &RequestScope<'_>| {
            render(template, scope).map_err(|reason| failed(&reason))
        };
        let url_template = template("requestUrlTemplate", "");
        let address = text(&url_template, &real)?;
        let url = Url::parse(&address)
            .ok()
            .filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
        let url = url.ok_or_else(|| failed("the request URL is not an absolute URL"))?;
        let (mut headers, mut shown_headers) = (http::HeaderMap::new(), Map::new());
        for (name, value) in config["headers"].as_object().into_iter().flatten() {
            let value = value.as_str().unwrap_or_default();
            let sent = text(value, &real)?;
            let (Ok(key), Ok(sent)) = (
                http::HeaderName::try_from(name),
                http::HeaderValue::try_from(&sent),
            ) else {
                return Err(failed(&format!("the header {name} is not valid")));
            };
            headers.insert(key, sent);
            shown_headers.insert(name.clone(), json!(text(value, &masked)?));
        }
        let method = template("requestType", "GET").to_ascii_uppercase();
        let mut shown = json!({"method": method, "url": text(&url_template, &masked)?, "headers": shown_headers});
        let mut body = String::new();
        if !matches!(method.as_str(), "GET" | "HEAD") {
            let body_template = template("requestTemplate", "${input.rawRequest}");
            body = text(&body_template, &real)?;
            shown["body"] = json!(text(&body_template, &masked)?);
            headers
                .entry(http::header::CONTENT_TYPE)
                .or_insert(http::HeaderValue::from_static("application/json"));
        }
        let method = http::Method::try_from(method.as_str())
            .map_err(|_| failed("the request type is not a method"))?;
        Ok((
            Self {
                url,
                method,
                headers,
                body,
            },
            shown,
        ))
    }

    /// The request on the wire.
    fn on_the_wire(&self) -> Result<http::Request<Body>, ApiError> {
        let target = &self.url[url::Position::BeforePath..url::Position::AfterQuery];
        let mut request = http::Request::new(Body::from(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.headers_mut() = self.headers.clone();
        *request.uri_mut() =
            http::Uri::try_from(target).map_err(|_| failed("the request URL cannot be sent"))?;
        Ok(request)
    }

    /// What the remote system answered: to be shown, and the text of its body.
    async fn call(
        &self,
        external: &ExternalSystems,
        credentials: &BTreeMap<String, SecretString>,
        timeout: Duration,
    ) -> Result<(Value, String), ApiError> {
        let field = |name: &str| credentials.get(name).map(|value| value.expose_secret());
        let basic = field("userName").zip(field("password"));
        let request = self.on_the_wire()?;
        let call = tokio::time::timeout(timeout, external.send(&self.url, request, basic))
            .await
            .map_err(|_| {
                ApiError::new(
                    StatusCode::GATEWAY_TIMEOUT,
                    "action.timeout",
                    format!(
                        "The request to the remote system timed out after {} seconds.",
                        timeout.as_secs()
                    ),
                )
            })?
            .map_err(|error| {
                ApiError::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "action.remote.failed",
                    format!("The remote system did not answer: {error}."),
                )
            })?;
        if call.status.is_success() {
            // An answer without a body, or with one that is no JSON, has nothing to extract from.
            let body = match serde_json::from_str(&call.body) {
                Ok(value) => value,
                Err(_) if call.body.is_empty() => Value::Null,
                Err(_) => Value::String(call.body.clone()),
            };
            let latency = call.latency.as_millis() as u64;
            let shown = json!({"status": call.status.as_u16(), "body": body, "latencyMs": latency});
            return Ok((shown, call.body));
        }
        let status =
            if call.status.is_server_error() || call.status == StatusCode::TOO_MANY_REQUESTS {
                StatusCode::SERVICE_UNAVAILABLE
            } else {
                StatusCode::BAD_REQUEST
            };
        Err(ApiError::new(
            status,
            "action.remote.failed",
            format!("The remote system answered {}.", call.status.as_u16()),
        ))
    }
}

fn failed(reason: &str) -> ApiError {
    ApiError::bad_request(
        "action.template.failed",
        format!("The request could not be rendered: {reason}."),
    )
}

/// The variables of the translation map. A default stands in when a path leads nowhere, not when it leads to null.
fn translate(response: &Value, body: &Value) -> Result<Value, ApiError> {
    let mut variables = Map::new();
    let defaults = &response["translationMapDefaults"];
    for (name, path) in response["translationMap"].as_object().into_iter().flatten() {
        let path = path.as_str().unwrap_or_default();
        let found = json_path::find(path, body).map_err(|reason| {
            ApiError::bad_request(
                "action.translation.failed",
                format!("Variable {name}: {reason}."),
            )
        })?;
        let text = match found {
            Found::One(Some(value)) => value.to_string(),
            Found::Many(values) => Value::Array(values).to_string(),
            // A default is raw text, so a string default brings its own quotes.
            Found::One(None) => match defaults[name.as_str()].as_str() {
                Some(default) => default.to_owned(),
                None => {
                    return Err(ApiError::bad_request(
                        "action.translation.failed",
                        format!("Variable {name} was not found and has no default."),
                    ));
                }
            },
        };
        variables.insert(name.clone(), json!(text));
    }
    Ok(Value::Object(variables))
}

struct ResultScope<'a> {
    raw: &'a str,
    variables: &'a Value,
}

impl Scope for ResultScope<'_> {
    fn text(&self, path: &[&str]) -> Option<String> {
        match path {
            ["rawResult"] => Some(self.raw.to_owned()),
            [name] => self
                .variables
                .get(name)
                .and_then(Value::as_str)
                .map(str::to_owned),
            _ => None,
        }
    }
}

fn transform(response: &Value, raw: &str, variables: &Value) -> Result<Value, ApiError> {
    let template = response["successTemplate"]
        .as_str()
        .unwrap_or("${rawResult}");
    let text = render(template, &ResultScope { raw, variables });
    text.and_then(|text| {
        serde_json::from_str(&text).map_err(|_| "the text is not valid JSON".to_owned())
    })
    .map_err(|reason| {
        ApiError::bad_request(
            "action.transform.failed",
            format!("Transform failed to process result using 'successTemplate': {reason}."),
        )
    })
}
