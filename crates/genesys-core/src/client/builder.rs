//! Settings of a client, checked together at the end.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Uri};
use resilience::{
    BreakerConfig, BreakerRegistry, Clock, QuotaStore, Random, RetryBudget, RetryPolicy,
    SystemClock, ThreadRandom,
};

use super::quota::Quotas;
use super::{Client, Inner};
use crate::audit::{AuditSink, NoAudit};
use crate::error::{Error, ErrorKind, Result};
use crate::host::Hosts;
use crate::observe::{Observer, Observers};
use crate::operation::Recorder;
use crate::token::TokenSource;
use crate::transport::Transport;

/// Breakers kept per client; the least recently used ones go first.
const BREAKERS: usize = 256;

/// Builds a [`Client`]. Only the token source is required.
#[derive(Debug)]
#[must_use]
pub struct ClientBuilder {
    hosts: Hosts,
    transport: Option<Arc<dyn Transport>>,
    tokens: Option<Arc<dyn TokenSource>>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    observers: Observers,
    audit: Arc<dyn AuditSink>,
    actor: String,
    retry: RetryPolicy,
    budget: RetryBudget,
    breaker: BreakerConfig,
    quota: bool,
    quota_store: Option<Arc<dyn QuotaStore>>,
    attempt_timeout: Duration,
    total_timeout: Duration,
    user_agent: Option<String>,
}

impl ClientBuilder {
    pub(super) fn new(hosts: Hosts) -> Self {
        Self {
            hosts,
            transport: None,
            tokens: None,
            clock: Arc::new(SystemClock),
            random: Arc::new(ThreadRandom),
            observers: Observers::new(),
            audit: Arc::new(NoAudit),
            actor: "unknown".to_owned(),
            retry: RetryPolicy::default(),
            budget: RetryBudget::default(),
            breaker: BreakerConfig::default(),
            quota: true,
            quota_store: None,
            attempt_timeout: Duration::from_secs(30),
            total_timeout: Duration::from_secs(120),
            user_agent: None,
        }
    }

    /// Sets where tokens come from. Required.
    pub fn with_token_source(mut self, source: impl TokenSource + 'static) -> Self {
        self.tokens = Some(Arc::new(source));
        self
    }

    /// As [`with_token_source`](Self::with_token_source), for a source that is shared already.
    pub fn with_shared_token_source(mut self, source: Arc<dyn TokenSource>) -> Self {
        self.tokens = Some(source);
        self
    }

    /// Sets the transport. Default: reqwest with its default settings, if the feature is on.
    pub fn with_transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Sets time. Default: the system's.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets randomness. Default: the thread's generator.
    pub fn with_random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// Adds a listener; several may be added.
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observers = self.observers.with(observer);
        self
    }

    /// Sets the audit trail and the actor that its lines name, usually the OAuth client's id. Default: none is kept.
    pub fn with_audit(mut self, sink: Arc<dyn AuditSink>, actor: impl Into<String>) -> Self {
        self.audit = sink;
        self.actor = actor.into();
        self
    }

    /// Sets how often and when calls are repeated. Default: [`RetryPolicy::default`], 4 attempts.
    pub fn with_retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sets the retry budget that all calls of this client share. Default: 20 % of calls and one retry in two seconds.
    pub fn with_retry_budget(mut self, budget: RetryBudget) -> Self {
        self.budget = budget;
        self
    }

    /// Sets the circuit breakers' limits; one breaker a host and path family.
    pub fn with_breaker(mut self, config: BreakerConfig) -> Self {
        self.breaker = config;
        self
    }

    /// Turns off the quota gate that learns the platform's rate limit from its answers.
    pub fn without_quota(mut self) -> Self {
        self.quota = false;
        self
    }

    /// Shares the rate limit's window with every client that has the same token and the same store, in this process or in
    /// others. Default: the clients of one process share nothing, and each learns from the platform's answers how fast the
    /// others spend.
    ///
    /// The store never sees the token, but a digest of it. When the store fails or takes more than 250 ms, each client goes on
    /// alone until it is back: see [`Quota::with_store`](resilience::Quota::with_store) for what holds then, and
    /// [`Client::quota_store_health`] to watch it.
    pub fn with_quota_store(mut self, store: Arc<dyn QuotaStore>) -> Self {
        self.quota_store = Some(store);
        self
    }

    /// Sets the limit of one attempt. Default 30 s.
    pub fn with_attempt_timeout(mut self, limit: Duration) -> Self {
        self.attempt_timeout = limit;
        self
    }

    /// Sets the limit of a whole call, waits included. Default 120 s.
    pub fn with_total_timeout(mut self, limit: Duration) -> Self {
        self.total_timeout = limit;
        self
    }

    /// Puts the application's name before this library's in `User-Agent`.
    pub fn with_user_agent(mut self, application: impl Into<String>) -> Self {
        self.user_agent = Some(application.into());
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] with every problem at once: no token source, no transport, a zero time limit, a user agent
    /// that no header may carry, breaker limits out of range.
    pub fn build(self) -> Result<Client> {
        let mut problems = Vec::new();
        if self.tokens.is_none() {
            problems.push("no token source is set".to_owned());
        }
        if self.attempt_timeout.is_zero() {
            problems.push("the attempt timeout is zero".to_owned());
        }
        if self.total_timeout.is_zero() {
            problems.push("the total timeout is zero".to_owned());
        }
        let library = concat!("genesys-core/", env!("CARGO_PKG_VERSION"));
        let agent = match &self.user_agent {
            Some(application) => format!("{application} {library}"),
            None => library.to_owned(),
        };
        let api: Result<Uri, _> = self.hosts.api().as_str().parse();
        if api.is_err() {
            problems.push("the API base URL holds characters that no request may carry".to_owned());
        }
        let user_agent = HeaderValue::from_str(&agent);
        if user_agent.is_err() {
            problems.push("the user agent holds characters that no header may carry".to_owned());
        }
        let breaker = self.breaker.validate();
        if let Err(error) = &breaker {
            problems.push(format!("breaker: {error}"));
        }
        let transport = match self.transport {
            Some(transport) => Some(transport),
            None => match default_transport() {
                Ok(transport) => Some(transport),
                Err(problem) => {
                    problems.push(problem);
                    None
                }
            },
        };
        match (self.tokens, api, user_agent, breaker, transport) {
            (Some(tokens), Ok(api), Ok(user_agent), Ok(breaker), Some(transport))
                if problems.is_empty() =>
            {
                let observer: Arc<dyn Observer> = Arc::new(self.observers);
                let breakers = BreakerRegistry::new(
                    breaker,
                    Arc::clone(&self.clock),
                    Arc::clone(&self.random),
                )
                .with_capacity(BREAKERS)
                .with_listener(Arc::new(super::call::BreakerEvents(Arc::clone(&observer))));
                Ok(Client {
                    inner: Arc::new(Inner {
                        recorder: Recorder::new(
                            Arc::clone(&observer),
                            self.audit,
                            self.actor,
                            Arc::clone(&self.clock),
                            Arc::clone(&self.random),
                        ),
                        quotas: Quotas::new(
                            self.quota,
                            self.quota_store,
                            Arc::clone(&self.clock),
                            Arc::clone(&self.random),
                        ),
                        hosts: self.hosts,
                        api,
                        transport,
                        tokens,
                        clock: self.clock,
                        random: self.random,
                        observer,
                        retry: self.retry,
                        budget: self.budget,
                        breakers,
                        attempt_timeout: self.attempt_timeout,
                        total_timeout: self.total_timeout,
                        user_agent,
                    }),
                })
            }
            _ => Err(Error::new(ErrorKind::Config, problems.join("; "))),
        }
    }
}

#[cfg(feature = "reqwest")]
fn default_transport() -> std::result::Result<Arc<dyn Transport>, String> {
    crate::transport::ReqwestTransport::builder()
        .build()
        .map(|transport| Arc::new(transport) as Arc<dyn Transport>)
        .map_err(|error| error.to_string())
}

#[cfg(not(feature = "reqwest"))]
fn default_transport() -> std::result::Result<Arc<dyn Transport>, String> {
    Err("no transport is set and the feature `reqwest` is off".to_owned())
}
