//! The same answers as petgraph, on graphs too large for trying everything.

use petgraph::algo::{dominators, is_cyclic_directed, kosaraju_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};

use crate::common::{cases, graph, node, work};

/// A graph here and in petgraph; node n has the number n in both.
fn both(random: &mut fastrand::Rng) -> (depgraph::Graph, DiGraph<(), ()>) {
    let nodes = random.usize(20..200);
    let forward = random.bool();
    let edges: Vec<(usize, usize)> = (0..random.usize(nodes / 2..nodes * 4))
        .map(|_| (random.usize(..nodes), random.usize(..nodes)))
        .map(|(a, b)| {
            if forward {
                (a.min(b), a.max(b))
            } else {
                (a, b)
            }
        })
        .filter(|(a, b)| !forward || a != b)
        .collect();
    let mut theirs = DiGraph::new();
    for _ in 0..nodes {
        theirs.add_node(());
    }
    for (a, b) in &edges {
        theirs.add_edge(NodeIndex::new(*a), NodeIndex::new(*b), ());
    }
    (graph(nodes, &edges), theirs)
}

// errata DEP-11, DEP-12
#[test]
fn components_and_order_agree_with_petgraph() {
    let mut random = fastrand::Rng::with_seed(21);
    for _ in 0..cases(200) {
        let (ours, theirs) = both(&mut random);
        let topology = ours.topology(&mut work()).unwrap();
        let mut expected: Vec<Vec<usize>> = kosaraju_scc(&theirs)
            .into_iter()
            .filter(|members| members.len() > 1)
            .map(|members| {
                let mut members: Vec<usize> = members.into_iter().map(NodeIndex::index).collect();
                members.sort_unstable();
                members
            })
            .collect();
        expected.sort();
        let found: Vec<Vec<usize>> = topology
            .components()
            .iter()
            .map(|component| component.members.iter().map(|node| node.index()).collect())
            .collect();
        assert_eq!(found, expected);

        let self_reference = ours.edges().any(|edge| edge.source == edge.target);
        assert_eq!(
            is_cyclic_directed(&theirs),
            self_reference || !topology.is_acyclic()
        );
        if let Ok(order) = toposort(&theirs, None) {
            let mut depth = vec![0; theirs.node_count()];
            for node in order {
                for next in theirs.neighbors(node) {
                    depth[next.index()] = depth[next.index()].max(depth[node.index()] + 1);
                }
            }
            let layers: Vec<usize> = ours.nodes().map(|node| topology.layer(node)).collect();
            assert_eq!(layers, depth);
        }
    }
}

#[test]
fn dominators_agree_with_petgraph() {
    let mut random = fastrand::Rng::with_seed(22);
    for _ in 0..cases(200) {
        let (ours, theirs) = both(&mut random);
        let expected = dominators::simple_fast(&theirs, NodeIndex::new(0));
        let found = ours.dominators(&[node(&ours, 0)], &mut work()).unwrap();
        for number in 0..ours.node_count() {
            let theirs = expected
                .immediate_dominator(NodeIndex::new(number))
                .map(NodeIndex::index);
            assert_eq!(
                found
                    .immediate(node(&ours, number))
                    .map(|node| node.index()),
                theirs
            );
        }
    }
}

#[test]
fn the_reduction_agrees_with_petgraph() {
    let mut random = fastrand::Rng::with_seed(23);
    for _ in 0..cases(100) {
        let (ours, theirs) = both(&mut random);
        let Ok(order) = toposort(&theirs, None) else {
            continue;
        };
        let (sorted, places): (_, Vec<u32>) =
            petgraph::algo::tred::dag_to_toposorted_adjacency_list::<_, u32>(&theirs, &order);
        let (reduction, _) =
            petgraph::algo::tred::dag_transitive_reduction_closure::<(), u32>(&sorted);
        let mut expected: Vec<(usize, usize)> = Vec::new();
        for edge in petgraph::visit::IntoEdgeReferences::edge_references(&reduction) {
            use petgraph::visit::EdgeRef;
            let back = |place: u32| order[place as usize].index();
            expected.push((back(edge.source()), back(edge.target())));
        }
        assert_eq!(places.len(), order.len());
        expected.sort_unstable();
        expected.dedup();
        let hidden = ours.implied_edges(&mut work()).unwrap();
        let mut found: Vec<(usize, usize)> = ours
            .edges()
            .filter(|edge| !hidden.contains(&edge.id))
            .map(|edge| (edge.source.index(), edge.target.index()))
            .collect();
        found.dedup();
        assert_eq!(found, expected);
    }
}
