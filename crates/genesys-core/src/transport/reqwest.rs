//! The transport on reqwest.

use std::error::Error as StdError;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::{Request, Response};

use super::{Transport, TransportError, TransportErrorKind};
use crate::error::{Error, ErrorKind};

/// [`Transport`] on reqwest: pooled connections, HTTP/2, gzip, the system's proxy settings except for loopback hosts, no
/// redirects, no cookies, no retries.
#[derive(Debug, Clone)]
pub struct ReqwestTransport {
    client: reqwest::Client,
    /// For loopback hosts: never through a proxy.
    direct: reqwest::Client,
    body_limit: usize,
}

/// Settings of a [`ReqwestTransport`].
#[derive(Debug)]
#[must_use]
pub struct ReqwestTransportBuilder {
    connect_timeout: Duration,
    pool_idle_timeout: Duration,
    body_limit: usize,
    roots: Vec<Vec<u8>>,
    proxy: Option<String>,
    client: Option<reqwest::Client>,
}

impl ReqwestTransport {
    /// Starts with the defaults: connect 5 s, idle connections 90 s, body 16 MiB.
    pub fn builder() -> ReqwestTransportBuilder {
        ReqwestTransportBuilder {
            connect_timeout: Duration::from_secs(5),
            pool_idle_timeout: Duration::from_secs(90),
            body_limit: 16 << 20,
            roots: Vec::new(),
            proxy: None,
            client: None,
        }
    }
}

impl ReqwestTransportBuilder {
    /// Sets how long a connection may take, name look-up and TLS included. Default 5 s.
    pub fn with_connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Sets how long an idle connection is kept. Default 90 s.
    pub fn with_pool_idle_timeout(mut self, limit: Duration) -> Self {
        self.pool_idle_timeout = limit;
        self
    }

    /// Sets the largest body accepted, in bytes after decompression. Default 16 MiB.
    pub fn with_body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Trusts the certificates of this PEM text in addition to the system's. Needs a TLS feature.
    pub fn with_root_certificates_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots.push(pem.into());
        self
    }

    /// Sends everything but loopback traffic through this proxy instead of the system's.
    pub fn with_proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// Uses the caller's own client for everything. Its redirect, proxy, timeout and TLS settings are the caller's; the
    /// other settings here but the body limit do not apply.
    pub fn with_client(mut self, client: reqwest::Client) -> Self {
        self.client = Some(client);
        self
    }

    /// Makes the transport.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when a certificate or proxy is not understood, when TLS is asked for and not compiled in, and
    /// when the feature `rustls-no-provider` is on and the process has installed no crypto provider.
    pub fn build(self) -> Result<ReqwestTransport, Error> {
        if let Some(client) = self.client {
            return Ok(ReqwestTransport {
                direct: client.clone(),
                client,
                body_limit: self.body_limit,
            });
        }
        let fail = |what: &str, error: reqwest::Error| {
            Error::new(ErrorKind::Config, format!("{what} cannot be used"))
                .with_source(error.without_url())
        };
        tls_provider()?;
        let mut builder = reqwest::Client::builder()
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(self.pool_idle_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false);
        builder = add_roots(builder, &self.roots)?;
        let mut direct = reqwest::Client::builder()
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(self.pool_idle_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy();
        direct = add_roots(direct, &self.roots)?;
        if let Some(proxy) = &self.proxy {
            builder = builder
                .proxy(reqwest::Proxy::all(proxy).map_err(|error| fail("the proxy", error))?);
        }
        Ok(ReqwestTransport {
            client: builder
                .build()
                .map_err(|error| fail("the HTTP client", error))?,
            direct: direct
                .build()
                .map_err(|error| fail("the HTTP client", error))?,
            body_limit: self.body_limit,
        })
    }
}

#[cfg(any(
    feature = "rustls",
    feature = "rustls-no-provider",
    feature = "native-tls"
))]
fn add_roots(
    mut builder: reqwest::ClientBuilder,
    roots: &[Vec<u8>],
) -> Result<reqwest::ClientBuilder, Error> {
    let fail = |error: reqwest::Error| {
        Error::new(ErrorKind::Config, "a root certificate is not understood")
            .with_source(error.without_url())
    };
    for pem in roots {
        let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(fail)?;
        if certificates.is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                "a root certificate file holds no certificate",
            ));
        }
        builder = builder.tls_certs_merge(certificates);
    }
    Ok(builder)
}

#[cfg(not(any(
    feature = "rustls",
    feature = "rustls-no-provider",
    feature = "native-tls"
)))]
fn add_roots(
    builder: reqwest::ClientBuilder,
    roots: &[Vec<u8>],
) -> Result<reqwest::ClientBuilder, Error> {
    if roots.is_empty() {
        Ok(builder)
    } else {
        Err(Error::new(
            ErrorKind::Config,
            "root certificates need one of the features rustls, rustls-no-provider, native-tls",
        ))
    }
}

/// reqwest panics when rustls has no provider; asking first makes it an error.
#[cfg(all(feature = "rustls-no-provider", not(feature = "rustls")))]
fn tls_provider() -> Result<(), Error> {
    if rustls::crypto::CryptoProvider::get_default().is_some() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Config,
        "no crypto provider: with the feature rustls-no-provider the process installs one before the first client is built",
    ))
}

#[cfg(not(all(feature = "rustls-no-provider", not(feature = "rustls"))))]
fn tls_provider() -> Result<(), Error> {
    Ok(())
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let request = convert(request)?;
        if request.url().scheme() == "https" && !TLS {
            return Err(
                TransportError::new(TransportErrorKind::Request).with_source(
                    "https needs one of the features rustls, rustls-no-provider, native-tls",
                ),
            );
        }
        let client = if crate::host::is_loopback(request.url()) {
            &self.direct
        } else {
            &self.client
        };
        let head = request.method() == http::Method::HEAD;
        let mut answer = client.execute(request).await.map_err(classify)?;
        let announced = answer.content_length();
        if announced.is_some_and(|length| length > self.body_limit as u64) && !head {
            return Err(TransportError::new(TransportErrorKind::BodyTooLarge));
        }
        let mut out = Response::new(Bytes::new());
        *out.status_mut() = answer.status();
        *out.version_mut() = answer.version();
        *out.headers_mut() = std::mem::take(answer.headers_mut());
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(classify)? {
            if body.len() + chunk.len() > self.body_limit {
                return Err(TransportError::new(TransportErrorKind::BodyTooLarge));
            }
            if body.is_empty() && announced == Some(chunk.len() as u64) {
                // The whole body in one piece: no copy.
                *out.body_mut() = chunk;
                return Ok(out);
            }
            body.extend_from_slice(&chunk);
        }
        *out.body_mut() = body.freeze();
        Ok(out)
    }
}

/// What reqwest's own conversion does, without printing the URI through a formatter.
fn convert(request: Request<Bytes>) -> Result<reqwest::Request, TransportError> {
    let (parts, body) = request.into_parts();
    let uri = &parts.uri;
    let refused = |_| TransportError::new(TransportErrorKind::Request);
    let url = match (uri.scheme_str(), uri.authority(), uri.path_and_query()) {
        (Some(scheme), Some(authority), Some(path)) => {
            [scheme, "://", authority.as_str(), path.as_str()].concat()
        }
        _ => uri.to_string(),
    };
    let mut out = reqwest::Request::new(parts.method, url.parse().map_err(refused)?);
    *out.headers_mut() = parts.headers;
    *out.version_mut() = parts.version;
    if !body.is_empty() {
        *out.body_mut() = Some(body.into());
    }
    Ok(out)
}

/// Tells what a reqwest error means for a retry, by its flags and by the causes below it.
fn classify(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let kind = if error.is_connect() {
        TransportErrorKind::Connect
    } else if error.is_timeout() {
        TransportErrorKind::Timeout
    } else if error.is_builder() {
        TransportErrorKind::Request
    } else if error.is_body() || error.is_decode() {
        TransportErrorKind::Truncated
    } else if closed_early(&error) {
        TransportErrorKind::Reset
    } else {
        TransportErrorKind::Other
    };
    TransportError::new(kind).with_source(error)
}

/// True when the connection ended while a complete answer was awaited.
fn closed_early(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn StdError + 'static)> = error.source();
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            use std::io::ErrorKind as Io;
            return matches!(
                io.kind(),
                Io::ConnectionReset
                    | Io::ConnectionAborted
                    | Io::BrokenPipe
                    | Io::UnexpectedEof
                    | Io::NotConnected
            );
        }
        // hyper says an incomplete message or a canceled request in words only below its own type, which reqwest does not
        // re-export.
        let text = error.to_string();
        if text.contains("connection closed before message completed")
            || text.contains("operation was canceled")
            || text.contains("connection error")
        {
            return true;
        }
        cause = error.source();
    }
    false
}

const TLS: bool = cfg!(any(
    feature = "rustls",
    feature = "rustls-no-provider",
    feature = "native-tls"
));
