use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::pause;
use futures_util::future::join_all;
use proptest::prelude::*;
use resilience::test_util::FakeClock;
use resilience::{
    CacheLimits, Claim, Clock, DedupeStore, FillCache, FillError, FlightError, Fresh,
    MemoryDedupeStore, StoreErrorKind, SystemClock, TtlCache,
};

const SECOND: Duration = Duration::from_secs(1);

type Cache = TtlCache<String, Arc<str>>;

fn small() -> CacheLimits {
    CacheLimits::default().with_entries(10).with_bytes(1000)
}

fn put(cache: &Cache, clock: &FakeClock, key: &str, weight: usize) -> bool {
    cache.insert(
        key.to_owned(),
        Arc::from(key),
        weight,
        60 * SECOND,
        clock.now(),
    )
}

// errata RST-32
#[test]
fn entries_and_bytes_are_bounded() {
    let clock = FakeClock::new();
    let cache = Cache::new(small());
    for n in 0..10_000 {
        assert!(put(&cache, &clock, &n.to_string(), n % 300));
        assert!(cache.len() <= 10 && cache.bytes() <= 1000);
    }
    assert!(!put(&cache, &clock, "too large", 1001));
    assert_eq!(cache.get("too large", clock.now()), None);
}

// errata RST-32
#[test]
fn the_expired_are_never_returned_and_do_not_stay() {
    let clock = FakeClock::new();
    let cache = Cache::new(small());
    put(&cache, &clock, "a", 1);
    put(&cache, &clock, "b", 1);
    clock.advance(60 * SECOND);
    assert_eq!(cache.get("a", clock.now()), None);
    assert_eq!(cache.len(), 1, "met and removed");
    put(&cache, &clock, "c", 1);
    assert_eq!(cache.len(), 1, "and the other by the sweep");
    clock.advance(60 * SECOND);
    assert_eq!((cache.purge(clock.now()), cache.bytes()), (1, 0));
}

#[test]
fn what_is_read_outlives_what_is_not() {
    let clock = FakeClock::new();
    let cache = Cache::new(small());
    put(&cache, &clock, "hot", 1);
    for n in 0..1000 {
        assert!(cache.get("hot", clock.now()).is_some(), "{n}");
        put(&cache, &clock, &n.to_string(), 1);
    }
}

// errata RST-34
#[test]
fn readers_share_one_immutable_value() {
    let clock = FakeClock::new();
    let cache = Cache::new(small());
    put(&cache, &clock, "a", 1);
    let (one, two) = (cache.get("a", clock.now()), cache.get("a", clock.now()));
    assert!(Arc::ptr_eq(&one.unwrap(), &two.unwrap()));
}

#[test]
fn writes_remove_what_they_made_stale() {
    let clock = FakeClock::new();
    let cache = Cache::new(small());
    for key in ["GET /users/1", "GET /users/2", "GET /queues/1"] {
        put(&cache, &clock, key, 1);
    }
    assert_eq!(
        cache.remove_matching(|key| key.starts_with("GET /users/")),
        2
    );
    assert!(cache.get("GET /queues/1", clock.now()).is_some());
    assert!(cache.remove("GET /queues/1"));
    assert!(cache.is_empty());
}

#[test]
fn a_zero_or_an_endless_time_is_no_special_case() {
    let clock = FakeClock::new();
    let cache = Cache::new(small());
    put(&cache, &clock, "a", 1);
    let value = Arc::from("b");
    assert!(!cache.insert("a".into(), value, 1, Duration::ZERO, clock.now()));
    assert_eq!(
        cache.get("a", clock.now()),
        None,
        "the older one is gone too"
    );
    let value = Arc::from("b");
    assert!(cache.insert("b".into(), value, 1, Duration::MAX, clock.now()));
    assert!(cache.get("b", clock.now()).is_some());
    let nothing = Cache::new(small().with_entries(0));
    assert!(!put(&nothing, &clock, "a", 0));
}

proptest! {
    /// Against a plain map: a hit is always the last value put, within its time; the books balance.
    #[test]
    fn a_hit_is_always_right(ops in prop::collection::vec((0_u8..4, 0_u8..16, 0_usize..400, 0_u64..20), 1..200)) {
        let clock = FakeClock::new();
        let cache = TtlCache::<u8, usize>::new(small());
        let mut model = std::collections::HashMap::new();
        for (op, key, weight, secs) in ops {
            let now = clock.now();
            match op {
                0 | 1 => {
                    model.remove(&key);
                    let ttl = Duration::from_secs(secs);
                    if cache.insert(key, weight, weight, ttl, now) {
                        model.insert(key, (weight, now + ttl));
                    }
                }
                2 => {
                    if let Some(value) = cache.get(&key, now) {
                        let (expected, expires) = model[&key];
                        prop_assert_eq!(value, expected);
                        prop_assert!(now < expires);
                    }
                }
                _ => clock.advance(Duration::from_secs(secs)),
            }
            prop_assert!(cache.len() <= 10 && cache.bytes() <= 1000);
        }
        cache.remove_matching(|_| true);
        prop_assert_eq!(cache.bytes(), 0);
    }
}

// --- filled by single flight ---

fn filled() -> FillCache<u32, io::Error> {
    FillCache::new(small(), Arc::new(SystemClock))
}

// errata RST-35
#[tokio::test(start_paused = true)]
async fn a_stampede_on_expiry_is_one_fill() {
    let cache = filled();
    let fills = Arc::new(AtomicU32::new(0));
    for round in 1..=3 {
        let calls = (0..1000).map(|_| {
            let fills = Arc::clone(&fills);
            cache.get_or_fill("key", move || async move {
                pause(SECOND).await;
                let n = fills.fetch_add(1, Ordering::Relaxed) + 1;
                Ok(Fresh::new(n, 4, 10 * SECOND))
            })
        });
        let values = join_all(calls).await;
        assert!(values.into_iter().all(|value| *value.unwrap() == round));
        pause(10 * SECOND).await;
    }
    assert_eq!(fills.load(Ordering::Relaxed), 3);
}

// errata RST-30
#[tokio::test]
async fn errors_are_shared_and_not_cached() {
    let cache = filled();
    let failed = || async { Err(io::Error::other("503")) };
    let results = join_all((0..10).map(|_| cache.get_or_fill("key", failed))).await;
    for result in results {
        let FillError::Failed(error) = result.unwrap_err() else {
            panic!("not the fill's own error");
        };
        assert_eq!(error.to_string(), "503");
    }
    let value = cache
        .get_or_fill("key", || async { Ok(Fresh::new(7, 4, SECOND)) })
        .await;
    assert_eq!(*value.unwrap(), 7);
}

// errata RST-31
#[tokio::test]
async fn no_store_serves_those_who_wait_and_nobody_else() {
    let cache = filled();
    let value = cache
        .get_or_fill("key", || async { Ok(Fresh::not_stored(7)) })
        .await;
    assert_eq!(*value.unwrap(), 7);
    assert_eq!(cache.get("key"), None);
    assert!(cache.is_empty());
}

#[tokio::test]
async fn a_fill_that_panics_is_an_error_and_the_next_one_works() {
    let cache = filled();
    let result = cache
        .get_or_fill("key", || async { panic!("in the fill") })
        .await;
    assert!(matches!(
        result,
        Err(FillError::Flight(FlightError::Panicked))
    ));
    let value = cache
        .get_or_fill("key", || async { Ok(Fresh::new(1, 4, SECOND)) })
        .await;
    assert_eq!(*value.unwrap(), 1);
    assert_eq!(cache.invalidate(|key| key == "key"), 1);
    assert_eq!(cache.get("key"), None);
}

// --- dedupe ---

#[tokio::test]
async fn of_a_thousand_claims_one_is_new() {
    let store = MemoryDedupeStore::new(Arc::new(FakeClock::new()));
    let claims = join_all((0..1000).map(|_| store.claim("event", SECOND))).await;
    let new = claims
        .iter()
        .filter(|claim| matches!(claim, Ok(Claim::New(_))));
    assert_eq!(new.count(), 1);
}

#[tokio::test]
async fn a_full_dedupe_store_forgets_the_done_first_and_the_claimed_never() {
    let clock = FakeClock::new();
    let store = MemoryDedupeStore::new(Arc::new(clock.clone())).with_capacity(16);
    let Claim::New(_) = store.claim("held", 60 * SECOND).await.unwrap() else {
        panic!("new");
    };
    for n in 0..1000_u32 {
        let key = n.to_string();
        let Claim::New(claim) = store.claim(&key, SECOND).await.unwrap() else {
            panic!("new");
        };
        clock.advance(Duration::from_millis(1));
        assert!(store.complete(&key, claim, 60 * SECOND).await.unwrap());
        assert_eq!(store.claim(&key, SECOND).await.unwrap(), Claim::Done);
        assert!(store.len() <= 16);
    }
    assert!(matches!(
        store.claim("held", SECOND).await.unwrap(),
        Claim::Busy(_)
    ));

    let full = MemoryDedupeStore::new(Arc::new(clock)).with_capacity(1);
    full.claim("a", SECOND).await.unwrap();
    let error = full.claim("b", SECOND).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(error.is_transient());
}
