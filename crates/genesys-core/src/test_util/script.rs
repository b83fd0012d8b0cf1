//! A transport that answers from a script.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};

use crate::transport::{Transport, TransportError, TransportErrorKind};

/// A request as a [`ScriptedTransport`] saw it.
#[derive(Clone)]
pub struct SentRequest {
    /// The method.
    pub method: Method,
    /// The whole URL.
    pub uri: Uri,
    /// The headers, secrets included.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl fmt::Debug for SentRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.uri.path())
    }
}

/// One scripted answer.
#[derive(Debug, Clone)]
pub struct Reply(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Answer(Box<Response<Bytes>>),
    Fail(TransportErrorKind),
    Hang,
    Panic,
}

impl Reply {
    /// An answer with `status` and a JSON body.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::body(status, "application/json", body.to_string())
    }

    /// An answer with `status` and a body of any type.
    pub fn body(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut response = Response::new(body.into());
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT);
        response.headers_mut().insert(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static(content_type),
        );
        Self(Kind::Answer(Box::new(response)))
    }

    /// An answer with `status` and nothing else.
    pub fn status(status: u16) -> Self {
        Self::body(status, "application/json", Bytes::new())
    }

    /// Adds a header to an answer.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        if let (Kind::Answer(response), Ok(value)) = (&mut self.0, HeaderValue::from_str(value)) {
            response
                .headers_mut()
                .append(HeaderName::from_static(name), value);
        }
        self
    }

    /// A failure of the transport.
    pub fn fail(kind: TransportErrorKind) -> Self {
        Self(Kind::Fail(kind))
    }

    /// No answer, ever.
    pub fn hang() -> Self {
        Self(Kind::Hang)
    }

    /// A panic in the transport.
    pub fn panic() -> Self {
        Self(Kind::Panic)
    }
}

type Handler = dyn Fn(&SentRequest) -> Pin<Box<dyn Future<Output = Reply> + Send>> + Send + Sync;

/// A [`Transport`] that answers from a script and remembers every request. Clones share both.
///
/// Replies that were pushed are used up first, in order; then the handler answers; without one the exchange fails as not
/// connected, so that a forgotten script shows.
///
/// ```
/// use genesys_core::test_util::{Reply, ScriptedTransport};
/// use genesys_core::{Client, Region, StaticToken};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let transport = ScriptedTransport::new();
/// transport.push(Reply::json(200, &serde_json::json!({"name": "Acme"})));
/// let client = Client::builder(Region::UsEast1)
///     .with_token_source(StaticToken::new("token".into())?)
///     .with_transport(transport.shared())
///     .build()?;
/// let answer: serde_json::Value = client.get("/api/v2/organizations/me").json().await?;
/// assert_eq!(answer["name"], "Acme");
/// assert_eq!(transport.sent()[0].uri, "https://api.mypurecloud.com/api/v2/organizations/me");
/// # Ok::<(), genesys_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Default)]
pub struct ScriptedTransport {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    replies: Mutex<VecDeque<Reply>>,
    handler: Mutex<Option<Arc<Handler>>>,
    sent: Mutex<Vec<SentRequest>>,
}

impl ScriptedTransport {
    /// An empty script.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next reply.
    pub fn push(&self, reply: Reply) {
        lock(&self.inner.replies).push_back(reply);
    }

    /// Answers everything that no pushed reply answers.
    pub fn handle<F, Fut>(&self, handler: F)
    where
        F: Fn(&SentRequest) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Reply> + Send + 'static,
    {
        *lock(&self.inner.handler) = Some(Arc::new(move |request| Box::pin(handler(request))));
    }

    /// Every request so far, in order.
    pub fn sent(&self) -> Vec<SentRequest> {
        lock(&self.inner.sent).clone()
    }

    /// A shared handle for a client's builder.
    pub fn shared(&self) -> Arc<dyn Transport> {
        Arc::new(self.clone())
    }
}

impl fmt::Debug for ScriptedTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedTransport")
            .field("sent", &lock(&self.inner.sent).len())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for ScriptedTransport {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let (parts, body) = request.into_parts();
        let request = SentRequest {
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            body,
        };
        lock(&self.inner.sent).push(request.clone());
        let pushed = lock(&self.inner.replies).pop_front();
        let reply = match pushed {
            Some(reply) => reply,
            None => {
                let handler = lock(&self.inner.handler).clone();
                match handler {
                    Some(handler) => handler(&request).await,
                    None => Reply::fail(TransportErrorKind::Connect),
                }
            }
        };
        match reply.0 {
            Kind::Answer(response) => Ok(*response),
            Kind::Fail(kind) => Err(TransportError::new(kind)),
            Kind::Hang => std::future::pending().await,
            #[allow(clippy::panic, reason = "the double of a transport that panics")]
            Kind::Panic => panic!("scripted panic"),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
