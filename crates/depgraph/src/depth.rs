//! Longest paths.

use crate::error::Error;
use crate::graph::Graph;
use crate::id::{EdgeId, NodeId};
use crate::topology::Topology;
use crate::work::Work;

/// For each node the length of the longest path that begins there, in edges of the condensation.
#[derive(Debug, Clone)]
pub struct Heights {
    heights: Vec<u32>,
}

impl Graph {
    /// Finds the longest paths down from all nodes. Linear.
    ///
    /// # Errors
    ///
    /// An interruption.
    pub fn heights(&self, topology: &Topology, work: &mut Work) -> Result<Heights, Error> {
        work.spend((self.node_count() + self.edge_count()) as u64)?;
        let mut heights = vec![0u32; self.node_count()];
        let mut rest = topology.order();
        while let Some(node) = rest.last() {
            let size = topology
                .component_of(*node)
                .map_or(1, |number| topology.components()[number].members.len());
            let (before, members) = rest.split_at(rest.len() - size);
            rest = before;
            let component = topology.component_of(*node);
            let outside = |target: &u32| {
                if component.is_none() {
                    *target != node.0
                } else {
                    topology.component_of(NodeId(*target)) != component
                }
            };
            let height = members
                .iter()
                .flat_map(|member| self.forward.of(member.index()))
                .filter(|target| outside(target))
                .map(|target| heights[*target as usize] + 1)
                .max()
                .unwrap_or(0);
            for member in members {
                heights[member.index()] = height;
            }
        }
        Ok(Heights { heights })
    }

    /// The edges of a longest path that begins at a node or in its component. Where it enters a component at one member and leaves it at
    /// another, consecutive edges do not meet: the way between counts nothing.
    pub fn longest_path(
        &self,
        from: NodeId,
        topology: &Topology,
        heights: &Heights,
    ) -> Vec<EdgeId> {
        let mut path = Vec::with_capacity(heights.of(from));
        let mut node = from;
        loop {
            let component = topology.component_of(node);
            let members = match &component {
                Some(number) => topology.components()[*number].members.as_slice(),
                None => std::slice::from_ref(&node),
            };
            let Some(left) = heights.of(node).checked_sub(1) else {
                return path;
            };
            let step = members
                .iter()
                .flat_map(|member| self.forward.range(member.index()))
                .find(|edge| {
                    let target = NodeId(self.forward.targets[*edge]);
                    let leaves = if component.is_none() {
                        target != node
                    } else {
                        topology.component_of(target) != component
                    };
                    leaves && heights.of(target) == left
                });
            let Some(edge) = step else { return path };
            path.push(EdgeId(edge as u32));
            node = NodeId(self.forward.targets[edge]);
        }
    }
}

impl Heights {
    /// The length of the longest path from a node.
    pub fn of(&self, node: NodeId) -> usize {
        self.heights[node.index()] as usize
    }
}
