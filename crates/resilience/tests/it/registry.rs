use std::sync::Arc;
use std::time::Duration;

use resilience::test_util::FakeClock;
use resilience::{BreakerConfig, BreakerRegistry, Clock, SeededRandom, State};

fn registry() -> (FakeClock, BreakerRegistry) {
    let clock = FakeClock::new();
    let config = BreakerConfig::default().with_consecutive_failures(2);
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
    (
        clock,
        BreakerRegistry::new(config, shared, Arc::new(SeededRandom::new(1))),
    )
}

// errata INT-14
#[test]
fn calls_to_the_same_upstream_share_a_breaker() {
    let (clock, registry) = registry();
    for _ in 0..2 {
        let breaker = registry.clone().get("api.example", clock.now());
        breaker
            .try_acquire(clock.now())
            .unwrap()
            .failure(clock.now());
    }
    assert_eq!(
        registry.get("api.example", clock.now()).state(),
        State::Open
    );
    assert_eq!(
        registry.get("login.example", clock.now()).state(),
        State::Closed
    );
    assert_eq!(
        registry.get("api.example", clock.now()).name(),
        "api.example"
    );
}

#[test]
fn a_million_keys_stay_bounded() {
    let (clock, registry) = registry();
    let registry = registry.with_capacity(64);
    for n in 0..1_000_000_u32 {
        registry.get(&n.to_string(), clock.now());
    }
    assert_eq!(registry.len(), 64);
}

#[test]
fn a_flood_of_keys_does_not_push_out_what_is_open_or_in_use() {
    let (clock, registry) = registry();
    let registry = registry.with_capacity(16);
    let open = registry.get("down", clock.now());
    for _ in 0..2 {
        open.try_acquire(clock.now()).unwrap().failure(clock.now());
    }
    let used = registry.get("used", clock.now());
    used.try_acquire(clock.now()).unwrap().failure(clock.now());
    for n in 0..10_000_u32 {
        registry.get(&n.to_string(), clock.now());
        registry.get("used", clock.now());
    }
    assert_eq!(registry.get("down", clock.now()).state(), State::Open);
    let kept = registry.get("used", clock.now());
    assert_eq!(kept.counts(clock.now()).failures, 1);
}

#[test]
fn all_open_is_bounded_too() {
    let (clock, registry) = registry();
    let registry = registry.with_capacity(8);
    for n in 0..100_u32 {
        let breaker = registry.get(&n.to_string(), clock.now());
        breaker.force_open();
    }
    assert_eq!(registry.len(), 8);
}

#[test]
fn the_idle_can_be_dropped() {
    let (clock, registry) = registry();
    let registry = registry.with_idle(Duration::from_secs(60));
    for n in 0..10_u32 {
        registry.get(&n.to_string(), clock.now());
    }
    clock.advance(Duration::from_secs(59));
    registry.get("3", clock.now());
    clock.advance(Duration::from_secs(1));
    registry.evict_idle(clock.now());
    assert_eq!(registry.len(), 1);
    assert_eq!(registry.get("3", clock.now()).name(), "3");
    assert_eq!(registry.len(), 1);
}
