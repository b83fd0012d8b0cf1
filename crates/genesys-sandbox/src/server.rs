//! Listeners and connections.
//!
//! The sandbox accepts for itself instead of handing the listener to a framework, because a reset and a cut answer
//! need the socket.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::error::{SandboxError, SandboxErrorKind};
use crate::wire::{Ending, LineControl};

/// How long the headers of a request may take, and how long a connection may idle.
const HEADER_TIMEOUT: Duration = Duration::from_secs(60);
/// How long requests under way may take once the sandbox shuts down.
const DRAIN: Duration = Duration::from_secs(5);
/// How long to wait after a failed accept, so that a lack of file handles is no hot loop.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Opens a listener on a loopback address.
pub(crate) async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), SandboxError> {
    if !address.ip().is_loopback() {
        return Err(SandboxError::new(
            SandboxErrorKind::Settings,
            format!("{address} is not a loopback address; the sandbox serves this machine alone"),
        ));
    }
    let failed = |error| {
        SandboxError::new(
            SandboxErrorKind::Listen,
            format!("cannot listen on {address}"),
        )
        .with_source(error)
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// Serves one listener by `handle` until it is to stop, then drains.
pub(crate) async fn serve<H, A>(listener: TcpListener, mut stop: watch::Receiver<bool>, handle: H)
where
    H: Fn(LineControl, Request<Incoming>) -> A + Clone + Send + 'static,
    A: Future<Output = Response<Body>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stopped(&mut stop) => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, handle.clone(), stop.clone()));
                }
                Err(_) => crate::time::pause(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
    drop(listener);
    let drained = tokio::time::timeout(DRAIN, async {
        while connections.join_next().await.is_some() {}
    })
    .await;
    if drained.is_err() {
        connections.shutdown().await;
    }
}

/// Waits for the order to stop.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A dropped sender means that its owner is gone, which is the same order.
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn connection<H, A>(stream: TcpStream, handle: H, mut stop: watch::Receiver<bool>)
where
    H: Fn(LineControl, Request<Incoming>) -> A,
    A: Future<Output = Response<Body>>,
{
    // Small answers must not wait for an acknowledgement.
    let _ = stream.set_nodelay(true);
    let line = LineControl::default();
    let service = {
        let line = line.clone();
        service_fn(move |request: Request<Incoming>| {
            let answer = handle(line.clone(), request);
            async move { Ok::<Response<Body>, Infallible>(answer.await) }
        })
    };
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    let ending = {
        let mut draining = false;
        let mut order = pin!(line.ended());
        loop {
            tokio::select! {
                // The connection goes first: what a cut body wrote is flushed before the order is seen.
                biased;
                _ = &mut connection => break None,
                ending = &mut order => break Some(ending),
                () = stopped(&mut stop), if !draining => {
                    draining = true;
                    std::pin::Pin::new(&mut connection).graceful_shutdown();
                }
            }
        }
    };
    if ending == Some(Ending::Reset) {
        // Linger zero turns the close into a reset.
        let _ = connection.into_parts().io.into_inner().set_zero_linger();
    }
}
