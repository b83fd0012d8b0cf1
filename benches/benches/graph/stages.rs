//! Components, order and memory of a graph that is there already.

use std::hint::black_box;

use depgraph::{Edge, GraphBuilder, State, Work};
use genesys_benches::paired::{Limit, Table, Unit};

use crate::rival;
use crate::shapes::Edges;

const NODES: u32 = 1_000_000;

pub(crate) fn run() {
    for shape in ["dag", "chain", "power"] {
        let edges = Edges::of(shape, NODES);
        let ours = rival::ours(&edges);
        let theirs = rival::petgraph(&edges);
        let title = match shape {
            "dag" => "Stages, dag, 1,000,000 nodes",
            "chain" => "Stages, chain, 1,000,000 nodes",
            _ => "Stages, power, 1,000,000 nodes",
        };
        let mut table = Table::new(title, Unit::Millis);
        table.row("depgraph: components", 1, || {
            black_box(ours.components(&mut Work::unlimited()).unwrap());
        });
        table.row("depgraph: components again (A/A)", 1, || {
            black_box(ours.components(&mut Work::unlimited()).unwrap());
        });
        table.row("petgraph: Tarjan", 1, || {
            black_box(petgraph::algo::tarjan_scc(&theirs));
        });
        table.row("depgraph: order, layers, depth", 1, || {
            black_box(ours.topology(&mut Work::unlimited()).unwrap());
        });
        table.row("petgraph: toposort and depth", 1, || {
            black_box(rival::petgraph_depth(&theirs));
        });
        let report = table.run();
        print!("{report}");
        report.target(
            &format!("Tarjan over components, {shape}"),
            report.ratio("petgraph: Tarjan", "depgraph: components"),
            Limit::AtLeast(3.5),
        );
        report.target(
            &format!("toposort and depth over order, layers, depth, {shape}"),
            report.ratio(
                "petgraph: toposort and depth",
                "depgraph: order, layers, depth",
            ),
            Limit::AtLeast(20.0),
        );
        if shape == "dag" {
            memory(&edges, &ours);
        }
    }
}

fn memory(edges: &Edges, plain: &depgraph::Graph) {
    let mut builder = GraphBuilder::new().with_referenced_state(State::Present);
    for (at, (source, target)) in edges.pairs().enumerate() {
        let path = format!("memberGroups[{}].id", at % 40);
        let edge = Edge::new(source, target, "needs").with_evidence(&path);
        builder.add_edge(edge).unwrap();
    }
    let evident = builder.freeze().unwrap();
    println!("\n### Memory, dag, 1,000,000 nodes\n");
    println!("| what | bytes |");
    println!("| --- | --- |");
    for (what, bytes, limit) in [
        (
            "an edge: both directions with kinds",
            plain.memory().edges as f64 / plain.edge_count() as f64,
            11.0,
        ),
        (
            "an edge: the same with evidence",
            (evident.memory().edges + evident.memory().evidence) as f64
                / evident.edge_count() as f64,
            15.0,
        ),
        (
            "a node: its id",
            plain.memory().ids as f64 / plain.node_count() as f64,
            f64::INFINITY,
        ),
    ] {
        let verdict = match bytes <= limit {
            _ if limit.is_infinite() => String::new(),
            true => format!(" (met: <= {limit})"),
            false => format!(" (MISSED: <= {limit})"),
        };
        println!("| {what} | {bytes:.2}{verdict} |");
    }
}
