//! An endpoint on loopback that feeds an inbox.

use std::fmt;
use std::time::Duration;

use axum::Router;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::routing::post;
use bytes::Bytes;
use genesys_core::{Error, ErrorKind, Result};
use http::{HeaderMap, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::inbox::{Inbox, MAX_DELIVERY};
use crate::target::TargetUrl;

/// How long [`StatusReceiver::close`] waits for requests that are being answered.
const DRAIN: Duration = Duration::from_secs(1);

/// An HTTP endpoint on `127.0.0.1`, at a port that the system chooses, which hands deliveries to an [`Inbox`].
///
/// It answers 200 to a delivery that is taken, 405 to everything but POST, 413 above
/// [`MAX_DELIVERY`] bytes, 415 to what is not JSON, 400 to what is not understood, and 401 to a signature that
/// does not fit, if the inbox verifies. It serves examples and tests: deliveries from other machines need a server of the
/// application's own, with TLS, time limits and [`Inbox::accept`].
///
/// Dropping it closes the port; a connection that is open ends after its next answer.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use genesys_webhooks::{Inbox, StatusReceiver, WebhookRegistration};
///
/// let receiver = StatusReceiver::start(Inbox::new()).await?;
/// let registration = WebhookRegistration::for_status_of("int-1", receiver.url().as_url().as_str()).build()?;
/// assert!(registration.target().is_loopback());
/// receiver.close().await;
/// # Ok::<(), genesys_core::Error>(()) }).unwrap();
/// ```
pub struct StatusReceiver {
    url: TargetUrl,
    inbox: Inbox,
    /// Dropping it stops the server.
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

impl StatusReceiver {
    /// Opens the port and serves until the receiver is dropped. Needs a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] when the port cannot be opened.
    pub async fn start(inbox: Inbox) -> Result<Self> {
        let failed = |error: std::io::Error| {
            Error::new(ErrorKind::Io, "the receiver's port cannot be opened").with_source(error)
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let url = TargetUrl::parse(&format!("http://{address}/status"))?;
        let router = Router::new()
            .route("/status", post(take))
            .layer(DefaultBodyLimit::max(MAX_DELIVERY))
            .with_state(inbox.clone());
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(async move {
            let serving = axum::serve(listener, router).with_graceful_shutdown(async move {
                // A dropped sender says so as well.
                let _ = stopped.await;
            });
            // axum's accept loop retries by itself and ends by the signal alone.
            let _ = serving.await;
        });
        Ok(Self {
            url,
            inbox,
            stop: Some(stop),
            server,
        })
    }

    /// Where deliveries go.
    pub fn url(&self) -> &TargetUrl {
        &self.url
    }

    /// The inbox, to watch it.
    pub fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// Closes the port and waits for it, and up to a second for requests that are being answered.
    pub async fn close(mut self) {
        self.stop = None;
        if tokio::time::timeout(DRAIN, &mut self.server).await.is_err() {
            self.server.abort();
        }
    }
}

impl Drop for StatusReceiver {
    fn drop(&mut self) {
        self.stop = None;
    }
}

impl fmt::Debug for StatusReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusReceiver")
            .field("url", &self.url)
            .field("inbox", &self.inbox)
            .finish_non_exhaustive()
    }
}

async fn take(
    State(inbox): State<Inbox>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> (StatusCode, String) {
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return (rejection.status(), "the body cannot be read".to_owned()),
    };
    match inbox.accept(&headers, &body) {
        Ok(_) => (StatusCode::OK, String::new()),
        Err(rejected) => (rejected.status(), rejected.to_string()),
    }
}
