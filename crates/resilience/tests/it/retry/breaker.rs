use super::*;

// errata INT-16
#[tokio::test]
async fn an_open_breaker_spends_no_attempt_and_is_waited_for_until_its_probe() {
    let bench = Bench::new(plain().with_max_attempts(2));
    let config = BreakerConfig::default()
        .with_consecutive_failures(1)
        .with_jitter(0.0);
    let clock: Arc<dyn Clock> = Arc::new(bench.clock.clone());
    let breaker = Breaker::new(config, clock, Arc::new(SeededRandom::new(1)));
    let budget = RetryBudget::new(0.0, 0.0, 1).unwrap();
    breaker
        .try_acquire(bench.start)
        .unwrap()
        .failure(bench.start);

    let sends = Cell::new(0);
    let op = |attempt: Attempt| {
        let (breaker, sends, clock) = (&breaker, &sends, &bench.clock);
        async move {
            let permit = breaker.try_acquire(attempt.started)?;
            sends.set(sends.get() + 1);
            permit.success(clock.now());
            Ok::<_, Fail>(attempt.number)
        }
    };
    let retry = bench.retry().with_budget(&budget);
    let result = bench.clock.drive(retry.run(op)).await;
    assert_eq!(result.unwrap(), 2);
    assert_eq!(bench.elapsed(), 5 * SECOND, "the end of the open time");
    assert_eq!(sends.get(), 1);
    assert_eq!(
        budget.available(bench.clock.now()),
        1,
        "nothing was sent, nothing charged"
    );
}

// errata INT-16
#[tokio::test]
async fn an_open_breaker_whose_probe_is_beyond_the_deadline_fails_now() {
    let bench = Bench::new(RetryPolicy::default());
    let probe = Fail {
        retry_at: Some(bench.start + 5 * SECOND),
        ..Fail::new(Class::NotSent)
    };
    let retry = bench.retry().with_deadline(bench.start + 4 * SECOND);
    let (result, _) = bench.script(retry, &[probe]).await;
    let wait = 5 * SECOND;
    assert_eq!(result.unwrap_err().stop, Stop::Deadline { wait });
    assert_eq!(bench.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn a_breaker_that_stays_open_ends_the_call() {
    let bench = Bench::new(plain());
    let calls = Cell::new(0);
    let op = |attempt: Attempt| {
        calls.set(calls.get() + 1);
        let probe = Fail {
            retry_at: Some(attempt.started + SECOND),
            ..Fail::new(Class::NotSent)
        };
        async move { Err::<(), _>(probe) }
    };
    let result = bench.clock.drive(bench.retry().run(op)).await;
    assert_eq!(result.unwrap_err().stop, Stop::AttemptsSpent);
    assert_eq!(calls.get(), 4);
}
