use std::sync::Arc;
use std::time::Duration;

use backoff::backoff::Backoff as _;
use resilience::backoff_compat::{AsBackoff, FromBackoff};
use resilience::{Backoff, Jitter, SeededRandom};

#[test]
fn our_delays_drive_the_other_loop_and_reset_with_it() {
    let delays = Backoff::default()
        .with_jitter(Jitter::None)
        .delays(Arc::new(SeededRandom::new(1)));
    let mut foreign = AsBackoff::new(delays);
    let first = foreign.next_backoff();
    assert_eq!(first, Some(Duration::from_millis(100)));
    foreign.next_backoff();
    foreign.reset();
    assert_eq!(foreign.next_backoff(), first);
}

#[test]
fn the_end_of_our_delays_stops_the_other_loop() {
    let delays = Backoff::new(
        Duration::from_micros(1),
        1.0,
        Duration::from_micros(1),
        Jitter::None,
    )
    .unwrap()
    .delays(Arc::new(SeededRandom::new(1)))
    .take(2);
    let mut calls = 0;
    let result = backoff::retry(AsBackoff::new(delays), || {
        calls += 1;
        Err::<(), _>(backoff::Error::transient("down"))
    });
    assert!(result.is_err());
    assert_eq!(calls, 3, "the first attempt and two retries");
}

#[test]
fn the_other_crates_delays_are_an_iterator_that_ends_at_stop() {
    let mut delays = FromBackoff::new(backoff::backoff::Stop {});
    assert_eq!(delays.next(), None);
    assert_eq!(delays.next(), None);
    let exponential = backoff::ExponentialBackoff {
        max_elapsed_time: Some(Duration::ZERO),
        ..Default::default()
    };
    assert_eq!(FromBackoff::new(exponential).next(), None);
    let zero = FromBackoff::new(backoff::backoff::Zero {});
    assert_eq!(zero.take(3).sum::<Duration>(), Duration::ZERO);
}
