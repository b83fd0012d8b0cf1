//! A million random operations on the breaker, each compared with a slow and obvious model of it.

#![allow(
    clippy::print_stdout,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a stress program reports on stdout and fails by a panic"
)]

use genesys_benches::seed::{count, seed};

// The model of the crate's own tests, with larger numbers.
#[path = "../../../crates/resilience/tests/it/breaker_model.rs"]
mod breaker_model;

fn main() {
    let seed = seed("stress_breaker");
    let operations = count("STRESS_BREAKER_OPERATIONS", 1_000_000);
    let steps = 2_000;
    let runs = operations.div_ceil(u64::from(steps));
    let first = seed % (u64::MAX - runs);
    let seen = breaker_model::agree(first..first + runs, steps);
    let total: u32 = seen.iter().sum();
    println!(
        "{total} operations agree with the model; by state (closed, open, half-open, forced open, forced closed): {seen:?}"
    );
    assert!(u64::from(total) >= operations, "every operation was made");
    assert!(
        seen.iter().all(|visits| *visits > total / 1_000),
        "every state was visited: {seen:?}"
    );
}
