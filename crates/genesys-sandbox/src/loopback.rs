//! The smallest HTTP client that can deliver an event or call the resource server: plain HTTP/1.1 to loopback, one
//! request a connection.

use std::net::{Ipv4Addr, SocketAddr};

use axum::body::Body;
#[cfg(feature = "platform")]
use bytes::Bytes;
#[cfg(feature = "platform")]
use http::HeaderValue;
use http::{HeaderMap, Request, Response, header};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::{Host, Url};

/// The longest answer that is read.
#[cfg(feature = "platform")]
const ANSWER_LIMIT: usize = 16 * 1024 * 1024;

/// Why there was no exchange.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoopbackError {
    #[error("the target is not on loopback")]
    NotLoopback,
    #[error("cannot connect: {0}")]
    Connect(std::io::Error),
    #[error("the exchange failed: {0}")]
    Exchange(hyper::Error),
    #[error("the request cannot be built: {0}")]
    Request(http::Error),
    #[cfg(feature = "platform")]
    #[error("the answer ended too early or is too long")]
    Answer,
}

/// Posts JSON with these headers beside its own, and gives the status. The answer's body is not read.
pub(crate) async fn post(
    target: &Url,
    headers: &HeaderMap,
    body: String,
) -> Result<u16, LoopbackError> {
    let port = target.port_or_known_default().unwrap_or(80);
    // `localhost` is dialled by address: a name server has no say in where an event goes.
    let address = match target.host() {
        Some(Host::Ipv4(ip)) if ip.is_loopback() => SocketAddr::from((ip, port)),
        Some(Host::Ipv6(ip)) if ip.is_loopback() => SocketAddr::from((ip, port)),
        Some(Host::Domain(name)) if name.eq_ignore_ascii_case("localhost") => {
            SocketAddr::from((Ipv4Addr::LOCALHOST, port))
        }
        _ => return Err(LoopbackError::NotLoopback),
    };
    let mut request = Request::post(&target[url::Position::BeforePath..url::Position::AfterQuery])
        .header(
            header::HOST,
            &target[url::Position::BeforeHost..url::Position::AfterPort],
        )
        .header(header::CONTENT_TYPE, "application/json")
        .header(
            header::USER_AGENT,
            concat!("genesys-sandbox/", env!("CARGO_PKG_VERSION")),
        )
        .body(Body::from(body))
        .map_err(LoopbackError::Request)?;
    for (name, value) in headers {
        request.headers_mut().insert(name, value.clone());
    }
    exchange(address, request, async |response| {
        Ok(response.status().as_u16())
    })
    .await
}

/// Sends a request and gives the whole answer.
#[cfg(feature = "platform")]
pub(crate) async fn send(
    address: SocketAddr,
    mut request: Request<Body>,
) -> Result<Response<Bytes>, LoopbackError> {
    let host = HeaderValue::try_from(address.to_string());
    let host = host.map_err(|error| LoopbackError::Request(error.into()))?;
    let headers = request.headers_mut();
    headers.insert(header::HOST, host);
    // These are the connection's, whatever a template says.
    for own in [
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
    ] {
        headers.remove(own);
    }
    exchange(address, request, async |response| {
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(Body::new(body), ANSWER_LIMIT).await;
        let bytes = bytes.map_err(|_| LoopbackError::Answer)?;
        Ok(Response::from_parts(parts, bytes))
    })
    .await
}

async fn exchange<T>(
    address: SocketAddr,
    request: Request<Body>,
    read: impl AsyncFnOnce(Response<Incoming>) -> Result<T, LoopbackError>,
) -> Result<T, LoopbackError> {
    let stream = TcpStream::connect(address)
        .await
        .map_err(LoopbackError::Connect)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(LoopbackError::Exchange)?;
    let exchange = async {
        let response = sender
            .send_request(request)
            .await
            .map_err(LoopbackError::Exchange)?;
        read(response).await
    };
    // The connection lives no longer than the exchange: nothing is left running.
    tokio::select! {
        answer = exchange => answer,
        error = async {
            match connection.await {
                Err(error) => error,
                Ok(()) => std::future::pending().await,
            }
        } => Err(LoopbackError::Exchange(error)),
    }
}
