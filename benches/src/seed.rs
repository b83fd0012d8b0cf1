//! The seed of a stress program.

use std::env;

/// The seed named by `STRESS_SEED`, or a fresh one; printed either way, so that a failure can be run again.
///
/// # Panics
/// When `STRESS_SEED` is no number: a run with another seed than asked for would prove nothing.
#[allow(clippy::expect_used, reason = "the seed is the operator's to correct")]
pub fn seed(program: &str) -> u64 {
    let seed = match env::var("STRESS_SEED") {
        Ok(text) => text.trim().parse().expect("STRESS_SEED is a number"),
        Err(_) => fastrand::u64(..),
    };
    println!("{program}: STRESS_SEED={seed}");
    seed
}

/// A generator of its own for part `index` of a run.
pub fn part(seed: u64, index: u64) -> fastrand::Rng {
    let mut root = fastrand::Rng::with_seed(seed);
    let base = root.u64(..);
    fastrand::Rng::with_seed(base ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// The number named by an environment variable, or `default`: how often a part is repeated.
///
/// # Panics
/// When the variable is no number.
#[allow(clippy::expect_used, reason = "the count is the operator's to correct")]
pub fn count(variable: &str, default: u64) -> u64 {
    env::var(variable).map_or(default, |text| {
        text.trim()
            .parse()
            .expect("a count of a stress program is a number")
    })
}
