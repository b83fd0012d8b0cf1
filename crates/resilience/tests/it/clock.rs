use std::time::{Duration, SystemTime};

use futures_util::future::join;
use resilience::test_util::FakeClock;
use resilience::{
    Breaker, BreakerRegistry, Clock, Elapsed, FillCache, Permit, Quota, RetryBudget, RetryError,
    SingleFlight, Slot, SystemClock, TtlCache, timeout_at,
};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn shared_types_move_between_threads() {
    fn both<T: Send + Sync>() {}
    both::<Breaker>();
    both::<BreakerRegistry>();
    both::<Permit>();
    both::<Quota>();
    both::<Slot>();
    both::<RetryBudget>();
    both::<RetryError<std::io::Error>>();
    both::<SingleFlight<String, u32>>();
    both::<TtlCache<String, u32>>();
    both::<FillCache<u32, std::io::Error>>();
    both::<FakeClock>();
}

#[tokio::test(start_paused = true)]
async fn the_system_clock_never_wakes_early() {
    let clock = SystemClock;
    for nanos in [1, 999, 1_000_001, 1_500_000, 999_999_999, 3_000_000_001] {
        let at = clock.now() + Duration::from_nanos(nanos);
        clock.sleep_until(at).await;
        assert!(clock.now() >= at, "{nanos} ns");
    }
}

#[tokio::test]
async fn the_system_clock_never_wakes_early_in_real_time_either() {
    let clock = SystemClock;
    for micros in [1, 300, 1_100, 2_500] {
        let at = clock.now() + Duration::from_micros(micros);
        clock.sleep_until(at).await;
        assert!(clock.now() >= at, "{micros} µs");
    }
}

#[tokio::test]
async fn a_ready_future_wins_over_a_passed_deadline() {
    let clock = FakeClock::new();
    let past = clock.now() - SECOND;
    assert_eq!(timeout_at(&clock, past, async { 7 }).await, Ok(7));
    let never = std::future::pending::<()>();
    assert_eq!(timeout_at(&clock, past, never).await, Err(Elapsed));
    assert_eq!(clock.pending_sleeps(), 0);
}

#[tokio::test]
async fn a_timeout_that_was_not_needed_leaves_no_timer() {
    let clock = FakeClock::new();
    let at = clock.now() + SECOND;
    let work = clock.sleep_until(clock.now() + SECOND / 2);
    assert_eq!(clock.drive(timeout_at(&clock, at, work)).await, Ok(()));
    assert_eq!(clock.pending_sleeps(), 0);
}

#[tokio::test]
async fn driven_sleepers_wake_in_their_order_and_clones_share_the_time() {
    let clock = FakeClock::new();
    let start = clock.now();
    let other = clock.clone();
    let woken = |after| {
        let clock = clock.clone();
        async move {
            clock.sleep_until(start + after).await;
            clock.now() - start
        }
    };
    let both = clock.drive(join(woken(3 * SECOND), woken(SECOND))).await;
    assert_eq!(both, (3 * SECOND, SECOND));
    assert_eq!(other.now(), start + 3 * SECOND);
}

#[tokio::test]
async fn driving_moves_the_sleeps_of_spawned_tasks_too() {
    let clock = FakeClock::new();
    let inner = clock.clone();
    let at = clock.now() + 60 * SECOND;
    let task = tokio::spawn(async move { inner.sleep_until(at).await });
    clock.drive(task).await.unwrap();
    assert_eq!(clock.now(), at);
}

#[tokio::test]
async fn a_dropped_sleep_is_forgotten() {
    let clock = FakeClock::new();
    let at = clock.now() + SECOND;
    {
        let mut sleep = clock.sleep_until(at);
        let _ = futures_util::poll!(&mut sleep);
        assert_eq!(clock.pending_sleeps(), 1);
    }
    assert_eq!(clock.pending_sleeps(), 0);
    assert_eq!(clock.advance_to_next(), None);
}

#[test]
fn the_calendar_jumps_and_the_monotonic_time_does_not() {
    let clock = FakeClock::new();
    let now = clock.now();
    clock.set_wall(SystemTime::UNIX_EPOCH);
    assert_eq!(clock.now(), now);
    clock.advance(SECOND);
    assert_eq!(clock.wall(), SystemTime::UNIX_EPOCH + SECOND);
    clock.advance_to(now);
    assert_eq!(clock.now(), now + SECOND, "time never goes back");
}
