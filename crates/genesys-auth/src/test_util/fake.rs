//! A token exchange without a login host.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use genesys_core::{Error, ErrorKind, Token};
use resilience::Clock;
use secrecy::SecretString;

use crate::exchange::TokenExchange;
use crate::store::TokenKey;

/// A [`TokenExchange`] that makes tokens `token-1`, `token-2`, … of a settable life. Clones share everything.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use genesys_auth::test_util::FakeExchange;
/// use genesys_auth::{TokenCache, TokenSource};
/// use resilience::SystemClock;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let exchange = FakeExchange::new(Arc::new(SystemClock), Duration::from_secs(3600));
/// let tokens = TokenCache::builder(exchange.clone()).build();
/// tokens.token().await?;
/// tokens.token().await?;
/// assert_eq!(exchange.calls(), 1);
/// # Ok::<(), genesys_core::Error>(()) }).unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct FakeExchange {
    clock: Arc<dyn Clock>,
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    calls: AtomicU64,
    settings: Mutex<Settings>,
}

#[derive(Debug)]
struct Settings {
    life: Duration,
    latency: Duration,
    failures: VecDeque<Error>,
}

impl FakeExchange {
    /// Tokens that live for `life` on `clock`.
    pub fn new(clock: Arc<dyn Clock>, life: Duration) -> Self {
        Self {
            clock,
            inner: Arc::new(Inner {
                calls: AtomicU64::new(0),
                settings: Mutex::new(Settings {
                    life,
                    latency: Duration::ZERO,
                    failures: VecDeque::new(),
                }),
            }),
        }
    }

    /// Sets how long the following tokens live.
    pub fn set_life(&self, life: Duration) {
        self.settings().life = life;
    }

    /// Sets how long an exchange takes on the clock. Zero, the default, still gives other tasks a turn.
    pub fn set_latency(&self, latency: Duration) {
        self.settings().latency = latency;
    }

    /// Makes the next exchange fail; several calls fail several exchanges, in order.
    pub fn fail_next(&self, error: Error) {
        self.settings().failures.push_back(error);
    }

    /// How many exchanges were begun.
    pub fn calls(&self) -> u64 {
        self.inner.calls.load(Ordering::SeqCst)
    }

    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.inner
            .settings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl TokenExchange for FakeExchange {
    fn key(&self) -> TokenKey {
        TokenKey::new("https://login.fake.invalid/oauth/token", "fake")
    }

    async fn exchange(&self, _deadline: Instant) -> Result<Token, Error> {
        let number = self.inner.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let started = self.clock.now();
        let (life, latency) = {
            let settings = self.settings();
            (settings.life, settings.latency)
        };
        tokio::task::yield_now().await;
        if !latency.is_zero() {
            self.clock.sleep_until(started + latency).await;
        }
        if let Some(error) = self.settings().failures.pop_front() {
            return Err(error);
        }
        let expires_at = started
            .checked_add(life)
            .ok_or_else(|| Error::new(ErrorKind::Login, "the life is beyond the clock's range"))?;
        Ok(Token::new(SecretString::from(format!("token-{number}")))?.with_expiry(expires_at))
    }
}
