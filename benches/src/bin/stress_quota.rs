//! A job against a server with a fixed window of 300 requests in 60 s, 80 ms a call, in virtual time, through the whole
//! client.
//!
//! - 20 workers: 900 calls take at most 122 s and draw no refusal, 200 calls take at most 1.2 s.
//! - A herd of 1,000 that a server sent away comes back after the named instant, none before, over a second or more.
//! - What the default deadline of a call (120 s) does to a job that needs longer.

#![allow(
    clippy::print_stdout,
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a stress program reports on stdout and fails by a panic"
)]

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use genesys_benches::seed::{count, part, seed};
use genesys_benches::transport::{Answer, Simulated, client, json, with_number};
use genesys_core::{Client, ErrorKind, StaticToken};
use resilience::Clock;
use resilience::test_util::FakeClock;

const WINDOW: Duration = Duration::from_secs(60);
const ALLOWED: u64 = 300;
const HALF_CALL: Duration = Duration::from_millis(40);
const SECOND: Duration = Duration::from_secs(1);

/// The platform's rate limit: windows follow each other without regard to requests.
#[derive(Clone)]
struct Server {
    clock: FakeClock,
    state: Arc<Mutex<State>>,
}

struct State {
    /// The window that runs.
    started: Instant,
    count: u64,
    allowed: u64,
    /// Whether answers carry the rate headers.
    reports: bool,
    served: u64,
    refused: u64,
    /// When requests arrived that were served.
    arrivals: Vec<Instant>,
    /// The instant that the first refusal named.
    named: Option<Instant>,
}

impl Server {
    /// `gone` of the first window is over.
    fn new(gone: Duration) -> Self {
        let clock = FakeClock::new();
        let state = State {
            started: clock.now() - gone,
            count: 0,
            allowed: ALLOWED,
            reports: true,
            served: 0,
            refused: 0,
            arrivals: Vec::new(),
            named: None,
        };
        Self {
            clock,
            state: Arc::new(Mutex::new(state)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn client(&self, seed: u64) -> Client {
        let server = self.clone();
        let transport = Simulated::serving(move |_| {
            let server = server.clone();
            async move {
                server
                    .clock
                    .sleep_until(server.clock.now() + HALF_CALL)
                    .await;
                let answer = server.handle();
                server
                    .clock
                    .sleep_until(server.clock.now() + HALF_CALL)
                    .await;
                answer
            }
        });
        client(transport, &self.clock, seed)
            .with_token_source(StaticToken::new("token".into()).expect("a token"))
            .build()
            .expect("a client")
    }

    fn handle(&self) -> Answer {
        let now = self.clock.now();
        let mut state = self.state();
        while now >= state.started + WINDOW {
            state.started += WINDOW;
            state.count = 0;
        }
        let left = state.started + WINDOW - now;
        // Whole seconds, rounded up: what stands in a header never names a time that is too early.
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        state.count += 1;
        if state.count > state.allowed {
            state.refused += 1;
            let named = now + Duration::from_secs(seconds);
            // Those who are on their way already do not know of it.
            state.named.get_or_insert(named);
            return Ok(with_number(
                json(429, r#"{"status":429,"code":"too.many.requests"}"#),
                "retry-after",
                seconds,
            ));
        }
        state.served += 1;
        state.arrivals.push(now);
        let answer = json(200, "{}");
        if !state.reports {
            return Ok(answer);
        }
        let answer = with_number(answer, "inin-ratelimit-count", state.count);
        let answer = with_number(answer, "inin-ratelimit-allowed", state.allowed);
        Ok(with_number(answer, "inin-ratelimit-reset", seconds))
    }
}

/// `workers` share `calls` calls; how long that takes. Every call must succeed.
async fn job(server: &Server, client: &Client, workers: u64, calls: u64) -> Duration {
    let start = server.clock.now();
    let left = &Mutex::new(calls);
    let next = || {
        let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
        let more = *left > 0;
        *left = left.saturating_sub(1);
        more
    };
    let all = join_all((0..workers).map(|_| async {
        while next() {
            client.get("/api/v2/things").send().await.expect("served");
        }
    }));
    server.clock.drive(all).await;
    server.clock.now() - start
}

fn main() {
    let seed = seed("stress_quota");
    let rounds = count("STRESS_QUOTA_ROUNDS", 20);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        for round in 0..rounds {
            jobs(seed ^ round).await;
        }
        println!("{rounds} rounds: 900 calls <= 122 s, 200 calls <= 1.2 s, no refusal");
        let gone = middle_of_a_window(seed, rounds).await;
        println!("{rounds} rounds begun anywhere in a window: 900 calls within the windows they need, {gone} refusals");
        for round in 0..rounds {
            herd_at_the_gate(seed ^ round).await;
            herd_without_a_gate(seed ^ round).await;
        }
        println!("{rounds} herds of 1000, with and without the gate: none early, spread over 1 s or more");
        default_deadline(seed).await;
    });
}

async fn jobs(seed: u64) {
    let server = Server::new(Duration::ZERO);
    let time = job(&server, &server.client(seed), 20, 900).await;
    assert!(time <= 122 * SECOND, "900 calls took {time:?}");
    assert_eq!(server.state().served, 900);
    assert_eq!(server.state().refused, 0);

    let server = Server::new(Duration::ZERO);
    let time = job(&server, &server.client(seed), 20, 200).await;
    assert!(
        time <= Duration::from_millis(1_200),
        "200 calls took {time:?}"
    );
    assert_eq!(server.state().refused, 0);
}

/// The first window is partly over and nobody says so before the first answer.
async fn middle_of_a_window(seed: u64, rounds: u64) -> u64 {
    let mut refused = 0;
    for round in 0..rounds {
        let gone = Duration::from_millis(part(seed, round).u64(0..60_000));
        let server = Server::new(gone);
        let time = job(&server, &server.client(seed ^ round), 20, 900).await;
        // The rest of the first window may hold fewer than 300, then up to three whole ones.
        assert!(
            time <= WINDOW - gone + 2 * WINDOW + 3 * SECOND,
            "{time:?} after {gone:?}"
        );
        refused += server.state().refused;
    }
    assert_eq!(refused, 0, "seed {seed}");
    refused
}

/// Others have spent the window; from the next one on there is room for everybody.
fn spent_window() -> Server {
    let server = Server::new(20 * SECOND);
    server.state().count = ALLOWED;
    server
}

fn spread(server: &Server, seed: u64) {
    let state = server.state();
    assert_eq!(state.served, 1_000, "seed {seed}");
    // Who comes too early is refused once more: the callers look at the number of refusals.
    let named = state.named.expect("somebody was sent away");
    let (first, last) = (state.arrivals.iter().min(), state.arrivals.iter().max());
    let (first, last) = (*first.expect("arrivals"), *last.expect("arrivals"));
    assert!(first >= named, "{:?} early; seed {seed}", named - first);
    assert!(
        last - first >= SECOND,
        "the herd came back within {:?}; seed {seed}",
        last - first
    );
}

/// With the gate: the first ones learn, the others are not sent at all, and all start one after the other.
async fn herd_at_the_gate(seed: u64) {
    let server = spent_window();
    server.state().allowed = ALLOWED;
    let client = server.client(seed);
    let all =
        join_all((0..1_000).map(|_| client.get("/api/v2/things").deadline(600 * SECOND).send()));
    // The next window has room for all of them.
    let room = async {
        server
            .clock
            .sleep_until(server.clock.now() + 30 * SECOND)
            .await;
        server.state().allowed = 10_000;
        server.state().count = 10_000;
    };
    let (results, ()) = server
        .clock
        .drive(futures_util::future::join(all, room))
        .await;
    assert!(
        results.iter().all(Result::is_ok),
        "all are served in the end"
    );
    spread(&server, seed);
    assert!(
        server.state().refused <= 64,
        "only those who were on their way were refused"
    );
}

/// Without it: every one is refused, waits for itself and spreads after the instant.
async fn herd_without_a_gate(seed: u64) {
    let server = spent_window();
    let transport = {
        let server = server.clone();
        Simulated::serving(move |_| {
            let server = server.clone();
            async move { server.handle() }
        })
    };
    let client = client(transport, &server.clock, seed)
        .with_token_source(StaticToken::new("token".into()).expect("a token"))
        .with_retry_budget(resilience::RetryBudget::unlimited())
        .without_quota()
        .build()
        .expect("a client");
    let all =
        join_all((0..1_000).map(|_| client.get("/api/v2/things").deadline(600 * SECOND).send()));
    let room = async {
        server
            .clock
            .sleep_until(server.clock.now() + 30 * SECOND)
            .await;
        server.state().allowed = 10_000;
        server.state().count = 10_000;
    };
    let (results, ()) = server
        .clock
        .drive(futures_util::future::join(all, room))
        .await;
    assert!(
        results.iter().all(Result::is_ok),
        "all are served in the end"
    );
    spread(&server, seed);
    assert_eq!(server.state().refused, 1_000);
}

/// A job of 1,000 calls that are all begun at once needs four windows; a call waits 120 s by default.
async fn default_deadline(seed: u64) {
    let server = Server::new(Duration::ZERO);
    let client = server.client(seed);
    let start = server.clock.now();
    let all = join_all((0..1_000).map(|_| client.get("/api/v2/things").send()));
    let results = server.clock.drive(all).await;
    let took = server.clock.now() - start;
    let served = results.iter().filter(|result| result.is_ok()).count();
    let errors: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    for error in &errors {
        assert!(
            matches!(error.kind(), ErrorKind::RateLimited | ErrorKind::Deadline),
            "a call that cannot be served in time says why: {error}"
        );
        assert!(!error.was_sent(), "it was not sent in vain");
    }
    assert!(
        (600..=900).contains(&served),
        "the windows within 120 s are used: {served}"
    );
    assert_eq!(server.state().refused, 0);
    let waits: Vec<_> = errors
        .iter()
        .filter_map(genesys_core::Error::retry_after)
        .collect();
    println!(
        "1000 calls begun at once with the default deadline of 120 s: {served} served, {} told that the quota is spent \
         (after {took:?} at most, {} of them with the time to wait); none refused by the server",
        errors.len(),
        waits.len()
    );

    let server = Server::new(Duration::ZERO);
    let client = server.client(seed);
    let all =
        join_all((0..1_000).map(|_| client.get("/api/v2/things").deadline(300 * SECOND).send()));
    let results = server.clock.drive(all).await;
    assert!(
        results.iter().all(Result::is_ok),
        "with a deadline of 300 s all are served"
    );
    assert_eq!(server.state().refused, 0);
    println!("the same with a deadline of 300 s: all served");
}
