use super::*;

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
