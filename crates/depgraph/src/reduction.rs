//! Transitive reduction: edges that a longer way implies.

use crate::csr::Csr;
use crate::error::Error;
use crate::graph::Graph;
use crate::id::EdgeId;
use crate::scc;
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
    pub fn implied_edges(&self, work: &mut Work) -> Result<Vec<EdgeId>, Error> {
        let implied = implied(&self.forward, work)?;
        Ok(implied
            .iter()
            .enumerate()
            .filter(|(_, implied)| **implied)
            .map(|(edge, _)| EdgeId(edge as u32))
            .collect())
    }
}

/// For each edge of any graph, whether a longer way implies it.
pub(crate) fn implied(graph: &Csr, work: &mut Work) -> Result<Vec<bool>, Error> {
    let mut index = vec![0u32; graph.nodes()];
    let groups = scc::components(graph, &mut index, |_| true, work)?;
    // Vertices of the condensation, numbered in topological order; the groups came targets first.
    let mut vertex = index;
    for (number, group) in groups.iter().rev().enumerate() {
        for node in group {
            vertex[*node as usize] = number as u32;
        }
    }
    let mut rows: Vec<(u32, u32)> = Vec::with_capacity(graph.targets.len());
    for node in 0..graph.nodes() {
        let own = vertex[node];
        rows.extend(
            graph
                .of(node)
                .iter()
                .map(|target| (own, vertex[*target as usize]))
                .filter(|(a, b)| a != b),
        );
    }
    work.spend(rows.len() as u64)?;
    rows.sort_unstable();
    rows.dedup();
    let condensed = condense(&rows, groups.ends.len());
    let hidden = implied_arcs(&condensed, work)?;
    let mut implied = vec![false; graph.targets.len()];
    for node in 0..graph.nodes() {
        let own = vertex[node] as usize;
        for edge in graph.range(node) {
            let target = vertex[graph.targets[edge] as usize];
            if let Ok(at) = condensed.of(own).binary_search(&target) {
                implied[edge] = hidden[condensed.range(own).start + at];
            }
        }
    }
    Ok(implied)
}

fn condense(rows: &[(u32, u32)], count: usize) -> Csr {
    let mut offsets = vec![0u32; count + 1];
    for (source, _) in rows {
        offsets[*source as usize + 1] += 1;
    }
    for at in 1..=count {
        offsets[at] += offsets[at - 1];
    }
    Csr {
        offsets,
        targets: rows.iter().map(|row| row.1).collect(),
    }
}

/// The same for an acyclic graph whose nodes are in topological order.
fn implied_arcs(graph: &Csr, work: &mut Work) -> Result<Vec<bool>, Error> {
    let mut implied = vec![false; graph.targets.len()];
    let mut seen = vec![u32::MAX; graph.nodes()];
    let mut stack = Vec::new();
    for node in 0..graph.nodes() {
        let row = graph.of(node);
        let Some(furthest) = row.last().copied().filter(|_| row.len() > 1) else {
            continue;
        };
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
                work.spend(1 + graph.range(at as usize).len() as u64)?;
                // Nothing beyond the furthest target can matter.
                for next in graph
                    .of(at as usize)
                    .iter()
                    .take_while(|next| **next <= furthest)
                {
                    if seen[*next as usize] != node as u32 {
                        seen[*next as usize] = node as u32;
                        stack.push(*next);
                    }
                }
            }
        }
    }
    Ok(implied)
}
