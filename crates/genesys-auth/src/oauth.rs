//! The login exchange with client credentials.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use genesys_core::observe::{Event, NoObserver, Observer, RetryScheduled};
use genesys_core::{Error, ErrorKind, Hosts, Token, Transport};
use http::HeaderValue;
use resilience::{
    Attempt, Class, Clock, Random, Retry, RetryEvent, RetryObserver, RetryPolicy, SystemClock,
    ThreadRandom, timeout_at,
};
use secrecy::ExposeSecret;
use url::{Url, form_urlencoded};

use crate::answer;
use crate::cache::{TokenCache, TokenCacheBuilder};
use crate::credentials::ClientCredentials;
use crate::exchange::TokenExchange;
use crate::failure::LoginFailure;
use crate::store::TokenKey;
use crate::wire::{TokenWire, basic_credentials};

/// The operation that errors and events name.
const OPERATION: &str = "oauth.token";

/// Exchanges client credentials for a token at the login host.
///
/// One exchange makes up to 4 attempts: a failed connection, a time-out, a 5xx, a 429 and the login host's own kind of
/// throttle (a 400 whose description starts with `rate limit exceeded`) are retried with a growing, jittered delay;
/// `Retry-After` is honoured. A refusal and an answer that gives no usable token are not retried.
///
/// A token's expiry is fixed at receipt and counted from the moment the request was sent, so that a slow answer does
/// not make a token look younger than it is.
///
/// Used through a [`TokenCache`]:
///
/// ```no_run
/// use std::sync::Arc;
/// use genesys_auth::{ClientCredentials, OAuth, TokenCache};
/// use genesys_core::transport::ReqwestTransport;
/// use genesys_core::{Hosts, Region, TokenSource};
///
/// # async fn run() -> Result<(), genesys_core::Error> {
/// let transport = Arc::new(ReqwestTransport::builder().build()?);
/// let oauth = OAuth::builder(Hosts::from(Region::EuWest1), ClientCredentials::from_env()?)
///     .with_transport(transport)
///     .build()?;
/// let tokens = TokenCache::new(oauth);
/// let token = tokens.token().await?;
/// # let _ = token;
/// # Ok(())
/// # }
/// ```
pub struct OAuth {
    url: Url,
    key: TokenKey,
    wire: TokenWire,
    credentials: ClientCredentials,
    user_agent: HeaderValue,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    observer: Arc<dyn Observer>,
    retry: RetryPolicy,
    attempt_timeout: Duration,
}

impl OAuth {
    /// Starts with what has no default; the [transport](OAuthBuilder::with_transport) is the other required part.
    pub fn builder(hosts: impl Into<Hosts>, credentials: ClientCredentials) -> OAuthBuilder {
        OAuthBuilder {
            hosts: hosts.into(),
            credentials,
            wire: TokenWire::default(),
            transport: None,
            clock: Arc::new(SystemClock),
            random: Arc::new(ThreadRandom),
            observer: Arc::new(NoObserver),
            retry: RetryPolicy::default(),
            attempt_timeout: Duration::from_secs(10),
            user_agent: None,
        }
    }

    /// A cache over this exchange that takes its clock, its randomness and its observer from here.
    pub fn into_cache(self) -> TokenCacheBuilder {
        let (clock, random, observer) = (
            Arc::clone(&self.clock),
            Arc::clone(&self.random),
            Arc::clone(&self.observer),
        );
        TokenCache::builder(self)
            .with_clock(clock)
            .with_random(random)
            .with_observer(observer)
    }

    async fn attempt(&self, attempt: Attempt) -> Result<Token, LoginFailure> {
        let request = self
            .wire
            .request(&self.url, &self.credentials, &self.user_agent)
            .map_err(|error| LoginFailure::new(error, Class::Final))?;
        let sent_at = attempt.started;
        let own_limit = sent_at.checked_add(self.attempt_timeout);
        let limit = own_limit
            .into_iter()
            .chain(attempt.deadline)
            .min()
            .unwrap_or(sent_at);
        let response = timeout_at(&*self.clock, limit, self.transport.send(request))
            .await
            .map_err(|_elapsed| {
                LoginFailure::timeout(limit.saturating_duration_since(sent_at))
            })??;

        let secret = self.credentials.secret().expose_secret();
        let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let secrets = [secret, &encoded, &basic_credentials(&self.credentials)];
        let granted = answer::read(&response, &secrets, self.clock.wall())?;
        let unusable = |why| {
            let failure = LoginFailure::unusable(why);
            let error = failure.error.with_status(response.status());
            LoginFailure { error, ..failure }
        };
        let expires_at = sent_at
            .checked_add(granted.life)
            .ok_or_else(|| unusable("the token's expiry is beyond the clock's range"))?;
        if expires_at <= self.clock.now() {
            return Err(unusable("the token had lapsed when it arrived"));
        }
        let token = Token::new(granted.secret)
            .map_err(|_| unusable("the access token holds characters that no header may carry"))?;
        Ok(token.with_expiry(expires_at))
    }
}

#[async_trait]
impl TokenExchange for OAuth {
    fn key(&self) -> TokenKey {
        self.key.clone()
    }

    async fn exchange(&self, deadline: Instant) -> Result<Token, Error> {
        Retry::new(&self.retry, &*self.clock, &*self.random)
            .with_deadline(deadline)
            // A second token does no harm: asking again is always allowed.
            .with_repeatable(true)
            .with_observer(&Retries(&*self.observer))
            .run(|attempt| self.attempt(attempt))
            .await
            .map_err(|failed| {
                let error = failed.last.error.with_operation(OPERATION);
                error.with_history(failed.stop, failed.attempts, failed.elapsed)
            })
    }
}

impl fmt::Debug for OAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth")
            .field("url", &self.url.as_str())
            .field("wire", &self.wire)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

struct Retries<'a>(&'a dyn Observer);

impl RetryObserver for Retries<'_> {
    fn on_retry(&self, event: &RetryEvent<'_>) {
        let event = RetryScheduled::new(OPERATION, event.attempt, event.delay, event.summary);
        self.0.on_event(&Event::RetryScheduled(&event));
    }
}

/// Settings of an [`OAuth`] exchange, made by [`OAuth::builder`].
#[derive(Debug)]
#[must_use]
pub struct OAuthBuilder {
    hosts: Hosts,
    credentials: ClientCredentials,
    wire: TokenWire,
    transport: Option<Arc<dyn Transport>>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    observer: Arc<dyn Observer>,
    retry: RetryPolicy,
    attempt_timeout: Duration,
    user_agent: Option<String>,
}

impl OAuthBuilder {
    /// Sets what sends the requests, usually the one that the API client uses: one pool of connections. Required.
    pub fn with_transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Sets the form of the request. Default: [`TokenWire::Basic`], the only one that the platform takes.
    pub fn with_wire(mut self, wire: TokenWire) -> Self {
        self.wire = wire;
        self
    }

    /// Sets time. Default: the system's.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets randomness, for jitter. Default: the thread's generator.
    pub fn with_random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// Sets who hears about retries and, through [`OAuth::into_cache`], about renewals. Default: nobody.
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// Sets how an exchange is retried. Default: [`RetryPolicy::default`], 4 attempts.
    pub fn with_retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sets the limit of one attempt. Default 10 s. The limit of the whole exchange is the cache's
    /// [renewal timeout](TokenCacheBuilder::with_renewal_timeout).
    pub fn with_attempt_timeout(mut self, limit: Duration) -> Self {
        self.attempt_timeout = limit;
        self
    }

    /// Puts the application's name before this library's in `User-Agent`.
    pub fn with_user_agent(mut self, application: impl Into<String>) -> Self {
        self.user_agent = Some(application.into());
        self
    }

    /// Makes the exchange. Sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] with every problem: no transport, an attempt timeout of zero, a user agent that no header
    /// may carry. [`ErrorKind::Unsupported`] for a [wire form](TokenWire) that this host does not take.
    pub fn build(self) -> Result<OAuth, Error> {
        let mut problems = Vec::new();
        if self.transport.is_none() {
            problems.push("no transport is set");
        }
        if self.attempt_timeout.is_zero() {
            problems.push("the attempt timeout is zero");
        }
        let library = concat!("genesys-auth/", env!("CARGO_PKG_VERSION"));
        let agent = match &self.user_agent {
            Some(application) => format!("{application} {library}"),
            None => library.to_owned(),
        };
        let user_agent = HeaderValue::from_str(&agent);
        if user_agent.is_err() {
            problems.push("the user agent holds characters that no header may carry");
        }
        match (self.transport, user_agent) {
            (Some(transport), Ok(user_agent)) if problems.is_empty() => {
                let url = self.wire.url(&self.hosts)?;
                Ok(OAuth {
                    key: TokenKey::new(url.as_str(), self.credentials.id()),
                    url,
                    wire: self.wire,
                    credentials: self.credentials,
                    user_agent,
                    transport,
                    clock: self.clock,
                    random: self.random,
                    observer: self.observer,
                    retry: self.retry,
                    attempt_timeout: self.attempt_timeout,
                })
            }
            _ => Err(Error::new(ErrorKind::Config, problems.join("; "))),
        }
    }
}
