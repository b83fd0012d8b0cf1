use super::*;

// errata RST-25, ALL-10
#[tokio::test]
async fn nothing_is_waited_for_before_the_first_attempt_nor_after_the_last() {
    let bench = Bench::new(plain());
    let down = vec![Fail::new(Class::NotSent); 9];
    let (result, began) = bench.script(bench.retry(), &down).await;
    assert_eq!(seconds(&began), [0, 1, 3, 7]);
    let error = result.unwrap_err();
    assert_eq!(error.stop, Stop::AttemptsSpent);
    assert_eq!(bench.elapsed(), 7 * SECOND, "no wait after attempt 4");
    assert_eq!((error.elapsed, error.waited), (7 * SECOND, 7 * SECOND));
}

#[tokio::test]
async fn the_first_success_ends_the_call() {
    let bench = Bench::new(plain());
    let (result, _) = bench
        .script(bench.retry(), &[Fail::new(Class::NotSent)])
        .await;
    assert_eq!(result.unwrap(), 2);
}

// errata ALL-11, EVR-31
#[tokio::test]
async fn the_last_error_and_the_whole_history_survive_exhaustion_by_throttling() {
    let bench = Bench::new(plain());
    let refusals: Vec<_> = (1..=4)
        .map(|n| Fail::throttled(n * SECOND).text(&format!("429 #{n}")))
        .collect();
    let (result, _) = bench.script(bench.retry(), &refusals).await;
    let error = result.unwrap_err();
    assert_eq!(error.last.text, "429 #4");
    let history: Vec<_> = error
        .attempts
        .iter()
        .map(|a| (a.number, a.waited_before.as_secs(), a.summary.as_str()))
        .collect();
    assert_eq!(
        history,
        [
            (1, 0, "429 #1"),
            (2, 1, "429 #2"),
            (3, 2, "429 #3"),
            (4, 3, "429 #4")
        ]
    );
    assert_eq!(error.to_string(), "failed after 4 attempts: attempts spent");
}

// errata ALL-07, EVR-30
#[tokio::test]
async fn a_write_that_may_have_been_processed_is_not_sent_again() {
    let bench = Bench::new(plain());
    let (result, began) = bench
        .script(bench.retry(), &[Fail::new(Class::MaybeProcessed)])
        .await;
    assert_eq!(result.unwrap_err().stop, Stop::NotRepeatable);
    assert_eq!(began.len(), 1);
    let repeatable = bench.retry().with_repeatable(true);
    let (result, _) = bench
        .script(repeatable, &[Fail::new(Class::MaybeProcessed)])
        .await;
    assert_eq!(result.unwrap(), 2);
}

// errata ALL-07, EVR-27
#[tokio::test]
async fn what_was_not_sent_or_refused_unprocessed_is_sent_again_whatever_the_method() {
    for failure in [
        Fail::new(Class::NotSent),
        Fail::new(Class::Refused),
        Fail::throttled(None),
    ] {
        let bench = Bench::new(plain());
        let (result, _) = bench.script(bench.retry(), &[failure]).await;
        assert_eq!(result.unwrap(), 2);
    }
}

// errata ALL-07, RST-36
#[tokio::test]
async fn a_final_failure_is_not_retried() {
    let bench = Bench::new(plain());
    let retry = bench.retry().with_repeatable(true);
    let (result, began) = bench.script(retry, &[Fail::new(Class::Final)]).await;
    assert_eq!(result.unwrap_err().stop, Stop::Final);
    assert_eq!(began.len(), 1);
}

#[tokio::test]
async fn a_throttle_without_a_time_waits_longer_than_a_fault() {
    let bench = Bench::new(plain());
    let failures = [Fail::throttled(None), Fail::throttled(None)];
    let (_, began) = bench.script(bench.retry(), &failures).await;
    assert_eq!(seconds(&began), [0, 10, 30]);
}

// errata ALL-12, EVR-28, RST-23
#[tokio::test]
async fn every_attempt_builds_its_request_again() {
    let bench = Bench::new(plain());
    let body: Arc<[u8]> = Arc::from(&b"payload"[..]);
    let sent = RefCell::new(Vec::new());
    let op = |attempt: Attempt| {
        let request = Arc::clone(&body);
        sent.borrow_mut().push(request.to_vec());
        async move {
            if attempt.number < 3 {
                return Err(Fail::new(Class::NotSent));
            }
            Ok(request.len())
        }
    };
    let result = bench.clock.drive(bench.retry().run(op)).await;
    assert_eq!(result.unwrap(), 7);
    assert!(sent.borrow().iter().all(|sent| **sent == *body));
}

// errata ALL-08, ALL-10, RST-22
#[tokio::test]
async fn a_wait_that_would_pass_the_deadline_is_not_begun() {
    let bench = Bench::new(plain());
    let retry = bench.retry().with_deadline(bench.start + 3 * SECOND);
    let (result, began) = bench
        .script(retry, &vec![Fail::new(Class::NotSent); 9])
        .await;
    let error = result.unwrap_err();
    assert_eq!(error.stop, Stop::Deadline { wait: 2 * SECOND });
    assert_eq!(seconds(&began), [0, 1]);
    assert_eq!(error.last.text, "NotSent");
}

// errata ALL-07
#[tokio::test]
async fn a_replay_happens_once_at_once_and_costs_nothing() {
    let bench = Bench::new(RetryPolicy::none());
    let budget = RetryBudget::new(0.0, 0.0, 1).unwrap();
    let retry = bench.retry().with_budget(&budget);
    let unauthorized = Fail::new(Class::Replay);
    let (result, began) = bench
        .script(retry, std::slice::from_ref(&unauthorized))
        .await;
    assert_eq!(result.unwrap(), 2, "even where nothing is retried");
    assert_eq!(seconds(&began), [0, 0]);
    assert_eq!(budget.available(bench.clock.now()), 1);

    let (result, began) = bench.script(retry, &vec![unauthorized; 3]).await;
    assert_eq!(result.unwrap_err().stop, Stop::Final, "the second is final");
    assert_eq!(began.len(), 2);
}

#[tokio::test]
async fn a_replay_leaves_all_attempts_to_the_faults_around_it() {
    let bench = Bench::new(plain());
    let down = || Fail::new(Class::NotSent);
    let failures = [down(), Fail::new(Class::Replay), down(), down()];
    let (result, began) = bench.script(bench.retry(), &failures).await;
    assert_eq!(result.unwrap(), 5);
    assert_eq!(seconds(&began), [0, 1, 1, 3, 7]);
}

// errata ALL-10, RST-22
#[tokio::test]
async fn a_cancelled_wait_leaves_nothing_behind() {
    let bench = Bench::new(plain());
    {
        let call = bench
            .retry()
            .run(|_| async { Err::<(), _>(Fail::throttled(60 * SECOND)) });
        let mut call = std::pin::pin!(call);
        assert!(futures_util::poll!(&mut call).is_pending());
        assert_eq!(bench.clock.pending_sleeps(), 1);
    }
    assert_eq!(bench.clock.pending_sleeps(), 0);
}

#[tokio::test]
async fn an_attempt_that_outlives_its_own_limit_is_retried_within_the_deadline() {
    let bench = Bench::new(plain());
    let op = |attempt: Attempt| {
        let clock = &bench.clock;
        async move {
            let limit = attempt.started + 2 * SECOND;
            let answer = clock.sleep_until(attempt.started + 60 * SECOND);
            timeout_at(clock, limit, answer)
                .await
                .map_err(|_| Fail::new(Class::MaybeProcessed))
        }
    };
    let deadline = bench.start + 9 * SECOND;
    let retry = bench.retry().with_repeatable(true).with_deadline(deadline);
    let error = bench.clock.drive(retry.run(op)).await.unwrap_err();
    // 2 s attempt, 1 s wait, 2 s attempt, 2 s wait, 2 s attempt: at 9 s.
    assert_eq!(error.attempts.len(), 3);
    assert!(error.attempts.iter().all(|a| a.elapsed == 2 * SECOND));
    assert_eq!(error.stop, Stop::Deadline { wait: 4 * SECOND });
    assert_eq!(bench.clock.pending_sleeps(), 0);
}

#[tokio::test]
async fn the_observer_hears_every_retry_and_no_other_attempt() {
    #[derive(Default)]
    struct Log(Mutex<Vec<(u32, Duration, Class, String)>>);
    impl RetryObserver for Log {
        fn on_retry(&self, event: &RetryEvent<'_>) {
            let line = (
                event.attempt,
                event.delay,
                event.class,
                event.summary.to_owned(),
            );
            self.0.lock().unwrap().push(line);
        }
    }
    let log = Log::default();
    let bench = Bench::new(plain().with_max_attempts(2));
    let failures = [
        Fail::new(Class::Replay),
        Fail::new(Class::NotSent),
        Fail::new(Class::NotSent),
    ];
    let retry = bench.retry().with_observer(&log);
    let (result, _) = bench.script(retry, &failures).await;
    assert!(result.is_err());
    let heard = log.0.into_inner().unwrap();
    assert_eq!(
        heard,
        [
            (1, Duration::ZERO, Class::Replay, "Replay".to_owned()),
            (2, SECOND, Class::NotSent, "NotSent".to_owned()),
        ]
    );
}

#[test]
fn the_future_is_send() {
    fn send<T: Send>(value: T) -> T {
        value
    }
    let bench = Bench::new(plain());
    let retry = bench.retry();
    drop(send(
        retry.run(|_| async { Err::<(), _>(Fail::new(Class::Final)) }),
    ));
}

#[test]
fn a_loop_whose_operation_is_ready_is_ready_at_its_first_poll() {
    let bench = Bench::new(plain());
    let retry = bench.retry();
    let mut call =
        std::pin::pin!(retry.run(|attempt| async move { Ok::<_, Fail>(attempt.number) }));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(call.as_mut().poll(&mut cx).is_ready());
}
