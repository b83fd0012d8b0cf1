use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join_all, select_all};
use futures_util::poll;
use resilience::test_util::FakeClock;
use resilience::{Clock, Quota, QuotaConfig, QuotaReport, SeededRandom, Slot};

const SECOND: Duration = Duration::from_secs(1);

struct Bench {
    clock: FakeClock,
    quota: Quota,
}

impl Bench {
    fn new() -> Self {
        Self::with(QuotaConfig::default())
    }

    fn with(config: QuotaConfig) -> Self {
        let clock = FakeClock::new();
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let quota = Quota::new(config, shared, Arc::new(SeededRandom::new(1)));
        Self { clock, quota }
    }

    /// A slot that must be there now.
    async fn slot(&self) -> Slot {
        let mut acquire = Box::pin(self.quota.acquire("any", None));
        match poll!(&mut acquire) {
            std::task::Poll::Ready(slot) => slot.unwrap(),
            std::task::Poll::Pending => panic!("no slot"),
        }
    }

    async fn is_full(&self) -> bool {
        let mut acquire = Box::pin(self.quota.acquire("any", None));
        match poll!(&mut acquire) {
            std::task::Poll::Ready(slot) => {
                slot.unwrap().unused();
                false
            }
            std::task::Poll::Pending => true,
        }
    }

    async fn learn(&self, count: u64, allowed: u64, reset: Duration) {
        let report = QuotaReport::new(count, allowed, reset);
        self.slot().await.report(report, self.clock.now());
    }

    /// How many slots can be had now.
    async fn free(&self) -> usize {
        let mut held = Vec::new();
        while !self.is_full().await && held.len() < 10_000 {
            held.push(self.slot().await);
        }
        let free = held.len();
        held.into_iter().for_each(Slot::unused);
        free
    }

    async fn waits(&self) -> Duration {
        let start = self.clock.now();
        let acquire = self.clock.drive(self.quota.acquire("any", None));
        acquire.await.unwrap().unused();
        self.clock.now() - start
    }
}

fn about(time: Duration, expected: Duration) -> bool {
    (expected..=expected + Duration::from_millis(10)).contains(&time)
}

#[tokio::test]
async fn a_cold_start_is_bounded_until_the_first_answer() {
    let bench = Bench::new();
    assert_eq!(bench.free().await, 64);
    bench.learn(1, 300, 60 * SECOND).await;
    assert_eq!(bench.free().await, 299);
}

#[tokio::test]
async fn the_whole_window_is_spent_and_then_waited_for() {
    let bench = Bench::new();
    bench.learn(1, 300, 60 * SECOND).await;
    for n in 2..=300 {
        bench.learn(n, 300, 60 * SECOND).await;
    }
    assert!(bench.is_full().await);
    assert!(about(bench.waits().await, 60 * SECOND));
}

#[tokio::test]
async fn the_servers_count_corrects_ours() {
    let bench = Bench::new();
    bench.learn(250, 300, 60 * SECOND).await;
    assert_eq!(bench.free().await, 50, "others have spent 249");
    bench.learn(290, 300, 60 * SECOND).await;
    assert_eq!(bench.free().await, 1, "and spend 39 for each one of ours");
    bench.learn(300, 300, 60 * SECOND).await;
    assert!(bench.is_full().await);
}

#[tokio::test]
async fn answers_out_of_order_do_not_give_quota_back() {
    let bench = Bench::new();
    let slots = [bench.slot().await, bench.slot().await, bench.slot().await];
    for (slot, count) in slots.into_iter().zip([3, 1, 2]) {
        slot.report(QuotaReport::new(count, 300, 60 * SECOND), bench.clock.now());
    }
    assert_eq!(bench.free().await, 297);
}

#[tokio::test]
async fn an_answer_from_the_old_window_does_not_spend_the_new_one() {
    let bench = Bench::new();
    bench.learn(299, 300, 10 * SECOND).await;
    let late = bench.slot().await;
    bench.clock.advance(10 * SECOND);
    bench.learn(1, 300, 60 * SECOND).await;
    late.report(QuotaReport::new(300, 300, SECOND / 2), bench.clock.now());
    assert_eq!(bench.free().await, 299);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_gated() {
    let bench = Bench::new();
    bench.slot().await.silent(bench.clock.now());
    assert_eq!(bench.free().await, 10_000);
    bench.learn(1, 5, 60 * SECOND).await;
    assert_eq!(bench.free().await, 4, "until it speaks");
}

#[tokio::test]
async fn a_silent_answer_in_a_known_window_is_counted() {
    let bench = Bench::new();
    bench.learn(1, 5, 60 * SECOND).await;
    bench.slot().await.silent(bench.clock.now());
    assert_eq!(bench.free().await, 3);
}

#[tokio::test]
async fn a_server_that_lies_is_bounded() {
    // More counted than allowed; nothing allowed; a reset in a thousand years; one that never comes.
    for (count, allowed, reset, wait) in [
        (1_000_000, 300, 60 * SECOND, 60 * SECOND),
        (u64::MAX, u64::MAX, 60 * SECOND, 60 * SECOND),
        (1, 0, 60 * SECOND, 60 * SECOND),
        (300, 300, Duration::MAX, 300 * SECOND),
        (300, 300, Duration::ZERO, Duration::ZERO),
    ] {
        let bench = Bench::new();
        bench.learn(count, allowed, reset).await;
        let waited = bench.waits().await;
        assert!(
            about(waited, wait),
            "{count}/{allowed}/{reset:?}: {waited:?}"
        );
    }
}

#[tokio::test]
async fn a_reset_that_slides_away_stops_nobody_for_ever() {
    let bench = Bench::new();
    for n in 1..=100 {
        bench.learn(n % 7, 10, 60 * SECOND).await;
        bench.clock.advance(SECOND);
    }
    assert!(bench.waits().await <= 60 * SECOND);
}

#[tokio::test]
async fn a_refusal_without_a_key_stops_the_whole_token() {
    let bench = Bench::new();
    bench.learn(1, 300, 60 * SECOND).await;
    bench
        .quota
        .throttled(None, "one", 7 * SECOND, bench.clock.now());
    assert!(bench.is_full().await);
    assert!(about(bench.waits().await, 7 * SECOND));
}

#[tokio::test]
async fn a_refusal_with_a_key_stops_what_was_refused_because_of_it_and_nothing_else() {
    let bench = Bench::new();
    let acquire = async |resource: &str| {
        let start = bench.clock.now();
        let slot = bench.clock.drive(bench.quota.acquire(resource, None)).await;
        slot.unwrap().unused();
        bench.clock.now() - start
    };
    let now = bench.clock.now();
    bench
        .quota
        .throttled(Some("export"), "exports", 600 * SECOND, now);
    assert_eq!(acquire("users").await, Duration::ZERO);

    // The limit spans a second resource, which is known from its own refusal.
    bench
        .quota
        .throttled(Some("export"), "reports", SECOND, now);
    assert!(about(acquire("reports").await, 600 * SECOND));

    let now = bench.clock.now();
    bench
        .quota
        .throttled(Some("export"), "exports", 5 * SECOND, now);
    assert!(
        about(acquire("reports").await, 5 * SECOND),
        "stopped through the other"
    );
}

#[tokio::test]
async fn a_key_that_stands_for_the_token_stops_all() {
    let bench = Bench::with(QuotaConfig::default().with_shared_keys(["token.rate.per.minute"]));
    let now = bench.clock.now();
    bench
        .quota
        .throttled(Some("token.rate.per.minute"), "users", 7 * SECOND, now);
    assert!(about(bench.waits().await, 7 * SECOND));
}

#[tokio::test]
async fn waiters_of_a_throttled_resource_keep_nobody_waiting() {
    let bench = Bench::new();
    bench.learn(1, 10, 60 * SECOND).await;
    bench
        .quota
        .throttled(Some("k"), "slow", 600 * SECOND, bench.clock.now());
    let mut stuck: Vec<_> = (0..100)
        .map(|_| Box::pin(bench.quota.acquire("slow", None)))
        .collect();
    for waiter in &mut stuck {
        assert!(poll!(waiter).is_pending());
    }
    assert_eq!(bench.free().await, 9);
}

#[tokio::test]
async fn what_stops_resources_is_bounded() {
    let bench = Bench::new();
    for n in 0..20_000_u32 {
        let (key, resource) = (format!("key {n}"), format!("resource {n}"));
        bench
            .quota
            .throttled(Some(&key), &resource, 600 * SECOND, bench.clock.now());
    }
    let mut last = Box::pin(bench.quota.acquire("resource 19999", None));
    assert!(poll!(&mut last).is_pending(), "the newest is remembered");
    let mut remembered = 0;
    for n in 0..20_000_u32 {
        let resource = format!("resource {n}");
        let mut acquire = Box::pin(bench.quota.acquire(&resource, None));
        remembered += u32::from(poll!(&mut acquire).is_pending());
    }
    assert!((500..=1024).contains(&remembered), "{remembered}");
}

// errata ALL-09
#[tokio::test]
async fn a_wait_beyond_the_deadline_fails_now_and_says_how_long() {
    let bench = Bench::new();
    bench.learn(300, 300, 42 * SECOND).await;
    let deadline = bench.clock.now() + 10 * SECOND;
    let error = bench
        .quota
        .acquire("any", Some(deadline))
        .await
        .unwrap_err();
    assert_eq!(error.wait, 42 * SECOND);
    assert_eq!(
        error.to_string(),
        "quota is spent, the next slot is 42s away"
    );
    assert_eq!(bench.clock.pending_sleeps(), 0);
}

#[tokio::test]
async fn a_wait_of_unknown_length_ends_at_the_deadline() {
    let bench = Bench::with(QuotaConfig::default().with_probing(1));
    let _unanswered = bench.slot().await;
    let start = bench.clock.now();
    let acquire = bench.quota.acquire("any", Some(start + 3 * SECOND));
    bench.clock.drive(acquire).await.unwrap_err();
    assert_eq!(bench.clock.now(), start + 3 * SECOND);
    assert_eq!(
        (bench.quota.waiting(), bench.clock.pending_sleeps()),
        (0, 0)
    );
}

#[tokio::test]
async fn waiters_are_served_in_their_order() {
    let bench = Bench::new();
    bench.learn(300, 300, 10 * SECOND).await;
    let mut waiters: Vec<_> = (0..20_usize)
        .map(|n| {
            let quota = bench.quota.clone();
            Box::pin(async move {
                let slot = quota.acquire("any", None).await.unwrap();
                (n, slot)
            })
        })
        .collect();
    for waiter in &mut waiters {
        assert!(poll!(waiter).is_pending());
    }
    let mut order = Vec::new();
    let mut held = Vec::new();
    while !waiters.is_empty() {
        let ((n, slot), _, rest) = bench.clock.drive(select_all(waiters)).await;
        order.push(n);
        held.push(slot);
        waiters = rest;
    }
    assert!(order.is_sorted(), "{order:?}");
}

#[tokio::test]
async fn a_newcomer_does_not_overtake_those_who_wait() {
    let bench = Bench::new();
    bench.learn(9, 10, 10 * SECOND).await;
    let last = bench.slot().await;
    let mut waiter = Box::pin(bench.quota.acquire("any", None));
    assert!(poll!(&mut waiter).is_pending());
    last.unused();
    assert!(bench.is_full().await, "the slot is the waiter's");
    let slot = bench.clock.drive(waiter).await.unwrap();
    slot.unused();
}

#[tokio::test]
async fn a_dropped_waiter_gives_its_place_to_the_next() {
    let bench = Bench::new();
    bench.learn(9, 10, 10 * SECOND).await;
    let last = bench.slot().await;
    let mut first = Box::pin(bench.quota.acquire("any", None));
    let mut second = Box::pin(bench.quota.acquire("any", None));
    assert!(poll!(&mut first).is_pending());
    assert!(poll!(&mut second).is_pending());
    last.unused();
    assert!(poll!(&mut second).is_pending(), "the first one's turn");
    drop(first);
    let second = bench.clock.drive(second).await.unwrap();
    assert_eq!(bench.quota.waiting(), 0);
    assert_eq!(bench.clock.pending_sleeps(), 0);
    second.unused();
}

#[tokio::test]
async fn nobody_waits_for_ever_when_the_others_are_refused_or_gone() {
    let bench = Bench::with(QuotaConfig::default().with_probing(1));
    let only = bench.slot().await;
    let mut waiter = Box::pin(bench.quota.acquire("any", None));
    assert!(poll!(&mut waiter).is_pending());
    // The request in flight is refused: the waiter must learn that it has to wait by the clock now.
    bench
        .quota
        .throttled(None, "any", 5 * SECOND, bench.clock.now());
    drop(only);
    let start = bench.clock.now();
    let slot = bench.clock.drive(waiter).await.unwrap();
    assert!(about(bench.clock.now() - start, 5 * SECOND));
    slot.unused();
}

#[tokio::test]
async fn a_slot_that_was_dropped_counts_as_spent_and_an_unused_one_does_not() {
    let bench = Bench::new();
    bench.learn(1, 10, 60 * SECOND).await;
    drop(bench.slot().await);
    assert_eq!(bench.free().await, 8);
    bench.slot().await.unused();
    assert_eq!(bench.free().await, 8);
}

#[tokio::test]
async fn a_herd_starts_after_the_reset_and_not_all_at_once() {
    let bench = Bench::new();
    bench.learn(10_000, 10_000, 10 * SECOND).await;
    let start = bench.clock.now();
    let herd = (0..1000).map(|_| async {
        let slot = bench.quota.acquire("any", None).await.unwrap();
        let at = bench.clock.now() - start;
        slot.report(QuotaReport::new(1, 10_000, 60 * SECOND), bench.clock.now());
        at
    });
    let starts = bench.clock.drive(join_all(herd)).await;
    let (first, last) = (starts.iter().min().unwrap(), starts.iter().max().unwrap());
    assert!(*first >= 10 * SECOND, "{first:?}");
    assert!(*last - *first >= SECOND, "{:?}", *last - *first);
}

#[tokio::test]
async fn a_waiter_with_a_deadline_learns_that_the_window_is_spent_and_starts_after_the_reset() {
    // Three callers, one slot to probe with: two watch for a slot, each with a deadline of its own.
    let clock = FakeClock::new();
    let quota = Quota::new(
        QuotaConfig::default().with_probing(1),
        Arc::new(clock.clone()),
        Arc::new(SeededRandom::new(7)),
    );
    let start = clock.now();
    let deadline = |seconds| Some(start + Duration::from_secs(seconds));
    let slot = quota.acquire("any", None).await.unwrap();
    let patient = quota.acquire("any", deadline(120));
    let hasty = quota.acquire("any", deadline(30));
    let answer = async {
        clock.sleep_until(start + Duration::from_millis(80)).await;
        slot.report(
            QuotaReport::new(300, 300, Duration::from_secs(60)),
            clock.now(),
        );
    };
    let hasty = async {
        let error = hasty.await.unwrap_err();
        (error.wait, clock.now() - start)
    };
    let patient = async {
        patient.await.unwrap().unused();
        clock.now() - start
    };
    let ((), (wait, refused_at), started_at) = clock
        .drive(async { tokio::join!(answer, hasty, patient) })
        .await;
    // At once, and not at its deadline.
    assert_eq!(refused_at, Duration::from_millis(80));
    assert!(wait >= Duration::from_secs(59), "{wait:?}");
    assert!(
        started_at >= Duration::from_secs(60) && started_at < Duration::from_secs(63),
        "{started_at:?}"
    );
}
