//! Random requests by many callers. Each answer of the external system has a number of its own, so an answer that reached two callers,
//! or two requests that are not the same, is seen.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use genesys_core::vocabulary::Method;
use genesys_core::{Transport, TransportError};
use genesys_integrations::executor::{CacheOutcome, Caller, Executor, NodeCall, PreparedNode};
use genesys_integrations::nodes::RestNode;
use http::{HeaderValue, Request, Response, StatusCode};
use resilience::test_util::FakeClock;
use resilience::{CacheLimits, Clock, Random as _, SeededRandom, SystemClock};
use serde_json::{Value, json};

/// Requests under way at once.
const TOGETHER: u64 = 64;

/// What a run has seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) hits: u64,
    pub(crate) joined: u64,
    pub(crate) misses: u64,
    pub(crate) unkept: u64,
    pub(crate) failed: u64,
    /// Answers that reached somebody they were not fetched for.
    pub(crate) crossed: u64,
}

/// Whose time it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Time {
    /// It moves at random, so that answers expire; for a runtime with one thread.
    Fake,
    /// The machine's, for a runtime with several.
    Real,
}

const HEADERS: [&[(&str, &str)]; 6] = [
    &[],
    &[("cache-control", "max-age=60")],
    &[("cache-control", "private, max-age=5")],
    &[("cache-control", "no-store")],
    &[
        ("vary", "authorization, x-tag"),
        ("cache-control", "public, max-age=60"),
    ],
    &[("cache-control", "max-age=60"), ("age", "30")],
];

fn nodes() -> Vec<PreparedNode> {
    let node = |method: Method, memo: u64| {
        let mut node = RestNode::builder(
            "n",
            method.clone(),
            "https://api.example.com/v1/{{input.id}}",
        )
        .with_header("X-Tag", "{{input.tag}}")
        .with_header("Authorization", "Bearer {{credentials.token}}");
        if method != Method::GET {
            node = node.with_body(r#"{"data": {{input.data}}}"#);
        }
        if memo > 0 {
            node = node.with_memoise(Duration::from_secs(memo));
        }
        PreparedNode::new(&node.build().unwrap()).unwrap()
    };
    vec![
        node(Method::GET, 0),
        node(Method::GET, 0),
        node(Method::GET, 30),
        node(Method::POST, 30),
        node(Method::POST, 30),
        node(Method::PUT, 0),
    ]
}

/// Sends `requests` random requests of `callers` callers, some of whom share a credential.
pub(crate) async fn run(seed: u64, requests: u64, callers: u64, time: Time) -> Seen {
    let random = SeededRandom::new(seed);
    let fake = matches!(time, Time::Fake).then(FakeClock::new);
    let clock: Arc<dyn Clock> = match &fake {
        Some(clock) => Arc::new(clock.clone()),
        None => Arc::new(SystemClock),
    };
    let transport = Numbering {
        next: AtomicU64::new(0),
        random: SeededRandom::new(!seed),
    };
    let executor = Executor::builder(Arc::new(transport))
        .with_clock(clock)
        .with_random(Arc::new(SeededRandom::new(seed)))
        .with_cache_limits(CacheLimits::default().with_entries(5_000))
        .with_stale_if_error(Duration::from_secs(10))
        .build();
    let nodes = nodes();
    let mut seen = Seen::default();
    let mut owners: HashMap<u64, (u64, u64, String)> = HashMap::new();
    let mut left = requests;
    while left > 0 {
        let together = left.min(TOGETHER);
        left -= together;
        let asked: Vec<(u64, u64, Value)> = (0..together)
            .map(|_| {
                let caller = random.next_u64() % callers;
                // Writes are rare: each forgets a URL for everybody.
                let node = match random.next_u64() {
                    draw if draw.is_multiple_of(2_000) => 5,
                    draw => draw % 5,
                };
                let input = json!({
                    "id": (random.next_u64() % 3).to_string(),
                    "tag": (random.next_u64() % 2).to_string(),
                    "data": random.next_u64() % 2,
                });
                (caller, node, input)
            })
            .collect();
        let calls = asked.iter().map(|(caller, node, input)| {
            let call = NodeCall::from(input)
                .with_caller(Caller::new(format!("caller-{caller}")))
                .with_secret("token", format!("token-{}", caller % 7).into());
            let (executor, node) = (executor.clone(), nodes[*node as usize].clone());
            tokio::spawn(async move { executor.execute(&node, call).await })
        });
        let all = join_all(calls);
        let done = match &fake {
            Some(clock) => clock.drive(all).await,
            None => all.await,
        };
        for ((caller, node, mut input), done) in asked.into_iter().zip(done) {
            let Ok(done) = done.unwrap() else {
                seen.failed += 1;
                continue;
            };
            match done.cache {
                CacheOutcome::Hit { .. } | CacheOutcome::Stale { .. } => seen.hits += 1,
                CacheOutcome::Joined => seen.joined += 1,
                CacheOutcome::Miss { stored: true } => seen.misses += 1,
                _ => seen.unkept += 1,
            }
            // A GET has no body, so its data makes no other request; neither do two nodes that say the same.
            if node < 3 {
                input["data"] = json!(null);
            }
            let node = [0, 0, 2, 3, 3, 5][node as usize];
            let number: u64 = done.data.json().unwrap().parse().unwrap();
            let own = (caller, node, input.to_string());
            let owner = owners.entry(number).or_insert_with(|| own.clone());
            seen.crossed += u64::from(*owner != own);
        }
        if let Some(clock) = &fake
            && random.next_u64().is_multiple_of(20)
        {
            clock.advance(Duration::from_secs(random.next_u64() % 30));
        }
    }
    seen
}

/// Answers with the next number, under one of [`HEADERS`], and remembers nothing, so that a run of any length needs no memory.
#[derive(Debug)]
struct Numbering {
    next: AtomicU64,
    random: SeededRandom,
}

#[async_trait::async_trait]
impl Transport for Numbering {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let draw = self.random.next_u64();
        if draw.is_multiple_of(3) {
            tokio::task::yield_now().await;
        }
        let mut answer = Response::new(Bytes::from(number.to_string()));
        let headers = answer.headers_mut();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        for (name, value) in HEADERS[(draw >> 8) as usize % HEADERS.len()] {
            headers.append(*name, HeaderValue::from_static(value));
        }
        if (draw >> 32).is_multiple_of(50) {
            *answer.status_mut() = StatusCode::NOT_FOUND;
        }
        Ok(answer)
    }
}
