//! One request being put together.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use resilience::{Breaker, RetryPolicy};
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::call::Call;
use super::{Client, Inner, Response, route};
use crate::error::{Error, ErrorKind, Result};

/// A request being put together. Setters never fail: a problem is reported when it is sent.
#[derive(Debug, Clone)]
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder {
    client: Client,
    // Boxed, because a builder is moved by each of its setters.
    parts: Box<Parts>,
}

#[derive(Debug, Clone)]
struct Parts {
    method: Method,
    route: Cow<'static, str>,
    operation: Option<Cow<'static, str>>,
    segments: Vec<(&'static str, String)>,
    query: Vec<(Cow<'static, str>, String)>,
    headers: HeaderMap,
    body: Bytes,
    secrets: Vec<SecretString>,
    idempotent: Option<bool>,
    deadline: Option<Duration>,
    attempt_timeout: Option<Duration>,
    retry: Option<RetryPolicy>,
    breaker: Option<Breaker>,
    problem: Option<String>,
}

impl RequestBuilder {
    pub(super) fn new(client: Client, method: Method, route: Cow<'static, str>) -> Self {
        let parts = Parts {
            method,
            route,
            operation: None,
            segments: Vec::new(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            secrets: Vec::new(),
            idempotent: None,
            deadline: None,
            attempt_timeout: None,
            retry: None,
            breaker: None,
            problem: None,
        };
        Self {
            client,
            parts: Box::new(parts),
        }
    }

    /// Fills the hole `{name}` of the route. The value is percent-encoded as one segment; an empty one, `.` and `..` are
    /// refused before anything is sent.
    pub fn segment(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        self.parts.segments.push((name, value.as_ref().to_owned()));
        self
    }

    /// Adds a query parameter; the same name may be added several times.
    pub fn query(mut self, name: impl Into<Cow<'static, str>>, value: impl ToString) -> Self {
        self.parts.query.push((name.into(), value.to_string()));
        self
    }

    /// Sets a header. `Authorization`, `Host` and the framing headers belong to the client and are refused.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        if name == AUTHORIZATION
            || name == HOST
            || name == "content-length"
            || name == "transfer-encoding"
        {
            self.parts
                .problem
                .get_or_insert_with(|| format!("the header {name} is set by the client"));
        } else {
            self.parts.headers.insert(name, value);
        }
        self
    }

    /// Sends `value` as JSON.
    pub fn with_json(mut self, value: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => {
                self.parts.body = body.into();
                self.parts
                    .headers
                    .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            }
            Err(_) => {
                self.parts
                    .problem
                    .get_or_insert_with(|| "the body cannot be written as JSON".to_owned());
            }
        }
        self
    }

    /// Sends these bytes; set the content type by [`header`](Self::header).
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.parts.body = body.into();
        self
    }

    /// Names a secret that the body carries, so that it is blanked out should the platform echo it in an error.
    pub fn with_secret(mut self, secret: &SecretString) -> Self {
        self.parts.secrets.push(secret.clone());
        self
    }

    /// Names the operation in errors, spans and metrics. Default: method and route.
    pub fn operation(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.parts.operation = Some(name.into());
        self
    }

    /// Says whether repeating the call does no harm. Default: true for GET, HEAD, OPTIONS, PUT and DELETE.
    pub fn idempotent(mut self, yes: bool) -> Self {
        self.parts.idempotent = Some(yes);
        self
    }

    /// Sets the limit of the whole call, waits included. Default: the client's, 120 s.
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.parts.deadline = Some(limit);
        self
    }

    /// Sets the limit of one attempt. Default: the client's, 30 s.
    pub fn attempt_timeout(mut self, limit: Duration) -> Self {
        self.parts.attempt_timeout = Some(limit);
        self
    }

    /// Sets how often and when this call is repeated. Default: the client's policy.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.parts.retry = Some(policy);
        self
    }

    /// Guards this call with a breaker of its own instead of the one its host and path family share.
    pub fn breaker(mut self, breaker: Breaker) -> Self {
        self.parts.breaker = Some(breaker);
        self
    }

    /// Sends it and gives the answer: a 2xx, or an error.
    ///
    /// Dropping the future cancels the call. A write that was already sent may still take effect.
    ///
    /// # Errors
    ///
    /// Every [`ErrorKind`] of a call; see there.
    pub async fn send(self) -> Result<Response> {
        let client = self.client.clone();
        self.into_call()?.run(&client).await
    }

    /// Sends it and decodes the answer.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); [`ErrorKind::UnexpectedContent`] for an answer that is empty or no JSON,
    /// [`ErrorKind::Decode`] with the JSON path for one that does not fit. After a write both are
    /// [`ErrorKind::OutcomeUnknown`]: the platform accepted it, and what it made is not known.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T> {
        let safe = self.parts.method.is_safe();
        let response = self.send().await?;
        response.json().map_err(|error| {
            if safe {
                error
            } else {
                error.into_outcome_unknown()
            }
        })
    }

    /// As [`json`](Self::json), with none for a 404.
    ///
    /// # Errors
    ///
    /// As [`json`](Self::json).
    pub async fn json_or_none<T: DeserializeOwned>(self) -> Result<Option<T>> {
        match self.json().await {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends it and reads nothing of a 2xx answer.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); [`ErrorKind::UnexpectedContent`] for a body that is not JSON, such as a proxy's page, which
    /// after a write is [`ErrorKind::OutcomeUnknown`].
    pub async fn empty(self) -> Result<()> {
        let safe = self.parts.method.is_safe();
        let response = self.send().await?;
        response.check_content().map_err(|error| {
            if safe {
                error
            } else {
                error.into_outcome_unknown()
            }
        })
    }

    /// Sends a DELETE for which an object that is already gone is as good as deleted. True when it existed.
    ///
    /// # Errors
    ///
    /// As [`empty`](Self::empty), but for a 404.
    pub async fn gone(self) -> Result<bool> {
        match self.empty().await {
            Ok(_) => Ok(true),
            // Gone after an attempt whose answer was lost: that attempt deleted it.
            Err(error) if error.is_not_found() => Ok(error.is_outcome_unknown()),
            Err(error) => Err(error),
        }
    }

    fn into_call(self) -> Result<Box<Call>> {
        let mut parts = *self.parts;
        let operation = match parts.operation.take() {
            Some(name) => name,
            None => Cow::Owned([parts.method.as_str(), " ", &parts.route].concat()),
        };
        let inner = &*self.client.inner;
        let uri = match parts.uri(inner) {
            Ok(uri) => uri,
            Err(error) => return Err(error.with_operation(operation)),
        };
        let started = inner.clock.now();
        let breaker = match parts.breaker {
            Some(breaker) => breaker,
            None => {
                let host = uri.host().unwrap_or_default();
                let key = [host, "/", route::family(&parts.route)].concat();
                inner.breakers.get(&key, started)
            }
        };
        Ok(Box::new(Call {
            operation,
            idempotent: parts
                .idempotent
                .unwrap_or_else(|| parts.method.is_idempotent()),
            method: parts.method,
            route: parts.route,
            uri,
            headers: parts.headers,
            body: parts.body,
            secrets: parts.secrets,
            started,
            total_timeout: parts.deadline.unwrap_or(inner.total_timeout),
            attempt_timeout: parts.attempt_timeout.unwrap_or(inner.attempt_timeout),
            retry: parts.retry.unwrap_or_else(|| inner.retry.clone()),
            breaker,
        }))
    }
}

impl Parts {
    fn uri(&mut self, inner: &Inner) -> Result<Uri> {
        let fail = |why: String| Err(Error::new(ErrorKind::InvalidRequest, why));
        if let Some(problem) = self.problem.take() {
            return fail(problem);
        }
        let base = &inner.api;
        let mut text = String::with_capacity(base.path().len() + self.route.len() + 32);
        text.push_str(base.path());
        route::fill(&mut text, &self.route, &self.segments)?;
        if !self.query.is_empty() {
            text.push('?');
            let start = text.len();
            let mut pairs = form_urlencoded::Serializer::for_suffix(&mut text, start);
            for (name, value) in &self.query {
                pairs.append_pair(name, value);
            }
        }
        let mut uri = base.clone().into_parts();
        uri.path_and_query = PathAndQuery::from_maybe_shared(Bytes::from(text)).ok();
        if uri.path_and_query.is_none() {
            return fail("the route is no valid path, or it is too long".to_owned());
        }
        Uri::from_parts(uri).or_else(|_| fail("the URL cannot be sent".to_owned()))
    }
}
