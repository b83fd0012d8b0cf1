use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

use resilience::test_util::FakeClock;
use resilience::{
    Breaker, BreakerConfig, BreakerListener, Cause, Clock, Permit, SeededRandom, State, Transition,
    timeout_at,
};

const SECOND: Duration = Duration::from_secs(1);

struct Bench {
    clock: FakeClock,
    breaker: Breaker,
    log: Arc<Log>,
}

#[derive(Debug, Default)]
struct Log(Mutex<Vec<Transition>>);

impl BreakerListener for Log {
    fn on_transition(&self, transition: &Transition) {
        self.0.lock().unwrap().push(transition.clone());
    }
}

/// Default settings without jitter.
fn config() -> BreakerConfig {
    BreakerConfig::default().with_jitter(0.0)
}

impl Bench {
    fn new(config: BreakerConfig) -> Self {
        let clock = FakeClock::new();
        let log = Arc::new(Log::default());
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let breaker =
            Breaker::new(config, shared, Arc::new(SeededRandom::new(1))).with_listener(log.clone());
        Self {
            clock,
            breaker,
            log,
        }
    }

    /// Opened by a single failure.
    fn opened(config: BreakerConfig) -> Self {
        let bench = Self::new(config.with_consecutive_failures(1));
        bench.fail();
        assert_eq!(bench.state(), State::Open);
        bench
    }

    /// Opened, and the open time is over.
    fn ready_to_probe(config: BreakerConfig) -> Self {
        let bench = Self::opened(config);
        bench.clock.advance(5 * SECOND);
        bench
    }

    fn permit(&self) -> Permit {
        self.breaker.try_acquire(self.clock.now()).unwrap()
    }

    fn is_rejected(&self) -> bool {
        self.breaker.try_acquire(self.clock.now()).is_err()
    }

    fn succeed(&self) {
        self.permit().success(self.clock.now());
    }

    fn fail(&self) {
        self.permit().failure(self.clock.now());
    }

    fn state(&self) -> State {
        self.breaker.state()
    }

    fn causes(&self) -> Vec<Cause> {
        self.log.0.lock().unwrap().iter().map(|t| t.cause).collect()
    }
}

// --- closed ---

// errata INT-17
#[test]
fn opens_at_the_failure_rate_once_the_volume_is_there() {
    let bench = Bench::new(config());
    for _ in 0..5 {
        bench.succeed();
    }
    for _ in 0..4 {
        bench.fail();
    }
    assert_eq!(bench.state(), State::Closed, "9 calls are too few");
    bench.fail();
    assert_eq!(bench.state(), State::Open);
    assert_eq!(
        bench.causes(),
        [Cause::FailureRate {
            failures: 5,
            total: 10
        }]
    );
}

#[test]
fn a_threshold_of_one_hundred_per_cent_can_be_reached() {
    let bench = Bench::new(config().with_failure_rate(1.0));
    for _ in 0..10 {
        bench.fail();
    }
    assert_eq!(bench.state(), State::Open);
}

#[test]
fn every_round_threshold_can_be_reached_exactly() {
    for percent in 1..=100_u32 {
        let rate = f64::from(percent) / 100.0;
        let bench = Bench::new(config().with_failure_rate(rate).with_minimum_volume(100));
        for _ in percent..100 {
            bench.succeed();
        }
        for _ in 1..percent {
            bench.fail();
        }
        assert_eq!(bench.state(), State::Closed, "{percent} %");
        bench.fail();
        assert_eq!(bench.state(), State::Open, "{percent} %");
    }
}

// errata INT-17
#[test]
fn opens_when_too_many_calls_are_slow_though_they_succeed() {
    let bench = Bench::new(config().with_slow_calls(2 * SECOND, 0.5));
    for n in 0..10 {
        let permit = bench.permit();
        if n % 2 == 1 {
            bench.clock.advance(2 * SECOND);
        }
        permit.success(bench.clock.now());
    }
    assert_eq!(bench.causes(), [Cause::SlowRate { slow: 5, total: 10 }]);
}

#[test]
fn consecutive_failures_open_whatever_the_volume_and_a_success_ends_the_streak() {
    let config = config().without_failure_rate().with_consecutive_failures(3);
    let bench = Bench::new(config);
    for _ in 0..5 {
        bench.fail();
        bench.fail();
        bench.succeed();
    }
    assert_eq!(bench.state(), State::Closed);
    for _ in 0..3 {
        bench.fail();
    }
    assert_eq!(bench.causes(), [Cause::ConsecutiveFailures { failures: 3 }]);
}

// errata INT-18, INT-19
#[test]
fn throttling_and_refusals_neither_open_nor_close() {
    let bench = Bench::new(config().with_consecutive_failures(2));
    for _ in 0..1000 {
        // 429, 401, 403, 400, 404: pacing, or the caller's own mistake.
        bench.permit().ignored();
    }
    assert_eq!(bench.state(), State::Closed);
    assert_eq!(bench.breaker.counts(bench.clock.now()).total(), 0);
    bench.fail();
    bench.permit().ignored();
    bench.fail();
    assert_eq!(
        bench.state(),
        State::Open,
        "an ignored answer is no success"
    );
}

// errata INT-19
#[test]
fn the_callers_own_cancellation_is_no_failure() {
    let bench = Bench::new(config().with_consecutive_failures(1));
    for _ in 0..100 {
        drop(bench.permit());
        let limit = bench.clock.now() + 30 * SECOND;
        drop(bench.permit().with_attempt_deadline(limit));
    }
    assert_eq!(bench.state(), State::Closed);
    assert_eq!(bench.breaker.counts(bench.clock.now()).total(), 0);
}

#[tokio::test]
async fn a_deadline_around_the_attempt_counts_although_the_permit_is_only_dropped() {
    let bench = Bench::new(config().with_consecutive_failures(3));
    for _ in 0..3 {
        let limit = bench.clock.now() + SECOND;
        let attempt = async {
            let _permit = bench.permit().with_attempt_deadline(limit);
            std::future::pending::<()>().await;
        };
        let timed = timeout_at(&bench.clock, limit, attempt);
        bench.clock.drive(timed).await.unwrap_err();
    }
    assert_eq!(bench.state(), State::Open);
}

#[test]
fn a_panic_is_a_failure() {
    let bench = Bench::new(config().with_consecutive_failures(1));
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let _permit = bench.permit();
        panic!("in the attempt");
    }));
    assert!(caught.is_err());
    assert_eq!(bench.state(), State::Open);
}

#[test]
fn what_is_older_than_the_window_does_not_count() {
    let bench = Bench::new(config());
    for _ in 0..9 {
        bench.fail();
    }
    bench.clock.advance(31 * SECOND);
    bench.fail();
    assert_eq!(bench.state(), State::Closed);
    let counts = bench.breaker.counts(bench.clock.now());
    assert_eq!((counts.failures, counts.total()), (1, 1));
}

#[test]
fn stale_buckets_are_not_counted_after_any_idle_time() {
    let bench = Bench::new(config());
    // Multiples of the ring's length meet the same buckets again.
    for idle in [30, 32, 60, 300, 480, 3_600, 86_400, 10_000_000] {
        for _ in 0..4 {
            bench.fail();
        }
        bench.clock.advance(Duration::from_secs(idle));
        assert_eq!(bench.breaker.counts(bench.clock.now()).total(), 0, "{idle}");
    }
    assert_eq!(bench.state(), State::Closed);
}

#[test]
fn a_wall_clock_that_jumps_changes_nothing() {
    let bench = Bench::opened(config());
    bench.clock.set_wall(SystemTime::UNIX_EPOCH);
    assert!(bench.is_rejected());
    bench
        .clock
        .set_wall(SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 33));
    assert!(bench.is_rejected());
    bench.clock.advance(5 * SECOND);
    assert!(!bench.is_rejected());
}

#[test]
fn a_reading_older_than_the_window_is_dropped_and_not_misfiled() {
    let bench = Bench::new(config());
    let early = bench.clock.now();
    let late = bench.permit();
    bench.clock.advance(3_600 * SECOND);
    bench.succeed();
    late.failure(early);
    let counts = bench.breaker.counts(bench.clock.now());
    assert_eq!((counts.successes, counts.failures), (1, 0));
}

// --- open ---

// errata INT-15
#[test]
fn open_rejects_until_its_time_and_says_when() {
    let bench = Bench::opened(config());
    bench.clock.advance(2 * SECOND);
    let rejected = bench.breaker.try_acquire(bench.clock.now()).unwrap_err();
    assert_eq!(rejected.state, State::Open);
    assert_eq!(rejected.retry_in, 3 * SECOND);
    assert_eq!(rejected.retry_at, bench.clock.now() + 3 * SECOND);
    bench.clock.advance_to(rejected.retry_at);
    assert!(bench.permit().is_probe());
    assert_eq!(
        rejected.to_string(),
        "circuit breaker is open, ask again in 3s"
    );
}

// errata INT-15
#[test]
fn the_open_time_doubles_with_every_failed_recovery_up_to_its_longest() {
    let bench = Bench::opened(config());
    let mut times = Vec::new();
    for _ in 0..6 {
        let wait = bench
            .breaker
            .try_acquire(bench.clock.now())
            .unwrap_err()
            .retry_in;
        times.push(wait.as_secs());
        bench.clock.advance(wait);
        bench.fail();
    }
    assert_eq!(times, [5, 10, 20, 40, 60, 60]);
    bench.clock.advance(60 * SECOND);
    for _ in 0..3 {
        bench.succeed();
    }
    assert_eq!(bench.state(), State::Closed);
    bench.fail();
    let wait = bench
        .breaker
        .try_acquire(bench.clock.now())
        .unwrap_err()
        .retry_in;
    assert_eq!(wait, 5 * SECOND, "recovery forgets the growth");
}

#[test]
fn jitter_shortens_the_open_time_by_at_most_its_part() {
    let clock: Arc<dyn Clock> = Arc::new(FakeClock::new());
    let random = Arc::new(SeededRandom::new(5));
    let config = BreakerConfig::default().with_consecutive_failures(1);
    let times: Vec<_> = (0..200)
        .map(|_| {
            let breaker = Breaker::new(config.clone(), clock.clone(), random.clone());
            breaker
                .try_acquire(clock.now())
                .unwrap()
                .failure(clock.now());
            breaker.try_acquire(clock.now()).unwrap_err().retry_in
        })
        .collect();
    assert!(times.iter().all(|t| (4 * SECOND..=5 * SECOND).contains(t)));
    assert!(
        times
            .iter()
            .max()
            .unwrap()
            .abs_diff(*times.iter().min().unwrap())
            > SECOND / 2
    );
}

// --- half-open ---

// errata INT-15
#[test]
fn half_open_admits_n_probes_and_closes_when_all_succeeded() {
    let bench = Bench::ready_to_probe(config());
    let probes = [bench.permit(), bench.permit(), bench.permit()];
    let rejected = bench.breaker.try_acquire(bench.clock.now()).unwrap_err();
    assert_eq!(
        (rejected.state, rejected.retry_in),
        (State::HalfOpen, SECOND)
    );
    for probe in probes {
        assert_eq!(bench.state(), State::HalfOpen);
        probe.success(bench.clock.now());
    }
    assert_eq!(bench.state(), State::Closed);
    assert_eq!(
        bench.breaker.counts(bench.clock.now()).total(),
        0,
        "a fresh window"
    );
}

#[test]
fn half_open_needs_no_minimum_volume() {
    let bench = Bench::ready_to_probe(config().with_minimum_volume(1_000_000));
    for _ in 0..3 {
        bench.clock.advance(60 * SECOND);
        bench.succeed();
    }
    assert_eq!(bench.state(), State::Closed, "one call a minute is enough");
}

#[test]
fn one_failed_or_slow_probe_opens_again() {
    for slow in [false, true] {
        let bench = Bench::ready_to_probe(config().with_slow_calls(SECOND, 1.0));
        bench.succeed();
        let probe = bench.permit();
        if slow {
            bench.clock.advance(SECOND);
            probe.success(bench.clock.now());
        } else {
            probe.failure(bench.clock.now());
        }
        assert_eq!(bench.state(), State::Open);
        assert_eq!(bench.causes().last(), Some(&Cause::ProbeFailed));
    }
}

#[test]
fn a_probe_dropped_with_its_future_gives_its_permit_back() {
    let bench = Bench::ready_to_probe(config().with_half_open_permits(1));
    for _ in 0..1000 {
        drop(bench.permit());
    }
    assert_eq!(bench.state(), State::HalfOpen);
    bench.succeed();
    assert_eq!(bench.state(), State::Closed);
}

#[test]
fn a_probe_that_panics_opens_again_and_holds_nothing() {
    let bench = Bench::ready_to_probe(config().with_half_open_permits(1));
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let _probe = bench.permit();
        panic!("in the probe");
    }));
    assert!(caught.is_err());
    assert_eq!(bench.state(), State::Open);
    bench.clock.advance(10 * SECOND);
    assert!(bench.permit().is_probe());
}

#[test]
fn a_probe_that_hangs_loses_its_lease_and_counts_as_failed() {
    let bench = Bench::ready_to_probe(config().with_half_open_permits(1));
    let hung = bench.permit();
    bench.clock.advance(44 * SECOND);
    assert!(bench.is_rejected());
    assert_eq!(bench.state(), State::HalfOpen);
    bench.clock.advance(SECOND);
    assert!(bench.is_rejected());
    assert_eq!(bench.causes().last(), Some(&Cause::LeaseExpired));
    bench.clock.advance(10 * SECOND);
    bench.succeed();
    assert_eq!(bench.state(), State::Closed, "not stuck");
    hung.failure(bench.clock.now());
    assert_eq!(
        bench.state(),
        State::Closed,
        "and the late result is nobody's"
    );
}

#[test]
fn the_lease_of_a_probe_follows_its_attempt_deadline() {
    let bench = Bench::ready_to_probe(config().with_half_open_permits(1));
    let limit = bench.clock.now() + 100 * SECOND;
    let hung = bench.permit().with_attempt_deadline(limit);
    bench.clock.advance(104 * SECOND);
    assert!(bench.is_rejected());
    assert_eq!(bench.state(), State::HalfOpen);
    bench.clock.advance(SECOND);
    assert!(bench.is_rejected());
    assert_eq!(bench.state(), State::Open);
    drop(hung);
}

#[test]
fn a_validation_error_in_a_probe_neither_closes_nor_keeps_the_permit() {
    let bench = Bench::ready_to_probe(config());
    for _ in 0..10 {
        bench.permit().ignored();
        assert_eq!(bench.state(), State::HalfOpen);
    }
    for _ in 0..3 {
        bench.succeed();
    }
    assert_eq!(bench.state(), State::Closed);
}

#[test]
fn an_outcome_of_an_older_generation_is_ignored() {
    let bench = Bench::new(config().with_consecutive_failures(1));
    let (old_good, old_bad) = (bench.permit(), bench.permit());
    bench.fail();
    bench.clock.advance(5 * SECOND);
    let probe = bench.permit();
    old_good.success(bench.clock.now());
    assert_eq!(
        bench.state(),
        State::HalfOpen,
        "an old success does not close"
    );
    probe.success(bench.clock.now());
    bench.succeed();
    bench.succeed();
    assert_eq!(bench.state(), State::Closed);
    old_bad.failure(bench.clock.now());
    assert_eq!(bench.state(), State::Closed, "an old failure does not open");
    assert_eq!(bench.breaker.counts(bench.clock.now()).total(), 0);
}

#[test]
fn a_probe_of_an_earlier_half_open_is_not_one_of_the_present() {
    let bench = Bench::ready_to_probe(config());
    let old = [bench.permit(), bench.permit()];
    bench.fail();
    bench.clock.advance(10 * SECOND);
    let _new = bench.permit();
    for old in old {
        old.success(bench.clock.now());
    }
    assert_eq!(bench.state(), State::HalfOpen);
    let _rest = [bench.permit(), bench.permit()];
    assert!(bench.is_rejected(), "three are out, and three only");
}

/// Eight threads rush a breaker whose open time is over; nobody settles before all have asked.
#[test]
fn no_rush_gets_more_than_n_probes() {
    const THREADS: usize = 8;
    for round in 0..300_u32 {
        let permits = 1 + round % 4;
        let bench = Bench::ready_to_probe(config().with_half_open_permits(permits));
        let barrier = Barrier::new(THREADS);
        let admitted: usize = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        let now = bench.clock.now();
                        let held: Vec<_> = (0..10)
                            .filter_map(|_| bench.breaker.try_acquire(now).ok())
                            .collect();
                        barrier.wait();
                        held.len()
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).sum()
        });
        assert_eq!(admitted, permits as usize);
    }
}

/// Threads that succeed, fail, drop and panic at random never leave the breaker stuck.
#[test]
fn threads_never_leave_it_stuck() {
    let bench = Bench::new(
        config()
            .with_minimum_volume(4)
            .with_open_time(SECOND, SECOND),
    );
    thread::scope(|scope| {
        for seed in 0..4_u64 {
            let bench = &bench;
            scope.spawn(move || {
                let mut random = fastrand::Rng::with_seed(seed);
                for _ in 0..5_000 {
                    let now = bench.clock.now();
                    let Ok(permit) = bench.breaker.try_acquire(now) else {
                        bench.clock.advance(SECOND / 4);
                        continue;
                    };
                    match random.u8(0..10) {
                        0..3 => permit.success(now),
                        3..7 => permit.failure(now),
                        7 => permit.ignored(),
                        _ => drop(permit),
                    }
                }
            });
        }
    });
    bench.clock.advance(60 * SECOND);
    for _ in 0..3 {
        bench.succeed();
    }
    assert_eq!(bench.state(), State::Closed);
    let log = bench.log.0.lock().unwrap();
    for pair in log.windows(2) {
        assert_eq!(pair[0].to, pair[1].from, "events come in their order");
        assert_eq!(pair[0].generation + 1, pair[1].generation);
    }
    assert!(log.len() > 10);
}

#[test]
fn calls_of_all_threads_are_counted() {
    let bench = Bench::new(config().with_failure_rate(1.0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for n in 0..10_000 {
                    if n % 10 == 0 {
                        bench.fail();
                    } else {
                        bench.succeed();
                    }
                }
            });
        }
    });
    let counts = bench.breaker.counts(bench.clock.now());
    assert_eq!((counts.successes, counts.failures), (36_000, 4_000));
}

// --- forced, events, settings ---

#[test]
fn a_forced_state_holds_until_it_is_lifted() {
    let bench = Bench::new(config().with_consecutive_failures(1));
    bench.breaker.force_open();
    bench.clock.advance(3_600 * SECOND);
    let rejected = bench.breaker.try_acquire(bench.clock.now()).unwrap_err();
    assert_eq!(rejected.state, State::ForcedOpen);

    bench.breaker.force_closed();
    for _ in 0..100 {
        bench.fail();
    }
    assert_eq!(bench.state(), State::ForcedClosed, "nothing is judged");

    bench.breaker.reset();
    assert_eq!(bench.state(), State::Closed);
    bench.fail();
    assert_eq!(bench.state(), State::Open, "judged again");
    bench.breaker.reset();
    bench.succeed();
    assert_eq!(bench.state(), State::Closed);
}

#[test]
fn a_permit_from_before_a_forced_state_says_nothing_after_it() {
    let bench = Bench::new(config().with_consecutive_failures(1));
    let old = bench.permit();
    bench.breaker.force_closed();
    bench.breaker.reset();
    old.failure(bench.clock.now());
    assert_eq!(bench.state(), State::Closed);
}

// errata INT-20
#[test]
fn transitions_are_told_with_their_cause() {
    let bench = Bench::ready_to_probe(config().with_half_open_permits(1));
    bench.succeed();
    let log = bench.log.0.lock().unwrap();
    let told: Vec<_> = log.iter().map(|t| (t.from, t.to, t.cause)).collect();
    assert_eq!(
        told,
        [
            (
                State::Closed,
                State::Open,
                Cause::ConsecutiveFailures { failures: 1 }
            ),
            (State::Open, State::HalfOpen, Cause::OpenElapsed),
            (State::HalfOpen, State::Closed, Cause::ProbesSucceeded),
        ]
    );
    assert_eq!(log[1].at, bench.clock.now());
}

#[test]
fn a_listener_may_use_the_breaker_and_may_panic() {
    #[derive(Debug)]
    struct Meddler(Breaker);
    impl BreakerListener for Meddler {
        fn on_transition(&self, transition: &Transition) {
            if transition.to == State::Open {
                self.0.reset();
            }
            panic!("contained");
        }
    }
    let bench = Bench::new(config().with_consecutive_failures(1));
    let meddler = Arc::new(Meddler(bench.breaker.clone()));
    let breaker = bench.breaker.clone().with_listener(meddler);
    breaker
        .try_acquire(bench.clock.now())
        .unwrap()
        .failure(bench.clock.now());
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(
        bench.causes(),
        [Cause::ConsecutiveFailures { failures: 1 }, Cause::Reset]
    );
}

#[test]
fn settings_that_cannot_work_are_all_named_and_clamping_mends_them() {
    let broken = BreakerConfig::default()
        .with_window(Duration::ZERO)
        .with_failure_rate(f64::NAN)
        .with_minimum_volume(0)
        .with_slow_calls(Duration::ZERO, 2.0)
        .with_consecutive_failures(0)
        .with_half_open_permits(0)
        .with_open_time(Duration::ZERO, Duration::MAX)
        .with_open_factor(f64::INFINITY)
        .with_jitter(-1.0)
        .with_lease(Duration::MAX);
    assert_eq!(broken.clone().validate().unwrap_err().problems().len(), 10);
    broken.clone().clamp().validate().unwrap();
    BreakerConfig::default().validate().unwrap();

    let bench = Bench::new(broken);
    bench.fail();
    assert_eq!(bench.state(), State::Open);
    bench.clock.advance(Duration::from_secs(86_400));
    bench.succeed();
    bench.succeed();
}
