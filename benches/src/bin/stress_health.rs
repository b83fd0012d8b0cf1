//! A million random traces through the health rules. The traces and what must hold in each are those of the crate's own
//! tests: no change without its evidence, every change told once, the next check in the future and inside its bounds, the
//! flapping state left. `STRESS_TRACES` sets the number.

#![allow(
    clippy::print_stdout,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a stress program reports on stdout and fails by a panic"
)]

use std::thread;

use genesys_benches::seed::{count, part, seed};

#[path = "../../../crates/endpoint-probe/tests/it/health/trace.rs"]
#[allow(unreachable_pub, reason = "a test's module")]
mod trace;

const THREADS: u64 = 2;

fn main() {
    let seed = seed("stress_health");
    let traces = count("STRESS_TRACES", 1_000_000);
    let workers: Vec<_> = (0..THREADS)
        .map(|worker| {
            thread::spawn(move || {
                let mut draw = part(seed, worker);
                let mut seen = trace::Seen::default();
                // The first worker takes what does not divide.
                let extra = if worker == 0 { traces % THREADS } else { 0 };
                for _ in 0..traces / THREADS + extra {
                    seen.add(&trace::run(draw.u64(..)));
                }
                seen
            })
        })
        .collect();
    let mut seen = trace::Seen::default();
    for worker in workers {
        seen.add(&worker.join().unwrap());
    }
    println!(
        "{traces} traces, {} checks: every change has its evidence; {}",
        seen.checks,
        seen.summary()
    );
    assert!(seen.missing().is_empty(), "every case was met");
}
