use super::*;

// errata ALL-09
#[tokio::test]
async fn retry_after_is_waited_for_in_full_and_never_shortened() {
    let bench = Bench::new(plain());
    let (_, began) = bench
        .script(bench.retry(), &[Fail::throttled(90 * SECOND)])
        .await;
    assert_eq!(began[1], 90 * SECOND, "longer than every back-off");
}

#[tokio::test]
async fn no_caller_of_a_herd_comes_before_the_instant_and_the_herd_spreads_after_it() {
    let bench = Bench::new(RetryPolicy::default());
    let calls = (0..1000).map(|_| {
        let asked = Cell::new(false);
        let (clock, start) = (&bench.clock, bench.start);
        let bench = &bench;
        async move {
            let op = |attempt: Attempt| {
                let first = !asked.replace(true);
                async move {
                    if first {
                        Err(Fail::throttled(3 * SECOND))
                    } else {
                        Ok(attempt.started - start)
                    }
                }
            };
            let retry = Retry::new(&bench.policy, clock, &bench.random);
            retry.run(op).await.unwrap()
        }
    });
    let back = bench.clock.drive(join_all(calls)).await;
    let (first, last) = (back.iter().min().unwrap(), back.iter().max().unwrap());
    assert!(*first >= 3 * SECOND, "nobody is early: {first:?}");
    assert!(*last - *first >= SECOND, "spread over {:?}", *last - *first);
    let moments: BTreeSet<_> = back.iter().collect();
    assert!(moments.len() > 990);
}

// errata ALL-09
#[tokio::test]
async fn a_retry_after_beyond_the_deadline_fails_now_and_says_how_long() {
    let bench = Bench::new(RetryPolicy::default());
    let retry = bench.retry().with_deadline(bench.start + 10 * SECOND);
    let (result, began) = bench.script(retry, &[Fail::throttled(30 * SECOND)]).await;
    let error = result.unwrap_err();
    assert_eq!(error.stop, Stop::Deadline { wait: 30 * SECOND });
    assert_eq!(began.len(), 1);
    assert_eq!(bench.elapsed(), Duration::ZERO, "nothing was waited for");
}

// errata ALL-09
#[tokio::test]
async fn a_retry_after_above_the_cap_fails_now_and_says_how_long() {
    for wait in [
        181 * SECOND,
        Duration::from_secs(1_000_000_000_000),
        Duration::MAX,
    ] {
        let bench = Bench::new(RetryPolicy::default());
        let (result, _) = bench.script(bench.retry(), &[Fail::throttled(wait)]).await;
        assert_eq!(result.unwrap_err().stop, Stop::RetryAfterTooLong { wait });
        assert_eq!(bench.elapsed(), Duration::ZERO);
    }
    let patient = RetryPolicy::default().with_retry_after_cap(Duration::MAX);
    let bench = Bench::new(patient);
    let forever = Fail::throttled(Duration::MAX);
    let (result, _) = bench.script(bench.retry(), &[forever]).await;
    let wait = Duration::MAX;
    assert_eq!(result.unwrap_err().stop, Stop::RetryAfterTooLong { wait });
}

#[tokio::test]
async fn retry_after_zero_is_no_hot_loop() {
    let bench = Bench::new(plain());
    let (_, began) = bench
        .script(bench.retry(), &[Fail::throttled(Duration::ZERO)])
        .await;
    assert_eq!(seconds(&began), [0, 10], "the ordinary throttle back-off");
}

#[tokio::test]
async fn the_spread_yields_to_the_deadline_and_the_named_time_does_not() {
    let bench = Bench::new(RetryPolicy::default().with_spread(60 * SECOND));
    let retry = bench.retry().with_deadline(bench.start + 4 * SECOND);
    let (result, began) = bench.script(retry, &[Fail::throttled(3 * SECOND)]).await;
    assert!(result.is_ok());
    assert!((3 * SECOND..4 * SECOND).contains(&began[1]));
}

#[tokio::test]
async fn a_wall_clock_that_jumps_moves_no_wait() {
    let bench = Bench::new(plain());
    let call = async {
        let op = |attempt: Attempt| {
            bench.clock.set_wall(std::time::SystemTime::UNIX_EPOCH);
            async move {
                match attempt.number {
                    1 => Err(Fail::throttled(5 * SECOND)),
                    _ => Ok(()),
                }
            }
        };
        bench.retry().run(op).await
    };
    bench.clock.drive(call).await.unwrap();
    assert_eq!(bench.elapsed(), 5 * SECOND);
}
