//! Connections of one destination.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::destinations::hello;
use crate::destinations::state::State;
use crate::server::ACCEPT_PAUSE;

/// Connections held at once; more wait.
const CONNECTIONS: usize = 1_000;
/// The longest time of a handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest time of a request's headers, and of a pause between two requests.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// How connections are met.
#[derive(Clone)]
pub(super) enum Mode {
    /// By TLS and HTTP.
    Tls(TlsAcceptor),
    /// By a ServerHello of TLS 1.1.
    Hello,
}

/// Serves until it is dropped, and its connections with it.
pub(super) async fn run(listener: TcpListener, mode: Mode, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    state.connected();
                    connections.spawn(connection(stream, mode.clone(), Arc::clone(&state)));
                }
                Err(_) => crate::time::pause(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

async fn connection(stream: TcpStream, mode: Mode, state: Arc<State>) {
    // Small answers must not wait for an acknowledgement.
    let _ = stream.set_nodelay(true);
    let Mode::Tls(acceptor) = mode else {
        return hello::answer(stream).await;
    };
    let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await;
    let Ok(Ok(stream)) = handshake else {
        return;
    };
    state.shook_hands();
    let service = service_fn(move |_: Request<Incoming>| {
        let state = Arc::clone(&state);
        async move { Ok::<_, Infallible>(answer(&state).await) }
    });
    // A client that goes away is no failure of the destination.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(state: &State) -> Response<Body> {
    let answer = state.asked();
    if !answer.delay.is_zero() {
        crate::time::pause(answer.delay).await;
    }
    let up = answer.status.is_success();
    let body = if up {
        r#"{"status":"up"}"#
    } else {
        r#"{"status":"down"}"#
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if answer.status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("30"));
    }
    if let Some(location) = answer.location {
        headers.insert(header::LOCATION, location);
    }
    response
}
