//! The client: one request path for every call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Method, Uri};
use resilience::{BreakerRegistry, Clock, Random, RetryBudget, RetryPolicy, StoreHealth};

use crate::host::Hosts;
use crate::observe::Observer;
use crate::operation::Recorder;
use crate::token::TokenSource;
use crate::transport::Transport;

mod attempt;
mod builder;
mod call;
mod quota;
mod request;
mod response;
mod route;
mod trace;

pub use builder::ClientBuilder;
pub use request::RequestBuilder;
pub use response::Response;

/// Talks to the API of one organisation. Cheap to clone: clones share the token, the connections, the retry budget, the
/// quota gate and the circuit breakers. Several clients in one process share nothing, unless they are given one
/// [quota store](ClientBuilder::with_quota_store).
///
/// Every call takes the same path, outermost first: operation span, total deadline, retry (class, budget, delay; one replay
/// after a 401), token, quota, breaker permit, attempt span, attempt timeout, transport.
///
/// | limit | default |
/// | --- | --- |
/// | whole call | 120 s |
/// | one attempt | 30 s |
/// | attempts | 4, of which a write that may have been processed gets one |
/// | `Retry-After` waited out | up to 180 s and the deadline; beyond, the call fails at once and says how long |
/// | answer's body | 16 MiB (the transport's) |
/// | redirects | none |
///
/// ```no_run
/// # async fn run() -> Result<(), genesys_core::Error> {
/// use genesys_core::{Client, Region, StaticToken};
///
/// let client = Client::builder(Region::EuWest1)
///     .with_token_source(StaticToken::new("token".into())?)
///     .build()?;
/// let me: serde_json::Value = client.get("/api/v2/organizations/me").json().await?;
/// # let _ = me;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    hosts: Hosts,
    /// The API base once more, in the form that requests are made of.
    api: Uri,
    transport: Arc<dyn Transport>,
    tokens: Arc<dyn TokenSource>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    observer: Arc<dyn Observer>,
    recorder: Recorder,
    retry: RetryPolicy,
    budget: RetryBudget,
    breakers: BreakerRegistry,
    quotas: quota::Quotas,
    attempt_timeout: Duration,
    total_timeout: Duration,
    user_agent: HeaderValue,
}

impl Client {
    /// Starts a client for a region or for other [`Hosts`].
    pub fn builder(hosts: impl Into<Hosts>) -> ClientBuilder {
        ClientBuilder::new(hosts.into())
    }

    /// Starts a request. `route` is the path with a named hole for each variable segment:
    /// `/api/v2/integrations/{id}`, filled by [`segment`](RequestBuilder::segment).
    pub fn request(
        &self,
        method: Method,
        route: impl Into<std::borrow::Cow<'static, str>>,
    ) -> RequestBuilder {
        RequestBuilder::new(self.clone(), method, route.into())
    }

    /// Starts a GET.
    pub fn get(&self, route: impl Into<std::borrow::Cow<'static, str>>) -> RequestBuilder {
        self.request(Method::GET, route)
    }

    /// Starts a POST. It is sent again only when it was certainly not processed, or when the caller calls it
    /// [`idempotent`](RequestBuilder::idempotent).
    pub fn post(&self, route: impl Into<std::borrow::Cow<'static, str>>) -> RequestBuilder {
        self.request(Method::POST, route)
    }

    /// Starts a PUT.
    pub fn put(&self, route: impl Into<std::borrow::Cow<'static, str>>) -> RequestBuilder {
        self.request(Method::PUT, route)
    }

    /// Starts a PATCH. As for [`post`](Client::post), it counts as not idempotent unless the caller says otherwise.
    pub fn patch(&self, route: impl Into<std::borrow::Cow<'static, str>>) -> RequestBuilder {
        self.request(Method::PATCH, route)
    }

    /// Starts a DELETE.
    pub fn delete(&self, route: impl Into<std::borrow::Cow<'static, str>>) -> RequestBuilder {
        self.request(Method::DELETE, route)
    }

    /// Where the client's requests go.
    pub fn hosts(&self) -> &Hosts {
        &self.inner.hosts
    }

    /// What starts audited operations on behalf of this client.
    pub fn recorder(&self) -> &Recorder {
        &self.inner.recorder
    }

    /// The clock, for code that waits between calls.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// The source of randomness, for jitter and ids.
    pub fn random(&self) -> &Arc<dyn Random> {
        &self.inner.random
    }

    /// How the client gets on with its quota store, since it has its current token. None without one, and before the first
    /// call.
    pub fn quota_store_health(&self) -> Option<StoreHealth> {
        self.inner.quotas.newest()?.store_health()
    }

    /// The transport, for requests outside the API such as a login.
    pub fn transport(&self) -> &Arc<dyn Transport> {
        &self.inner.transport
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("api", &crate::redact::url(self.inner.hosts.api()))
            .field("retry", &self.inner.retry)
            .field("attempt_timeout", &self.inner.attempt_timeout)
            .field("total_timeout", &self.inner.total_timeout)
            .finish_non_exhaustive()
    }
}
