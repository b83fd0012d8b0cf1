//! A transport that is a function: a whole simulated server in virtual time. It keeps nothing of what it saw.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use genesys_core::{Client, ClientBuilder, Region, Transport, TransportError};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use resilience::test_util::FakeClock;
use resilience::{BoxFuture, SeededRandom};

/// What a simulated server answers.
pub type Answer = Result<Response<Bytes>, TransportError>;

/// A [`Transport`] that asks a function.
pub struct Simulated {
    handle: Box<dyn Fn(Request<Bytes>) -> BoxFuture<'static, Answer> + Send + Sync>,
}

impl Simulated {
    /// Answers with what `handle` returns.
    pub fn serving<F, Fut>(handle: F) -> Arc<dyn Transport>
    where
        F: Fn(Request<Bytes>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Answer> + Send + 'static,
    {
        Arc::new(Self {
            handle: Box::new(move |request| Box::pin(handle(request))),
        })
    }
}

#[async_trait]
impl Transport for Simulated {
    async fn send(&self, request: Request<Bytes>) -> Answer {
        (self.handle)(request).await
    }
}

impl fmt::Debug for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulated").finish_non_exhaustive()
    }
}

/// An answer with a JSON body.
pub fn json(status: u16, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT);
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

/// Adds a header that is a number.
pub fn with_number(
    mut response: Response<Bytes>,
    name: &'static str,
    value: u64,
) -> Response<Bytes> {
    response
        .headers_mut()
        .insert(HeaderName::from_static(name), HeaderValue::from(value));
    response
}

/// A client in virtual time over a simulated server. It needs a token source.
pub fn client(transport: Arc<dyn Transport>, clock: &FakeClock, seed: u64) -> ClientBuilder {
    Client::builder(Region::UsEast1)
        .with_transport(transport)
        .with_clock(Arc::new(clock.clone()))
        .with_random(Arc::new(SeededRandom::new(seed)))
}
