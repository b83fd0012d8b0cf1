use super::*;

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
