//! A transport that keeps every exchange.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use genesys_core::{Transport, TransportError};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use url::Url;

/// A request and the answer to it.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The request's method.
    pub method: Method,
    /// The request's URL.
    pub url: Url,
    /// The request's headers.
    pub request_headers: HeaderMap,
    /// The request's body.
    pub request_body: Bytes,
    /// The answer's status.
    pub status: StatusCode,
    /// The answer's headers.
    pub headers: HeaderMap,
    /// The answer's body.
    pub body: Bytes,
}

/// Passes everything on and keeps what was answered. Clones share the record.
#[derive(Debug, Clone)]
pub struct Recording {
    inner: Arc<dyn Transport>,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
}

impl Recording {
    /// Records around `inner`.
    pub fn new(inner: Arc<dyn Transport>) -> Self {
        Self {
            inner,
            exchanges: Arc::default(),
        }
    }

    /// Every complete exchange so far.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.lock().unwrap().clone()
    }
}

#[async_trait]
impl Transport for Recording {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let (method, uri, headers, body) = (
            request.method().clone(),
            request.uri().to_string(),
            request.headers().clone(),
            request.body().clone(),
        );
        let answer = self.inner.send(request).await?;
        self.exchanges.lock().unwrap().push(Exchange {
            method,
            url: uri.parse().unwrap(),
            request_headers: headers,
            request_body: body,
            status: answer.status(),
            headers: answer.headers().clone(),
            body: answer.body().clone(),
        });
        Ok(answer)
    }
}
