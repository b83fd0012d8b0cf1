//! The graph engine beside petgraph and NetworkX on the same graphs:
//! `cargo bench -p genesys-benches --bench graph [-- validate stages growth networkx organisation]`.
//!
//! Five edges a node, version-4 UUID text, labels scrambled, edges grouped by source as a listing yields them. `growth` goes up
//! to 25 million edges and takes 6 GB; `networkx` needs a `python3` that has it, and says so when there is none.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement that cannot run has nothing to say"
)]

mod growth;
mod networkx;
mod organisation;
mod rival;
mod shapes;
mod stages;
mod validate;

/// What petgraph's Tarjan, which recurses, takes on a long chain. Only what is used is ever touched.
const STACK: usize = 8 << 30;

fn main() {
    let measured = std::thread::Builder::new().stack_size(STACK).spawn(parts);
    measured.unwrap().join().unwrap();
}

fn parts() {
    let parts: [(&str, fn()); 5] = [
        ("validate", validate::run),
        ("stages", stages::run),
        ("growth", growth::run),
        ("networkx", networkx::run),
        ("organisation", organisation::run),
    ];
    let asked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|name| !name.starts_with('-'))
        .collect();
    if let Some(unknown) = asked
        .iter()
        .find(|name| !parts.iter().any(|part| part.0 == **name))
    {
        eprintln!(
            "no part {unknown}; there are {}",
            parts.map(|part| part.0).join(", ")
        );
        std::process::exit(2);
    }
    for (name, run) in parts {
        if asked.is_empty() || asked.iter().any(|part| part == name) {
            run();
        }
    }
}
