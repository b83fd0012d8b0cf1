//! Every answer against one found by trying everything.

use depgraph::{Detail, Direction, ErrorKind, Failover, NodeSet, Policy};

use crate::common::{cases, graph, node, orders, reach, small_graphs, work};

// errata DEP-11, DEP-12
#[test]
fn components_are_the_sets_of_objects_that_reach_each_other() {
    small_graphs(|nodes, edges| {
        let graph = graph(nodes, edges);
        let topology = graph.topology(&mut work()).unwrap();
        let reach = reach(nodes, edges, None);
        for a in 0..nodes {
            for b in (0..nodes).filter(|b| *b != a) {
                let (one, other) = (
                    topology.component_of(node(&graph, a)),
                    topology.component_of(node(&graph, b)),
                );
                assert_eq!(
                    one.is_some() && one == other,
                    reach[a][b] && reach[b][a],
                    "{edges:?}"
                );
            }
        }
        let cyclic = (0..nodes).any(|a| (0..nodes).any(|b| a != b && reach[a][b] && reach[b][a]));
        assert_eq!(topology.is_acyclic(), !cyclic);
        assert_eq!(
            graph.components(&mut work()).unwrap(),
            topology.components()
        );
    });
}

/// The longest path of the condensation, by trying all simple paths of nodes.
fn depth(nodes: usize, edges: &[(usize, usize)]) -> usize {
    let reach = reach(nodes, edges, None);
    let same = |a: usize, b: usize| a == b || (reach[a][b] && reach[b][a]);
    let mut longest = vec![0usize; nodes];
    // Relaxing n times is enough: the condensation has no longer path.
    for _ in 0..nodes {
        for (a, b) in edges.iter().filter(|(a, b)| !same(*a, *b)) {
            longest[*b] = longest[*b].max(longest[*a] + 1);
        }
        for a in 0..nodes {
            for b in 0..nodes {
                if same(a, b) {
                    longest[b] = longest[b].max(longest[a]);
                }
            }
        }
    }
    longest.into_iter().max().unwrap_or(0)
}

// errata DEP-13, DEP-15, DEP-47
#[test]
fn depth_is_the_longest_path_and_its_witness_is_that_long() {
    small_graphs(|nodes, edges| {
        let graph = graph(nodes, edges);
        let topology = graph.topology(&mut work()).unwrap();
        let expected = depth(nodes, edges);
        assert_eq!(topology.depth(), expected, "{edges:?}");
        let heights = graph.heights(&topology, &mut work()).unwrap();
        let deepest = graph.nodes().max_by_key(|node| heights.of(*node));
        if let Some(deepest) = deepest {
            let path = graph.longest_path(deepest, &topology, &heights);
            assert_eq!((heights.of(deepest), path.len()), (expected, expected));
            for pair in path.windows(2) {
                let (a, b) = (graph.edge(pair[0]), graph.edge(pair[1]));
                let together = topology.component_of(a.target).is_some()
                    && topology.component_of(a.target) == topology.component_of(b.source);
                assert!(a.target == b.source || together);
            }
        }
        let report = graph
            .validate(&Policy::default().with_max_depth(1), &mut work())
            .unwrap();
        assert_eq!(
            report.total(depgraph::FindingKind::Depth).errors > 0,
            expected > 1
        );
    });
}

// errata DEP-47
#[test]
fn the_order_puts_what_refers_before_what_is_referred_to() {
    small_graphs(|nodes, edges| {
        let graph = graph(nodes, edges);
        let topology = graph.topology(&mut work()).unwrap();
        let mut place = vec![usize::MAX; nodes];
        for (at, node) in topology.order().iter().enumerate() {
            assert_eq!(std::mem::replace(&mut place[node.index()], at), usize::MAX);
        }
        for edge in graph.edges().filter(|edge| edge.source != edge.target) {
            let inside = topology.component_of(edge.source).is_some()
                && topology.component_of(edge.source) == topology.component_of(edge.target);
            assert!(inside || place[edge.source.index()] < place[edge.target.index()]);
            assert!(inside || topology.layer(edge.source) < topology.layer(edge.target));
        }
        let layered: Vec<_> = topology.layers().flatten().copied().collect();
        assert_eq!(layered, topology.order());
    });
}

// errata DEP-16, DEP-24
#[test]
fn each_component_has_a_shortest_witness_and_a_smallest_cut() {
    let all_orders: Vec<_> = (0..=6).map(orders).collect();
    small_graphs(|nodes, edges| {
        let graph = graph(nodes, edges);
        let topology = graph.topology(&mut work()).unwrap();
        let report = graph.validate(&Policy::default(), &mut work()).unwrap();
        let cycles: Vec<_> = report
            .findings
            .iter()
            .filter_map(|finding| {
                if let Detail::Cycle(cycle) = &finding.detail {
                    Some(cycle)
                } else {
                    None
                }
            })
            .collect();
        assert_eq!(cycles.len(), topology.components().len());
        for (cycle, component) in cycles.iter().zip(topology.components()) {
            let members: Vec<usize> = component.members.iter().map(|node| node.index()).collect();
            assert_eq!(cycle.size, members.len());
            let inside: Vec<(usize, usize)> = edges
                .iter()
                .copied()
                .filter(|(a, b)| a != b && members.contains(a) && members.contains(b))
                .collect();
            // The shortest way from a node back to itself, by growing sets.
            let shortest = members
                .iter()
                .filter_map(|start| {
                    let mut at = vec![*start];
                    (1..=members.len()).find(|_| {
                        at = inside
                            .iter()
                            .filter(|(a, _)| at.contains(a))
                            .map(|(_, b)| *b)
                            .collect();
                        at.contains(start)
                    })
                })
                .min();
            assert_eq!(Some(cycle.witness.len()), shortest, "{edges:?}");
            for (edge, next) in cycle
                .witness
                .iter()
                .zip(cycle.witness.iter().cycle().skip(1))
            {
                assert_eq!(edge.target, next.source);
            }
            // The fewest arcs that point backwards in some order of the members.
            if members.len() <= 6 {
                let mut arcs = inside.clone();
                arcs.sort_unstable();
                arcs.dedup();
                let fewest = all_orders[members.len()]
                    .iter()
                    .map(|order| {
                        let place = |node: usize| order.iter().position(|at| members[*at] == node);
                        arcs.iter().filter(|(a, b)| place(*a) > place(*b)).count()
                    })
                    .min();
                assert_eq!(Some(cycle.cut.size), fewest, "{edges:?}");
                assert!(cycle.cut.exact && cycle.cut.weight == cycle.cut.at_least);
            }
            // And the cut works.
            let id = |node: usize| crate::common::name(node);
            let left: Vec<(usize, usize)> = inside
                .iter()
                .copied()
                .filter(|(a, b)| {
                    !cycle
                        .cut
                        .edges
                        .iter()
                        .any(|cut| cut.source.id == id(*a) && cut.target.id == id(*b))
                })
                .collect();
            let reach = reach(nodes, &left, None);
            assert!((0..nodes).all(|node| !reach[node][node]), "{edges:?}");
        }
    });
}

#[test]
fn dominators_are_the_nodes_without_which_there_is_no_way() {
    small_graphs(|nodes, edges| {
        if nodes == 0 {
            return;
        }
        let graph = graph(nodes, edges);
        for roots in [vec![0], vec![0, nodes - 1]] {
            let from_roots = |without: Option<usize>| -> Vec<bool> {
                let reach = reach(nodes, edges, without);
                (0..nodes)
                    .map(|b| {
                        roots
                            .iter()
                            .any(|a| Some(*a) != without && (*a == b || reach[*a][b]))
                            && Some(b) != without
                    })
                    .collect()
            };
            let all = from_roots(None);
            let root_ids: Vec<_> = roots.iter().map(|root| node(&graph, *root)).collect();
            let dominators = graph.dominators(&root_ids, &mut work()).unwrap();
            for b in 0..nodes {
                assert_eq!(dominators.is_reached(node(&graph, b)), all[b]);
                let mut expected: Vec<usize> = (0..nodes)
                    .filter(|a| *a != b && all[b] && all[*a] && !from_roots(Some(*a))[b])
                    .collect();
                let mut found: Vec<usize> = dominators
                    .of(node(&graph, b))
                    .map(|node| node.index())
                    .collect();
                found.sort_unstable();
                expected.sort_unstable();
                assert_eq!(found, expected, "{edges:?} to {b}");
            }
        }
    });
}

#[test]
fn the_reduction_hides_what_a_longer_way_implies_and_loses_no_way() {
    small_graphs(|nodes, edges| {
        let graph = graph(nodes, edges);
        let reach_all = reach(nodes, edges, None);
        let same = |a: usize, b: usize| a == b || (reach_all[a][b] && reach_all[b][a]);
        let hidden = graph.implied_edges(&mut work()).unwrap();
        for edge in graph.edges() {
            let (a, b) = (edge.source.index(), edge.target.index());
            let longer = !same(a, b)
                && (0..nodes)
                    .any(|c| !same(a, c) && !same(c, b) && reach_all[a][c] && reach_all[c][b]);
            assert_eq!(hidden.contains(&edge.id), longer, "{edges:?}");
        }
        let left: Vec<(usize, usize)> = graph
            .edges()
            .filter(|edge| !hidden.contains(&edge.id))
            .map(|edge| (edge.source.index(), edge.target.index()))
            .collect();
        assert_eq!(reach(nodes, &left, None), reach_all);
    });
}

#[test]
fn reach_and_shortest_paths_are_those_of_growing_sets() {
    small_graphs(|nodes, edges| {
        let graph = graph(nodes, edges);
        for start in 0..nodes {
            for direction in [Direction::Down, Direction::Up] {
                let next = |at: usize| {
                    edges.iter().filter_map(move |(a, b)| match direction {
                        Direction::Down => (*a == at).then_some(*b),
                        Direction::Up => (*b == at).then_some(*a),
                    })
                };
                let mut levels = vec![vec![start]];
                let mut seen = vec![start];
                loop {
                    let mut level: Vec<usize> = levels[levels.len() - 1]
                        .iter()
                        .flat_map(|at| next(*at))
                        .filter(|node| !seen.contains(node))
                        .collect();
                    level.sort_unstable();
                    level.dedup();
                    if level.is_empty() {
                        break;
                    }
                    seen.extend(&level);
                    levels.push(level);
                }
                let found = graph
                    .reach(&[node(&graph, start)], direction, None, &mut work())
                    .unwrap();
                let found: Vec<Vec<usize>> = found
                    .levels()
                    .map(|level| level.iter().map(|node| node.index()).collect())
                    .collect();
                assert_eq!(found, levels);
                if direction == Direction::Down {
                    for end in 0..nodes {
                        let path = graph
                            .shortest_path(node(&graph, start), node(&graph, end), &mut work())
                            .unwrap();
                        let expected = levels.iter().position(|level| level.contains(&end));
                        assert_eq!(path.map(|path| path.len()), expected);
                    }
                }
            }
        }
    });
}

/// The fewest nodes, none of them `from` or `to`, whose loss leaves no way.
fn separator(nodes: usize, edges: &[(usize, usize)], from: usize, to: usize) -> Option<usize> {
    (0..1u32 << nodes)
        .filter(|set| set >> from & 1 == 0 && set >> to & 1 == 0)
        .filter(|set| {
            let left: Vec<_> = edges
                .iter()
                .copied()
                .filter(|(a, b)| set >> a & 1 == 0 && set >> b & 1 == 0)
                .collect();
            !reach(nodes, &left, None)[from][to]
        })
        .map(|set| set.count_ones() as usize)
        .min()
}

// errata DEP-26
#[test]
fn there_are_as_many_disjoint_paths_as_the_smallest_cut_has_objects() {
    let mut random = fastrand::Rng::with_seed(5);
    for _ in 0..cases(400) {
        let nodes = random.usize(3..=7);
        let edges: Vec<(usize, usize)> = (0..random.usize(2..=3 * nodes))
            .map(|_| (random.usize(..nodes), random.usize(..nodes)))
            .collect();
        let graph = graph(nodes, &edges);
        let (from, to) = (node(&graph, 0), node(&graph, nodes - 1));
        let direct = edges.contains(&(0, nodes - 1));
        let indirect: Vec<_> = edges
            .iter()
            .copied()
            .filter(|edge| *edge != (0, nodes - 1))
            .collect();
        let expected = separator(nodes, &indirect, 0, nodes - 1).unwrap() + usize::from(direct);
        let none = NodeSet::new(nodes);
        let answer = graph
            .failover(from, &[to], &none, usize::MAX, &mut work())
            .unwrap();
        let Failover::Cut {
            paths,
            nodes: cut,
            edges: cut_edges,
        } = &answer
        else {
            panic!("no cut")
        };
        assert_eq!(paths.len(), expected, "{edges:?}");
        assert_eq!(
            cut.len() + usize::from(!cut_edges.is_empty()),
            expected,
            "{edges:?}"
        );
        let mut used = Vec::new();
        for path in paths {
            assert_eq!(
                (
                    graph.edge(path[0]).source,
                    graph.edge(path[path.len() - 1]).target
                ),
                (from, to)
            );
            for pair in path.windows(2) {
                assert_eq!(graph.edge(pair[0]).target, graph.edge(pair[1]).source);
                used.push(graph.edge(pair[0]).target);
            }
        }
        let count = used.len();
        used.sort_unstable();
        used.dedup();
        assert_eq!(
            (used.len(), used.contains(&from), used.contains(&to)),
            (count, false, false)
        );
        // The cut separates.
        let left: Vec<_> = indirect
            .iter()
            .copied()
            .filter(|(a, b)| !cut.contains(&node(&graph, *a)) && !cut.contains(&node(&graph, *b)))
            .collect();
        assert!(!reach(nodes, &left, None)[0][nodes - 1]);
        match graph.separator(from, to, &mut work()) {
            Ok(found) => assert_eq!((found.len(), direct), (expected, false)),
            Err(error) => assert_eq!((error.kind(), direct), (ErrorKind::Inseparable, true)),
        }
        if expected > 0 {
            assert!(
                graph
                    .failover(from, &[to], &none, expected, &mut work())
                    .unwrap()
                    .is_met()
            );
        }
    }
}

#[test]
fn paths_to_several_outcomes_end_at_different_ones_and_avoid_what_failed() {
    let mut random = fastrand::Rng::with_seed(6);
    for _ in 0..cases(300) {
        let nodes = random.usize(4..=7);
        let edges: Vec<(usize, usize)> = (0..random.usize(2..=3 * nodes))
            .map(|_| (random.usize(..nodes), random.usize(..nodes)))
            .collect();
        let graph = graph(nodes, &edges);
        let outcomes = [nodes - 2, nodes - 1];
        let failed = random.usize(1..nodes);
        // The oracle: one sink behind both outcomes, and a cut that may hold the outcomes.
        let sink = nodes;
        let mut more: Vec<_> = edges
            .iter()
            .copied()
            .filter(|(a, b)| *a != failed && *b != failed && !outcomes.contains(a))
            .collect();
        more.extend(
            outcomes
                .iter()
                .filter(|outcome| **outcome != failed)
                .map(|outcome| (*outcome, sink)),
        );
        let expected = separator(nodes + 1, &more, 0, sink).unwrap();
        let mut set = NodeSet::new(nodes);
        set.insert(node(&graph, failed));
        let ends = outcomes.map(|outcome| node(&graph, outcome));
        let answer = graph
            .failover(node(&graph, 0), &ends, &set, usize::MAX, &mut work())
            .unwrap();
        let Failover::Cut {
            paths, nodes: cut, ..
        } = answer
        else {
            panic!("no cut")
        };
        assert_eq!(
            (paths.len(), cut.len()),
            (expected, expected),
            "{edges:?} without {failed}"
        );
        assert!(
            paths
                .iter()
                .flatten()
                .all(|edge| !set.contains(graph.edge(*edge).target))
        );
    }
}
