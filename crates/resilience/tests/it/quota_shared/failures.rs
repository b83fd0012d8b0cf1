//! A store that fails, hangs, lies or is gone holds nobody up.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::{join, join_all};
use resilience::test_util::FakeClock;
use resilience::{
    Clock, LeaseAnswer, LeaseReport, Quota, QuotaConfig, QuotaLease, QuotaReport, QuotaStore,
    SeededRandom, StoreError, timeout_at,
};

use super::{Shop, settle};
use crate::quota_simulation::{Job, Rounding, SECOND, Windows};

const PATIENCE: Duration = Duration::from_millis(250);

#[tokio::test]
async fn a_failing_store_leaves_the_decision_to_the_gate_and_is_counted() {
    let clock = FakeClock::new();
    let shop = Shop::new(&clock);
    let gate = shop.gate(1);
    shop.fail(true);
    let start = clock.now();
    for _ in 0..10 {
        let slot = clock.drive(gate.acquire("any", None)).await.unwrap();
        slot.report(QuotaReport::new(1, 300, 60 * SECOND), clock.now());
    }
    assert_eq!(clock.now(), start, "nobody waits");
    let health = gate.store_health().unwrap();
    assert!(health.is_away);
    assert_eq!((health.failures, health.granted_alone), (1, 10));

    // It is looked for after a second, and not before; nobody waits for it even then.
    shop.fail(false);
    clock.advance(SECOND);
    clock
        .drive(gate.acquire("any", None))
        .await
        .unwrap()
        .unused();
    settle().await;
    let health = gate.store_health().unwrap();
    assert!(!health.is_away);
    assert_eq!(health.failures, 1);
    assert!(health.visits >= 1);
    assert_eq!(shop.left().await, 299, "and hears what it missed");
}

#[tokio::test]
async fn a_store_that_fails_in_mid_job_costs_few_refusals_and_no_call() {
    for seed in 0..2 {
        let job = Job::new(Rounding::Up, Windows::Fixed(Duration::ZERO));
        let shop = Shop::new(&job.clock);
        let gates: Vec<_> = (0..4).map(|n| shop.gate(seed * 10 + n)).collect();
        let work = join_all(gates.iter().map(|gate| job.work(gate, 16, 450)));
        // Away from the middle of the first window to the middle of the third.
        let outage = async {
            job.clock.sleep_until(job.start + SECOND).await;
            shop.fail(true);
            job.clock.sleep_until(job.start + 150 * SECOND).await;
            shop.fail(false);
        };
        job.clock.drive(join(work, outage)).await;
        let (served, refused) = (job.server.served.get(), job.server.refused.get());
        assert_eq!(served, 1800);
        assert!(refused * 50 <= served, "{refused} refused, seed {seed}");
        for gate in &gates {
            assert!(!gate.store_health().unwrap().is_away);
        }
    }
}

#[tokio::test]
async fn a_hanging_store_holds_a_call_for_its_patience_once_and_never_beyond_its_deadline() {
    let clock = FakeClock::new();
    let shop = Shop::new(&clock);
    shop.slow_down(Duration::from_secs(3600));
    let gate = shop.gate(1);
    let start = clock.now();
    let deadline = start + PATIENCE / 2;
    let hasty = gate.acquire("any", Some(deadline));
    let patient = async {
        gate.acquire("any", None).await.unwrap().unused();
        clock.now() - start
    };
    let hasty = async {
        let error = hasty.await.unwrap_err();
        (error.wait, clock.now() - start)
    };
    let ((wait, refused_at), granted_at) = clock.drive(join(hasty, patient)).await;
    assert_eq!((wait, refused_at), (Duration::ZERO, PATIENCE / 2));
    assert_eq!(granted_at, PATIENCE);

    // From then on nobody waits, also while somebody looks whether it is back.
    for _ in 0..20 {
        let before = clock.now();
        let slot = clock.drive(gate.acquire("any", None)).await.unwrap();
        assert_eq!(clock.now(), before);
        settle().await;
        clock.advance(Duration::from_millis(300));
        slot.unused();
        settle().await;
    }
    let health = gate.store_health().unwrap();
    assert!((3..=8).contains(&health.failures), "{health:?}");
    assert_eq!(health.visits, 0);
}

#[tokio::test]
async fn a_slow_store_is_waited_for_and_costs_no_slot() {
    let job = Job::new(Rounding::Up, Windows::Fixed(Duration::ZERO));
    let shop = Shop::new(&job.clock);
    shop.slow_down(Duration::from_millis(20));
    let gates = [shop.gate(1), shop.gate(2)];
    let work = join(job.work(&gates[0], 10, 450), job.work(&gates[1], 10, 450));
    job.clock.drive(work).await;
    let time = job.clock.now() - job.start;
    assert!(time <= 125 * SECOND, "{time:?}");
    assert_eq!(
        (job.server.served.get(), job.server.refused.get()),
        (900, 0)
    );
}

#[tokio::test]
async fn a_store_that_panics_has_failed() {
    let clock = FakeClock::new();
    let shop = Shop::new(&clock);
    shop.panics.store(true, Ordering::Relaxed);
    let gate = shop.gate(1);
    let start = clock.now();
    clock
        .drive(gate.acquire("any", None))
        .await
        .unwrap()
        .unused();
    assert_eq!(clock.now(), start);
    assert_eq!(gate.store_health().unwrap().failures, 1);
}

#[test]
fn a_runtime_that_ends_in_mid_visit_or_is_not_there_leaves_nobody_waiting() {
    let clock = FakeClock::new();
    let shop = Shop::new(&clock);
    shop.slow_down(Duration::from_millis(100));
    let gate = shop.gate(1);
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
    };
    let gone = runtime();
    gone.block_on(async {
        let mut caller = Box::pin(gate.acquire("any", None));
        assert!(futures_util::poll!(&mut caller).is_pending());
        settle().await;
    });
    drop(gone);
    assert_eq!(gate.store_health().unwrap().failures, 1);
    let slot = runtime().block_on(gate.acquire("any", None)).unwrap();
    // No runtime at all, and the store would be due again.
    slot.unused();
    clock.advance(2 * SECOND);
    let slot = futures_executor(gate.acquire("any", None)).unwrap();
    drop(slot);
    assert!(gate.store_health().unwrap().is_away);
}

/// Runs a future that needs nobody else.
fn futures_executor<F: Future>(future: F) -> F::Output {
    let mut future = Box::pin(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    for _ in 0..10 {
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
    panic!("it waits for somebody");
}

/// Says the same thing to everybody.
#[derive(Debug)]
struct Parrot(LeaseAnswer);

#[async_trait::async_trait]
impl QuotaStore for Parrot {
    async fn lease(&self, _: &str, _: u32) -> Result<LeaseAnswer, StoreError> {
        Ok(self.0)
    }
    async fn report(&self, _: &str, _: u64, _: LeaseReport) -> Result<(), StoreError> {
        Ok(())
    }
    async fn give_back(&self, _: &str, _: u64, _: u32) -> Result<(), StoreError> {
        Ok(())
    }
    async fn throttled(&self, _: &str, _: Duration) -> Result<(), StoreError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_store_that_answers_nonsense_is_bounded() {
    let hour = Duration::from_secs(3600);
    for (answer, ends_in) in [
        (
            LeaseAnswer::Granted(QuotaLease::new(1, 0, hour)),
            Some(Duration::ZERO),
        ),
        (
            LeaseAnswer::Granted(QuotaLease::new(1, 5, Duration::ZERO)),
            Some(Duration::ZERO),
        ),
        (
            LeaseAnswer::Granted(QuotaLease::new(1, 5, Duration::MAX)),
            Some(Duration::ZERO),
        ),
        (LeaseAnswer::Spent(Duration::MAX), None),
        (LeaseAnswer::Spent(Duration::ZERO), None),
        (LeaseAnswer::Busy(Duration::MAX), None),
        (LeaseAnswer::Busy(Duration::ZERO), None),
    ] {
        let clock = FakeClock::new();
        let store = Arc::new(Parrot(answer));
        let random = Arc::new(SeededRandom::new(1));
        let gate = Quota::new(QuotaConfig::default(), Arc::new(clock.clone()), random)
            .with_store(store, "token");
        let start = clock.now();
        let deadline = Some(start + 60 * SECOND);
        let granted = clock.drive(gate.acquire("any", deadline)).await;
        let took = clock.now() - start;
        match ends_in {
            Some(at) => {
                assert!(granted.is_ok(), "{answer:?}");
                assert_eq!(took, at, "{answer:?}");
            }
            None => {
                assert!(granted.is_err(), "{answer:?}");
                assert!(took <= 60 * SECOND, "{answer:?}: {took:?}");
                let visits = gate.store_health().unwrap().visits;
                assert!(visits < 60_000, "{answer:?}: {visits} visits in a minute");
            }
        }
    }
}

/// A store that fails, hangs and comes back, a server that refuses and lies, callers who walk away: whoever stays is served.
#[tokio::test]
async fn nobody_is_stuck_whatever_store_server_and_callers_do() {
    for seed in 0..15 {
        let job = Job::new(Rounding::Up, Windows::FromFirstRequest);
        let shop = Shop::with_lease(&job.clock, 5 * SECOND);
        let gates = [shop.gate(seed), shop.gate(seed + 1000)];
        let random = RefCell::new(fastrand::Rng::with_seed(seed));
        let draw = |range: std::ops::Range<u64>| random.borrow_mut().u64(range);
        let served = Cell::new(0_u32);
        let workers = join_all((0..30_usize).map(|worker| {
            let (gate, job, served, draw) = (&gates[worker % 2], &job, &served, &draw);
            async move {
                for call in 0..20_u32 {
                    let resource = format!("resource {}", worker % 3);
                    let now = job.clock.now();
                    let patience =
                        (draw(0..4) == 0).then(|| now + Duration::from_secs(draw(0..100)));
                    let Ok(slot) = gate.acquire(&resource, patience).await else {
                        continue;
                    };
                    let latency = Duration::from_millis(draw(1..5_000));
                    job.clock.sleep_until(job.clock.now() + latency).await;
                    let now = job.clock.now();
                    let seconds = Duration::from_secs(draw(0..90));
                    match draw(0..12) {
                        0 => drop(slot),
                        1 => slot.unused(),
                        2 => slot.silent(now),
                        3 => {
                            gate.throttled(None, &resource, seconds, now);
                            drop(slot);
                        }
                        4 => {
                            gate.throttled(Some("key"), &resource, seconds, now);
                            slot.unused();
                        }
                        5 => slot.report(QuotaReport::new(draw(0..400), draw(0..20), seconds), now),
                        _ => slot.report(QuotaReport::new(u64::from(call), 10, seconds), now),
                    }
                    served.set(served.get() + 1);
                }
            }
        }));
        let weather = async {
            loop {
                let length = Duration::from_millis(draw(1..30_000));
                job.clock.sleep_until(job.clock.now() + length).await;
                shop.fail(draw(0..3) == 0);
                shop.slow_down(Duration::from_millis(
                    [0, 20, 3_600_000][draw(0..3) as usize],
                ));
            }
        };
        let day = job.start + Duration::from_secs(86_400);
        let all = async {
            let (workers, weather) = (std::pin::pin!(workers), std::pin::pin!(weather));
            futures_util::future::select(workers, weather).await;
        };
        let done = job.clock.drive(timeout_at(&job.clock, day, all)).await;
        assert!(
            done.is_ok(),
            "seed {seed}: stuck after {} calls, {gates:?}",
            served.get()
        );
    }
}
