//! What fails with what: needs and alternatives.

use depgraph::{Edge, Failover, Graph, GraphBuilder, Node, NodeSet, Policy, Selector, State};

use crate::common::{cases, graph, ids, name, node, work};

/// An edge with its group: 0 for a need.
type Row = (usize, usize, usize);

fn grouped(nodes: usize, rows: &[Row]) -> Graph {
    let mut builder = GraphBuilder::new();
    for node in 0..nodes {
        builder.add_node(Node::new(&name(node), "thing")).unwrap();
    }
    for (source, target, group) in rows {
        let (source, target, group) = (name(*source), name(*target), format!("g{group}"));
        let edge = Edge::new(&source, &target, "needs");
        builder
            .add_edge(if group == "g0" {
                edge
            } else {
                edge.with_alternative(&group)
            })
            .unwrap();
    }
    builder.freeze().unwrap()
}

/// The least set of failures that has a reason for each, by repeating the definition until nothing changes.
fn fallout(nodes: usize, rows: &[Row], failed: &[usize]) -> Vec<bool> {
    let mut down: Vec<bool> = (0..nodes).map(|node| failed.contains(&node)).collect();
    loop {
        let before = down.clone();
        for node in 0..nodes {
            let of_node = || rows.iter().filter(|row| row.0 == node && row.1 != node);
            let need = of_node().any(|row| row.2 == 0 && before[row.1]);
            let group = (1..4).any(|group| {
                let mut members = of_node().filter(|row| row.2 == group).peekable();
                members.peek().is_some() && members.all(|row| before[row.1])
            });
            down[node] |= need || group;
        }
        if down == before {
            return down;
        }
    }
}

fn random_rows(random: &mut fastrand::Rng) -> (usize, Vec<Row>) {
    let nodes = random.usize(2..=8);
    let rows = (0..random.usize(1..=3 * nodes))
        .map(|_| {
            (
                random.usize(..nodes),
                random.usize(..nodes),
                random.usize(..4),
            )
        })
        .collect();
    (nodes, rows)
}

#[test]
fn fallout_and_single_points_are_what_the_definition_gives() {
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..cases(1500) {
        let (nodes, rows) = random_rows(&mut random);
        let graph = grouped(nodes, &rows);
        for failing in 0..nodes {
            let mut failed = NodeSet::new(nodes);
            failed.insert(node(&graph, failing));
            let down = graph
                .fallout(&failed, &Policy::default(), &mut work())
                .unwrap();
            let expected = fallout(nodes, &rows, &[failing]);
            let found: Vec<bool> = (0..nodes)
                .map(|other| down.contains(node(&graph, other)))
                .collect();
            assert_eq!(found, expected, "{rows:?} without {failing}");
        }
        let entries: Vec<usize> = (0..nodes).filter(|_| random.bool()).collect();
        let entry_nodes: Vec<_> = entries.iter().map(|entry| node(&graph, *entry)).collect();
        let topology = graph.topology(&mut work()).unwrap();
        let points = graph
            .single_points(
                &entry_nodes,
                &topology,
                &Policy::default(),
                usize::MAX,
                &mut work(),
            )
            .unwrap();
        let mut expected: Vec<(usize, Vec<usize>)> = (0..nodes)
            .map(|failing| {
                let down = fallout(nodes, &rows, &[failing]);
                (
                    failing,
                    entries
                        .iter()
                        .copied()
                        .filter(|entry| *entry != failing && down[*entry])
                        .collect(),
                )
            })
            .filter(|(_, lost): &(usize, Vec<usize>)| !lost.is_empty())
            .collect();
        expected.sort_by_key(|(node, lost)| (std::cmp::Reverse(lost.len()), *node));
        let found: Vec<(usize, Vec<usize>)> = points
            .points
            .iter()
            .map(|point| {
                (
                    point.node.index(),
                    point.entries.iter().map(|entry| entry.index()).collect(),
                )
            })
            .collect();
        assert_eq!(found, expected, "{rows:?} for {entries:?}");
        assert!(
            points
                .points
                .iter()
                .all(|point| point.lost == point.entries.len())
        );
        assert_eq!(
            (points.total, points.entries, points.broken.len()),
            (expected.len(), entries.len(), 0)
        );
    }
}

#[test]
fn blocks_of_failures_do_not_leak_into_each_other() {
    // Larger than one block of 512, with circles and alternatives across blocks.
    let mut random = fastrand::Rng::with_seed(4);
    let nodes = 700;
    let mut rows: Vec<Row> = Vec::new();
    for node in 0..nodes {
        for _ in 0..2 {
            let ahead = (node + random.usize(1..40)).min(nodes - 1);
            let target = if random.u8(..30) == 0 {
                random.usize(..nodes)
            } else {
                ahead
            };
            rows.push((node, target, random.usize(..3)));
        }
    }
    let graph = grouped(nodes, &rows);
    let topology = graph.topology(&mut work()).unwrap();
    let entries: Vec<usize> = (0..nodes).step_by(7).collect();
    let entry_nodes: Vec<_> = entries.iter().map(|entry| node(&graph, *entry)).collect();
    let points = graph
        .single_points(
            &entry_nodes,
            &topology,
            &Policy::default(),
            usize::MAX,
            &mut work(),
        )
        .unwrap();
    for failing in 0..nodes {
        let failing_node = node(&graph, failing);
        let down = graph
            .fallout(
                &graph.select(&[Selector::Id(name(failing))]),
                &Policy::default(),
                &mut work(),
            )
            .unwrap();
        let expected = entry_nodes
            .iter()
            .filter(|entry| **entry != failing_node && down.contains(**entry))
            .count();
        let found = points
            .points
            .iter()
            .find(|point| point.node.index() == failing)
            .map_or(0, |point| point.lost);
        assert_eq!(found, expected, "without {failing}");
    }
}

#[test]
fn an_entry_that_is_broken_already_is_reported_and_blames_nobody() {
    let mut builder = GraphBuilder::new();
    builder.add_node(Node::new("flow", "flow")).unwrap();
    builder.add_node(Node::new("spare", "flow")).unwrap();
    builder
        .add_node(Node::new("prompt", "prompt").with_state(State::Deleted))
        .unwrap();
    builder.add_node(Node::new("queue", "queue")).unwrap();
    for (source, target) in [("flow", "prompt"), ("flow", "queue"), ("spare", "queue")] {
        builder
            .add_edge(Edge::new(source, target, "needs"))
            .unwrap();
    }
    let graph = builder.freeze().unwrap();
    let topology = graph.topology(&mut work()).unwrap();
    assert_eq!(ids(&graph, graph.entries()), ["flow", "spare"]);
    let points = graph
        .single_points(
            &graph.entries(),
            &topology,
            &Policy::default(),
            10,
            &mut work(),
        )
        .unwrap();
    assert_eq!(ids(&graph, points.broken.iter().copied()), ["flow"]);
    assert_eq!((points.points.len(), points.points[0].lost), (1, 1));
    assert_eq!(graph.id(points.points[0].node).to_string(), "queue");
}

#[test]
fn a_flow_needs_all_of_its_prompts_and_any_of_its_queues() {
    let rows = [(0, 1, 0), (0, 2, 0), (0, 3, 1), (0, 4, 1)];
    let graph = grouped(5, &rows);
    let topology = graph.topology(&mut work()).unwrap();
    let points = graph
        .single_points(
            &graph.entries(),
            &topology,
            &Policy::default(),
            10,
            &mut work(),
        )
        .unwrap();
    assert_eq!(
        ids(&graph, points.points.iter().map(|point| point.node)),
        ["n001", "n002"]
    );
    let impact = graph
        .impact(&[node(&graph, 3)], &Policy::default(), 10, &mut work())
        .unwrap();
    assert_eq!((impact.failing, impact.degraded, impact.entries), (0, 1, 0));
    let impact = graph
        .impact(
            &[node(&graph, 3), node(&graph, 4)],
            &Policy::default(),
            10,
            &mut work(),
        )
        .unwrap();
    assert_eq!((impact.failing, impact.degraded, impact.entries), (1, 0, 1));
}

#[test]
fn impact_ranks_failures_before_losses_and_near_before_far() {
    // 5 is needed by 4, 4 by 3 and 2; 1 has an alternative; 0 needs 3.
    let rows = [
        (4, 5, 0),
        (3, 4, 0),
        (2, 4, 0),
        (0, 3, 0),
        (1, 4, 1),
        (1, 6, 1),
    ];
    let graph = grouped(7, &rows);
    let impact = graph
        .impact(&[node(&graph, 5)], &Policy::default(), 10, &mut work())
        .unwrap();
    let ranked: Vec<_> = impact
        .affected
        .iter()
        .map(|one| (one.node.index(), one.distance, one.fails, one.entry))
        .collect();
    assert_eq!(
        ranked,
        [
            (2, 2, true, true),
            (0, 3, true, true),
            (4, 1, true, false),
            (3, 2, true, false),
            (1, 2, false, true)
        ]
    );
    let cut_off = graph
        .impact(&[node(&graph, 5)], &Policy::default(), 2, &mut work())
        .unwrap();
    assert_eq!(
        (cut_off.affected.len(), cut_off.failing, cut_off.degraded),
        (2, 4, 1)
    );
}

#[test]
fn a_weak_reference_passes_no_failure_on() {
    let mut builder = GraphBuilder::new();
    for id in ["flow", "queue", "report"] {
        builder.add_node(Node::new(id, "thing")).unwrap();
    }
    builder
        .add_edge(Edge::new("flow", "queue", "needs"))
        .unwrap();
    builder
        .add_edge(Edge::new("report", "queue", "mentions"))
        .unwrap();
    let graph = builder.freeze().unwrap();
    let policy = Policy::default().with_weak("mentions");
    let impact = graph
        .impact(&[graph.find("queue").unwrap()], &policy, 10, &mut work())
        .unwrap();
    assert_eq!(
        ids(&graph, impact.affected.iter().map(|one| one.node)),
        ["flow"]
    );
}

// errata DEP-25, DEP-26
#[test]
fn failover_survives_the_loss_of_a_site_or_names_the_cut() {
    let mut builder = GraphBuilder::new();
    for (id, kind, site) in [
        ("entry", "flow", "all"),
        ("edge-a", "edge", "east"),
        ("edge-b", "edge", "west"),
        ("trunk", "trunk", "west"),
        ("agents", "queue", "all"),
    ] {
        builder
            .add_node(Node::new(id, kind).with_attribute("site", site))
            .unwrap();
    }
    for (source, target) in [
        ("entry", "edge-a"),
        ("entry", "edge-b"),
        ("edge-a", "trunk"),
        ("edge-a", "agents"),
        ("edge-b", "trunk"),
        ("trunk", "agents"),
    ] {
        builder
            .add_edge(Edge::new(source, target, "routes"))
            .unwrap();
    }
    let graph = builder.freeze().unwrap();
    let (entry, agents) = (graph.find("entry").unwrap(), graph.find("agents").unwrap());
    let lost = |selectors: &[Selector]| graph.select(selectors);
    let ask = |failed: &NodeSet, paths| {
        graph
            .failover(entry, &[agents], failed, paths, &mut work())
            .unwrap()
    };

    assert!(ask(&lost(&[]), 2).is_met());
    assert!(
        ask(
            &lost(&[Selector::Attribute("site".into(), "west".into())]),
            1
        )
        .is_met()
    );
    match ask(
        &lost(&[Selector::Attribute("site".into(), "east".into())]),
        2,
    ) {
        Failover::Cut {
            paths,
            nodes,
            edges,
        } => {
            assert_eq!((paths.len(), edges.len()), (1, 0));
            assert_eq!(nodes.len(), 1);
        }
        Failover::Paths(_) => panic!("the east is gone"),
    }
    assert!(!ask(&lost(&[Selector::Kind("edge".into())]), 1).is_met());
    assert!(!ask(&lost(&[Selector::Id("edge-b".into())]), 3).is_met());
}

#[test]
fn the_entry_cannot_be_its_own_outcome() {
    let graph = graph(2, &[(0, 1)]);
    let same = graph.failover(
        node(&graph, 0),
        &[node(&graph, 0)],
        &NodeSet::new(2),
        1,
        &mut work(),
    );
    assert_eq!(same.unwrap_err().kind(), depgraph::ErrorKind::Inseparable);
}
