//! A total outage under 64 workers: how many requests reach the dead server for each call.
//!
//! The default client sends at most 1.2 times as many requests as there are calls, whatever the outage looks like. With
//! the breakers off the retry budget alone holds the promise that it documents: 20 % of the calls, 10 to start with and
//! one in two seconds.

#![allow(
    clippy::print_stdout,
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a stress program reports on stdout and fails by a panic"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use genesys_benches::seed::{count, part, seed};
use genesys_benches::transport::{Answer, Simulated, client, json, with_number};
use genesys_core::{Client, StaticToken, TransportError, TransportErrorKind};
use resilience::test_util::FakeClock;
use resilience::{BreakerConfig, Clock};

const WORKERS: u64 = 64;

#[derive(Debug, Clone, Copy)]
enum Outage {
    NotReachable,
    Reset,
    Status503,
    Status503In1s,
    /// No answer: attempts end by their time limit.
    Hangs,
    /// One after the other, by chance.
    Mixed,
}

const OUTAGES: [Outage; 6] = [
    Outage::NotReachable,
    Outage::Reset,
    Outage::Status503,
    Outage::Status503In1s,
    Outage::Hangs,
    Outage::Mixed,
];

impl Outage {
    async fn answer(self, clock: FakeClock, chance: usize) -> Answer {
        let latency = match self {
            Self::Hangs => return std::future::pending().await,
            Self::Mixed => return Box::pin(OUTAGES[chance % 5].answer(clock, chance)).await,
            Self::NotReachable => Duration::from_millis(1),
            _ => Duration::from_millis(20),
        };
        clock.sleep_until(clock.now() + latency).await;
        match self {
            Self::NotReachable => Err(TransportError::new(TransportErrorKind::Connect)),
            Self::Reset => Err(TransportError::new(TransportErrorKind::Reset)),
            Self::Status503In1s => Ok(with_number(json(503, "{}"), "retry-after", 1)),
            _ => Ok(json(503, "{}")),
        }
    }
}

struct Run {
    calls: u64,
    sent: u64,
    took: Duration,
}

/// Every worker calls, and calls again soon after it failed, until `time` is over.
async fn run(seed: u64, outage: Outage, breakers: bool, time: Duration) -> Run {
    let clock = FakeClock::new();
    let sent = Arc::new(AtomicU64::new(0));
    let calls = AtomicU64::new(0);
    let server = {
        let (clock, sent) = (clock.clone(), Arc::clone(&sent));
        Simulated::serving(move |_| {
            let number = sent.fetch_add(1, Ordering::SeqCst);
            outage.answer(clock.clone(), part(seed, number).usize(..))
        })
    };
    let builder = client(server, &clock, seed)
        .with_token_source(StaticToken::new("token".into()).expect("a token"))
        .with_attempt_timeout(Duration::from_secs(2));
    let builder = if breakers {
        builder
    } else {
        builder.with_breaker(BreakerConfig::default().without_failure_rate())
    };
    let client: Client = builder.build().expect("a client");
    let start = clock.now();
    let workers = join_all((0..WORKERS).map(|worker| {
        let (client, clock, calls) = (&client, &clock, &calls);
        async move {
            let mut random = part(seed, worker);
            while clock.now() < start + time {
                calls.fetch_add(1, Ordering::SeqCst);
                // Many families of paths, so that many breakers are at work.
                let route = format!("/api/v2/family{}/things", random.u32(0..8));
                let request = if random.bool() {
                    client.get(route)
                } else {
                    client.put(route)
                };
                assert!(request.send().await.is_err(), "nothing is answered");
                clock
                    .sleep_until(clock.now() + Duration::from_millis(random.u64(0..200)))
                    .await;
            }
        }
    }));
    clock.drive(workers).await;
    assert_eq!(clock.pending_sleeps(), 0, "nothing is left behind");
    Run {
        calls: calls.into_inner(),
        sent: sent.load(Ordering::SeqCst),
        took: clock.now() - start,
    }
}

fn main() {
    let seed = seed("stress_outage");
    let time = Duration::from_secs(count("STRESS_OUTAGE_SECONDS", 300));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    for outage in OUTAGES {
        let default = runtime.block_on(run(seed, outage, true, time));
        let ratio = default.sent as f64 / default.calls as f64;
        let bare = runtime.block_on(run(seed, outage, false, time));
        let bare_ratio = bare.sent as f64 / bare.calls as f64;
        println!(
            "{outage:?}: {} calls, {} sent ({ratio:.3} a call) in {:.0} s of virtual time; without breakers {} calls, {} sent ({bare_ratio:.3})",
            default.calls,
            default.sent,
            default.took.as_secs_f64(),
            bare.calls,
            bare.sent,
        );
        assert!(ratio <= 1.2, "{outage:?}: {ratio} sent a call; seed {seed}");
        let promised = 1.2 * bare.calls as f64 + 10.0 + 0.5 * bare.took.as_secs_f64();
        assert!(
            bare.sent as f64 <= promised.ceil(),
            "{outage:?}: {} sent, {promised} promised; seed {seed}",
            bare.sent
        );
    }
}
