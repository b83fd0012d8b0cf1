//! What happens to leased slots.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::poll;
use resilience::test_util::FakeClock;
use resilience::{
    Clock, LeaseAnswer, LeaseReport, MemoryQuotaStore, Quota, QuotaConfig, QuotaReport, QuotaStore,
    SeededRandom, StoreError, SystemClock,
};

use super::{Shop, settle};
use crate::quota_simulation::{Job, Rounding, SECOND, WINDOW, Windows};

/// Makes the store know a window of 300, of which 1 is used.
async fn open_window(clock: &FakeClock, shop: &Arc<Shop>) {
    let gate = shop.gate(99);
    let slot = clock.drive(gate.acquire("any", None)).await.unwrap();
    slot.report(QuotaReport::new(1, 300, WINDOW), clock.now());
    settle().await;
    assert_eq!(shop.left().await, 299);
}

#[tokio::test]
async fn a_gate_at_rest_holds_nothing_and_its_news_are_told() {
    let clock = FakeClock::new();
    let shop = Shop::new(&clock);
    open_window(&clock, &shop).await;
    let gate = shop.gate(1);
    let callers = (0..10).map(|_| gate.acquire("any", None));
    let slots = clock.drive(join_all(callers)).await;
    let held = 299 - shop.left().await;
    assert!((10..=20).contains(&held), "{held}");
    for (count, slot) in (2..).zip(slots) {
        slot.unwrap()
            .report(QuotaReport::new(count, 300, WINDOW), clock.now());
    }
    settle().await;
    assert_eq!(shop.left().await, 289);
}

#[tokio::test]
async fn a_slot_that_is_not_used_serves_the_next_caller_or_goes_back() {
    let clock = FakeClock::new();
    let shop = Shop::new(&clock);
    open_window(&clock, &shop).await;
    let gate = shop.gate(1);
    let asked = shop.asked();
    let slot = clock.drive(gate.acquire("any", None)).await.unwrap();
    let other = clock.drive(gate.acquire("any", None)).await.unwrap();
    slot.unused();
    let third = clock.drive(gate.acquire("any", None)).await.unwrap();
    assert!(shop.asked() <= asked + 2);
    other.unused();
    third.unused();
    settle().await;
    assert_eq!(shop.left().await, 299);
}

#[tokio::test]
async fn a_dropped_gate_leaves_its_slots_behind() {
    let clock = FakeClock::new();
    let shop = Shop::new(&clock);
    open_window(&clock, &shop).await;
    let gate = shop.gate(1);
    let slot = clock.drive(gate.acquire("any", None)).await.unwrap();
    drop(gate);
    slot.unused();
    settle().await;
    assert_eq!(shop.left().await, 299);
    assert_eq!(Arc::strong_count(&shop), 1, "nobody holds the store");
}

#[tokio::test]
async fn callers_who_leave_while_the_store_is_asked_take_nothing_with_them() {
    let clock = FakeClock::new();
    let shop = Shop::new(&clock);
    open_window(&clock, &shop).await;
    let gate = shop.gate(1);
    shop.slow_down(Duration::from_millis(100));
    let mut callers: Vec<_> = (0..10)
        .map(|_| Box::pin(gate.acquire("any", None)))
        .collect();
    for caller in &mut callers {
        assert!(poll!(caller).is_pending());
    }
    settle().await;
    // All but one leave in mid-visit, the one who came first among them.
    let last = callers.pop().unwrap();
    drop(callers);
    clock.drive(last).await.unwrap().unused();
    clock.drive(clock.sleep_until(clock.now() + SECOND)).await;
    assert_eq!(shop.left().await, 299);
    assert_eq!((gate.waiting(), clock.pending_sleeps()), (0, 0));
}

#[tokio::test]
async fn a_crashed_process_keeps_its_slots_until_its_lease_expires_and_no_longer() {
    let job = Job::new(Rounding::Up, Windows::Fixed(Duration::ZERO));
    let shop = Shop::with_lease(&job.clock, 5 * SECOND);
    let [crashed, other] = [shop.gate(1), shop.gate(2)];
    // It dies with 25 slots, none of which was sent.
    let callers = (0..25).map(|_| crashed.acquire("any", None));
    for slot in job.clock.drive(join_all(callers)).await {
        std::mem::forget(slot.unwrap());
    }
    std::mem::forget(crashed);
    job.clock.drive(job.work(&other, 20, 270)).await;
    let before = job.clock.now() - job.start;
    assert!(before < 3 * SECOND, "{before:?}");
    job.clock.drive(job.work(&other, 20, 30)).await;
    let after = job.clock.now() - job.start;
    assert!(after >= 5 * SECOND, "{after:?}");
    assert!(after < 8 * SECOND, "long before the reset: {after:?}");
    assert_eq!(
        (job.server.served.get(), job.server.refused.get()),
        (300, 0)
    );
}

#[tokio::test]
async fn a_lease_is_not_used_after_its_end() {
    let clock = FakeClock::new();
    let shop = Shop::with_lease(&clock, SECOND);
    open_window(&clock, &shop).await;
    let gate = shop.gate(1);
    // Two under way, so that the gate does not rest, and one at hand.
    let callers = (0..3).map(|_| gate.acquire("any", None));
    let mut slots: Vec<_> = clock.drive(join_all(callers)).await;
    slots.pop().unwrap().unwrap().unused();
    let asked = shop.asked();
    clock.advance(SECOND);
    let late = clock.drive(gate.acquire("any", None)).await.unwrap();
    assert_eq!(shop.asked(), asked + 1, "under a new lease");
    drop((late, slots));
}

#[tokio::test]
async fn what_one_gate_learns_stops_the_other() {
    let clock = FakeClock::new();
    let shop = Shop::new(&clock);
    let [one, other] = [shop.gate(1), shop.gate(2)];
    let slot = clock.drive(one.acquire("any", None)).await.unwrap();
    one.throttled(None, "any", 7 * SECOND, clock.now());
    drop(slot);
    settle().await;
    let start = clock.now();
    clock
        .drive(other.acquire("any", None))
        .await
        .unwrap()
        .unused();
    let waited = clock.now() - start;
    assert!(waited >= 7 * SECOND && waited < 8 * SECOND, "{waited:?}");

    // The limit of one resource is the business of the gate that ran into it.
    one.throttled(Some("exports"), "exports", 60 * SECOND, clock.now());
    let start = clock.now();
    clock
        .drive(other.acquire("exports", None))
        .await
        .unwrap()
        .unused();
    assert_eq!(clock.now(), start);
}

#[tokio::test]
async fn a_window_that_is_spent_beyond_the_deadline_fails_the_call_at_once() {
    let clock = FakeClock::new();
    let shop = Shop::new(&clock);
    let [one, other] = [shop.gate(1), shop.gate(2)];
    let slot = clock.drive(one.acquire("any", None)).await.unwrap();
    slot.report(QuotaReport::new(300, 300, 42 * SECOND), clock.now());
    settle().await;
    let start = clock.now();
    let deadline = Some(start + 10 * SECOND);
    let error = clock
        .drive(other.acquire("any", deadline))
        .await
        .unwrap_err();
    assert_eq!((clock.now(), error.wait), (start, 42 * SECOND));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_gated() {
    let clock = FakeClock::new();
    let shop = Shop::new(&clock);
    let gate = shop.gate_with(QuotaConfig::default().with_lease_size(7), 1);
    let start = clock.now();
    let callers = (0..1000).map(|_| async {
        let slot = gate.acquire("any", None).await.unwrap();
        slot.silent(clock.now());
    });
    clock.drive(join_all(callers)).await;
    assert_eq!(clock.now(), start);
}

/// The machine's clock and threads, and a store that makes others wait their turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn threads_lose_neither_a_slot_nor_a_wakeup() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = MemoryQuotaStore::new(QuotaConfig::default(), Arc::clone(&clock));
    let store = Arc::new(Yielding(store));
    let gates: Vec<Quota> = (0..2)
        .map(|seed| {
            let random = Arc::new(SeededRandom::new(seed));
            // A busy machine is no failing store.
            let config = QuotaConfig::default().with_store_patience(10 * SECOND);
            Quota::new(config, Arc::clone(&clock), random)
                .with_store(Arc::clone(&store) as Arc<dyn QuotaStore>, "token")
        })
        .collect();
    let count = Arc::new(AtomicU64::new(0));
    let workers = (0..32_usize).map(|worker| {
        let (gate, clock, count) = (gates[worker % 2].clone(), Arc::clone(&clock), count.clone());
        tokio::spawn(async move {
            for call in 0..200 {
                let slot = gate.acquire("any", None).await.unwrap();
                if call % 5 == 0 {
                    slot.unused();
                    continue;
                }
                let count = count.fetch_add(1, Ordering::Relaxed) + 1;
                slot.report(QuotaReport::new(count, 10_000, 600 * SECOND), clock.now());
            }
        })
    });
    for worker in join_all(workers.collect::<Vec<_>>()).await {
        worker.unwrap();
    }
    let sent = count.load(Ordering::Relaxed);
    assert_eq!(sent, 32 * 160);
    // At rest, what is left is exactly what was not sent.
    loop {
        match store.0.lease("token", 10_000).await.unwrap() {
            LeaseAnswer::Granted(lease) if u64::from(lease.slots) == 10_000 - sent => break,
            LeaseAnswer::Granted(lease) => {
                let given = store.0.give_back("token", lease.id, lease.slots);
                given.await.unwrap();
            }
            _ => {}
        }
        tokio::task::yield_now().await;
    }
    for gate in &gates {
        assert_eq!(
            (gate.waiting(), gate.store_health().unwrap().failures),
            (0, 0)
        );
    }
}

#[derive(Debug)]
struct Yielding(MemoryQuotaStore);

#[async_trait::async_trait]
impl QuotaStore for Yielding {
    async fn lease(&self, key: &str, want: u32) -> Result<LeaseAnswer, StoreError> {
        tokio::task::yield_now().await;
        let answer = self.0.lease(key, want).await;
        tokio::task::yield_now().await;
        answer
    }

    async fn report(&self, key: &str, lease: u64, report: LeaseReport) -> Result<(), StoreError> {
        tokio::task::yield_now().await;
        self.0.report(key, lease, report).await
    }

    async fn give_back(&self, key: &str, lease: u64, slots: u32) -> Result<(), StoreError> {
        tokio::task::yield_now().await;
        self.0.give_back(key, lease, slots).await
    }

    async fn throttled(&self, key: &str, wait: Duration) -> Result<(), StoreError> {
        tokio::task::yield_now().await;
        self.0.throttled(key, wait).await
    }
}
