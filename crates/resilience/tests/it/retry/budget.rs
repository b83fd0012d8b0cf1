use super::*;

// errata ALL-08
#[tokio::test]
async fn an_empty_budget_stops_at_the_first_failure() {
    let bench = Bench::new(plain());
    let budget = RetryBudget::new(0.0, 0.0, 1).unwrap();
    let retry = bench.retry().with_budget(&budget);
    let failures = vec![Fail::new(Class::NotSent); 9];
    let (first, began) = bench.script(retry, &failures).await;
    assert_eq!(first.unwrap_err().stop, Stop::BudgetEmpty);
    assert_eq!(began.len(), 2, "one retry was paid for");
    let (second, began) = bench.script(retry, &failures).await;
    assert_eq!(second.unwrap_err().stop, Stop::BudgetEmpty);
    assert_eq!(began.len(), 1);
}

#[tokio::test]
async fn a_call_that_is_not_retried_leaves_the_budget_alone() {
    let bench = Bench::new(plain());
    let budget = RetryBudget::new(0.0, 0.0, 5).unwrap();
    let retry = bench.retry().with_budget(&budget);
    let deadline = retry.with_deadline(bench.start);
    for (retry, failure) in [
        (retry, Fail::new(Class::Final)),
        (retry, Fail::new(Class::MaybeProcessed)),
        (retry, Fail::throttled(Duration::MAX)),
        (deadline, Fail::new(Class::NotSent)),
    ] {
        let (result, _) = bench.script(retry, &[failure]).await;
        assert!(result.is_err());
    }
    assert_eq!(budget.available(bench.clock.now()), 5);
}

/// 64 workers against a server that is down: what they send is bounded by the budget.
#[tokio::test]
async fn an_outage_is_not_amplified() {
    let bench = Bench::new(RetryPolicy::default());
    let budget = RetryBudget::default();
    let (calls, sends) = (Cell::new(0_u32), Cell::new(0_u32));
    let workers = (0..64).map(|_| async {
        for _ in 0..50 {
            calls.set(calls.get() + 1);
            let retry = bench.retry().with_budget(&budget);
            let op = |_| {
                sends.set(sends.get() + 1);
                async { Err::<(), _>(Fail::new(Class::NotSent)) }
            };
            retry.run(op).await.unwrap_err();
        }
    });
    bench.clock.drive(join_all(workers)).await;
    let reserve = bench.elapsed().as_secs_f64() / 2.0 + f64::from(RetryBudget::DEFAULT_START);
    let limit = f64::from(calls.get()) * 1.2 + reserve;
    assert_eq!(calls.get(), 3200);
    assert!(f64::from(sends.get()) <= limit, "{} > {limit}", sends.get());
    assert!(sends.get() > calls.get(), "it does retry");
}

#[tokio::test]
async fn nested_loops_do_not_multiply() {
    let bench = Bench::new(plain().with_max_attempts(3));
    let sends = Cell::new(0);
    let inner = |_| {
        let retry = bench.retry();
        let sends = &sends;
        async move {
            retry
                .run(|_| {
                    sends.set(sends.get() + 1);
                    async { Err::<(), _>(Fail::new(Class::NotSent)) }
                })
                .await
        }
    };
    let result = bench.clock.drive(bench.retry().run(inner)).await;
    let error = result.unwrap_err();
    assert_eq!(sends.get(), 3, "not nine");
    assert_eq!(error.stop, Stop::Spent);
    assert_eq!(error.last.stop, Stop::AttemptsSpent);
}
