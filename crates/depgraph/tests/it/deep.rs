//! Depth costs no stack: a long chain goes through every public call on a thread with 64 KiB.

use depgraph::{
    Edge, Failover, Graph, GraphBuilder, Limits, Node, NodeSet, Page, Policy, Query, Selector,
    State, View, Work,
};

/// A million nodes as released, fewer in a slow build, ten million when `DEPGRAPH_DEEP` says so.
fn length() -> usize {
    let usual = if cfg!(debug_assertions) {
        50_000
    } else {
        1_000_000
    };
    std::env::var("DEPGRAPH_DEEP")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}

fn id(node: usize) -> String {
    format!("{node:08x}-0000-4000-8000-000000000000")
}

fn chain(nodes: usize, ring: bool) -> Graph {
    let mut builder =
        GraphBuilder::with_capacity(nodes, nodes).with_referenced_state(State::Present);
    builder
        .add_edges("next", (1..nodes).map(|node| (id(node - 1), id(node))))
        .unwrap();
    if ring {
        builder
            .add_edge(Edge::new(&id(nodes - 1), &id(0), "next"))
            .unwrap();
    }
    builder
        .add_node(Node::new(&id(0), "flow").with_name("first"))
        .unwrap();
    builder.freeze_with(&mut Work::unlimited()).unwrap()
}

/// Every public call that walks a graph.
fn walk(graph: &Graph, ring: bool) {
    let nodes = graph.node_count();
    let work = &mut Work::unlimited();
    let (first, last) = (
        graph.find(&id(0)).unwrap(),
        graph.find(&id(nodes - 1)).unwrap(),
    );
    let policy = Policy::default().with_max_depth(5);

    let topology = graph.topology(work).unwrap();
    assert_eq!(topology.depth(), if ring { 0 } else { nodes - 1 });
    assert_eq!(topology.layers().len(), topology.depth() + 1);
    assert_eq!(graph.components(work).unwrap().len(), usize::from(ring));
    let report = graph.validate_with(&topology, &policy, work).unwrap();
    assert_eq!(
        (
            report.errors(),
            graph.validate(&policy, work).unwrap() == report
        ),
        (1, true)
    );
    let heights = graph.heights(&topology, work).unwrap();
    assert_eq!(
        graph.longest_path(first, &topology, &heights).len(),
        topology.depth()
    );
    assert_eq!(
        graph
            .reach(&[first], depgraph::Direction::Down, None, work)
            .unwrap()
            .levels()
            .len(),
        nodes
    );
    assert_eq!(
        graph
            .shortest_path(first, last, work)
            .unwrap()
            .unwrap()
            .len(),
        nodes - 1
    );
    assert_eq!(
        graph.dominators(&[first], work).unwrap().of(last).count(),
        nodes - 1
    );
    assert_eq!(
        graph.impact(&[last], &policy, 3, work).unwrap().failing,
        nodes - 1
    );
    assert_eq!(
        graph
            .fallout(&graph.select(&[Selector::Id(id(nodes - 1))]), &policy, work)
            .unwrap()
            .len(),
        nodes
    );
    assert_eq!(graph.implied_edges(work).unwrap().len(), 0);
    let none = NodeSet::new(nodes);
    assert!(
        matches!(graph.failover(first, &[last], &none, 2, work).unwrap(), Failover::Cut { paths, .. } if paths.len() == 1)
    );
    assert_eq!(graph.separator(first, last, work).unwrap().len(), 1);
    // All failures of a chain are quadratic in its length: that is what the budget is for.
    let some = &mut Work::steps(20_000_000);
    let entries = [first];
    match graph.single_points(&entries, &topology, &policy, 1, some) {
        Ok(points) => assert_eq!(points.total, nodes - 1),
        Err(error) => assert!(error.is_interrupted()),
    }
    assert!(graph.entries().len() <= 1);
    for query in ["deps(first)", "scc(first)", "kind(flow)"] {
        assert!(
            !Query::parse(query, &Limits::default())
                .unwrap()
                .run(graph, work)
                .unwrap()
                .nodes
                .is_empty()
        );
    }
    let between = graph
        .query(
            &format!(
                "some_path(first, {0}) + all_paths(first, {0})",
                id(nodes - 1)
            ),
            work,
        )
        .unwrap();
    assert_eq!(between.nodes.len(), nodes);
    let picture = View::new(graph)
        .with_topology(&topology)
        .with_reduction(true)
        .draw(work)
        .unwrap();
    let focused = View::new(graph)
        .with_focus([last])
        .with_collapse(depgraph::Collapse::Component)
        .draw(work)
        .unwrap();
    for picture in [&picture, &focused] {
        assert!(
            !picture.to_dot().is_empty()
                && !picture.to_mermaid().is_empty()
                && !picture.to_json().is_empty()
        );
        assert!(
            !Page::new("Deep", picture, &report)
                .with_objects(graph)
                .to_html()
                .is_empty()
        );
    }
    assert!(graph.drift_from(graph, 10, work).unwrap().is_empty());
    assert!(report.drift_from(&report).new.is_empty());
    assert_eq!(
        (graph.edges().count(), graph.outgoing(first).count()),
        (graph.edge_count(), 1)
    );
    assert_eq!(graph.incoming(last).count(), 1);
}

fn on_a_small_stack(job: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new()
        .stack_size(64 * 1024)
        .spawn(job)
        .unwrap()
        .join()
        .unwrap();
}

// errata DEP-19
#[test]
fn a_chain_goes_through_every_call_on_a_stack_of_64_kib() {
    on_a_small_stack(|| {
        let graph = chain(length(), false);
        walk(&graph, false);
        drop(graph);
    });
}

// errata DEP-14, DEP-19
#[test]
fn a_ring_goes_through_every_call_on_a_stack_of_64_kib() {
    on_a_small_stack(|| walk(&chain(length(), true), true));
}

#[test]
fn a_deep_snapshot_is_written_and_read_on_a_stack_of_64_kib() {
    on_a_small_stack(|| {
        let graph = chain(length().min(200_000), true);
        let text = graph.to_snapshot(&mut Work::unlimited()).unwrap();
        let copy = Graph::from_snapshot(&text, &Limits::default(), &mut Work::unlimited()).unwrap();
        assert_eq!(copy.edge_count(), graph.edge_count());
    });
}

#[test]
fn nested_documents_and_queries_are_refused_on_a_stack_of_64_kib() {
    on_a_small_stack(|| {
        for text in [
            "[".repeat(1_000_000),
            format!("{{\"properties\":{}", "{\"a\":".repeat(200_000)),
            "{\"x\":".repeat(100),
        ] {
            assert!(
                Graph::from_snapshot(&text, &Limits::default(), &mut Work::unlimited()).is_err()
            );
        }
        let limits = Limits::default()
            .with_query(usize::MAX)
            .with_query_parts(usize::MAX / 4);
        for open in ["(", "deps(", "scc((", "all() - ("] {
            assert!(Query::parse(&open.repeat(200_000), &limits).is_err());
        }
        let deep = format!("{}a{}", "(".repeat(100_000), ")".repeat(100_000));
        assert!(Query::parse(&deep, &limits).is_ok());
    });
}
