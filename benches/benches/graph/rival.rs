//! What a first implementation over petgraph does, and the same in our terms.

use std::collections::HashMap;

use depgraph::{Graph, GraphBuilder, Policy, State, Work};
use petgraph::graph::{DiGraph, NodeIndex};

use crate::shapes::Edges;

pub(crate) fn ours(edges: &Edges) -> Graph {
    let mut builder = GraphBuilder::new().with_referenced_state(State::Present);
    builder.add_edges("needs", edges.pairs()).unwrap();
    builder.freeze().unwrap()
}

/// From text to findings. Depth is asked for, as the rival does.
pub(crate) fn ours_validated(edges: &Edges) -> usize {
    let policy = Policy::default().with_max_depth(usize::MAX);
    let report = ours(edges).validate(&policy, &mut Work::unlimited());
    report.unwrap().errors()
}

pub(crate) fn petgraph(edges: &Edges) -> DiGraph<String, ()> {
    let mut graph = DiGraph::new();
    let mut numbers: HashMap<String, NodeIndex> = HashMap::new();
    for (source, target) in edges.pairs() {
        let mut number = |id: &str| match numbers.get(id) {
            Some(number) => *number,
            None => {
                let number = graph.add_node(id.to_owned());
                numbers.insert(id.to_owned(), number);
                number
            }
        };
        let (source, target) = (number(source), number(target));
        graph.add_edge(source, target, ());
    }
    graph
}

/// The longest path in edges, or the number of components with a cycle.
pub(crate) fn petgraph_validated(edges: &Edges) -> usize {
    let graph = petgraph(edges);
    petgraph_depth(&graph).unwrap_or_else(|| {
        petgraph::algo::kosaraju_scc(&graph)
            .iter()
            .filter(|members| members.len() > 1)
            .count()
    })
}

/// Order and longest path; none with a cycle.
pub(crate) fn petgraph_depth(graph: &DiGraph<String, ()>) -> Option<usize> {
    let order = petgraph::algo::toposort(graph, None).ok()?;
    let mut depth = vec![0; graph.node_count()];
    for node in order {
        for next in graph.neighbors(node) {
            depth[next.index()] = depth[next.index()].max(depth[node.index()] + 1);
        }
    }
    depth.into_iter().max()
}
