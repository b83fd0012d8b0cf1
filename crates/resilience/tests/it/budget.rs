use std::time::Duration;

use resilience::test_util::FakeClock;
use resilience::{Clock, RetryBudget};

const SECOND: Duration = Duration::from_secs(1);

fn drain(budget: &RetryBudget, clock: &FakeClock) -> u32 {
    (0..1_000_000)
        .take_while(|_| budget.withdraw(clock.now()))
        .count() as u32
}

#[test]
fn calls_pay_a_fifth_of_a_retry_each() {
    let clock = FakeClock::new();
    let budget = RetryBudget::default();
    assert_eq!(drain(&budget, &clock), RetryBudget::DEFAULT_START);
    for _ in 0..100 {
        budget.deposit(clock.now());
    }
    assert_eq!(drain(&budget, &clock), 20);
}

#[test]
fn time_pays_a_reserve() {
    let clock = FakeClock::new();
    let budget = RetryBudget::default();
    drain(&budget, &clock);
    clock.advance(SECOND);
    assert!(!budget.withdraw(clock.now()));
    clock.advance(SECOND);
    assert!(budget.withdraw(clock.now()));
    clock.advance(10 * SECOND);
    assert_eq!(drain(&budget, &clock), 5);
}

#[test]
fn the_reserve_is_paid_in_full_however_often_it_is_asked_for() {
    let clock = FakeClock::new();
    let budget = RetryBudget::default();
    drain(&budget, &clock);
    let mut granted = 0;
    for _ in 0..10_000 {
        clock.advance(Duration::from_millis(10));
        granted += u32::from(budget.withdraw(clock.now()));
    }
    assert_eq!(granted, 50, "100 s at 0.5 a second");
}

#[test]
fn savings_end_at_the_cap() {
    let clock = FakeClock::new();
    let budget = RetryBudget::default();
    for _ in 0..10_000 {
        budget.deposit(clock.now());
    }
    clock.advance(Duration::from_secs(86_400));
    assert_eq!(budget.available(clock.now()), 100);
    assert_eq!(drain(&budget, &clock), RetryBudget::DEFAULT_CAP);
}

#[test]
fn clones_share_and_tenants_do_not() {
    let clock = FakeClock::new();
    let (one, other) = (RetryBudget::default(), RetryBudget::default());
    drain(&one.clone(), &clock);
    assert!(!one.withdraw(clock.now()));
    assert!(
        other.withdraw(clock.now()),
        "another tenant's budget is its own"
    );
}

#[test]
fn an_unlimited_budget_never_refuses() {
    let clock = FakeClock::new();
    let budget = RetryBudget::unlimited();
    budget.deposit(clock.now());
    assert_eq!(drain(&budget, &clock), 1_000_000);
}

#[test]
fn settings_that_cannot_work_are_all_named() {
    let wrong = RetryBudget::new(f64::NAN, -1.0, 0).unwrap_err();
    assert_eq!(wrong.problems().len(), 3);
    let small = RetryBudget::new(0.0, 0.0, 1).unwrap();
    let clock = FakeClock::new();
    assert_eq!(drain(&small, &clock), 1);
}

#[test]
fn threads_never_withdraw_more_than_there_is() {
    let clock = FakeClock::new();
    let budget = RetryBudget::new(0.0, 0.0, 1000).unwrap();
    let granted: u32 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| drain(&budget, &clock)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(granted, RetryBudget::DEFAULT_START);
}
