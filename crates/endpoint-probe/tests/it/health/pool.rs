use endpoint_probe::{
    HealthState::{self, Degraded, Down, Flapping, Up},
    PoolMode, PoolPolicy, WhenAllDown,
};
use proptest::prelude::*;

#[test]
fn who_is_up_shares_by_weight_and_others_get_nothing() {
    let selection = PoolPolicy::new().select([(Up, 3.0), (Down, 9.0), (Up, 1.0), (Degraded, 9.0)]);
    assert_eq!(selection.mode, PoolMode::Normal);
    assert_eq!(selection.shares, [0.75, 0.0, 0.25, 0.0]);
}

#[test]
fn the_degraded_serve_when_nobody_is_up() {
    let selection = PoolPolicy::new().select([(Down, 0.0), (Degraded, 0.0), (Flapping, 1.0)]);
    assert_eq!(selection.mode, PoolMode::Degraded);
    assert_eq!(selection.shares, [0.0, 1.0, 0.0]);
}

#[test]
fn with_all_down_the_policy_decides() {
    let members = [(Down, 0.0), (Flapping, 0.0)];
    let closed = PoolPolicy::new().select(members);
    assert_eq!(
        (closed.mode, closed.shares),
        (PoolMode::FailClosed, vec![0.0, 0.0])
    );
    let open = PoolPolicy::new().with_when_all_down(WhenAllDown::FailOpen);
    let selection = open.select(members);
    assert_eq!(
        (selection.mode, selection.shares),
        (PoolMode::FailOpen, vec![0.5, 0.5])
    );
    // An empty pool cannot fail open.
    assert_eq!(open.select([]).mode, PoolMode::FailClosed);
}

fn state() -> impl Strategy<Value = HealthState> {
    prop_oneof![Just(Up), Just(Degraded), Just(Down), Just(Flapping)]
}

proptest! {
    #[test]
    fn shares_are_numbers_that_sum_to_one_or_nothing(
        members in prop::collection::vec((state(), any::<f64>()), 0..12),
        open: bool,
    ) {
        let when = if open { WhenAllDown::FailOpen } else { WhenAllDown::FailClosed };
        let selection = PoolPolicy::new().with_when_all_down(when).select(members.clone());
        prop_assert_eq!(selection.shares.len(), members.len());
        prop_assert!(selection.shares.iter().all(|share| (0.0..=1.0).contains(share)));
        let sum: f64 = selection.shares.iter().sum();
        let expected = if selection.mode == PoolMode::FailClosed { 0.0 } else { 1.0 };
        prop_assert!((sum - expected).abs() < 1e-9, "{}", sum);
        if selection.mode == PoolMode::Normal {
            for ((state, _), share) in members.iter().zip(&selection.shares) {
                prop_assert!(*state == Up || *share == 0.0);
            }
        }
    }
}
