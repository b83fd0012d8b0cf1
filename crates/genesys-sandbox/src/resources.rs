//! An external system on loopback, for nodes and actions to call: it wants a token and says what it got.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::entry::{Counts, LedgerEntry};
use crate::error::SandboxError;
use crate::faults::Faults;
use crate::server;

mod echo;
mod serve;
mod state;

pub(crate) use state::State;

/// The token that a [`ResourceServer`] takes until it is told another one.
pub const RESOURCE_TOKEN: &str = "sandbox-resource-token";

/// A server of `/v1/resources/{id}` on an address of its own, which tells each caller what it asked for.
///
/// `GET`, `HEAD`, `POST`, `PUT`, `PATCH` and `DELETE` of a resource with a bearer token that it knows are answered 200
/// with an object that a response schema can describe:
///
/// | member | is |
/// | --- | --- |
/// | `status`, `resultId` | `"ok"`; `"result-1"` and so on, new with every answer, so that a stored answer shows |
/// | `resourceId`, `method`, `query` | what was asked, decoded; the query as `[{"name": …, "value": …}]` |
/// | `caller` | the name of the token's owner |
/// | `headers` | those of the request by name in lower case; secrets as `"[redacted]"` |
/// | `body` | the JSON that was sent, byte by byte; `null` where `text` or `base64` holds what was no JSON |
///
/// Other tokens are answered 401 with `WWW-Authenticate`, other paths 404, other methods 405. Nothing is stored. What
/// goes wrong is scripted by [`faults`](Self::faults); headers such as `Cache-Control` are set by
/// [`set_header`](Self::set_header). Every [`Sandbox`](crate::Sandbox) has one; it also runs without:
///
/// ```
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use genesys_sandbox::{Fault, ResourceServer, RESOURCE_TOKEN};
/// use serde_json::{json, Value};
///
/// let server = ResourceServer::start().await?;
/// let call = || {
///     let request = reqwest::Client::new().post(format!("{}/v1/resources/42", server.url()));
///     request.bearer_auth(RESOURCE_TOKEN).json(&json!({"data": 1})).send()
/// };
/// server.faults().add(Fault::retry_after(429, Duration::from_secs(1)).with_count(1))?;
/// assert_eq!(call().await?.headers()["retry-after"], "1");
/// let answer: Value = call().await?.json().await?;
/// assert_eq!((&answer["resourceId"], &answer["body"]), (&json!("42"), &json!({"data": 1})));
/// assert_eq!(server.counts().requests, 2);
/// # Ok(()) }
/// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
/// ```
#[derive(Debug)]
pub struct ResourceServer {
    state: Arc<State>,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl ResourceServer {
    /// Starts one on a free port of `127.0.0.1`. Dropping it stops it at once.
    ///
    /// # Errors
    /// [`SandboxErrorKind::Listen`](crate::SandboxErrorKind::Listen) when there is no free port.
    pub async fn start() -> Result<Self, SandboxError> {
        Self::open(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), 0).await
    }

    pub(crate) async fn open(address: SocketAddr, seed: u64) -> Result<Self, SandboxError> {
        let (listener, address) = server::listen(address).await?;
        let (stop, stopped) = watch::channel(false);
        let state = Arc::new(State::new(address, seed, stopped.clone()));
        let served = Arc::clone(&state);
        let task = tokio::spawn(server::serve(listener, stopped, move |control, request| {
            serve::handle(Arc::clone(&served), control, request)
        }));
        Ok(Self {
            state,
            stop,
            task: Some(task),
        })
    }

    /// Its base URL, such as `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> String {
        self.state.url()
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.state.address
    }

    /// Takes this token, of the caller `default`, and no other one from now on.
    pub fn set_token(&self, token: &str) {
        self.state.set_token(token);
    }

    /// Takes this token too, under the name of another caller; up to 10,000 callers. A token has one caller: the last.
    ///
    /// # Errors
    /// [`SandboxErrorKind::Script`](crate::SandboxErrorKind::Script) when there are too many callers.
    pub fn add_caller(&self, name: &str, token: &str) -> Result<(), SandboxError> {
        self.state.add_caller(name, token)
    }

    /// Sends this header with every answer of a resource from now on: `Cache-Control`, `Age`, `Vary`, `ETag` and their
    /// like. Replaces one of the same name. With an `ETag`, a `GET` or `HEAD` whose `If-None-Match` has it is a 304.
    ///
    /// # Errors
    /// [`SandboxErrorKind::Script`](crate::SandboxErrorKind::Script) for what is no header, and for those of the
    /// message itself: `Content-Length`, `Content-Type`, `Transfer-Encoding`, `Connection`, `Date`.
    pub fn set_header(&self, name: &str, value: &str) -> Result<(), SandboxError> {
        self.state.set_header(name, value)
    }

    /// Sends none of the headers that were set.
    pub fn clear_headers(&self) {
        self.state.clear_headers();
    }

    /// The rules for what goes wrong here; they are apart from the sandbox's own.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.state.faults
    }

    /// The requests so far, oldest first; at most [`LEDGER_CAPACITY`](crate::LEDGER_CAPACITY).
    #[must_use]
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        self.state.ledger.entries()
    }

    /// Totals of requests, answers and faults.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.state.ledger.counts()
    }

    /// Forgets the ledger's entries and counters.
    pub fn clear_ledger(&self) {
        self.state.ledger.clear();
    }

    /// Takes no more requests, lets the ones under way finish for up to 5 s, and stops.
    pub async fn shutdown(mut self) {
        self.close().await;
    }

    /// As [`shutdown`](Self::shutdown), for an owner that cannot give it away.
    pub(crate) async fn close(&mut self) {
        self.stop.send_replace(true);
        if let Some(task) = self.task.take() {
            // A task that was cancelled or panicked has stopped, which is all that is wanted here.
            let _ = task.await;
        }
    }

    /// What the sandbox's own endpoints need of it.
    pub(crate) fn handle(&self) -> Arc<State> {
        Arc::clone(&self.state)
    }
}

impl Drop for ResourceServer {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
