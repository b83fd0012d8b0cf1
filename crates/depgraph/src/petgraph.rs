//! To petgraph and from it.

use petgraph::graph::DiGraph;
use petgraph::visit::EdgeRef;

use crate::builder::GraphBuilder;
use crate::error::Error;
use crate::graph::Graph;
use crate::id::{EdgeId, NodeId};
use crate::input::{Edge, Node};

impl From<&Graph> for DiGraph<NodeId, EdgeId, u32> {
    /// The same nodes and edges with the same numbers; weights are the numbers here, by which everything else is found.
    fn from(graph: &Graph) -> Self {
        let mut copy = Self::with_capacity(graph.node_count(), graph.edge_count());
        for node in graph.nodes() {
            copy.add_node(node);
        }
        for edge in graph.edges() {
            copy.add_edge(edge.source.0.into(), edge.target.0.into(), edge.id);
        }
        copy
    }
}

impl GraphBuilder {
    /// Takes all nodes and edges of a petgraph graph; `id` and `kind` name a node, `edge_kind` an edge.
    ///
    /// # Errors
    ///
    /// Those of [`add_node`](Self::add_node) and [`add_edge`](Self::add_edge).
    pub fn add_petgraph<N, E>(
        &mut self,
        graph: &DiGraph<N, E, u32>,
        id: impl Fn(&N) -> &str,
        kind: impl Fn(&N) -> &str,
        edge_kind: impl Fn(&E) -> &str,
    ) -> Result<(), Error> {
        for weight in graph.node_weights() {
            self.add_node(Node::new(id(weight), kind(weight)))?;
        }
        for edge in graph.edge_references() {
            let (source, target) = (&graph[edge.source()], &graph[edge.target()]);
            self.add_edge(Edge::new(id(source), id(target), edge_kind(edge.weight())))?;
        }
        Ok(())
    }
}
