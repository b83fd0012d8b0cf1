//! Measures the graph engine against petgraph on the same graphs: `cargo run --release -p depgraph --example measure -- [NODES]`.
//!
//! Five edges a node, version-4 UUID text, labels scrambled, edges grouped by source as a listing yields them. Rounds of the two sides
//! alternate; the figures are the best of each side, in milliseconds, since a busy machine only ever adds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods
)]

use std::collections::HashMap;
use std::hint::black_box;
use std::time::Instant;

use depgraph::{GraphBuilder, Policy, State, Work};
use petgraph::graph::{DiGraph, NodeIndex};

type Pairs = Vec<(u32, u32)>;

/// A directed graph whose edges go from lower to higher numbers, except where the shape says otherwise.
fn shape(name: &str, nodes: u32, random: &mut fastrand::Rng) -> Pairs {
    let mut edges = Vec::with_capacity(nodes as usize * 5);
    for node in 0..nodes {
        for step in 1..=5 {
            let target = match name {
                "chain" => node + step,
                // Five hubs refer to all others.
                "star" => step - 1,
                _ if node + 1 < nodes => random.u32(node + 1..nodes),
                _ => nodes,
            };
            if target < nodes && target != node {
                edges.push(if name == "star" && target > node {
                    (target, node)
                } else {
                    (node, target)
                });
            }
        }
    }
    if name == "dagc" {
        for _ in 0..nodes / 10_000 {
            let first = random.u32(0..nodes - 2);
            edges.extend([
                (first, first + 1),
                (first + 1, first + 2),
                (first + 2, first),
            ]);
        }
        edges.sort_unstable();
    }
    // Labels say nothing of the structure, and neither does the order of the sources.
    let mut labels: Vec<u32> = (0..nodes).collect();
    random.shuffle(&mut labels);
    for (source, target) in &mut edges {
        (*source, *target) = (labels[*source as usize], labels[*target as usize]);
    }
    edges.sort_unstable_by_key(|(source, _)| *source);
    edges
}

/// The ids of all edges as one text, as a page holds them: 36 bytes each.
struct Labelled {
    text: String,
}

impl Labelled {
    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        (0..self.text.len() / 72).map(|at| self.text[72 * at..72 * (at + 1)].split_at(36))
    }
}

fn label(pairs: &Pairs, nodes: u32, random: &mut fastrand::Rng) -> Labelled {
    let names: Vec<String> = (0..nodes)
        .map(|_| {
            let bits = random.u128(..) & !(0xf << 76) | (4 << 76);
            let hex = format!("{bits:032x}");
            format!(
                "{}-{}-{}-{}-{}",
                &hex[..8],
                &hex[8..12],
                &hex[12..16],
                &hex[16..20],
                &hex[20..]
            )
        })
        .collect();
    let mut text = String::with_capacity(pairs.len() * 72);
    for (source, target) in pairs {
        text.push_str(&names[*source as usize]);
        text.push_str(&names[*target as usize]);
    }
    Labelled { text }
}

fn ours_build(input: &Labelled) -> depgraph::Graph {
    let mut builder = GraphBuilder::new().with_referenced_state(State::Present);
    builder.add_edges("needs", input.pairs()).unwrap();
    builder.freeze().unwrap()
}

fn petgraph_build(input: &Labelled) -> DiGraph<String, ()> {
    let mut graph = DiGraph::new();
    let mut numbers: HashMap<String, NodeIndex> = HashMap::new();
    for (a, b) in input.pairs() {
        let mut number = |id: &str| match numbers.get(id) {
            Some(number) => *number,
            None => {
                let number = graph.add_node(id.to_owned());
                numbers.insert(id.to_owned(), number);
                number
            }
        };
        let (a, b) = (number(a), number(b));
        graph.add_edge(a, b, ());
    }
    graph
}

/// Longest path in edges, or the number of components with a cycle.
fn petgraph_validate(graph: &DiGraph<String, ()>) -> usize {
    match petgraph::algo::toposort(graph, None) {
        Ok(order) => petgraph_depth(graph, &order),
        Err(_) => petgraph::algo::kosaraju_scc(graph)
            .iter()
            .filter(|members| members.len() > 1)
            .count(),
    }
}

fn petgraph_depth(graph: &DiGraph<String, ()>, order: &[NodeIndex]) -> usize {
    let mut depth = vec![0; graph.node_count()];
    for node in order {
        for next in graph.neighbors(*node) {
            depth[next.index()] = depth[next.index()].max(depth[node.index()] + 1);
        }
    }
    depth.into_iter().max().unwrap_or(0)
}

/// Alternates the two sides and returns the best of each.
fn paired<A, B>(
    rounds: usize,
    mut ours: impl FnMut() -> A,
    mut theirs: impl FnMut() -> B,
) -> (f64, f64) {
    let time = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64() * 1e3
    };
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        a.push(time(&mut || drop(black_box(ours()))));
        b.push(time(&mut || drop(black_box(theirs()))));
    }
    a.sort_by(f64::total_cmp);
    b.sort_by(f64::total_cmp);
    (a[0], b[0])
}

fn main() {
    // petgraph's Tarjan recurses: a long chain needs a stack as long.
    let compared = std::thread::Builder::new()
        .stack_size(8 << 30)
        .spawn(compare)
        .expect("a thread");
    compared.join().expect("no panic");
}

fn compare() {
    let nodes: u32 = std::env::args()
        .nth(1)
        .map_or(100_000, |text| text.parse().expect("a number of nodes"));
    let rounds = if nodes > 500_000 { 5 } else { 11 };
    println!("{nodes} nodes, best of {rounds} rounds, ms");
    println!(
        "{:8} {:24} {:>10} {:>10} {:>7}",
        "shape", "task", "depgraph", "petgraph", "ratio"
    );
    for name in ["dag", "dagc", "chain", "star"] {
        let mut random = fastrand::Rng::with_seed(7);
        let input = label(&shape(name, nodes, &mut random), nodes, &mut random);
        let report = |task: &str, (ours, theirs): (f64, f64)| {
            println!(
                "{name:8} {task:24} {ours:10.2} {theirs:10.2} {:7.1}",
                theirs / ours
            );
        };
        let policy = Policy::default().with_max_depth(usize::MAX);
        report(
            "validate end to end",
            paired(
                rounds,
                || {
                    ours_build(&input)
                        .validate(&policy, &mut Work::unlimited())
                        .unwrap()
                },
                || petgraph_validate(&petgraph_build(&input)),
            ),
        );
        let ours = ours_build(&input);
        let theirs = petgraph_build(&input);
        report(
            "strings to graph",
            paired(rounds, || ours_build(&input), || petgraph_build(&input)),
        );
        report(
            "components",
            paired(
                rounds,
                || ours.components(&mut Work::unlimited()).unwrap(),
                || petgraph::algo::tarjan_scc(&theirs),
            ),
        );
        if name != "dagc" {
            report(
                "order, layers, depth",
                paired(
                    rounds,
                    || ours.topology(&mut Work::unlimited()).unwrap(),
                    || {
                        petgraph::algo::toposort(&theirs, None)
                            .map(|order| petgraph_depth(&theirs, &order))
                    },
                ),
            );
        }
        let memory = ours.memory();
        println!(
            "{name:8} bytes an edge: {:.2} both ways with kinds; ids {:.1} a node",
            memory.edges as f64 / ours.edge_count() as f64,
            memory.ids as f64 / ours.node_count() as f64
        );
    }
}
