use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use resilience::test_util::FakeClock;
use resilience::{
    Attempt, Backoff, Breaker, BreakerConfig, Class, Clock, Failure, Jitter, Rejected, Retry,
    RetryBudget, RetryError, RetryEvent, RetryObserver, RetryPolicy, SeededRandom, Stop,
    timeout_at,
};

const SECOND: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
struct Fail {
    class: Class,
    throttle: bool,
    retry_after: Option<Duration>,
    retry_at: Option<Instant>,
    text: String,
}

impl Fail {
    fn new(class: Class) -> Self {
        Self {
            class,
            throttle: false,
            retry_after: None,
            retry_at: None,
            text: format!("{class:?}"),
        }
    }

    /// A 429.
    fn throttled(retry_after: impl Into<Option<Duration>>) -> Self {
        Self {
            throttle: true,
            retry_after: retry_after.into(),
            ..Self::new(Class::Refused)
        }
    }

    fn text(mut self, text: &str) -> Self {
        self.text = text.to_owned();
        self
    }
}

impl From<Rejected> for Fail {
    fn from(rejected: Rejected) -> Self {
        Self {
            retry_at: Some(rejected.retry_at),
            ..Self::new(Class::NotSent).text("breaker open")
        }
    }
}

impl Failure for Fail {
    fn class(&self) -> Class {
        self.class
    }

    fn is_throttle(&self) -> bool {
        self.throttle
    }

    fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    fn summary(&self) -> String {
        self.text.clone()
    }
}

/// One second, doubled, no jitter, no spread: every wait can be foretold.
fn plain() -> RetryPolicy {
    let backoff = Backoff::new(SECOND, 2.0, 60 * SECOND, Jitter::None).unwrap();
    let slower = Backoff::new(10 * SECOND, 2.0, 60 * SECOND, Jitter::None).unwrap();
    RetryPolicy::default()
        .with_transient(backoff)
        .with_throttle(slower)
        .with_spread(Duration::ZERO)
}

struct Bench {
    clock: FakeClock,
    random: SeededRandom,
    policy: RetryPolicy,
    start: Instant,
}

impl Bench {
    fn new(policy: RetryPolicy) -> Self {
        let clock = FakeClock::new();
        Self {
            start: clock.now(),
            clock,
            random: SeededRandom::new(1),
            policy,
        }
    }

    fn retry(&self) -> Retry<'_> {
        Retry::new(&self.policy, &self.clock, &self.random)
    }

    fn elapsed(&self) -> Duration {
        self.clock.now() - self.start
    }

    /// Runs with the failures in turn, then success; when each attempt began.
    async fn script(
        &self,
        retry: Retry<'_>,
        failures: &[Fail],
    ) -> (Result<u32, RetryError<Fail>>, Vec<Duration>) {
        let began = RefCell::new(Vec::new());
        let op = |attempt: Attempt| {
            began.borrow_mut().push(attempt.started - self.start);
            let turn = began.borrow().len() - 1;
            let answer = failures.get(turn).cloned().map_or(Ok(attempt.number), Err);
            async move { answer }
        };
        let result = self.clock.drive(retry.run(op)).await;
        (result, began.into_inner())
    }
}

fn seconds(times: &[Duration]) -> Vec<u64> {
    times.iter().map(Duration::as_secs).collect()
}

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
