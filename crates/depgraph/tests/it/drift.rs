//! What changed between snapshots.

use depgraph::{Edge, Graph, GraphBuilder, Node, Policy, State};

use crate::common::work;

fn build(nodes: &[(&str, &str, &str)], edges: &[(&str, &str)], reversed: bool) -> Graph {
    let mut builder = GraphBuilder::new();
    let mut nodes = nodes.to_vec();
    let mut edges = edges.to_vec();
    if reversed {
        nodes.reverse();
        edges.reverse();
    }
    for (id, name, division) in nodes {
        builder
            .add_node(
                Node::new(id, "queue")
                    .with_name(name)
                    .with_attribute("division", division),
            )
            .unwrap();
    }
    for (source, target) in edges {
        builder
            .add_edge(Edge::new(source, target, "needs").with_evidence("x"))
            .unwrap();
    }
    builder.freeze().unwrap()
}

// errata DEP-46
#[test]
fn drift_names_what_was_added_removed_renamed_and_changed() {
    let old = build(
        &[("a", "A", "1"), ("b", "B", "1"), ("c", "C", "1")],
        &[("a", "b"), ("b", "c")],
        false,
    );
    let new = build(
        &[("a", "A", "2"), ("b", "B renamed", "1"), ("d", "D", "1")],
        &[("a", "b"), ("a", "d"), ("a", "d")],
        false,
    );
    let drift = new.drift_from(&old, 10, &mut work()).unwrap();
    let ids =
        |nodes: &[depgraph::NodeRef]| nodes.iter().map(|node| node.id.clone()).collect::<Vec<_>>();
    assert_eq!(
        (ids(&drift.nodes.added), ids(&drift.nodes.removed)),
        (vec!["d".to_owned()], vec!["c".to_owned()])
    );
    let fields: Vec<(&str, &str, Option<&str>, Option<&str>)> = drift
        .nodes
        .changed
        .iter()
        .flat_map(|change| change.fields.iter().map(move |field| (change, field)))
        .map(|(change, field)| {
            (
                change.node.id.as_str(),
                field.field.as_str(),
                field.old.as_deref(),
                field.new.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        fields,
        [
            ("a", "division", Some("1"), Some("2")),
            ("b", "name", Some("B"), Some("B renamed"))
        ]
    );
    assert_eq!(
        (
            drift.edges.added_total,
            drift.edges.removed_total,
            drift.edges.changed_total
        ),
        (1, 1, 0)
    );
    let more = build(
        &[("a", "A", "2")],
        &[("a", "d"), ("a", "d"), ("a", "d")],
        false,
    );
    assert_eq!(
        more.drift_from(&new, 10, &mut work())
            .unwrap()
            .edges
            .changed[0]
            .new_times,
        3
    );
}

// errata DEP-46
#[test]
fn the_order_of_the_input_is_no_drift() {
    let nodes = [("a", "A", "1"), ("b", "B", "1")];
    let edges = [("a", "b"), ("b", "c"), ("c", "a")];
    let drift = build(&nodes, &edges, true)
        .drift_from(&build(&nodes, &edges, false), 10, &mut work())
        .unwrap();
    assert!(drift.is_empty());
}

// errata DEP-46
#[test]
fn findings_are_new_gone_or_the_same() {
    let nodes = [("a", "A", "1"), ("b", "B", "1"), ("c", "C", "1")];
    let renamed = [("a", "Another name", "1"), ("b", "B", "1"), ("c", "C", "1")];
    let check = |graph: Graph| graph.validate(&Policy::default(), &mut work()).unwrap();
    let old = check(build(&nodes, &[("a", "b"), ("b", "a"), ("c", "c")], false));
    let new = check(build(
        &renamed,
        &[("a", "b"), ("b", "a"), ("c", "x")],
        false,
    ));
    let drift = new.drift_from(&old);
    let kinds = |findings: &[depgraph::Finding]| {
        findings
            .iter()
            .map(|finding| finding.kind().as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (kinds(&drift.new), kinds(&drift.gone), drift.same),
        (vec!["dangling"], vec!["self_reference", "orphan"], 1)
    );
    assert!(drift.complete);
}

#[test]
fn a_state_that_changes_is_drift_and_lists_are_bounded() {
    let build = |state| {
        let mut builder = GraphBuilder::new();
        for at in 0..20 {
            builder
                .add_node(Node::new(&format!("n{at}"), "queue").with_state(state))
                .unwrap();
        }
        builder.freeze().unwrap()
    };
    let drift = build(State::Deleted)
        .drift_from(&build(State::Present), 3, &mut work())
        .unwrap();
    assert_eq!(
        (drift.nodes.changed_total, drift.nodes.changed.len()),
        (20, 3)
    );
    assert_eq!(
        drift.nodes.changed[0].fields[0].new.as_deref(),
        Some("deleted")
    );
    let text = serde_json::to_string(&drift).unwrap();
    assert_eq!(
        serde_json::from_str::<depgraph::Drift>(&text).unwrap(),
        drift
    );
}
