//! Dominators: what every path from the roots passes through.

use crate::error::Error;
use crate::graph::Graph;
use crate::id::NodeId;
use crate::work::Work;

/// For each node that can be reached from the roots, the last node before it that no path from them avoids.
#[derive(Debug, Clone)]
pub struct Dominators {
    immediate: Vec<u32>,
}

const UNREACHED: u32 = u32::MAX;
const ROOT: u32 = u32::MAX - 1;

impl Graph {
    /// Finds the dominators from some roots, all of them under one virtual root (Lengauer and Tarjan's method, with path compression):
    /// near-linear in nodes and edges.
    ///
    /// # Errors
    ///
    /// A foreign node, or an interruption.
    pub fn dominators(&self, roots: &[NodeId], work: &mut Work) -> Result<Dominators, Error> {
        self.check(roots)?;
        work.spend(self.node_count() as u64)?;
        // Number 0 is the virtual root; others are numbered as a depth-first search finds them.
        let mut number = vec![0u32; self.node_count()];
        let mut vertex: Vec<u32> = vec![ROOT];
        let mut parent: Vec<u32> = vec![0];
        let mut is_root = vec![false; self.node_count()];
        let mut stack: Vec<(u32, u32)> = Vec::new();
        for root in roots {
            is_root[root.index()] = true;
        }
        for root in roots {
            stack.push((root.0, 0));
            while let Some((node, from)) = stack.pop() {
                if number[node as usize] != 0 {
                    continue;
                }
                let own = vertex.len() as u32;
                number[node as usize] = own;
                vertex.push(node);
                parent.push(from);
                let row = self.forward.of(node as usize);
                work.spend(1 + row.len() as u64)?;
                stack.extend(
                    row.iter()
                        .rev()
                        .filter(|target| number[**target as usize] == 0)
                        .map(|target| (*target, own)),
                );
            }
        }

        let count = vertex.len();
        let mut forest = Forest {
            ancestor: vec![UNREACHED; count],
            label: (0..count as u32).collect(),
            semi: (0..count as u32).collect(),
            path: Vec::new(),
        };
        let mut dominator = vec![0u32; count];
        // The nodes whose semidominator is a given one, as linked lists.
        let mut first = vec![UNREACHED; count];
        let mut next = vec![UNREACHED; count];
        let reverse = self.reverse();
        for own in (1..count).rev() {
            let node = vertex[own] as usize;
            let row = reverse.of(node);
            work.spend(1 + row.len() as u64)?;
            for source in row {
                let source = number[*source as usize];
                if source != 0 {
                    let best = forest.best(source);
                    forest.semi[own] = forest.semi[own].min(forest.semi[best as usize]);
                }
            }
            if is_root[node] {
                forest.semi[own] = 0;
            }
            let semi = forest.semi[own] as usize;
            next[own] = first[semi];
            first[semi] = own as u32;
            let above = parent[own];
            forest.ancestor[own] = above;
            let mut waiting = std::mem::replace(&mut first[above as usize], UNREACHED);
            while waiting != UNREACHED {
                let best = forest.best(waiting);
                let sooner = forest.semi[best as usize] < forest.semi[waiting as usize];
                dominator[waiting as usize] = if sooner { best } else { above };
                waiting = next[waiting as usize];
            }
        }
        for own in 1..count {
            if dominator[own] != forest.semi[own] {
                dominator[own] = dominator[dominator[own] as usize];
            }
        }
        let mut immediate = vec![UNREACHED; self.node_count()];
        for own in 1..count {
            immediate[vertex[own] as usize] = vertex[dominator[own] as usize];
        }
        Ok(Dominators { immediate })
    }
}

struct Forest {
    ancestor: Vec<u32>,
    label: Vec<u32>,
    semi: Vec<u32>,
    path: Vec<u32>,
}

impl Forest {
    /// The node with the least semidominator on the way up from a node, which is shortened.
    fn best(&mut self, node: u32) -> u32 {
        if self.ancestor[node as usize] == UNREACHED {
            return self.label[node as usize];
        }
        let mut at = node;
        while self.ancestor[self.ancestor[at as usize] as usize] != UNREACHED {
            self.path.push(at);
            at = self.ancestor[at as usize];
        }
        while let Some(below) = self.path.pop() {
            let above = self.ancestor[below as usize];
            let (of_above, of_below) = (self.label[above as usize], self.label[below as usize]);
            if self.semi[of_above as usize] < self.semi[of_below as usize] {
                self.label[below as usize] = of_above;
            }
            self.ancestor[below as usize] = self.ancestor[above as usize];
        }
        self.label[node as usize]
    }
}

impl Dominators {
    /// True when the node can be reached from a root.
    pub fn is_reached(&self, node: NodeId) -> bool {
        self.immediate[node.index()] != UNREACHED
    }

    /// The last node that all paths to a node pass through before it; none for a node that is not reached, is a root, or can be
    /// reached from the roots on paths that share nothing.
    pub fn immediate(&self, node: NodeId) -> Option<NodeId> {
        match self.immediate[node.index()] {
            ROOT | UNREACHED => None,
            dominator => Some(NodeId(dominator)),
        }
    }

    /// All nodes that every path to a node passes through, itself left out, nearest first.
    pub fn of(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.immediate(node), |above| self.immediate(*above))
    }
}
