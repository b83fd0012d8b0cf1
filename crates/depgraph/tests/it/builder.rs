//! Taking input in, good and bad.

use depgraph::{Edge, ErrorKind, GraphBuilder, Limits, Node, State, UNKNOWN_KIND};

use crate::common::{graph, ids, implied, work};

#[test]
fn objects_without_ids_are_refused_and_leave_no_trace() {
    let mut builder = GraphBuilder::new();
    builder.add_edge(Edge::new("a", "b", "needs")).unwrap();
    assert_eq!(
        builder.add_node(Node::new("", "queue")).unwrap_err().kind(),
        ErrorKind::EmptyId
    );
    assert_eq!(
        builder
            .add_edge(Edge::new("c", "", "needs"))
            .unwrap_err()
            .kind(),
        ErrorKind::EmptyId
    );
    assert_eq!(
        builder
            .add_edge(Edge::new("", "c", "needs"))
            .unwrap_err()
            .kind(),
        ErrorKind::EmptyId
    );
    assert_eq!(
        builder.add_edges("needs", [("c", "")]).unwrap_err().kind(),
        ErrorKind::EmptyId
    );
    assert_eq!((builder.node_count().min(3), builder.edge_count()), (3, 1));
}

#[test]
fn limits_hold_and_known_objects_need_no_room() {
    let limits = Limits::default()
        .with_nodes(2)
        .with_edges(3)
        .with_text(8)
        .with_attributes(1);
    let mut builder = GraphBuilder::new().with_limits(limits);
    builder.add_edge(Edge::new("a", "b", "x")).unwrap();
    builder.add_edge(Edge::new("b", "a", "x")).unwrap();
    builder.add_node(Node::new("a", "queue")).unwrap();
    assert_eq!(
        builder
            .add_edge(Edge::new("a", "c", "x"))
            .unwrap_err()
            .kind(),
        ErrorKind::TooManyNodes
    );
    assert_eq!(
        builder
            .add_node(Node::new("c", "queue"))
            .unwrap_err()
            .kind(),
        ErrorKind::TooManyNodes
    );
    assert_eq!(
        builder
            .add_node(Node::new("123456789", "queue"))
            .unwrap_err()
            .kind(),
        ErrorKind::TextTooLong
    );
    let two = Node::new("a", "queue")
        .with_attribute("x", "1")
        .with_attribute("y", "2");
    assert_eq!(
        builder.add_node(two).unwrap_err().kind(),
        ErrorKind::TooMuchDetail
    );
    builder.add_edge(Edge::new("a", "a", "x")).unwrap();
    let error = builder.add_edge(Edge::new("a", "a", "x")).unwrap_err();
    assert!(error.is_limit() && error.kind() == ErrorKind::TooManyEdges);
    assert_eq!(builder.freeze().unwrap().node_count(), 2);
}

#[test]
fn too_many_kinds_are_refused() {
    let mut builder = GraphBuilder::new();
    for kind in 0..255 {
        builder
            .add_edge(Edge::new("a", "b", &format!("k{kind}")))
            .unwrap();
    }
    assert_eq!(
        builder
            .add_edge(Edge::new("a", "b", "one more"))
            .unwrap_err()
            .kind(),
        ErrorKind::TooManyKinds
    );
}

#[test]
fn the_fast_way_in_gives_the_same_graph_as_the_slow_one() {
    let mut random = fastrand::Rng::with_seed(8);
    let id = |number: u32| match number % 3 {
        0 => format!("plain-{number}"),
        _ => format!(
            "{:08x}-1111-4222-8333-{:012X}",
            number.wrapping_mul(0x9e37_79b9),
            number
        ),
    };
    let mut edges: Vec<(String, String)> = (0..5000)
        .map(|_| (id(random.u32(..700)), id(random.u32(..700))))
        .collect();
    for _ in 0..2 {
        let mut fast = GraphBuilder::new();
        assert_eq!(
            fast.add_edges("needs", edges.iter().map(|(a, b)| (a, b)))
                .unwrap(),
            5000
        );
        let mut slow = GraphBuilder::new();
        for (source, target) in &edges {
            slow.add_edge(Edge::new(source, target, "needs")).unwrap();
        }
        let (fast, slow) = (fast.freeze().unwrap(), slow.freeze().unwrap());
        assert_eq!(
            fast.to_snapshot(&mut work()).unwrap(),
            slow.to_snapshot(&mut work()).unwrap()
        );
        edges.sort();
    }
}

#[test]
fn every_id_is_found_and_incoming_mirrors_outgoing() {
    let graph = graph(
        50,
        &(0..200)
            .map(|at| (at * 7 % 50, at * 13 % 50))
            .collect::<Vec<_>>(),
    );
    for node in graph.nodes() {
        assert_eq!(graph.find(&graph.id(node).to_string()), Some(node));
        for edge in graph.incoming(node) {
            assert_eq!((edge.target, graph.edge(edge.id)), (node, edge));
        }
    }
    let (mut out, mut into): (Vec<_>, Vec<_>) = (
        graph.edges().map(|edge| edge.id).collect(),
        graph
            .nodes()
            .flat_map(|node| graph.incoming(node))
            .map(|edge| edge.id)
            .collect(),
    );
    out.sort_unstable();
    into.sort_unstable();
    assert_eq!(out, into);
    assert_eq!(graph.find("nobody"), None);
}

// errata DEP-10
#[test]
fn kinds_attributes_and_evidence_are_kept_whatever_they_are() {
    let mut builder = GraphBuilder::new();
    builder
        .add_node(
            Node::new("a", "a kind nobody knows")
                .with_attribute("division", "Home")
                .with_attribute("b", "2"),
        )
        .unwrap();
    builder
        .add_edge(
            Edge::new("a", "b", "some relation")
                .with_evidence("rows[3].x")
                .with_alternative("g"),
        )
        .unwrap();
    let graph = builder.freeze().unwrap();
    let (a, b) = (graph.find("a").unwrap(), graph.find("b").unwrap());
    assert_eq!(
        (graph.kind_name(a), graph.kind_name(b)),
        ("a kind nobody knows", UNKNOWN_KIND)
    );
    assert_eq!(
        (graph.state(a), graph.state(b)),
        (State::Present, State::NotFetched)
    );
    assert_eq!(
        graph.attributes(a).collect::<Vec<_>>(),
        [("b", "2"), ("division", "Home")]
    );
    let edge = graph.outgoing(a).next().unwrap();
    assert_eq!(
        (edge.kind_name, edge.evidence, edge.alternative, edge.count),
        ("some relation", "rows[3].x", Some("g"), 1)
    );
}

// errata DEP-09
#[test]
fn there_are_no_references_but_those_given() {
    let graph = graph(10, &[]);
    assert_eq!((graph.node_count(), graph.edge_count()), (10, 0));
    assert_eq!(graph.topology(&mut work()).unwrap().isolated().len(), 10);
}

#[test]
fn nodes_are_numbered_by_id_uuids_first() {
    let graph = implied(&[
        ("b", "a"),
        (
            "ffffffff-0000-4000-8000-000000000000",
            "00000000-0000-4000-8000-000000000001",
        ),
    ]);
    assert_eq!(
        ids(&graph, graph.nodes()),
        [
            "00000000-0000-4000-8000-000000000001",
            "ffffffff-0000-4000-8000-000000000000",
            "a",
            "b"
        ]
    );
}

#[test]
fn a_graph_of_edges_and_kinds_takes_eleven_bytes_an_edge() {
    let mut builder = GraphBuilder::new();
    let id = |node: u32| {
        format!(
            "{:08x}-0000-4000-8000-000000000000",
            node.wrapping_mul(0x9e37_79b9)
        )
    };
    builder
        .add_edges(
            "needs",
            (0..2000u32)
                .flat_map(|node| (1..=5).map(move |step| (id(node), id((node + step * 7) % 2000)))),
        )
        .unwrap();
    let memory = builder.clone().freeze().unwrap().memory();
    assert!(
        memory.edges <= 11 * 10_000 && memory.evidence <= 8,
        "{memory:?}"
    );
    builder
        .add_edge(Edge::new(&id(0), &id(1), "needs").with_evidence("a.b"))
        .unwrap();
    let memory = builder.freeze().unwrap().memory();
    assert!(memory.edges + memory.evidence <= 15 * 10_001, "{memory:?}");
}
