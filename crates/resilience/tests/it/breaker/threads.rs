use super::*;

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
