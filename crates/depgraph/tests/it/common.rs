//! Small graphs, and answers found the slow and simple way.

use depgraph::{Edge, Graph, GraphBuilder, Node, NodeId, State, Work};

/// How many cases: few in an ordinary run, as many as `DEPGRAPH_STRESS` says in a long one.
pub(crate) fn cases(few: usize) -> usize {
    std::env::var("DEPGRAPH_STRESS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(few)
}

pub(crate) fn work() -> Work {
    Work::unlimited()
}

pub(crate) fn name(node: usize) -> String {
    format!("n{node:03}")
}

/// A graph of the nodes 0 to n − 1, all present, in that order.
pub(crate) fn graph(nodes: usize, edges: &[(usize, usize)]) -> Graph {
    let mut builder = GraphBuilder::new();
    for node in 0..nodes {
        builder.add_node(Node::new(&name(node), "thing")).unwrap();
    }
    for (source, target) in edges {
        builder
            .add_edge(Edge::new(&name(*source), &name(*target), "needs"))
            .unwrap();
    }
    builder.freeze().unwrap()
}

/// A graph of edges alone, whose ends count as present.
pub(crate) fn implied(edges: &[(&str, &str)]) -> Graph {
    let mut builder = GraphBuilder::new().with_referenced_state(State::Present);
    builder.add_edges("needs", edges.iter().copied()).unwrap();
    builder.freeze().unwrap()
}

pub(crate) fn node(graph: &Graph, number: usize) -> NodeId {
    graph.find(&name(number)).unwrap()
}

pub(crate) fn ids(graph: &Graph, nodes: impl IntoIterator<Item = NodeId>) -> Vec<String> {
    nodes
        .into_iter()
        .map(|node| graph.id(node).to_string())
        .collect()
}

/// Runs `check` on every directed graph of up to 4 nodes without self-references (4096 of the largest), on random ones of up to 8, and
/// on some with self-references and parallel edges.
pub(crate) fn small_graphs(mut check: impl FnMut(usize, &[(usize, usize)])) {
    for nodes in 0..=4usize {
        let pairs: Vec<(usize, usize)> = (0..nodes)
            .flat_map(|a| (0..nodes).map(move |b| (a, b)))
            .filter(|(a, b)| a != b)
            .collect();
        for set in 0..1u32 << pairs.len() {
            let edges: Vec<(usize, usize)> = pairs
                .iter()
                .enumerate()
                .filter(|(at, _)| set >> at & 1 == 1)
                .map(|(_, pair)| *pair)
                .collect();
            check(nodes, &edges);
        }
    }
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..cases(400) {
        let nodes = random.usize(2..=8);
        let count = random.usize(0..=nodes * 3);
        let edges: Vec<(usize, usize)> = (0..count)
            .map(|_| (random.usize(..nodes), random.usize(..nodes)))
            .collect();
        check(nodes, &edges);
    }
}

/// `reach[a][b]`: a way of one edge or more leads from a to b, over nodes that are not `without`.
pub(crate) fn reach(
    nodes: usize,
    edges: &[(usize, usize)],
    without: Option<usize>,
) -> Vec<Vec<bool>> {
    let mut reach = vec![vec![false; nodes]; nodes];
    for (a, b) in edges
        .iter()
        .filter(|(a, b)| Some(*a) != without && Some(*b) != without)
    {
        reach[*a][*b] = true;
    }
    for middle in 0..nodes {
        for a in 0..nodes {
            for b in 0..nodes {
                reach[a][b] |= reach[a][middle] && reach[middle][b];
            }
        }
    }
    reach
}

/// All orders of the numbers below n.
pub(crate) fn orders(n: usize) -> Vec<Vec<usize>> {
    let mut orders = vec![Vec::new()];
    for next in 0..n {
        orders = orders
            .into_iter()
            .flat_map(|order: Vec<usize>| {
                (0..=order.len()).map(move |at| {
                    let mut longer = order.clone();
                    longer.insert(at, next);
                    longer
                })
            })
            .collect();
    }
    orders
}
