//! From text to findings, beside petgraph.

use std::hint::black_box;

use genesys_benches::paired::{Limit, Table, Unit};

use crate::rival;
use crate::shapes::{Edges, SHAPES};

/// Nodes, and the times that every shape must be faster at.
const SIZES: [(&str, u32, f64); 3] = [
    ("Validation, 10,000 nodes", 10_000, 3.0),
    ("Validation, 100,000 nodes", 100_000, 6.0),
    ("Validation, 1,000,000 nodes", 1_000_000, 8.0),
];

pub(crate) fn run() {
    for (title, nodes, times) in SIZES {
        for shape in SHAPES {
            let edges = Edges::of(shape, nodes);
            let mut table = Table::new(title, Unit::Millis);
            let ours = format!("depgraph, {shape}");
            let again = format!("depgraph, {shape} again (A/A)");
            let theirs = format!("petgraph, {shape}");
            let validated = || {
                black_box(rival::ours_validated(&edges));
            };
            table.row(&ours, 1, validated);
            table.row(&again, 1, validated);
            table.row(&theirs, 1, || {
                black_box(rival::petgraph_validated(&edges));
            });
            let report = table.run();
            print!("{report}");
            let times = if nodes == 1_000_000 && shape == "dag" {
                12.0
            } else {
                times
            };
            report.target(
                &format!("petgraph over depgraph, {shape}"),
                report.ratio(&theirs, &ours),
                Limit::AtLeast(times),
            );
        }
    }
}
