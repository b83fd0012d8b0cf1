//! A million random renderings, each compared with a model that never escapes anything: whatever the values, what parsers make of
//! the output differs from the template at its holes alone.

#![allow(
    clippy::print_stdout,
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a stress program reports on stdout and fails by a panic"
)]

use std::thread;

use genesys_benches::seed::{count, part, seed};

// The model of the crate's own tests, with larger numbers.
#[path = "../../../crates/genesys-template/tests/it/model.rs"]
mod model;

const EACH: u64 = 20;
const THREADS: u64 = 2;

fn main() {
    let seed = seed("stress_template");
    let cases = count("STRESS_TEMPLATE_CASES", 1_000_000);
    let templates = cases.div_ceil(EACH * THREADS);
    let seen: Vec<model::Seen> = thread::scope(|scope| {
        let running: Vec<_> = (0..THREADS)
            .map(|index| {
                scope.spawn(move || model::agree(part(seed, index).u64(..), templates, EACH))
            })
            .collect();
        running
            .into_iter()
            .map(|thread| match thread.join() {
                Ok(seen) => seen,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    });
    let mut total = model::Seen::default();
    for seen in seen {
        total.rendered += seen.rendered;
        for (reason, times) in seen.refused {
            *total.refused.entry(reason).or_default() += times;
        }
    }
    let refused: u64 = total.refused.values().sum();
    println!(
        "{} renderings agree with the model, {refused} refusals too: {:?}",
        total.rendered, total.refused
    );
    assert!(total.rendered + refused >= cases, "every case was tried");
    assert!(total.rendered > cases / 5, "enough of them were rendered");
    assert!(
        total.refused.len() >= 9 && total.refused.values().all(|times| *times > cases / 10_000),
        "every reason to refuse occurred"
    );
}
