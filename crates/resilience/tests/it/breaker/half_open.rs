use super::*;

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
