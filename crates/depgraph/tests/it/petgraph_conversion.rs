//! To petgraph and back.

use depgraph::{EdgeId, GraphBuilder, NodeId};
use petgraph::graph::DiGraph;

use crate::common::{graph, ids};

#[test]
fn a_graph_converted_to_petgraph_and_back_is_the_same() {
    let ours = graph(4, &[(0, 1), (1, 2), (2, 0), (0, 3), (0, 3)]);
    let theirs: DiGraph<NodeId, EdgeId> = DiGraph::from(&ours);
    assert_eq!((theirs.node_count(), theirs.edge_count()), (4, 4));
    assert_eq!(petgraph::algo::kosaraju_scc(&theirs).len(), 2);
    let named = theirs.map(
        |_, node| ours.id(*node).to_string(),
        |_, edge| ours.edge(*edge).kind_name,
    );
    let mut builder = GraphBuilder::new();
    builder
        .add_petgraph(&named, |id| id, |_| "thing", |kind| kind)
        .unwrap();
    let copy = builder.freeze().unwrap();
    assert_eq!(ids(&copy, copy.nodes()), ids(&ours, ours.nodes()));
    assert_eq!(
        copy.drift_from(&ours, 10, &mut crate::common::work())
            .unwrap()
            .edges
            .added_total,
        0
    );
}
