//! Days of virtual time under a server that fails in every way: nothing is left behind and nothing grows.
//!
//! A round is 24 hours of 16 workers that read, write and list, fill caches, deduplicate, use breakers by key and walk away
//! from a part of what they began. After each round no task is alive, no timer is set, and the bytes in use and their
//! peak are those of the first round, up to a tenth.

#![allow(
    clippy::print_stdout,
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a stress program reports on stdout and fails by a panic"
)]

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use futures_util::future::join_all;
use genesys_auth::{ClientCredentials, OAuth};
use genesys_benches::counting::{self, Counting};
use genesys_benches::seed::{count, part, seed};
use genesys_benches::transport::{Answer, Simulated, client, json, with_number};
use genesys_core::{Client, Region, TransportError, TransportErrorKind};
use http::Request;
use resilience::test_util::FakeClock;
use resilience::{
    BreakerConfig, BreakerRegistry, CacheLimits, Claim, Clock, DedupeStore, FillCache, Fresh,
    MemoryDedupeStore, SeededRandom, SingleFlight, timeout_at,
};
use secrecy::SecretString;
use serde_json::{Value, json as value};
use tokio::runtime::Handle;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const WORKERS: u64 = 16;
const DAY: Duration = Duration::from_secs(24 * 3600);
/// What the caches may hold. A hash table that entries come to and leave doubles once, when its dead slots meet a filling
/// above a half; at this size that happens in the first hours and not after days.
const SIZE: usize = 800;
/// Longer than any call, renewal or lease.
const QUIET: Duration = Duration::from_secs(600);

/// Counts of one round.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    jobs: u64,
    failed: u64,
    abandoned: u64,
}

/// Everything that lives as long as a program does.
struct Program {
    clock: FakeClock,
    client: Client,
    cache: FillCache<Vec<u8>, String>,
    flights: SingleFlight<u64, u64>,
    dedupe: MemoryDedupeStore,
    breakers: BreakerRegistry,
    tally: RefCell<Tally>,
}

/// What the server does with request number `number`.
async fn serve(clock: FakeClock, seed: u64, number: u64, request: Request<bytes::Bytes>) -> Answer {
    let mut random = part(seed, number);
    clock
        .sleep_until(clock.now() + Duration::from_millis(random.u64(1..200)))
        .await;
    let login = request.uri().path().ends_with("/oauth/token");
    match random.u32(0..100) {
        0..4 => Ok(json(503, "{}")),
        4 => Ok(with_number(
            json(503, "{}"),
            "retry-after",
            random.u64(0..20),
        )),
        5 | 6 => Ok(with_number(
            json(429, r#"{"code":"too.many.requests"}"#),
            "retry-after",
            random.u64(0..60),
        )),
        7 => Err(TransportError::new(TransportErrorKind::Reset)),
        8 => Err(TransportError::new(TransportErrorKind::Connect)),
        9 => std::future::pending().await,
        10 => Ok(json(200, "<html>")),
        11 => Ok(json(401, r#"{"code":"authentication.required"}"#)),
        12 => Ok(json(404, r#"{"code":"not.found"}"#)),
        _ if login => Ok(json(
            200,
            r#"{"access_token":"t","token_type":"bearer","expires_in":3600}"#,
        )),
        _ => Ok(with_rate(page(&request), number)),
    }
}

fn page(request: &Request<bytes::Bytes>) -> http::Response<bytes::Bytes> {
    let query = request.uri().query().unwrap_or_default();
    let number = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("pageNumber=")?.parse::<u64>().ok());
    match number {
        None => json(200, r#"{"id":"1"}"#),
        Some(number) => {
            let entities: Vec<Value> = (0..5)
                .map(|place| value!({"id": number * 5 + place}))
                .collect();
            let body =
                value!({"entities": entities, "pageNumber": number, "pageCount": 6, "total": 30});
            json(200, body.to_string())
        }
    }
}

fn with_rate(answer: http::Response<bytes::Bytes>, number: u64) -> http::Response<bytes::Bytes> {
    let answer = with_number(answer, "inin-ratelimit-count", number % 200);
    let answer = with_number(answer, "inin-ratelimit-allowed", 300);
    with_number(answer, "inin-ratelimit-reset", number % 60)
}

impl Program {
    fn new(seed: u64) -> Self {
        let clock = FakeClock::new();
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let random = Arc::new(SeededRandom::new(seed));
        let requests = AtomicU64::new(0);
        let transport = {
            let clock = clock.clone();
            Simulated::serving(move |request| {
                let number = requests.fetch_add(1, Ordering::Relaxed);
                serve(clock.clone(), seed, number, request)
            })
        };
        let credentials =
            ClientCredentials::new("client", SecretString::from("secret")).expect("credentials");
        let tokens = OAuth::builder(Region::UsEast1, credentials)
            .with_transport(Arc::clone(&transport))
            .with_clock(Arc::clone(&shared))
            .with_random(random.clone())
            .build()
            .expect("an exchange")
            .into_cache()
            .build();
        Self {
            client: client(transport, &clock, seed)
                .with_token_source(tokens)
                .build()
                .expect("a client"),
            cache: FillCache::new(
                CacheLimits::default().with_entries(SIZE),
                Arc::clone(&shared),
            ),
            flights: SingleFlight::new(),
            dedupe: MemoryDedupeStore::new(Arc::clone(&shared)).with_capacity(SIZE),
            breakers: BreakerRegistry::new(BreakerConfig::default(), shared, random)
                .with_capacity(SIZE / 2),
            tally: RefCell::default(),
            clock,
        }
    }

    async fn pause(&self, time: Duration) {
        self.clock.sleep_until(self.clock.now() + time).await;
    }

    /// One job of a worker. `Err` when it failed, as many must.
    async fn job(&self, random: &mut fastrand::Rng) -> Result<(), ()> {
        // Some come back and many do not: every bound of the client is met.
        let route = format!("/api/v2/family{}/{{id}}", random.u32(0..1_000));
        let id = random.u64(..).to_string();
        match random.u32(0..10) {
            0..3 => self
                .client
                .get(route)
                .segment("id", id)
                .send()
                .await
                .map(drop)
                .map_err(drop),
            3 | 4 => {
                let request = self
                    .client
                    .post(route)
                    .segment("id", id)
                    .with_json(&value!({"name": "n"}));
                request.json::<Value>().await.map(drop).map_err(drop)
            }
            5 => {
                let items = self
                    .client
                    .get("/api/v2/list")
                    .numbered_pages::<Value>()
                    .with_prefetch(4);
                items.try_collect::<Vec<_>>().await.map(drop).map_err(drop)
            }
            6 => {
                let (clock, fails) = (self.clock.clone(), random.u32(0..5) == 0);
                let key = format!("key {}", random.u32(0..10_000));
                let filled = self.cache.get_or_fill(&key, move || async move {
                    clock
                        .sleep_until(clock.now() + Duration::from_secs(1))
                        .await;
                    if fails {
                        return Err("not to be had".to_owned());
                    }
                    Ok(Fresh::new(vec![0; 500], 500, Duration::from_secs(3600)))
                });
                filled.await.map(drop).map_err(drop)
            }
            7 => {
                let clock = self.clock.clone();
                let work = move || async move {
                    clock
                        .sleep_until(clock.now() + Duration::from_secs(2))
                        .await;
                    7
                };
                self.flights
                    .run(random.u64(0..100), work)
                    .await
                    .map(drop)
                    .map_err(drop)
            }
            8 => {
                let key = random.u64(0..1_000_000).to_string();
                match self
                    .dedupe
                    .claim(&key, Duration::from_secs(60))
                    .await
                    .map_err(drop)?
                {
                    Claim::New(claim) => {
                        self.pause(Duration::from_secs(1)).await;
                        self.dedupe
                            .complete(&key, claim, DAY)
                            .await
                            .map(drop)
                            .map_err(drop)
                    }
                    _ => Err(()),
                }
            }
            _ => {
                let now = self.clock.now();
                let breaker = self.breakers.get(&random.u64(..).to_string(), now);
                let permit = breaker.try_acquire(now).map_err(drop)?;
                self.pause(Duration::from_secs(1)).await;
                if random.bool() {
                    permit.success(self.clock.now())
                } else {
                    permit.failure(self.clock.now())
                }
                Ok(())
            }
        }
    }

    async fn worker(&self, mut random: fastrand::Rng) {
        let end = self.clock.now() + DAY;
        while self.clock.now() < end {
            // One in five callers loses patience.
            let patience = if random.u32(0..5) == 0 {
                random.u64(0..2_000)
            } else {
                1_000_000
            };
            let deadline = self.clock.now() + Duration::from_millis(patience);
            let result = timeout_at(&self.clock, deadline, self.job(&mut random)).await;
            {
                let mut tally = self.tally.borrow_mut();
                tally.jobs += 1;
                tally.failed += u64::from(matches!(result, Ok(Err(()))));
                tally.abandoned += u64::from(result.is_err());
            }
            self.pause(Duration::from_millis(random.u64(0..40_000)))
                .await;
        }
    }

    async fn round(&self, seed: u64, round: u64) -> Tally {
        let workers = (0..WORKERS).map(|worker| self.worker(part(seed, round << 32 | worker)));
        self.clock.drive(join_all(workers)).await;
        // Shared work goes on for those who still want it, and comes to its own end.
        self.clock.drive(self.pause(QUIET)).await;
        self.tally.take()
    }
}

fn main() {
    let seed = seed("stress_soak");
    let rounds = count("STRESS_SOAK_ROUNDS", 5);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let program = Program::new(seed);
        let mut first = None;
        for round in 1..=rounds {
            counting::restart_peak();
            let tally = program.round(seed, round).await;
            let (live, peak) = (counting::live(), counting::peak());
            let tasks = Handle::current().metrics().num_alive_tasks();
            println!(
                "round {round}: {} jobs, {} failed, {} abandoned; {} kB in use, {} kB at most, {tasks} tasks, {} timers",
                tally.jobs,
                tally.failed,
                tally.abandoned,
                live / 1_000,
                peak / 1_000,
                program.clock.pending_sleeps()
            );
            assert!(tally.failed > 0 && tally.abandoned > 0 && tally.failed + tally.abandoned < tally.jobs / 2);
            assert_eq!(tasks, 0, "a task is left behind");
            assert_eq!(program.clock.pending_sleeps(), 0, "a timer is left behind");
            assert_eq!(program.flights.in_flight(), 0, "a flight is left behind");
            let (live_first, peak_first) = *first.get_or_insert((live, peak));
            assert!(live * 10 <= live_first * 11, "memory grows: {live_first} -> {live} bytes; seed {seed}");
            assert!(peak * 10 <= peak_first * 11, "the peak grows: {peak_first} -> {peak} bytes; seed {seed}");
        }
    });
}
