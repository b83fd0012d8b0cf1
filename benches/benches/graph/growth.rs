//! The time an edge takes, from ten thousand nodes to five million.

use std::hint::black_box;

use genesys_benches::paired::{Limit, Table, Unit};

use crate::rival;
use crate::shapes::Edges;

pub(crate) fn run() {
    let graphs: Vec<(String, Edges)> = [
        ("10,000 nodes", 10_000),
        ("100,000 nodes", 100_000),
        ("1,000,000 nodes", 1_000_000),
        ("5,000,000 nodes", 5_000_000),
    ]
    .map(|(name, nodes)| (name.to_owned(), Edges::of("dag", nodes)))
    .into();
    let mut table = Table::new("Validation an edge, dag", Unit::Nanos);
    for (name, edges) in &graphs {
        table.row(name, edges.len() as u64, || {
            black_box(rival::ours_validated(edges));
        });
    }
    let report = table.run();
    print!("{report}");
    report.target(
        "an edge of 5,000,000 nodes over one of 10,000",
        report.ratio("5,000,000 nodes", "10,000 nodes"),
        Limit::AtMost(3.0),
    );
}
