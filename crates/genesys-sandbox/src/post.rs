//! The smallest HTTP client that can deliver an event: plain HTTP/1.1 to loopback, one request a connection.

use std::net::{Ipv4Addr, SocketAddr};

use axum::body::Body;
use http::{HeaderMap, Request, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::{Host, Url};

/// Why nothing was delivered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PostError {
    #[error("the target is not on loopback")]
    NotLoopback,
    #[error("cannot connect: {0}")]
    Connect(std::io::Error),
    #[error("the exchange failed: {0}")]
    Exchange(hyper::Error),
    #[error("the request cannot be built: {0}")]
    Request(http::Error),
}

/// Posts JSON with these headers beside its own, and gives the status. The answer's body is not read.
pub(crate) async fn post(
    target: &Url,
    headers: &HeaderMap,
    body: String,
) -> Result<u16, PostError> {
    let port = target.port_or_known_default().unwrap_or(80);
    // `localhost` is dialled by address: a name server has no say in where an event goes.
    let address = match target.host() {
        Some(Host::Ipv4(ip)) if ip.is_loopback() => SocketAddr::from((ip, port)),
        Some(Host::Ipv6(ip)) if ip.is_loopback() => SocketAddr::from((ip, port)),
        Some(Host::Domain(name)) if name.eq_ignore_ascii_case("localhost") => {
            SocketAddr::from((Ipv4Addr::LOCALHOST, port))
        }
        _ => return Err(PostError::NotLoopback),
    };
    let stream = TcpStream::connect(address)
        .await
        .map_err(PostError::Connect)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(PostError::Exchange)?;
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
        .map_err(PostError::Request)?;
    for (name, value) in headers {
        request.headers_mut().insert(name, value.clone());
    }
    let exchange = async {
        let response = sender
            .send_request(request)
            .await
            .map_err(PostError::Exchange)?;
        Ok(response.status().as_u16())
    };
    // The connection lives no longer than the exchange: nothing is left running.
    tokio::select! {
        answer = exchange => answer,
        error = async {
            match connection.await {
                Err(error) => error,
                Ok(()) => std::future::pending().await,
            }
        } => Err(PostError::Exchange(error)),
    }
}
