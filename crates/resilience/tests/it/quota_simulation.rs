//! Jobs against a simulated server: a fixed window of 300 per 60 s, 80 ms a call, virtual time.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use resilience::test_util::FakeClock;
use resilience::{Clock, Quota, QuotaConfig, QuotaReport, SeededRandom, timeout_at};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const WINDOW: Duration = Duration::from_secs(60);
const ALLOWED: u64 = 300;
const HALF_CALL: Duration = Duration::from_millis(40);

#[derive(Clone, Copy)]
pub(crate) enum Rounding {
    Up,
    Down,
    Exact,
}

#[derive(Clone, Copy)]
pub(crate) enum Windows {
    /// A window begins with the first request after the last one.
    FromFirstRequest,
    /// Windows follow each other; this much of the first is over at the start.
    Fixed(Duration),
}

pub(crate) struct Server {
    clock: FakeClock,
    rounding: Rounding,
    windows: Windows,
    started: Cell<Option<Instant>>,
    pub(crate) count: Cell<u64>,
    pub(crate) served: Cell<u64>,
    pub(crate) refused: Cell<u64>,
    /// When a refusal told to come back, and whether anybody came before.
    pub(crate) answers: RefCell<Vec<Instant>>,
}

impl Server {
    fn new(clock: &FakeClock, rounding: Rounding, windows: Windows) -> Self {
        let started = match windows {
            Windows::FromFirstRequest => None,
            Windows::Fixed(gone) => Some(clock.now() - gone),
        };
        Self {
            clock: clock.clone(),
            rounding,
            windows,
            started: Cell::new(started),
            count: Cell::new(0),
            served: Cell::new(0),
            refused: Cell::new(0),
            answers: RefCell::default(),
        }
    }

    fn end_of_window(&self) -> Instant {
        let now = self.clock.now();
        let mut started = self.started.get().unwrap_or(now);
        if now >= started + WINDOW {
            self.count.set(0);
            match self.windows {
                Windows::FromFirstRequest => started = now,
                Windows::Fixed(_) => {
                    while now >= started + WINDOW {
                        started += WINDOW;
                    }
                }
            }
        }
        self.started.set(Some(started));
        started + WINDOW
    }

    /// One request: the report, or how long to wait.
    pub(crate) fn handle(&self) -> Result<QuotaReport, Duration> {
        let left = self.end_of_window() - self.clock.now();
        self.count.set(self.count.get() + 1);
        if self.count.get() > ALLOWED {
            self.refused.set(self.refused.get() + 1);
            return Err(Duration::from_secs(left.as_secs() + 1));
        }
        self.served.set(self.served.get() + 1);
        self.answers.borrow_mut().push(self.clock.now());
        let reset = match self.rounding {
            Rounding::Exact => left,
            Rounding::Down => Duration::from_secs(left.as_secs()),
            Rounding::Up => {
                Duration::from_secs(left.as_secs() + u64::from(left.subsec_nanos() > 0))
            }
        };
        Ok(QuotaReport::new(self.count.get(), ALLOWED, reset))
    }
}

pub(crate) struct Job {
    /// Refusals of our own calls.
    pub(crate) refused: Cell<u64>,
    pub(crate) clock: FakeClock,
    pub(crate) server: Server,
    pub(crate) start: Instant,
}

impl Job {
    pub(crate) fn new(rounding: Rounding, windows: Windows) -> Self {
        let clock = FakeClock::new();
        Self {
            server: Server::new(&clock, rounding, windows),
            start: clock.now(),
            refused: Cell::new(0),
            clock,
        }
    }

    pub(crate) fn quota(&self, seed: u64) -> Quota {
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        Quota::new(
            QuotaConfig::default(),
            clock,
            Arc::new(SeededRandom::new(seed)),
        )
    }

    /// One call through the gate, until it is served.
    pub(crate) async fn call(&self, quota: &Quota) {
        loop {
            let slot = quota.acquire("any", None).await.unwrap();
            self.clock.sleep_until(self.clock.now() + HALF_CALL).await;
            let answer = self.server.handle();
            self.clock.sleep_until(self.clock.now() + HALF_CALL).await;
            let now = self.clock.now();
            match answer {
                Ok(report) => return slot.report(report, now),
                Err(wait) => {
                    self.refused.set(self.refused.get() + 1);
                    quota.throttled(None, "any", wait, now);
                    drop(slot);
                }
            }
        }
    }

    /// `workers` share `calls` calls.
    pub(crate) async fn work(&self, quota: &Quota, workers: u32, calls: u32) {
        let left = Cell::new(calls);
        join_all((0..workers).map(|_| async {
            while left.get() > 0 {
                left.set(left.get() - 1);
                self.call(quota).await;
            }
        }))
        .await;
    }

    async fn run(&self, workers: u32, calls: u32) -> Duration {
        let quota = self.quota(1);
        self.clock.drive(self.work(&quota, workers, calls)).await;
        assert_eq!(self.server.served.get(), u64::from(calls));
        assert_eq!(self.clock.pending_sleeps(), 0);
        self.clock.now() - self.start
    }
}

#[tokio::test]
async fn two_hundred_calls_take_a_second() {
    for rounding in [Rounding::Up, Rounding::Down, Rounding::Exact] {
        let job = Job::new(rounding, Windows::FromFirstRequest);
        let time = job.run(20, 200).await;
        assert!(time <= Duration::from_millis(1200), "{time:?}");
        assert_eq!(job.server.refused.get(), 0);
    }
}

#[tokio::test]
async fn nine_hundred_calls_take_two_minutes_and_draw_no_refusal() {
    for rounding in [Rounding::Up, Rounding::Exact] {
        for windows in [Windows::FromFirstRequest, Windows::Fixed(Duration::ZERO)] {
            let job = Job::new(rounding, windows);
            let time = job.run(20, 900).await;
            assert!(time <= 122 * SECOND, "{time:?}");
            assert_eq!(job.server.refused.get(), 0);
        }
    }
}

#[tokio::test]
async fn a_server_that_rounds_its_reset_down_is_found_out_and_costs_at_most_one_round_of_refusals()
{
    let job = Job::new(Rounding::Down, Windows::FromFirstRequest);
    let time = job.run(20, 900).await;
    assert!(time <= 125 * SECOND, "{time:?}");
    assert!(
        job.server.refused.get() <= 20,
        "{}",
        job.server.refused.get()
    );
    let early = job.server.refused.get();
    let quota = job.quota(2);
    job.clock.drive(job.work(&quota, 20, 300)).await;
    assert!(job.server.refused.get() <= early + 20);
}

#[tokio::test]
async fn a_start_in_the_middle_of_a_window_is_learned_too() {
    let job = Job::new(Rounding::Up, Windows::Fixed(Duration::from_millis(40_300)));
    let time = job.run(20, 900).await;
    // 19.7 s of the first window, then two more.
    assert!(time <= Duration::from_millis(82_000), "{time:?}");
    assert_eq!(job.server.refused.get(), 0);
}

#[tokio::test]
async fn a_thousand_workers_starting_cold_do_not_overrun_the_window() {
    let job = Job::new(Rounding::Up, Windows::FromFirstRequest);
    let time = job.run(1000, 1000).await;
    assert!(time <= 183 * SECOND, "{time:?}");
    assert_eq!(job.server.refused.get(), 0);
}

#[tokio::test]
async fn others_who_spend_the_same_token_are_seen_in_the_count() {
    let job = Job::new(Rounding::Up, Windows::Fixed(Duration::ZERO));
    let quota = job.quota(1);
    let ours = job.work(&quota, 20, 600);
    let theirs = async {
        // Two calls a second, with no gate at all.
        for _ in 0..300 {
            job.clock.sleep_until(job.clock.now() + SECOND / 2).await;
            let _ = job.server.handle();
        }
    };
    job.clock.drive(join(ours, theirs)).await;
    assert!(job.refused.get() <= 6, "{}", job.refused.get());
}

#[tokio::test]
async fn four_processes_with_a_gate_each_waste_little() {
    let job = Job::new(Rounding::Up, Windows::Fixed(Duration::ZERO));
    let quotas: Vec<_> = (0..4).map(|n| job.quota(n)).collect();
    let all = join_all(quotas.iter().map(|quota| job.work(quota, 16, 450)));
    job.clock.drive(all).await;
    let sends = job.server.served.get() + job.server.refused.get();
    let wasted = job.server.refused.get() as f64 / sends as f64;
    assert_eq!(job.server.served.get(), 1800);
    assert!(wasted < 0.03, "{wasted}");
}

#[tokio::test]
async fn no_request_comes_back_before_the_instant_that_a_refusal_named() {
    let job = Job::new(Rounding::Up, Windows::Fixed(Duration::ZERO));
    let quota = job.quota(1);
    // The window is gone before the first call: 300 by others.
    for _ in 0..300 {
        let _ = job.server.handle();
    }
    job.server.answers.borrow_mut().clear();
    job.clock.drive(job.work(&quota, 20, 100)).await;
    let first = *job.server.answers.borrow().iter().min().unwrap();
    assert!(first >= job.start + WINDOW);
    assert!(
        job.server.refused.get() <= 20,
        "one each, while nothing was known"
    );
}

/// A server that refuses, goes silent, lies and changes its mind, and callers that walk away: whatever
/// happens, everybody who stays is served, long before the end of the day.
#[tokio::test]
async fn nobody_is_stuck_whatever_the_server_and_the_others_do() {
    for seed in 0..60 {
        let job = Job::new(Rounding::Up, Windows::FromFirstRequest);
        let quota = job.quota(seed);
        let random = RefCell::new(fastrand::Rng::with_seed(seed));
        let draw = |range: std::ops::Range<u64>| random.borrow_mut().u64(range);
        let served = Cell::new(0_u32);
        let workers = join_all((0..30_u32).map(|worker| {
            let (quota, job, served, draw) = (&quota, &job, &served, &draw);
            async move {
                for call in 0..20_u32 {
                    let resource = format!("resource {}", worker % 3);
                    let now = job.clock.now();
                    let patience =
                        (draw(0..4) == 0).then(|| now + Duration::from_secs(draw(0..100)));
                    let Ok(slot) = quota.acquire(&resource, patience).await else {
                        continue;
                    };
                    let latency = Duration::from_millis(draw(1..5_000));
                    job.clock.sleep_until(job.clock.now() + latency).await;
                    let now = job.clock.now();
                    let seconds = Duration::from_secs(draw(0..90));
                    match draw(0..12) {
                        0 => drop(slot),
                        1 => slot.unused(),
                        2 => slot.silent(now),
                        3 => {
                            quota.throttled(None, &resource, seconds, now);
                            drop(slot);
                        }
                        4 => {
                            quota.throttled(Some("key"), &resource, seconds, now);
                            slot.unused();
                        }
                        5 => slot.report(QuotaReport::new(draw(0..400), draw(0..20), seconds), now),
                        _ => slot.report(QuotaReport::new(u64::from(call), 10, seconds), now),
                    }
                    served.set(served.get() + 1);
                }
            }
        }));
        let day = job.start + Duration::from_secs(86_400);
        let done = job.clock.drive(timeout_at(&job.clock, day, workers)).await;
        assert!(
            done.is_ok(),
            "seed {seed}: stuck after {} calls, {quota:?}",
            served.get()
        );
        assert_eq!((quota.waiting(), job.clock.pending_sleeps()), (0, 0));
    }
}
