//! The part of a graph inside one component, renumbered from 0.

use crate::csr::Csr;
use crate::graph::Graph;

const NOWHERE: u32 = u32::MAX;

/// Renumbers nodes; made once for a graph and used for all of its components.
pub(crate) struct Places {
    places: Vec<u32>,
}

impl Places {
    pub(crate) fn new(graph: &Graph) -> Self {
        Self {
            places: vec![NOWHERE; graph.node_count()],
        }
    }

    /// The subgraph of some nodes, in order, with the edges that `keep` chooses. Self-references are left out.
    pub(crate) fn extract(
        &mut self,
        graph: &Graph,
        nodes: &[u32],
        keep: impl Fn(usize) -> bool,
    ) -> Local {
        for (place, node) in nodes.iter().enumerate() {
            self.places[*node as usize] = place as u32;
        }
        let mut csr = Csr {
            offsets: vec![0],
            targets: Vec::new(),
        };
        let mut edges = Vec::new();
        for node in nodes {
            for edge in graph.forward.range(*node as usize) {
                let target = graph.forward.targets[edge];
                let place = self.places[target as usize];
                if place != NOWHERE && target != *node && keep(edge) {
                    csr.targets.push(place);
                    edges.push(edge as u32);
                }
            }
            csr.offsets.push(csr.targets.len() as u32);
        }
        for node in nodes {
            self.places[*node as usize] = NOWHERE;
        }
        Local { csr, edges }
    }
}

/// A subgraph. Node numbers are places in the list that it was made from, so their order is that of the ids.
pub(crate) struct Local {
    pub(crate) csr: Csr,
    /// For each edge its number in the whole graph.
    pub(crate) edges: Vec<u32>,
}

impl Local {
    pub(crate) fn len(&self) -> usize {
        self.csr.nodes()
    }
}
