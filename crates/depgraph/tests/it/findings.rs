//! What a check reports.

use depgraph::{
    Detail, Edge, FindingKind, GraphBuilder, Node, Policy, Report, Rule, Severity, State,
};

use crate::common::{graph, implied, work};

fn check(graph: &depgraph::Graph, policy: &Policy) -> Report {
    graph.validate(policy, &mut work()).unwrap()
}

fn cycles(report: &Report) -> Vec<&depgraph::Cycle> {
    report
        .findings
        .iter()
        .filter_map(|finding| {
            if let Detail::Cycle(cycle) = &finding.detail {
                Some(cycle.as_ref())
            } else {
                None
            }
        })
        .collect()
}

// errata DEP-11
#[test]
fn a_diamond_and_parallel_references_are_no_cycle() {
    let report = check(
        &implied(&[("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("c", "d")]),
        &Policy::default(),
    );
    assert_eq!(
        (
            report.total(FindingKind::Cycle).found(),
            report.components,
            report.depth
        ),
        (0, 0, 2)
    );
}

// errata DEP-12
#[test]
fn a_forest_of_any_size_passes() {
    let edges: Vec<(usize, usize)> = (1..5000)
        .filter(|node| node % 50 != 0)
        .map(|node| (node / 2, node))
        .collect();
    let report = check(
        &graph(5000, &edges),
        &Policy::default().with_orphans(Rule::Allow),
    );
    assert!(report.is_valid() && report.findings.is_empty());
}

// errata DEP-13
#[test]
fn a_path_beyond_the_limit_is_an_error_with_limit_depth_and_witness() {
    let edges: Vec<(usize, usize)> = (0..7).map(|node| (node, node + 1)).collect();
    let report = check(&graph(8, &edges), &Policy::default().with_max_depth(5));
    let Detail::Depth { limit, depth, path } = &report.findings[0].detail else {
        panic!("no depth")
    };
    assert_eq!((*limit, *depth, path.len()), (5, 7, 7));
    assert_eq!(
        (path[0].source.id.as_str(), path[6].target.id.as_str()),
        ("n000", "n007")
    );
    assert!(!report.is_valid());
    assert!(check(&graph(8, &edges), &Policy::default().with_max_depth(7)).is_valid());
}

// errata DEP-14
#[test]
fn a_cycle_below_the_depth_limit_is_found() {
    let mut edges: Vec<(usize, usize)> = (0..20).map(|node| (node, node + 1)).collect();
    edges.push((20, 18));
    let report = check(&graph(21, &edges), &Policy::default().with_max_depth(5));
    assert_eq!(cycles(&report)[0].witness.len(), 3);
    assert_eq!(report.total(FindingKind::Depth).errors, 1);
}

// errata DEP-16
#[test]
fn a_witness_names_ids_names_kinds_edge_kinds_and_evidence() {
    let mut builder = GraphBuilder::new();
    builder
        .add_node(Node::new("f1", "flow").with_name("Main menu"))
        .unwrap();
    builder
        .add_node(Node::new("q1", "queue").with_name("Sales"))
        .unwrap();
    builder
        .add_edge(Edge::new("f1", "q1", "transfers-to").with_evidence("actions[3].queue.id"))
        .unwrap();
    builder
        .add_edge(Edge::new("q1", "f1", "in-queue-flow").with_evidence("queueFlow.id"))
        .unwrap();
    let report = check(&builder.freeze().unwrap(), &Policy::default());
    assert_eq!(
        report.findings[0].to_string(),
        "2 objects in a circle: flow \"Main menu\" (f1) -[transfers-to at actions[3].queue.id]-> \
         queue \"Sales\" (q1) -[in-queue-flow at queueFlow.id]-> flow \"Main menu\" (f1); fewest to cut: 1: \
         queue \"Sales\" (q1) -[in-queue-flow at queueFlow.id]-> flow \"Main menu\" (f1)"
    );
}

// errata DEP-17
#[test]
fn all_components_are_counted_and_as_many_listed_as_asked_for() {
    let edges: Vec<(usize, usize)> = (0..40)
        .flat_map(|pair| [(2 * pair, 2 * pair + 1), (2 * pair + 1, 2 * pair)])
        .collect();
    let report = check(&graph(80, &edges), &Policy::default().with_listed(7));
    let total = report.total(FindingKind::Cycle);
    assert_eq!(
        (total.errors, total.listed, cycles(&report).len()),
        (40, 7, 7)
    );
    assert!(report.is_cut_off());
    let deep: Vec<(usize, usize)> = (0..30)
        .flat_map(|root| [(3 * root, 3 * root + 1), (3 * root + 1, 3 * root + 2)])
        .collect();
    let report = check(
        &graph(90, &deep),
        &Policy::default().with_max_depth(1).with_listed(4),
    );
    let total = report.total(FindingKind::Depth);
    assert_eq!((total.errors, total.listed), (30, 4));
}

// errata DEP-20
#[test]
fn a_self_reference_is_its_own_finding() {
    let report = check(&implied(&[("a", "a"), ("a", "b")]), &Policy::default());
    assert_eq!(
        (
            report.total(FindingKind::SelfReference).errors,
            report.total(FindingKind::Cycle).found()
        ),
        (1, 0)
    );
    let allowed = Policy::default().with_cycles("needs", Rule::Allow);
    assert!(
        check(&implied(&[("a", "a"), ("a", "b")]), &allowed)
            .findings
            .is_empty()
    );
}

// errata DEP-21
#[test]
fn a_dangling_reference_says_why_and_who_needs_it() {
    let mut builder = GraphBuilder::new();
    builder.add_node(Node::new("flow", "flow")).unwrap();
    builder
        .add_node(Node::new("gone", "prompt").with_state(State::Deleted))
        .unwrap();
    builder
        .add_node(Node::new("secret", "queue").with_state(State::NotPermitted))
        .unwrap();
    for target in ["gone", "secret", "never-read"] {
        builder
            .add_edge(Edge::new("flow", target, "needs").with_evidence("x"))
            .unwrap();
    }
    let report = check(&builder.freeze().unwrap(), &Policy::default());
    let found: Vec<(Severity, &str, &str, usize)> = report
        .of_kind(FindingKind::Dangling)
        .map(|finding| match &finding.detail {
            Detail::Dangling {
                node,
                state,
                references,
                ..
            } => (
                finding.severity,
                state.0.as_str(),
                node.id.as_str(),
                *references,
            ),
            _ => panic!("another kind"),
        })
        .collect();
    assert_eq!(
        found,
        [
            (Severity::Error, "deleted", "gone", 1),
            (Severity::Warning, "not_permitted", "secret", 1),
            (Severity::Warning, "not_fetched", "never-read", 1)
        ]
    );
}

// errata DEP-22
#[test]
fn objects_without_references_are_in_the_graph_and_listed() {
    let report = check(&graph(4, &[(0, 1)]), &Policy::default());
    let orphans: Vec<String> = report
        .of_kind(FindingKind::Orphan)
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        orphans,
        [
            "thing n002 has no references to or from another object",
            "thing n003 has no references to or from another object"
        ]
    );
    assert_eq!(report.nodes, 4);
}

// errata DEP-23
#[test]
fn duplicates_are_merged_and_counted_and_contradictions_are_findings() {
    let mut builder = GraphBuilder::new();
    for _ in 0..3 {
        builder
            .add_node(
                Node::new("q", "queue")
                    .with_name("Sales")
                    .with_attribute("division", "A"),
            )
            .unwrap();
        builder
            .add_edge(Edge::new("f", "q", "needs").with_evidence("x"))
            .unwrap();
    }
    builder.add_node(Node::new("f", "flow")).unwrap();
    builder
        .add_node(
            Node::new("q", "queue")
                .with_name("Support")
                .with_attribute("division", "B"),
        )
        .unwrap();
    let graph = builder.freeze().unwrap();
    assert_eq!((graph.node_count(), graph.edge_count()), (2, 1));
    let report = check(&graph, &Policy::default());
    assert_eq!(
        (
            report.total(FindingKind::Duplicate).warnings,
            report.total(FindingKind::Conflict).errors
        ),
        (2, 2)
    );
    let texts: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "queue \"Sales\" (q) came 4 times",
            "flow f -[needs at x]-> queue \"Sales\" (q) came 3 times",
            "queue \"Sales\" (q) has two values of name: \"Sales\" was kept, \"Support\" was not",
            "queue \"Sales\" (q) has two values of division: \"A\" was kept, \"B\" was not"
        ]
    );
}

// errata DEP-24
#[test]
fn a_policy_by_edge_kind_decides_how_bad_a_cycle_is() {
    let mut builder = GraphBuilder::new().with_referenced_state(State::Present);
    // a and b own each other; b and c call each other; d and e mention each other.
    for (source, target, kind) in [
        ("a", "b", "owns"),
        ("b", "a", "owns"),
        ("b", "c", "calls"),
        ("c", "b", "owns"),
        ("d", "e", "mentions"),
        ("e", "d", "owns"),
    ] {
        builder.add_edge(Edge::new(source, target, kind)).unwrap();
    }
    let graph = builder.freeze().unwrap();
    let policy = Policy::default()
        .with_cycles("calls", Rule::Warn)
        .with_cycles("mentions", Rule::Allow);
    let report = check(&graph, &policy);
    let total = report.total(FindingKind::Cycle);
    assert_eq!((total.errors, total.warnings), (1, 1));
    let cycles = cycles(&report);
    assert_eq!((cycles[0].size, cycles[1].size), (2, 3));
    // The warning's witness is a cycle that the policy does not forbid anyway.
    let warned: Vec<(&str, &str)> = cycles[1]
        .witness
        .iter()
        .map(|edge| (edge.source.id.as_str(), edge.target.id.as_str()))
        .collect();
    assert_eq!(warned, [("b", "c"), ("c", "b")]);
    assert!(
        check(&graph, &Policy::default().with_other_cycles(Rule::Allow))
            .findings
            .is_empty()
    );
}

// errata DEP-24
#[test]
fn the_advice_cuts_the_cheapest_references() {
    let mut builder = GraphBuilder::new().with_referenced_state(State::Present);
    builder.add_edge(Edge::new("a", "b", "owns")).unwrap();
    builder
        .add_edge(Edge::new("b", "a", "falls-back-to").with_evidence("one"))
        .unwrap();
    builder
        .add_edge(Edge::new("b", "a", "falls-back-to").with_evidence("two"))
        .unwrap();
    let graph = builder.freeze().unwrap();
    let report = check(&graph, &Policy::default().with_cut_weight("owns", 10));
    let cut = &cycles(&report)[0].cut;
    // Both fallbacks together are cheaper than the one that owns.
    assert_eq!(
        (cut.size, cut.weight, cut.at_least, cut.exact),
        (2, 2, 2, true)
    );
    let report = check(&graph, &Policy::default());
    assert_eq!(cycles(&report)[0].cut.edges[0].kind, "owns");
}

#[test]
fn a_large_component_gets_a_cut_with_bounds() {
    let mut random = fastrand::Rng::with_seed(9);
    let nodes = 400;
    let edges: Vec<(usize, usize)> = (0..nodes)
        .map(|node| (node, (node + 1) % nodes))
        .chain((0..800).map(|_| (random.usize(..nodes), random.usize(..nodes))))
        .collect();
    let graph = graph(nodes, &edges);
    let report = check(&graph, &Policy::default().with_listed(usize::MAX));
    let cycle = cycles(&report)[0];
    assert!(cycle.cut.at_least >= 1 && cycle.cut.at_least <= cycle.cut.weight);
    let cut: Vec<(&str, &str)> = cycle
        .cut
        .edges
        .iter()
        .map(|edge| (edge.source.id.as_str(), edge.target.id.as_str()))
        .collect();
    let left: Vec<(usize, usize)> = edges
        .into_iter()
        .filter(|(a, b)| {
            a != b
                && !cut.contains(&(
                    crate::common::name(*a).as_str(),
                    crate::common::name(*b).as_str(),
                ))
        })
        .collect();
    assert!(
        crate::common::graph(nodes, &left)
            .topology(&mut work())
            .unwrap()
            .is_acyclic()
    );
    // Nothing of it can be put back.
    for edge in cycle.cut.edges.iter().take(20) {
        let again: Vec<(usize, usize)> = left
            .iter()
            .copied()
            .chain([(
                edge.source.id[1..].parse().unwrap(),
                edge.target.id[1..].parse().unwrap(),
            )])
            .collect();
        assert!(
            !crate::common::graph(nodes, &again)
                .topology(&mut work())
                .unwrap()
                .is_acyclic()
        );
    }
}

#[test]
fn a_snapshot_with_gaps_is_incomplete() {
    let mut builder = GraphBuilder::new();
    builder.add_gap("queues, pages 3 to 4", "status 503");
    let report = check(&builder.freeze().unwrap(), &Policy::default());
    assert!(!report.complete);
    assert_eq!(
        report.findings[0].to_string(),
        "queues, pages 3 to 4 is missing: status 503"
    );
}

// errata DEP-42
#[test]
fn a_report_is_a_document_that_can_be_read_back() {
    let report = check(
        &implied(&[("a", "b"), ("b", "a"), ("c", "c")]),
        &Policy::default(),
    );
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
    assert!(text.contains("\"finding\":\"self_reference\"") && text.contains("\"witness\":["));
}
