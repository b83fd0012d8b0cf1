//! What every store promises, as functions that panic when it does not hold.
//!
//! Each takes a fresh store and the clock that the store lives by. With a [`FakeClock`](super::FakeClock),
//! wrap the call in [`drive`](super::FakeClock::drive); with a real store, give the system's clock and
//! have a few seconds' patience.
#![allow(
    clippy::panic,
    clippy::expect_used,
    reason = "a contract that does not hold ends the test"
)]

use std::sync::Arc;
use std::time::Duration;

use crate::{
    AgedReport, CacheStore, Claim, Clock, DedupeStore, LeaseAnswer, LeaseReport, QuotaLease,
    QuotaReport, QuotaStore,
};

const SHORT: Duration = Duration::from_millis(400);
const LONG: Duration = Duration::from_secs(60);

async fn pass(clock: &dyn Clock, time: Duration) {
    let now = clock.now();
    clock
        .sleep_until(now.checked_add(time).expect("a short wait"))
        .await;
}

/// The contract of [`CacheStore`].
///
/// # Panics
/// When the store breaks it.
pub async fn cache_store(store: &dyn CacheStore, clock: &dyn Clock) {
    let value = |text: &str| -> Arc<[u8]> { Arc::from(text.as_bytes()) };
    let read = async |key: &str| store.get(key).await.expect("get");

    assert_eq!(read("a").await, None, "nothing is there at first");
    store.put("a", value("1"), LONG).await.expect("put");
    assert_eq!(read("a").await, Some(value("1")), "what was put is there");
    assert_eq!(read("b").await, None, "keys are apart");

    store.put("a", value("2"), LONG).await.expect("put");
    assert_eq!(read("a").await, Some(value("2")), "the newest value wins");

    store.put("e", value(""), LONG).await.expect("put");
    assert_eq!(read("e").await, Some(value("")), "an empty value is one");

    store.remove("a").await.expect("remove");
    store.remove("a").await.expect("removing twice is no error");
    assert_eq!(read("a").await, None, "what was removed is gone");

    store.put("a", value("3"), LONG).await.expect("put");
    store
        .put("a", value("4"), Duration::ZERO)
        .await
        .expect("put");
    assert_eq!(read("a").await, None, "a zero time removes");

    store.put("s", value("5"), SHORT).await.expect("put");
    assert_eq!(read("s").await, Some(value("5")));
    pass(clock, SHORT).await;
    assert_eq!(read("s").await, None, "what has expired is gone");
}

/// The contract of [`DedupeStore`].
///
/// # Panics
/// When the store breaks it.
pub async fn dedupe_store(store: &dyn DedupeStore, clock: &dyn Clock) {
    let claim = async |key: &str, lease| store.claim(key, lease).await.expect("claim");
    let new = async |key: &str, lease| match claim(key, lease).await {
        Claim::New(number) => number,
        other => panic!("expected a new claim of {key}, got {other:?}"),
    };

    let first = new("a", LONG).await;
    assert!(
        matches!(claim("a", LONG).await, Claim::Busy(wait) if wait <= LONG),
        "a claimed key is busy"
    );
    new("b", LONG).await;

    let stale = store.complete("a", first + 1_000_000, LONG).await;
    assert!(!stale.expect("complete"), "only the holder completes");
    let done = store.complete("a", first, LONG).await;
    assert!(done.expect("complete"), "the holder completes");
    assert_eq!(claim("a", LONG).await, Claim::Done);
    let late = store.release("a", first).await;
    assert!(!late.expect("release"), "what is done stays done");
    assert_eq!(claim("a", LONG).await, Claim::Done);

    let failed = new("c", LONG).await;
    assert!(store.release("c", failed).await.expect("release"));
    let again = new("c", LONG).await;
    assert!(again > failed, "numbers grow");

    let slow = new("d", SHORT).await;
    pass(clock, SHORT).await;
    let other = new("d", LONG).await;
    let late = store.complete("d", slow, LONG).await;
    assert!(!late.expect("complete"), "a lost lease completes nothing");
    let late = store.release("d", slow).await;
    assert!(!late.expect("release"), "a lost lease releases nothing");
    assert!(store.complete("d", other, SHORT).await.expect("complete"));
    pass(clock, SHORT).await;
    new("d", LONG).await;
}

/// The contract of [`QuotaStore`]. The store must be configured with the default probing limit and with leases of `lease`,
/// which may be anything from 400 ms to 1 s.
///
/// # Panics
/// When the store breaks it.
pub async fn quota_store(store: &dyn QuotaStore, clock: &dyn Clock, lease: Duration) {
    let quota = QuotaContract {
        store,
        clock,
        expiry: lease,
    };
    quota.a_window_is_spent_once().await;
    quota.returns_and_late_reports().await;
    quota.leases_expire().await;
    quota.windows_turn().await;
    quota.silence_and_refusals().await;
}

struct QuotaContract<'a> {
    store: &'a dyn QuotaStore,
    clock: &'a dyn Clock,
    expiry: Duration,
}

const WINDOW: Duration = Duration::from_secs(3);

impl QuotaContract<'_> {
    async fn ask(&self, key: &str, want: u32) -> LeaseAnswer {
        self.store.lease(key, want).await.expect("lease")
    }

    async fn lease(&self, key: &str, want: u32) -> QuotaLease {
        match self.ask(key, want).await {
            LeaseAnswer::Granted(lease) => {
                assert!(lease.id > 0, "a lease has a name");
                assert!(lease.slots > 0, "a lease holds something");
                assert!(lease.expires_in <= self.expiry, "no longer than it lasts");
                lease
            }
            other => panic!("expected a lease of {key}, got {other:?}"),
        }
    }

    async fn spent(&self, key: &str) -> Duration {
        match self.ask(key, 1).await {
            LeaseAnswer::Spent(wait) => wait,
            other => panic!("expected {key} to be spent, got {other:?}"),
        }
    }

    async fn busy(&self, key: &str) {
        let answer = self.ask(key, 1).await;
        assert!(
            matches!(answer, LeaseAnswer::Busy(wait) if !wait.is_zero()),
            "expected {key} to be busy, got {answer:?}"
        );
    }

    async fn report(&self, key: &str, lease: u64, report: LeaseReport) {
        self.store.report(key, lease, report).await.expect("report");
    }

    async fn give_back(&self, key: &str, lease: u64, slots: u32) {
        let given = self.store.give_back(key, lease, slots).await;
        given.expect("give back");
    }

    /// Takes one slot and learns from its answer.
    async fn learn(&self, key: &str, count: u64, allowed: u64, reset: Duration) {
        let lease = self.lease(key, 1).await;
        assert_eq!(lease.slots, 1, "no more than was wanted");
        self.report(key, lease.id, answer(1, count, allowed, reset))
            .await;
    }

    async fn a_window_is_spent_once(&self) {
        self.learn("once", 1, 10, WINDOW).await;
        let rest = self.lease("once", 25).await;
        assert_eq!(rest.slots, 9, "no more than is left");
        self.busy("once").await;
        let other = self.lease("else", 1).await;
        assert_ne!(other.id, rest.id, "an id names one lease");
        self.give_back("else", rest.id, 9).await;
        self.busy("once").await;

        self.report("once", rest.id, answer(9, 10, 10, WINDOW))
            .await;
        let wait = self.spent("once").await;
        assert!(wait <= WINDOW, "a spent window is waited for");
        pass(self.clock, WINDOW + MARGIN).await;
        let next = self.lease("once", 1).await;
        assert!(next.id > rest.id, "ids grow");
    }

    async fn returns_and_late_reports(&self) {
        self.learn("back", 1, 10, WINDOW).await;
        let all = self.lease("back", 25).await;
        self.give_back("back", all.id, 4).await;
        let again = self.lease("back", 25).await;
        assert_eq!(again.slots, 4, "what was returned is there again");
        self.give_back("back", again.id, 400).await;
        let cut = self.lease("back", 25).await;
        assert_eq!(cut.slots, 4, "no more than the lease held comes back");
        self.give_back("back", again.id, 4).await;
        self.give_back("back", all.id + 1_000_000, 4).await;
        self.busy("back").await;

        // Somebody else spends the same token: the server's count goes before ours.
        self.report("back", 0, answer(1, 10, 10, WINDOW)).await;
        self.give_back("back", cut.id, 4).await;
        self.spent("back").await;
    }

    async fn leases_expire(&self) {
        self.learn("late", 1, 10, LONG).await;
        let crashed = self.lease("late", 6).await;
        pass(self.clock, self.expiry + MARGIN).await;
        let certain = self.lease("late", 25).await;
        assert_eq!(certain.slots, 3, "what expired may have been sent");
        self.give_back("late", certain.id, 3).await;

        // Both too late: nothing is settled twice.
        self.give_back("late", crashed.id, 6).await;
        let lost = LeaseReport::default().with_lost(6);
        self.report("late", crashed.id, lost).await;
        let certain = self.lease("late", 25).await;
        assert_eq!(certain.slots, 3, "a late return gives nothing back");
        self.give_back("late", certain.id, 3).await;

        // The answer to a request that was sent clearly later tells that they were not.
        pass(self.clock, CLEARLY_LATER).await;
        let reset = LONG - self.expiry - CLEARLY_LATER;
        self.learn("late", 2, 10, reset).await;
        let back = self.lease("late", 25).await;
        assert_eq!(back.slots, 8, "what was not counted was not sent");
        self.give_back("late", back.id, 8).await;

        // Nothing certain is left: one request at a time may find out.
        let crashed = self.lease("late", 8).await;
        pass(self.clock, self.expiry + MARGIN).await;
        let probe = self.lease("late", 25).await;
        assert_eq!(probe.slots, 1, "a crash stops nobody for a whole window");
        self.busy("late").await;
        let seen = answer(1, 10, 10, reset - self.expiry);
        self.report("late", crashed.id, seen).await;
        self.give_back("late", probe.id, 1).await;
        self.spent("late").await;
    }

    async fn windows_turn(&self) {
        self.learn("turn", 1, 10, WINDOW).await;
        pass(self.clock, WINDOW - self.expiry / 2).await;
        let old = self.lease("turn", 4).await;
        pass(self.clock, self.expiry / 2 + MARGIN).await;

        // The new window has 10; 4 are still out under the old lease.
        self.learn("turn", 1, 10, LONG).await;
        let rest = self.lease("turn", 25).await;
        assert_eq!(rest.slots, 5, "a lease outlives its window");

        // An answer from the old window comes late, and says that it was full.
        let (sent, heard) = (self.expiry / 2 + MARGIN * 2, MARGIN * 2);
        let full = AgedReport::new(QuotaReport::new(10, 10, MARGIN), sent, heard);
        self.report("turn", old.id, LeaseReport::counted(1, full))
            .await;
        self.give_back("turn", old.id, 3).await;
        let back = self.lease("turn", 25).await;
        assert_eq!(back.slots, 4, "the old window is none of the new one's");
        self.give_back("turn", back.id, 4).await;
        self.give_back("turn", rest.id, 5).await;
    }

    async fn silence_and_refusals(&self) {
        let quiet = self.lease("quiet", 1).await;
        let silent = LeaseReport::default().with_silent(1);
        self.report("quiet", quiet.id, silent).await;
        let many = self.lease("quiet", 1000).await;
        assert_eq!(
            many.slots, 1000,
            "a server that says nothing limits nothing"
        );
        self.give_back("quiet", many.id, 1000).await;

        self.store.throttled("no", SHORT).await.expect("throttled");
        assert!(
            self.spent("no").await <= SHORT,
            "a token that is refused waits"
        );
        assert_eq!(self.lease("yes", 1).await.slots, 1, "keys are apart");
        pass(self.clock, SHORT + MARGIN).await;
        assert_eq!(self.lease("no", 1).await.slots, 1, "and goes on afterwards");
    }
}

/// Long enough for a server to have counted what was on its way.
const CLEARLY_LATER: Duration = Duration::from_secs(2);

/// What passes between two calls at most.
const MARGIN: Duration = Duration::from_millis(50);

/// `requests` answers that come just now.
fn answer(requests: u32, count: u64, allowed: u64, reset: Duration) -> LeaseReport {
    let report = QuotaReport::new(count, allowed, reset);
    LeaseReport::counted(
        requests,
        AgedReport::new(report, Duration::ZERO, Duration::ZERO),
    )
}
