//! An organisation of 20,000 objects and 150,000 references: what a map costs beyond its validation.

use std::hint::black_box;

use depgraph::{Edge, Graph, GraphBuilder, Node, Page, Policy, View, Work};
use genesys_benches::paired::{Limit, Table, Unit};

use crate::shapes::uuid;

const NODES: u32 = 20_000;
const EDGES: u32 = 150_000;
const KINDS: [&str; 10] = [
    "flow",
    "queue",
    "user",
    "userPrompt",
    "skill",
    "schedule",
    "script",
    "action",
    "integration",
    "group",
];

/// Mostly downwards, a quarter of it alternatives, with thirty references back.
fn organisation() -> Graph {
    let mut random = fastrand::Rng::with_seed(1);
    let ids: Vec<String> = (0..NODES).map(|_| uuid(random.u128(..))).collect();
    let mut builder = GraphBuilder::with_capacity(NODES as usize, EDGES as usize);
    for (at, id) in ids.iter().enumerate() {
        let kind = KINDS[at * KINDS.len() / ids.len()];
        let name = format!("{kind} {at}");
        builder
            .add_node(Node::new(id, kind).with_name(&name))
            .unwrap();
    }
    for edge in 0..EDGES {
        let source = random.u32(..NODES - 1);
        let target = if edge % 5_000 == 0 {
            random.u32(..NODES)
        } else {
            random.u32(source + 1..(source + 4_000).min(NODES))
        };
        let path = format!("members[{}].id", edge % 40);
        let group = if edge % 4 == 0 { "either" } else { "" };
        let edge = Edge::new(&ids[source as usize], &ids[target as usize], "uses");
        builder
            .add_edge(edge.with_evidence(&path).with_alternative(group))
            .unwrap();
    }
    builder.freeze().unwrap()
}

pub(crate) fn run() {
    let graph = organisation();
    let policy = Policy::default().with_max_depth(5);
    let mut table = Table::new(
        "An organisation: 20,000 objects, 150,000 references",
        Unit::Millis,
    );
    table.row("validation", 1, || {
        black_box(graph.validate(&policy, &mut Work::unlimited()).unwrap());
    });
    table.row("validation again (A/A)", 1, || {
        black_box(graph.validate(&policy, &mut Work::unlimited()).unwrap());
    });
    table.row("findings, single points of failure and page", 1, || {
        black_box(map(&graph, &policy));
    });
    let report = table.run();
    print!("{report}");
    println!("\nThe page has {} kB.", map(&graph, &policy).len() / 1_000);
    report.target(
        "the map over the validation",
        report.ratio("findings, single points of failure and page", "validation"),
        Limit::AtMost(10.0),
    );
}

fn map(graph: &Graph, policy: &Policy) -> String {
    let work = &mut Work::unlimited();
    let topology = graph.topology(work).unwrap();
    let report = graph.validate_with(&topology, policy, work).unwrap();
    let points = graph
        .single_points(&graph.entries(), &topology, policy, 20, work)
        .unwrap();
    let picture = View::new(graph)
        .with_topology(&topology)
        .with_max_nodes(80)
        .draw(work)
        .unwrap();
    Page::new("Dependencies", &picture, &report)
        .with_objects(graph)
        .with_single_points(graph, &points)
        .to_html()
}
