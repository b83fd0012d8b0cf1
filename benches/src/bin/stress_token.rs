//! The token cache under stampedes.
//!
//! - 10,000 first callers for each of 1,000 seeds, half of them dropped at random, the first one dropped or panicking:
//!   exactly one token request. The same on two real threads.
//! - An exchange that panics: nobody hangs, and the next callers cause exactly one more.
//! - 1,000 calls, `POST` among them, that are refused with a 401 at the same time: one renewal, one replay each.
//! - A login host that fails for two hours: it never sees more than the policy allows.

#![allow(
    clippy::print_stdout,
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a stress program reports on stdout and fails by a panic"
)]

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use genesys_auth::test_util::FakeExchange;
use genesys_auth::{
    ClientCredentials, OAuth, Token, TokenCache, TokenExchange, TokenKey, TokenSource,
};
use genesys_benches::seed::{count, part, seed};
use genesys_benches::transport::{Simulated, client, json, with_number};
use genesys_core::{Error, Region, TransportError, TransportErrorKind};
use http::header::AUTHORIZATION;
use resilience::test_util::FakeClock;
use resilience::{Clock, SeededRandom, SystemClock};
use secrecy::SecretString;
use tokio::runtime::{Builder, Runtime};
// Callers are polled by hand in one task, which must not run out of its turn.
use tokio::task::coop::unconstrained;
use tokio::task::yield_now;

const HOUR: Duration = Duration::from_secs(3600);
const OUTAGE: Duration = Duration::from_secs(2 * 3600);

fn main() {
    let seed = seed("stress_token");
    let callers = usize::try_from(count("STRESS_CALLERS", 10_000)).expect("a count");
    let seeds = count("STRESS_SEEDS", 1_000);
    let one = Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");

    let mut dropped = 0;
    for index in 0..seeds {
        dropped += one.block_on(unconstrained(stampede(seed, index, callers)));
    }
    println!(
        "{seeds} stampedes of {callers}: one request each; {dropped} callers were dropped on the way"
    );

    let two = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("a runtime");
    let rounds = seeds.div_ceil(20);
    for index in 0..rounds {
        stampede_of_threads(&two, seed, index, callers);
    }
    println!("{rounds} stampedes of {callers} on two threads: one request each");

    let rounds = seeds.div_ceil(50);
    for index in 0..rounds {
        one.block_on(exchange_that_panics(seed, index, callers));
    }
    println!(
        "{rounds} exchanges that panicked under {callers} callers: all were told, and the next caused one request"
    );

    let rounds = seeds.div_ceil(20);
    for index in 0..rounds {
        one.block_on(refused_together(seed, index, 1_000));
    }
    println!("{rounds} times 1000 calls refused together: one renewal, one replay each");

    for outage in OUTAGES {
        let (sent, allowed) = one.block_on(failing_login(seed, outage));
        println!(
            "login host that answers {outage:?} for 2 h, 64 callers: {sent} requests of {allowed} allowed"
        );
    }
}

/// Every step by hand and by seed. Gives the number of callers that were dropped.
async fn stampede(seed: u64, index: u64, callers: usize) -> usize {
    let mut random = part(seed, index);
    let clock = FakeClock::new();
    let exchange = FakeExchange::new(Arc::new(clock.clone()), HOUR);
    exchange.set_latency(Duration::from_millis(50));
    let cache = TokenCache::builder(exchange.clone())
        .with_clock(Arc::new(clock.clone()))
        .with_random(Arc::new(SeededRandom::new(seed ^ index)))
        .build();

    match index % 3 {
        // The first caller is dropped after its first poll.
        1 => assert!(cache.token().now_or_never().is_none()),
        // It panics.
        2 => {
            let leader = cache.clone();
            let task = tokio::spawn(async move {
                assert!(leader.token().now_or_never().is_none());
                resume_unwind(Box::new("the leader panics"))
            });
            let result: Result<(), _> = task.await;
            assert!(result.expect_err("it panicked").is_panic());
        }
        _ => {}
    }

    let cx = &mut Context::from_waker(Waker::noop());
    let mut waiting: Vec<_> = (0..callers).map(|_| cache.token()).collect();
    let mut polled = 0;
    let mut dropped = 0;
    // Half of all that were polled go, at any moment.
    while polled < waiting.len() {
        match random.u32(0..300) {
            0 => yield_now().await,
            1 => clock.advance(Duration::from_micros(random.u64(0..200))),
            2..100 if polled > 0 && dropped < callers / 2 => {
                waiting.swap(random.usize(0..polled), polled - 1);
                drop(waiting.swap_remove(polled - 1));
                polled -= 1;
                dropped += 1;
            }
            _ => {
                let place = random.usize(polled..waiting.len());
                waiting.swap(polled, place);
                if let std::task::Poll::Ready(result) = waiting[polled].poll_unpin(cx) {
                    result.expect("the token");
                    drop(waiting.swap_remove(polled));
                } else {
                    polled += 1;
                }
            }
        }
    }
    while dropped < callers / 2 && !waiting.is_empty() {
        drop(waiting.swap_remove(random.usize(0..waiting.len())));
        dropped += 1;
    }
    for _ in 0..8 {
        yield_now().await;
        clock.advance(Duration::from_millis(50));
    }
    for mut caller in waiting {
        match caller.poll_unpin(cx) {
            std::task::Poll::Ready(result) => {
                assert_eq!(result.expect("the token").generation(), 1)
            }
            std::task::Poll::Pending => panic!("a caller hangs"),
        }
    }
    assert_eq!(exchange.calls(), 1, "seed {seed}, stampede {index}");
    dropped
}

/// Real threads, real wake-ups.
fn stampede_of_threads(runtime: &Runtime, seed: u64, index: u64, callers: usize) {
    let mut random = part(seed, index ^ (1 << 32));
    let exchange = FakeExchange::new(Arc::new(SystemClock), HOUR);
    exchange.set_latency(Duration::from_millis(20));
    let cache = TokenCache::builder(exchange.clone()).build();
    runtime.block_on(async {
        let mut tasks = Vec::with_capacity(callers);
        for number in 0..callers {
            let caller = cache.clone();
            tasks.push(tokio::spawn(async move { caller.token().await }));
            // The first one now and then before it ran, and half of all at any moment.
            if random.bool() {
                let victim = if number == 0 {
                    0
                } else {
                    random.usize(0..=number)
                };
                tasks[victim].abort();
            }
        }
        let mut served = 0;
        for task in tasks {
            match task.await {
                Ok(token) => {
                    assert_eq!(token.expect("the token").generation(), 1);
                    served += 1;
                }
                Err(error) => assert!(error.is_cancelled()),
            }
        }
        assert!(served > 0, "somebody stayed");
    });
    assert_eq!(exchange.calls(), 1, "seed {seed}, threads {index}");
}

/// Panics once, then makes tokens.
#[derive(Debug)]
struct PanicsOnce {
    calls: Arc<AtomicU64>,
    clock: FakeClock,
}

#[async_trait::async_trait]
impl TokenExchange for PanicsOnce {
    fn key(&self) -> TokenKey {
        TokenKey::new("https://login.fake.invalid/oauth/token", "panics")
    }

    async fn exchange(&self, _deadline: Instant) -> Result<Token, Error> {
        let before = self.calls.fetch_add(1, Ordering::SeqCst);
        yield_now().await;
        if before == 0 {
            resume_unwind(Box::new("the exchange panics"));
        }
        Ok(Token::new(SecretString::from("t"))?.with_expiry(self.clock.now() + HOUR))
    }
}

async fn exchange_that_panics(seed: u64, index: u64, callers: usize) {
    let clock = FakeClock::new();
    let calls = Arc::new(AtomicU64::new(0));
    let cache = TokenCache::builder(PanicsOnce {
        calls: Arc::clone(&calls),
        clock: clock.clone(),
    })
    .with_clock(Arc::new(clock.clone()))
    .with_random(Arc::new(SeededRandom::new(seed ^ index)))
    .build();
    let told = join_all((0..callers).map(|_| cache.token())).await;
    assert!(
        told.iter().all(Result::is_err),
        "everybody who waited is told"
    );
    let served = join_all((0..callers).map(|_| cache.token())).await;
    assert!(
        served.iter().all(Result::is_ok),
        "the next caller starts anew"
    );
    assert_eq!(
        calls.load(Ordering::SeqCst),
        2,
        "seed {seed}, panic {index}"
    );
}

async fn refused_together(seed: u64, index: u64, calls: usize) {
    let mut random = part(seed, index ^ (2 << 32));
    let clock = FakeClock::new();
    let exchange = FakeExchange::new(Arc::new(clock.clone()), HOUR);
    exchange.set_latency(Duration::from_millis(random.u64(1..100)));
    let cache = TokenCache::builder(exchange.clone())
        .with_clock(Arc::new(clock.clone()))
        .with_random(Arc::new(SeededRandom::new(seed ^ index)))
        .build();
    let (sent, revoked) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let server = {
        let (clock, sent, revoked) = (clock.clone(), Arc::clone(&sent), Arc::clone(&revoked));
        Simulated::serving(move |request| {
            let (clock, revoked) = (clock.clone(), Arc::clone(&revoked));
            let number = sent.fetch_add(1, Ordering::SeqCst);
            async move {
                // All are on their way before the first answer, and the answers come in another order.
                let latency = Duration::from_micros(1_000 + number * 7_919 % 5_000);
                clock.sleep_until(clock.now() + latency).await;
                let old = request
                    .headers()
                    .get(AUTHORIZATION)
                    .is_some_and(|value| value == "Bearer token-1");
                if old && revoked.load(Ordering::SeqCst) == 1 {
                    return Ok(json(
                        401,
                        r#"{"message":"No authentication bearer token","code":"authentication.required","status":401}"#,
                    ));
                }
                Ok(json(200, "{}"))
            }
        })
    };
    let client = client(server, &clock, seed ^ index)
        .with_token_source(cache)
        .build()
        .expect("a client");
    // The first answer says that this server does not report its quota, so all the others go at once.
    clock
        .drive(client.get("/api/v2/warm").send())
        .await
        .expect("an answer");
    revoked.store(1, Ordering::SeqCst);
    let all = join_all((0..calls).map(|number| {
        let request = if number % 2 == 0 {
            client.get("/api/v2/things")
        } else {
            client.post("/api/v2/things")
        };
        request.send()
    }));
    let results = clock.drive(all).await;
    let failed = results.iter().filter(|result| result.is_err()).count();
    assert_eq!(failed, 0, "seed {seed}, refusals {index}");
    assert_eq!(
        exchange.calls(),
        2,
        "seed {seed}, refusals {index}: one renewal"
    );
    assert_eq!(
        sent.load(Ordering::SeqCst),
        1 + 2 * calls as u64,
        "one replay each"
    );
}

/// How a login host fails.
#[derive(Debug, Clone, Copy)]
enum Outage {
    NotReachable,
    Status503,
    /// 429 and come back in two minutes.
    Throttles120s,
    /// The platform's own form of a throttle, which names no time.
    RateLimit400,
    WrongSecret401,
    Garbage200,
}

const OUTAGES: [Outage; 6] = [
    Outage::NotReachable,
    Outage::Status503,
    Outage::Throttles120s,
    Outage::RateLimit400,
    Outage::WrongSecret401,
    Outage::Garbage200,
];

impl Outage {
    fn answer(self) -> genesys_benches::transport::Answer {
        Ok(match self {
            Self::NotReachable => return Err(TransportError::new(TransportErrorKind::Connect)),
            Self::Status503 => json(503, "{}"),
            Self::Throttles120s => with_number(json(429, "{}"), "retry-after", 120),
            Self::RateLimit400 => json(
                400,
                r#"{"error":"invalid_request","description":"rate limit exceeded; client","error_description":"rate limit exceeded; client"}"#,
            ),
            Self::WrongSecret401 => json(401, r#"{"error":"invalid_client"}"#),
            Self::Garbage200 => json(200, "<html>"),
        })
    }

    /// What the documented policy allows in `time`: 4 attempts a renewal; between renewals at least the second half of
    /// 1 s, doubled up to 60 s; a time that the host names in full; a refusal remembered for 5 s and asked once.
    fn allowed(self, time: Duration) -> u64 {
        let seconds = time.as_secs_f64();
        let (attempts, fixed) = match self {
            Self::NotReachable | Self::Status503 | Self::RateLimit400 => (4, None),
            Self::Throttles120s => (1, Some(120.0)),
            Self::WrongSecret401 | Self::Garbage200 => (1, Some(5.0)),
        };
        let mut at = 0.0;
        let mut renewals = 0;
        while at <= seconds {
            let own = 0.5 * 2_f64.powi(renewals.min(20)).min(60.0);
            at += fixed.unwrap_or(own);
            renewals += 1;
        }
        attempts * u64::try_from(renewals).expect("not negative")
    }
}

/// 64 callers ask twice a second. Gives the requests that reached the host, and how many were allowed.
async fn failing_login(seed: u64, outage: Outage) -> (u64, u64) {
    let clock = FakeClock::new();
    let sent = Arc::new(AtomicU64::new(0));
    let server = {
        let (clock, sent) = (clock.clone(), Arc::clone(&sent));
        Simulated::serving(move |_| {
            sent.fetch_add(1, Ordering::SeqCst);
            let clock = clock.clone();
            async move {
                clock
                    .sleep_until(clock.now() + Duration::from_millis(5))
                    .await;
                outage.answer()
            }
        })
    };
    let credentials =
        ClientCredentials::new("client", SecretString::from("secret")).expect("credentials");
    let cache = OAuth::builder(Region::UsEast1, credentials)
        .with_transport(server)
        .with_clock(Arc::new(clock.clone()))
        .with_random(Arc::new(SeededRandom::new(seed)))
        .build()
        .expect("an exchange")
        .into_cache()
        .build();
    let end = clock.now() + OUTAGE;
    let callers = join_all((0..64).map(|number: u64| {
        let (cache, clock) = (cache.clone(), clock.clone());
        async move {
            clock
                .sleep_until(clock.now() + Duration::from_millis(number % 8))
                .await;
            while clock.now() < end {
                assert!(cache.token().await.is_err(), "there is no token to be had");
                clock
                    .sleep_until(clock.now() + Duration::from_millis(500))
                    .await;
            }
        }
    }));
    clock.drive(callers).await;
    let (sent, allowed) = (sent.load(Ordering::SeqCst), outage.allowed(OUTAGE));
    assert!(
        sent <= allowed,
        "{outage:?}: {sent} requests, {allowed} allowed; seed {seed}"
    );
    assert!(sent > 1, "it goes on trying");
    (sent, allowed)
}
