//! Health: rules one by one, traces against an oracle, pools.

mod pool;
mod rules;
mod trace;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_trace_breaks_an_invariant(seed: u64) {
        trace::run(seed);
    }
}

#[test]
fn the_traces_meet_every_case() {
    let mut seen = trace::Seen::default();
    for seed in 0..2_000 {
        seen.add(&trace::run(seed));
    }
    assert!(seen.missing().is_empty(), "{}", seen.summary());
}
