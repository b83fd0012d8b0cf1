//! Reading a valid token: what every attempt pays.

use std::hint::black_box;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use futures_util::FutureExt as _;
use genesys_auth::test_util::FakeExchange;
use genesys_auth::{Token, TokenCache, TokenSource};
use genesys_benches::paired::{Limit, Table, Unit};
use resilience::{Clock, SystemClock};
use secrecy::SecretString;

use crate::breaker::{OPERATIONS, both};

const ROUNDS: usize = 41;
const LIFE: Duration = Duration::from_secs(86_400);

/// A cache that holds a token for a day.
pub(crate) fn cache() -> TokenCache {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let cache = TokenCache::builder(FakeExchange::new(Arc::new(SystemClock), LIFE)).build();
    runtime.block_on(cache.token()).expect("a token");
    cache
}

/// Fails on a read that is not ready at its first poll: that would be a task switch.
pub(crate) fn cached(cache: &TokenCache, operations: u64) {
    for _ in 0..operations {
        let token = cache.token().now_or_never().expect("no task switch");
        black_box(token.expect("a valid token"));
    }
}

pub(crate) fn dynamic(source: &dyn TokenSource, operations: u64) {
    for _ in 0..operations {
        let token = source.token().now_or_never().expect("no task switch");
        black_box(token.expect("a valid token"));
    }
}

fn peeked(cache: &TokenCache, operations: u64) {
    for _ in 0..operations {
        black_box(cache.peek().expect("a valid token"));
    }
}

/// The least that a cache behind a tokio lock does: read and clone.
pub(crate) fn tokio_lock(lock: &tokio::sync::RwLock<Entry>, operations: u64) {
    for _ in 0..operations {
        let token = async { Arc::clone(&lock.read().await.token) }.now_or_never();
        // A reader never waits for a reader.
        black_box(token.expect("no writer"));
    }
}

/// The same job as the cache's: behind the same trait, with a look at the expiry.
#[derive(Debug)]
pub(crate) struct Locked(pub(crate) tokio::sync::RwLock<Entry>);

#[derive(Debug)]
pub(crate) struct Entry {
    token: Arc<Token>,
    expires_at: Instant,
}

#[async_trait::async_trait]
impl TokenSource for Locked {
    async fn token(&self) -> Result<Arc<Token>, genesys_core::Error> {
        let entry = self.0.read().await;
        if SystemClock.now() < entry.expires_at {
            return Ok(Arc::clone(&entry.token));
        }
        Err(genesys_core::Error::new(
            genesys_core::ErrorKind::Login,
            "lapsed",
        ))
    }

    async fn invalidate(&self, _seen: &Token) {}
}

pub(crate) fn entry() -> Entry {
    let token = Token::new(SecretString::from("token-1")).expect("a token");
    Entry {
        token: Arc::new(token),
        expires_at: SystemClock.now() + LIFE,
    }
}

pub(crate) fn run() {
    let cache = cache();
    let swap = ArcSwap::from_pointee(entry());
    let standard = RwLock::new(entry());
    let lock = tokio::sync::RwLock::new(entry());
    let locked = Locked(tokio::sync::RwLock::new(entry()));

    let mut table = Table::new("A valid token is read", Unit::Nanos).with_rounds(ROUNDS);
    for (name, threads) in [
        ("one thread", 1),
        ("one thread again (A/A)", 1),
        ("two threads", 2),
    ] {
        table.timed(
            format!("TokenCache::token, {name}"),
            OPERATIONS,
            both(threads, |n| cached(&cache, n)),
        );
    }
    for (name, threads) in [("one thread", 1), ("two threads", 2)] {
        table.timed(
            format!("TokenCache::peek, {name}"),
            OPERATIONS,
            both(threads, |n| peeked(&cache, n)),
        );
        table.timed(
            format!("tokio RwLock, the same job behind the same trait, {name}"),
            OPERATIONS,
            both(threads, |n| dynamic(&locked, n)),
        );
        table.timed(
            format!("tokio RwLock, read and clone alone, {name}"),
            OPERATIONS,
            both(threads, |n| tokio_lock(&lock, n)),
        );
        table.timed(
            format!("std RwLock, read and clone alone, {name}"),
            OPERATIONS,
            both(threads, |n| {
                for _ in 0..n {
                    let entry = standard.read().expect("no panic");
                    black_box(Arc::clone(&entry.token));
                }
            }),
        );
        table.timed(
            format!("floor: arc-swap guard, {name}"),
            OPERATIONS,
            both(threads, |n| {
                for _ in 0..n {
                    black_box(swap.load().expires_at);
                }
            }),
        );
        table.timed(
            format!("floor: clock reading, {name}"),
            OPERATIONS,
            both(threads, |n| {
                for _ in 0..n {
                    black_box(SystemClock.now());
                }
            }),
        );
    }
    let report = table.run();
    print!("{report}");
    let ratio = |peer: &str, threads: &str| {
        report.ratio(
            &format!("TokenCache::token, {threads}"),
            &format!("tokio RwLock, {peer}, {threads}"),
        )
    };
    let (job, alone) = ("the same job behind the same trait", "read and clone alone");
    report.target(
        "token over a tokio RwLock that does the same, two threads",
        ratio(job, "two threads"),
        Limit::AtMost(1.0 / 3.0),
    );
    report.target(
        "token over a bare tokio RwLock, two threads",
        ratio(alone, "two threads"),
        Limit::AtMost(1.0 / 3.0),
    );
    report.target(
        "token over a tokio RwLock that does the same, one thread",
        ratio(job, "one thread"),
        Limit::AtMost(1.0),
    );
}
