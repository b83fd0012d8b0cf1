//! What can be reached from where.

use crate::error::Error;
use crate::graph::Graph;
use crate::id::{EdgeId, NodeId};
use crate::set::NodeSet;
use crate::work::Work;

/// Which way references are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From what refers to what is referred to: dependencies.
    Down,
    /// From what is referred to to what refers: dependents.
    Up,
}

/// Nodes that were reached, nearest first.
#[derive(Debug, Clone)]
pub struct Reach {
    nodes: Vec<NodeId>,
    level_ends: Vec<usize>,
    set: NodeSet,
}

impl Graph {
    /// All nodes that can be reached, with their distance; the starting nodes have distance 0.
    ///
    /// # Errors
    ///
    /// A foreign node, or an interruption.
    pub fn reach(
        &self,
        from: &[NodeId],
        direction: Direction,
        max_distance: Option<usize>,
        work: &mut Work,
    ) -> Result<Reach, Error> {
        self.reach_along(from, direction, max_distance, |_| true, work)
    }

    /// Like [`reach`](Self::reach), along the edge kinds that `keep` accepts.
    pub(crate) fn reach_along(
        &self,
        from: &[NodeId],
        direction: Direction,
        max_distance: Option<usize>,
        keep: impl Fn(u8) -> bool,
        work: &mut Work,
    ) -> Result<Reach, Error> {
        self.check(from)?;
        let mut set = NodeSet::new(self.node_count());
        let mut nodes: Vec<NodeId> = from
            .iter()
            .copied()
            .filter(|node| set.insert(*node))
            .collect();
        nodes.sort_unstable();
        let mut level_ends = vec![nodes.len()];
        let mut start = 0;
        while start < nodes.len() && max_distance.is_none_or(|max| level_ends.len() <= max) {
            let end = nodes.len();
            for at in start..end {
                let node = nodes[at];
                match direction {
                    Direction::Down => {
                        let range = self.forward.range(node.index());
                        work.spend(1 + range.len() as u64)?;
                        for edge in range.filter(|edge| keep(self.kinds[*edge])) {
                            let target = NodeId(self.forward.targets[edge]);
                            if set.insert(target) {
                                nodes.push(target);
                            }
                        }
                    }
                    Direction::Up => {
                        let row = self.reverse().of(node.index());
                        work.spend(1 + row.len() as u64)?;
                        for run in row.chunk_by(|a, b| a == b) {
                            let source = NodeId(run[0]);
                            if !set.contains(source) && self.joins(source, node, run.len(), &keep) {
                                set.insert(source);
                                nodes.push(source);
                            }
                        }
                    }
                }
            }
            nodes[end..].sort_unstable();
            if nodes.len() > end {
                level_ends.push(nodes.len());
            }
            start = end;
        }
        Ok(Reach {
            nodes,
            level_ends,
            set,
        })
    }

    /// True when one of the edges between two nodes is of a kind that `keep` accepts.
    fn joins(
        &self,
        source: NodeId,
        target: NodeId,
        edges: usize,
        keep: impl Fn(u8) -> bool,
    ) -> bool {
        let uniform = self.edge_kinds.len() == 1;
        if uniform {
            return keep(0);
        }
        let first = self.first_edge(source, target);
        self.kinds[first..first + edges]
            .iter()
            .any(|kind| keep(*kind))
    }

    /// A shortest path between two nodes, as edges; none when there is none, and no edges from a node to itself.
    ///
    /// # Errors
    ///
    /// A foreign node, or an interruption.
    pub fn shortest_path(
        &self,
        from: NodeId,
        to: NodeId,
        work: &mut Work,
    ) -> Result<Option<Vec<EdgeId>>, Error> {
        self.check(&[from, to])?;
        self.shortest_path_between(
            &NodeSet::of(self.node_count(), &[from]),
            &NodeSet::of(self.node_count(), &[to]),
            work,
        )
    }

    /// A shortest path from a node of one set to a node of the other.
    pub(crate) fn shortest_path_between(
        &self,
        from: &NodeSet,
        to: &NodeSet,
        work: &mut Work,
    ) -> Result<Option<Vec<EdgeId>>, Error> {
        const NONE: u32 = u32::MAX;
        let mut came_by = vec![NONE; self.node_count()];
        let mut seen = from.clone();
        let mut queue: Vec<NodeId> = from.iter().collect();
        let mut at = 0;
        while let Some(node) = queue.get(at).copied() {
            at += 1;
            if to.contains(node) {
                let mut path = Vec::new();
                let mut edge = came_by[node.index()];
                while edge != NONE {
                    path.push(EdgeId(edge));
                    edge = came_by[self.edge(EdgeId(edge)).source.index()];
                }
                path.reverse();
                return Ok(Some(path));
            }
            let range = self.forward.range(node.index());
            work.spend(1 + range.len() as u64)?;
            for edge in range {
                let target = NodeId(self.forward.targets[edge]);
                if seen.insert(target) {
                    came_by[target.index()] = edge as u32;
                    queue.push(target);
                }
            }
        }
        Ok(None)
    }
}

impl Reach {
    /// The nodes by distance, then by id.
    pub fn nodes(&self) -> &[NodeId] {
        &self.nodes
    }

    /// The nodes by distance, from 0.
    pub fn levels(&self) -> impl ExactSizeIterator<Item = &[NodeId]> {
        (0..self.level_ends.len()).map(|at| {
            let start = if at == 0 { 0 } else { self.level_ends[at - 1] };
            &self.nodes[start..self.level_ends[at]]
        })
    }

    /// The nodes as a set.
    pub fn set(&self) -> &NodeSet {
        &self.set
    }
}
