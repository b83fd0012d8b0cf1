//! Transitive reduction: edges that a longer way implies.

use crate::csr::Csr;
use crate::error::Error;
use crate::graph::Graph;
use crate::id::{EdgeId, NodeId};
use crate::topology::Topology;
use crate::work::Work;

impl Graph {
    /// The edges that can be hidden: whose target is reached from their source on a longer way as well.
    ///
    /// On a graph without cycles what is left is the transitive reduction. With cycles that holds for the condensation: edges inside a
    /// component all stay, and an edge between components goes if a way over a third one leads there. Self-references stay.
    ///
    /// Takes time proportional to nodes times edges on dense graphs; give it a budget.
    ///
    /// # Errors
    ///
    /// An interruption.
    pub fn implied_edges(&self, topology: &Topology, work: &mut Work) -> Result<Vec<EdgeId>, Error> {
        // Vertices of the condensation, numbered in topological order.
        let mut vertex = vec![0u32; self.node_count()];
        let mut count = 0;
        let mut last = None;
        for node in topology.order() {
            let component = topology.component_of(*node);
            if component.is_none() || component != last {
                count += 1;
            }
            last = component;
            vertex[node.index()] = count - 1;
        }
        let mut rows: Vec<(u32, u32)> = Vec::with_capacity(self.edge_count());
        for node in self.nodes() {
            let own = vertex[node.index()];
            rows.extend(self.successors(node).map(|target| (own, vertex[target.index()])).filter(|(a, b)| a != b));
        }
        work.spend(rows.len() as u64)?;
        rows.sort_unstable();
        rows.dedup();
        let condensed = condense(&rows, count as usize);
        let implied = implied_arcs(&condensed, work)?;
        let hidden = |source: NodeId, target: NodeId| {
            let (a, b) = (vertex[source.index()], vertex[target.index()]);
            a != b && condensed.of(a as usize).binary_search(&b).is_ok_and(|at| implied[condensed.range(a as usize).start + at])
        };
        let mut edges = Vec::new();
        for node in self.nodes() {
            for edge in self.forward.range(node.index()) {
                if hidden(node, NodeId(self.forward.targets[edge])) {
                    edges.push(EdgeId(edge as u32));
                }
            }
        }
        Ok(edges)
    }
}

fn condense(rows: &[(u32, u32)], count: usize) -> Csr {
    let mut offsets = vec![0u32; count + 1];
    for (source, _) in rows {
        offsets[*source as usize + 1] += 1;
    }
    for at in 1..=count {
        offsets[at] += offsets[at - 1];
    }
    Csr { offsets, targets: rows.iter().map(|row| row.1).collect() }
}

/// For each arc of an acyclic graph in topological order, whether a longer way implies it.
pub(crate) fn implied_arcs(graph: &Csr, work: &mut Work) -> Result<Vec<bool>, Error> {
    let mut implied = vec![false; graph.targets.len()];
    let mut seen = vec![u32::MAX; graph.nodes()];
    let mut stack = Vec::new();
    for node in 0..graph.nodes() {
        let row = graph.of(node);
        let Some(furthest) = row.last().copied().filter(|_| row.len() > 1) else { continue };
        // Nearer targets come first, so a target that is seen when its turn comes was reached through a nearer one.
        for arc in graph.range(node) {
            let target = graph.targets[arc];
            if seen[target as usize] == node as u32 {
                implied[arc] = true;
                continue;
            }
            seen[target as usize] = node as u32;
            stack.push(target);
            while let Some(at) = stack.pop() {
                work.spend(1)?;
                // Nothing beyond the furthest target can matter.
                for next in graph.of(at as usize).iter().take_while(|next| **next <= furthest) {
                    if seen[*next as usize] != node as u32 {
                        seen[*next as usize] = node as u32;
                        stack.push(*next);
                    }
                }
                work.spend(graph.range(at as usize).len() as u64)?;
            }
        }
    }
    Ok(implied)
}
