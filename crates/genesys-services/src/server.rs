//! The listener: bounded, and gone when it is told to go.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::StatusCode;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;

use crate::bearer::{self, Bearer};
use crate::{Limits, Problem};

/// The shortest bearer token that is accepted, in bytes.
const MIN_TOKEN: usize = 16;

/// Runs a router behind bounds, a bearer token and `GET /healthz`.
///
/// It listens on loopback without a token; on any other address it refuses to start without one. Errors that no handler made
/// (404, 405, 401, a panic, a deadline) are [`Problem`]s too.
///
/// ```no_run
/// # async fn run() -> Result<(), genesys_services::ServeError> {
/// use genesys_services::Server;
///
/// let router = axum::Router::new();
/// let bound = Server::new(router).bind("127.0.0.1:8080".parse().unwrap()).await?;
/// println!("http://{}", bound.local_addr());
/// bound.run(async { tokio::signal::ctrl_c().await.unwrap_or_default() }).await;
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use = "a server does nothing until it is bound"]
pub struct Server {
    router: Router,
    limits: Limits,
    token: Option<SecretString>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("limits", &self.limits)
            .field("token", &self.token.is_some())
            .finish_non_exhaustive()
    }
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// An address beyond loopback was asked for without a bearer token.
    #[error("{0} is beyond loopback: a bearer token is required")]
    TokenRequired(SocketAddr),
    /// The bearer token is shorter than 16 bytes or cannot stand in a header.
    #[error("the bearer token must have at least 16 visible ASCII characters")]
    WeakToken,
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Bind {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl Server {
    /// A server of `router` with the default [`Limits`] and no token.
    pub fn new(router: Router) -> Self {
        Self {
            router,
            limits: Limits::default(),
            token: None,
        }
    }

    /// Sets the bounds.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Admits only callers that show this bearer token, `/healthz` apart.
    pub fn with_token(mut self, token: SecretString) -> Self {
        self.token = Some(token);
        self
    }

    /// Listens on `address`. Port 0 takes a free one.
    ///
    /// # Errors
    /// See [`ServeError`].
    pub async fn bind(self, address: SocketAddr) -> Result<Bound, ServeError> {
        match &self.token {
            None if !address.ip().is_loopback() => return Err(ServeError::TokenRequired(address)),
            Some(token) if !strong(token) => return Err(ServeError::WeakToken),
            _ => {}
        }
        let bind = async {
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?;
            Ok((listener, address))
        };
        let (listener, local) = bind
            .await
            .map_err(|source| ServeError::Bind { address, source })?;
        Ok(Bound {
            listener,
            address: local,
            limits: self.limits,
            router: self.router().layer(Extension(Listening(local))),
        })
    }

    fn router(self) -> Router {
        let mut router = self
            .router
            .route(bearer::OPEN_PATH, get(|| async { "ok\n" }))
            .fallback(|| async { Problem::new(StatusCode::NOT_FOUND, "not-found") })
            .method_not_allowed_fallback(|| async {
                Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method")
            })
            .layer(middleware::from_fn_with_state(
                Turns {
                    free: Arc::new(Semaphore::new(self.limits.requests)),
                    limit: self.limits.request_time,
                },
                take_turns,
            ));
        if let Some(token) = &self.token {
            router = router.layer(middleware::from_fn_with_state(
                Bearer::new(token),
                bearer::check,
            ));
        }
        router
            .layer(CatchPanicLayer::custom(|_| {
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal").into_response()
            }))
            .layer(Extension(self.limits))
    }
}

fn strong(token: &SecretString) -> bool {
    let token = token.expose_secret();
    token.len() >= MIN_TOKEN && token.bytes().all(|b| b.is_ascii_graphic())
}

/// Where a request came in, for handlers that take more on loopback.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listening(
    #[cfg_attr(not(feature = "simulator"), allow(dead_code))] pub(crate) SocketAddr,
);

#[derive(Clone)]
struct Turns {
    free: Arc<Semaphore>,
    limit: Duration,
}

/// One deadline for the wait and the work. `/healthz` waits for nobody: a busy service is not a sick one.
async fn take_turns(State(turns): State<Turns>, request: Request, next: Next) -> Response {
    if request.uri().path() == bearer::OPEN_PATH {
        return next.run(request).await;
    }
    let work = async {
        // Never closed, so it always gives a permit.
        let _turn = turns.free.acquire().await;
        next.run(request).await
    };
    match tokio::time::timeout(turns.limit, work).await {
        Ok(response) => response,
        Err(_elapsed) => Problem::new(StatusCode::GATEWAY_TIMEOUT, "deadline")
            .with_detail(format!(
                "not done within {:.1} s",
                turns.limit.as_secs_f64()
            ))
            .into_response(),
    }
}

/// A server that listens and waits to be run.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    limits: Limits,
    router: Router,
}

impl Bound {
    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` is ready, then accepts nothing more and lets running requests end within the drain time.
    ///
    /// Dropping the future closes the listener and every connection.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let Self {
            listener,
            limits,
            router,
            ..
        } = self;
        let service = TowerToHyperService::new(router);
        let places = Arc::new(Semaphore::new(limits.connections));
        let graceful = GracefulShutdown::new();
        // Dropped with this future, and every connection with it.
        let mut connections = tokio::task::JoinSet::new();
        let mut http = hyper::server::conn::http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(limits.head_time)
            .max_buf_size(32 << 10)
            .max_headers(64);
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                () = &mut shutdown => break,
                accepted = accept(&listener, &places) => accepted,
                Some(_) = connections.join_next() => continue,
            };
            let (stream, place) = accepted;
            let connection =
                graceful.watch(http.serve_connection(TokioIo::new(stream), service.clone()));
            connections.spawn(async move {
                // A connection that breaks concerns its caller alone.
                let _ = connection.await;
                drop(place);
            });
        }
        drop(listener);
        let _ = tokio::time::timeout(limits.drain, graceful.shutdown()).await;
    }
}

/// The next connection with its place. Errors of the listener pass: they are about one connection or about a lack of file
/// descriptors, which the pause gives time to come back.
#[allow(
    clippy::disallowed_methods,
    reason = "a pause of the listener, which has no caller and no deadline"
)]
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, Option<tokio::sync::OwnedSemaphorePermit>) {
    let place = Arc::clone(places).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let _ = stream.set_nodelay(true);
                return (stream, place);
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}
