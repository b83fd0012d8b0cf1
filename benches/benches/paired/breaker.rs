//! The breaker in its closed state: what every healthy request pays.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use genesys_benches::paired::{Limit, Table, Unit};
use genesys_benches::stopwatch::{self, Sample};
use resilience::{Breaker, BreakerConfig, Clock, State, SystemClock, ThreadRandom};
use tower::{Service, ServiceExt as _};
use tower_resilience_circuitbreaker::{CircuitBreakerLayer, SlidingWindowType};

/// Short enough for a batch to end before somebody else gets the processor.
pub(crate) const OPERATIONS: u64 = 50_000;
/// The peer's cost grows with what its window holds, and its batches with it.
const FEW: u64 = 200;
const ROUNDS: usize = 61;
const WINDOW: Duration = Duration::from_secs(30);

pub(crate) fn breaker() -> Breaker {
    let config = BreakerConfig::default().with_window(WINDOW);
    Breaker::new(config, Arc::new(SystemClock), Arc::new(ThreadRandom))
}

/// Instants that put `records` calls into every window. The loop reads no clock: the client hands its two readings down.
pub(crate) struct Pace {
    at: Instant,
    step: Duration,
}

impl Pace {
    pub(crate) fn new(records: u32) -> Self {
        Self {
            at: stopwatch::now(),
            step: WINDOW / records,
        }
    }

    pub(crate) fn next(&mut self) -> Instant {
        self.at += self.step;
        self.at
    }
}

pub(crate) fn owned(breaker: &Breaker, pace: &mut Pace, operations: u64) {
    for _ in 0..operations {
        let now = pace.next();
        if let Ok(permit) = breaker.try_acquire(black_box(now)) {
            permit.success(now);
        }
    }
}

pub(crate) fn borrowed(breaker: &Breaker, pace: &mut Pace, operations: u64) {
    for _ in 0..operations {
        let now = pace.next();
        if let Ok(permit) = breaker.try_acquire_ref(black_box(now)) {
            permit.success(now);
        }
    }
}

/// One call in ten fails, so the window is summed for a verdict each tenth call.
fn failing(breaker: &Breaker, pace: &mut Pace, operations: u64) {
    for number in 0..operations {
        let now = pace.next();
        if let Ok(permit) = breaker.try_acquire(black_box(now)) {
            if number % 10 == 0 {
                permit.failure(now);
            } else {
                permit.success(now);
            }
        }
    }
}

fn with_clock(breaker: &Breaker, operations: u64) {
    for _ in 0..operations {
        if let Ok(permit) = breaker.try_acquire(SystemClock.now()) {
            permit.success(SystemClock.now());
        }
    }
}

fn call() -> Result<u64, u64> {
    black_box(Ok(1))
}

pub(crate) fn recloser(breaker: &recloser::Recloser, operations: u64) {
    for _ in 0..operations {
        let _ = black_box(breaker.call(call));
    }
}

pub(crate) fn failsafe(breaker: &impl failsafe::CircuitBreaker, operations: u64) {
    for _ in 0..operations {
        let _ = black_box(breaker.call(call));
    }
}

pub(crate) fn consecutive() -> impl failsafe::CircuitBreaker {
    let backoff = failsafe::backoff::constant(Duration::from_secs(5));
    failsafe::Config::new()
        .failure_policy(failsafe::failure_policy::consecutive_failures(5, backoff))
        .build()
}

async fn answer(_: ()) -> Result<u64, u64> {
    call()
}

fn tower_layer(window: Option<Duration>) -> CircuitBreakerLayer {
    let builder = CircuitBreakerLayer::builder().failure_rate_threshold(0.5);
    match window {
        None => builder.sliding_window_size(100),
        Some(window) => builder
            .sliding_window_type(SlidingWindowType::TimeBased)
            .sliding_window_duration(window)
            .minimum_number_of_calls(10),
    }
    .build()
    .expect("the peer's settings")
}

fn drive<S: Service<(), Response = u64>>(service: &mut S, operations: u64) {
    for _ in 0..operations {
        let answer = async { service.ready().await.ok()?.call(()).await.ok() };
        assert_eq!(
            answer.now_or_never(),
            Some(Some(1)),
            "the peer waited or refused"
        );
    }
}

pub(crate) fn run() {
    one_thread();
    length_of_the_window();
    two_threads();
}

fn one_thread() {
    let (ours, twin, failures, timed) = (breaker(), breaker(), breaker(), breaker());
    let borrowing = breaker();
    let recloser_ = recloser::Recloser::custom().closed_len(100).build();
    let (consecutive, default) = (consecutive(), failsafe::Config::new().build());
    let word = AtomicU64::new(0);
    let mut tower = tower_layer(None).layer_fn(tower::service_fn(answer));

    let mut paces: Vec<Pace> = (0..4).map(|_| Pace::new(1_000)).collect();
    let [pace, pace_twin, pace_borrowed, pace_failing] = &mut paces[..] else {
        unreachable!("four were made")
    };
    let mut table =
        Table::new("Breaker, closed, success: one thread", Unit::Nanos).with_rounds(ROUNDS);
    table.row("resilience", OPERATIONS, || owned(&ours, pace, OPERATIONS));
    table.row("resilience again (A/A)", OPERATIONS, || {
        owned(&twin, pace_twin, OPERATIONS)
    });
    table.row("resilience, borrowed permit", OPERATIONS, || {
        borrowed(&borrowing, pace_borrowed, OPERATIONS)
    });
    table.row("resilience, every tenth call fails", OPERATIONS, || {
        failing(&failures, pace_failing, OPERATIONS)
    });
    table.row("resilience and two clock readings", OPERATIONS, || {
        with_clock(&timed, OPERATIONS)
    });
    table.row("recloser", OPERATIONS, || recloser(&recloser_, OPERATIONS));
    table.row("failsafe, consecutive failures", OPERATIONS, || {
        failsafe(&consecutive, OPERATIONS)
    });
    table.row("failsafe, default", OPERATIONS, || {
        failsafe(&default, OPERATIONS)
    });
    table.row("tower-resilience, count of 100", OPERATIONS / 10, || {
        drive(&mut tower, OPERATIONS / 10)
    });
    table.row("floor: one shared atomic increment", OPERATIONS, || {
        for _ in 0..OPERATIONS {
            black_box(word.fetch_add(1, Ordering::Relaxed));
        }
    });
    let report = table.run();
    print!("{report}");
    for peer in [
        "recloser",
        "failsafe, consecutive failures",
        "failsafe, default",
        "tower-resilience, count of 100",
    ] {
        report.target(
            &format!("resilience over {peer}"),
            report.ratio("resilience", peer),
            Limit::AtMost(1.0),
        );
    }
    assert_eq!(
        failures.state(),
        State::Closed,
        "the row measured a closed breaker"
    );
}

fn length_of_the_window() {
    const RECORDS: [u32; 4] = [100, 1_000, 10_000, 100_000];
    let mut table = Table::new("Breaker: calls in its window", Unit::Nanos).with_rounds(ROUNDS);
    for records in RECORDS {
        let (ours, mut pace) = (breaker(), Pace::new(records));
        owned(&ours, &mut pace, u64::from(records));
        table.row(
            format!("resilience, {records} calls"),
            OPERATIONS,
            move || owned(&ours, &mut pace, OPERATIONS),
        );
    }
    for records in RECORDS {
        let (ours, mut pace) = (breaker(), Pace::new(records));
        failing(&ours, &mut pace, u64::from(records));
        table.row(
            format!("resilience, {records} calls, every tenth fails"),
            OPERATIONS,
            move || {
                failing(&ours, &mut pace, OPERATIONS);
            },
        );
    }
    for records in [100, 1_000, 4_000] {
        // The peer reads the machine's clock, so its window is filled anew before each batch.
        table.timed(
            format!("tower-resilience, time window, {records} calls"),
            FEW,
            move || {
                let layer = tower_layer(Some(Duration::from_secs(3600)));
                let mut service = layer.layer_fn(tower::service_fn(answer));
                drive(&mut service, records);
                stopwatch::own(|| drive(&mut service, FEW))
            },
        );
    }
    let report = table.run();
    print!("{report}");
    let ratio = |suffix: &str| {
        report.ratio(
            &format!("resilience, 100000 calls{suffix}"),
            &format!("resilience, 100 calls{suffix}"),
        )
    };
    report.target("100,000 calls over 100", ratio(""), Limit::AtMost(1.1));
    report.target(
        "the same with failures",
        ratio(", every tenth fails"),
        Limit::AtMost(1.1),
    );
}

fn two_threads() {
    let ours = breaker();
    let borrowing = breaker();
    let recloser_ = recloser::Recloser::custom().closed_len(100).build();
    let (consecutive, default) = (consecutive(), failsafe::Config::new().build());
    let word = AtomicU64::new(0);
    let tower = tower_layer(None).layer_fn(tower::service_fn(answer));

    let mut table =
        Table::new("Breaker, closed, success: two threads", Unit::Nanos).with_rounds(ROUNDS);
    for (name, threads) in [("one thread", 1), ("two threads", 2)] {
        table.timed(
            format!("resilience, {name}"),
            OPERATIONS,
            both(threads, |operations| {
                owned(&ours, &mut Pace::new(1_000), operations);
            }),
        );
    }
    for (name, threads) in [("one thread", 1), ("two threads", 2)] {
        table.timed(
            format!("resilience, borrowed permit, {name}"),
            OPERATIONS,
            both(threads, |operations| {
                borrowed(&borrowing, &mut Pace::new(1_000), operations);
            }),
        );
    }
    table.timed(
        "recloser, two threads",
        OPERATIONS,
        both(2, |operations| recloser(&recloser_, operations)),
    );
    table.timed(
        "failsafe, consecutive failures, two threads",
        OPERATIONS,
        both(2, |operations| failsafe(&consecutive, operations)),
    );
    table.timed(
        "failsafe, default, two threads",
        OPERATIONS,
        both(2, |operations| failsafe(&default, operations)),
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let handle = runtime.handle().clone();
    let few = OPERATIONS / 20;
    table.timed(
        "tower-resilience, count of 100, two threads",
        few,
        move || {
            stopwatch::threads(
                2,
                |_| {},
                |_| {
                    let mut service = tower.clone();
                    handle.block_on(async {
                        for _ in 0..few {
                            let ready = service.ready().await.expect("closed");
                            black_box(ready.call(()).await.expect("closed"));
                        }
                    });
                },
            )
        },
    );
    table.timed(
        "floor: one shared atomic increment, two threads",
        OPERATIONS,
        both(2, |operations| {
            for _ in 0..operations {
                black_box(word.fetch_add(1, Ordering::Relaxed));
            }
        }),
    );
    let report = table.run();
    print!("{report}");
    report.target(
        "two threads over one",
        report.ratio("resilience, two threads", "resilience, one thread"),
        Limit::AtMost(3.0),
    );
    for peer in [
        "recloser",
        "failsafe, consecutive failures",
        "failsafe, default",
        "tower-resilience, count of 100",
    ] {
        let ratio = report.ratio("resilience, two threads", &format!("{peer}, two threads"));
        report.target(
            &format!("resilience over {peer}, two threads"),
            ratio,
            Limit::AtMost(1.0),
        );
    }
}

/// A batch on each of `threads` threads, each warm before it starts.
pub(crate) fn both<'a>(
    threads: usize,
    work: impl Fn(u64) + Sync + 'a,
) -> impl FnMut() -> Sample + 'a {
    move || stopwatch::threads(threads, |_| work(OPERATIONS / 100), |_| work(OPERATIONS))
}
