use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use resilience::{Backoff, Jitter, Random, SeededRandom, ThreadRandom};

const SECOND: Duration = Duration::from_secs(1);

// errata ALL-08, INT-21, RST-24
#[test]
fn delays_double_up_to_the_cap() {
    let backoff = Backoff::new(SECOND, 2.0, 30 * SECOND, Jitter::None).unwrap();
    let random = SeededRandom::new(1);
    let seconds: Vec<_> = (0..7)
        .map(|n| backoff.delay(n, &random).as_secs())
        .collect();
    assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30]);
}

// errata ALL-08
// The power does not overflow at attempt 64.
#[test]
fn every_attempt_number_has_a_delay() {
    let backoff = Backoff::default().with_jitter(Jitter::None);
    let random = SeededRandom::new(1);
    for attempt in [31, 32, 63, 64, 65, 1023, 1024, 1 << 31, u32::MAX] {
        assert_eq!(backoff.delay(attempt, &random), 20 * SECOND, "{attempt}");
    }
}

// errata EVR-10, EVR-11
#[test]
fn settings_that_cannot_work_are_all_named() {
    let wrong = Backoff::new(Duration::ZERO, f64::NAN, Duration::MAX, Jitter::Full).unwrap_err();
    let fields: Vec<_> = wrong.problems().iter().map(|p| p.field).collect();
    assert_eq!(fields, ["base", "factor", "cap"]);
    for factor in [f64::INFINITY, f64::NEG_INFINITY, 0.99, -1.0, 100.5] {
        assert!(Backoff::new(SECOND, factor, SECOND, Jitter::Full).is_err());
    }
    assert!(Backoff::new(2 * SECOND, 2.0, SECOND, Jitter::Full).is_err());
    assert!(
        wrong
            .to_string()
            .starts_with("invalid configuration: base must")
    );
}

#[test]
fn clamping_always_gives_settings_that_are_valid() {
    for base in [Duration::ZERO, SECOND, Duration::MAX] {
        for factor in [f64::NAN, f64::INFINITY, -3.0, 1.5] {
            for cap in [Duration::ZERO, SECOND, Duration::MAX] {
                let backoff = Backoff::clamp(base, factor, cap, Jitter::None);
                assert!(backoff.bound(0) >= Backoff::MIN_BASE);
                assert!(backoff.bound(u32::MAX) <= Backoff::MAX_CAP);
                assert!(backoff.bound(0) <= backoff.bound(1));
            }
        }
    }
}

// errata ALL-08
#[test]
fn full_jitter_covers_the_whole_range() {
    let backoff = Backoff::new(SECOND, 2.0, SECOND, Jitter::Full).unwrap();
    let random = SeededRandom::new(3);
    let mut tenths = [0_u32; 10];
    for _ in 0..10_000 {
        let delay = backoff.delay(0, &random);
        tenths[(delay.as_secs_f64() * 10.0).min(9.0) as usize] += 1;
    }
    assert!(tenths.iter().all(|n| (800..1200).contains(n)), "{tenths:?}");
}

#[test]
fn a_seed_gives_the_same_sequence_again() {
    let draw = |seed| -> Vec<u64> {
        let random = SeededRandom::new(seed);
        (0..8).map(|_| random.next_u64()).collect()
    };
    assert_eq!(draw(42), draw(42));
    assert_ne!(draw(42), draw(43));
    // The published first output of SplitMix64 for seed 0.
    assert_eq!(draw(0)[0], 0xe220_a839_7b1d_cdaf);
}

#[test]
fn the_iterator_never_ends_and_can_start_again() {
    let backoff = Backoff::default().with_jitter(Jitter::None);
    let mut delays = backoff.delays(Arc::new(ThreadRandom));
    assert_eq!(delays.by_ref().take(100).count(), 100);
    assert_eq!(delays.next(), Some(20 * SECOND));
    delays.reset();
    assert_eq!(delays.next(), Some(Duration::from_millis(100)));
}

#[test]
fn another_retry_crate_takes_the_delays_as_they_are() {
    use backon::BlockingRetryable;

    let delays = Backoff::default()
        .delays(Arc::new(SeededRandom::new(1)))
        .take(3);
    let mut calls = 0;
    let slept = std::rc::Rc::new(std::cell::Cell::new(0));
    let counter = slept.clone();
    let mut work = || {
        calls += 1;
        if calls < 4 { Err("again") } else { Ok(calls) }
    };
    let result = (&mut work)
        .retry(delays)
        .sleep(move |_| counter.set(counter.get() + 1))
        .call();
    assert_eq!(result, Ok(4));
    assert_eq!(slept.get(), 3);
}

proptest! {
    #[test]
    fn a_delay_is_never_above_its_bound_nor_the_bound_above_the_cap(
        base in 1_u64..100_000_000, factor in 1.0_f64..100.0, cap in 1_u64..86_400_000_000,
        attempt: u32, seed: u64,
    ) {
        let base = Duration::from_micros(base);
        let cap = Duration::from_micros(cap);
        let backoff = Backoff::clamp(base, factor, cap, Jitter::Full);
        let random = SeededRandom::new(seed);
        let bound = backoff.bound(attempt);
        prop_assert!(backoff.delay(attempt, &random) <= bound);
        prop_assert!(bound <= cap.max(base));
        prop_assert!(bound <= backoff.bound(attempt.saturating_add(1)));
    }

    #[test]
    fn a_random_duration_is_never_above_its_maximum(secs: u64, nanos in 0_u32..1_000_000_000, seed: u64) {
        let max = Duration::new(secs, nanos);
        let random = SeededRandom::new(seed);
        prop_assert!(random.duration_up_to(max) <= max);
        prop_assert!((0.0..1.0).contains(&random.unit()));
        prop_assert_eq!(random.duration_up_to(Duration::ZERO), Duration::ZERO);
    }
}
