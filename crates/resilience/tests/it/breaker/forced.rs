use super::*;

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
