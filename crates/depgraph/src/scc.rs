//! Strongly connected components in one pass (Pearce's variant of Tarjan's algorithm) on an explicit stack.

use crate::csr::Csr;
use crate::error::Error;
use crate::work::Work;

/// An index that marks a node as settled, or as outside the search.
pub(crate) const SETTLED: u32 = u32::MAX;

/// Groups of nodes, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    pub(crate) members: Vec<u32>,
    pub(crate) ends: Vec<u32>,
}

impl Groups {
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &[u32]> + ExactSizeIterator {
        (0..self.ends.len()).map(|at| {
            let start = if at == 0 {
                0
            } else {
                self.ends[at - 1] as usize
            };
            &self.members[start..self.ends[at] as usize]
        })
    }
}

/// A node on the path of the search, with the place where its row goes on.
struct Frame {
    node: u32,
    next: u32,
    own: u32,
    low: u32,
}

/// The components of the nodes whose `index` is 0, targets before sources. Nodes with [`SETTLED`] are outside. `keep` chooses the edges.
pub(crate) fn components(
    graph: &Csr,
    index: &mut [u32],
    keep: impl Fn(usize) -> bool,
    work: &mut Work,
) -> Result<Groups, Error> {
    let mut groups = Groups::default();
    let mut path: Vec<Frame> = Vec::new();
    // Nodes that are finished and wait for the first node of their component.
    let mut waiting: Vec<u32> = Vec::new();
    let mut counter = 0;
    for start in 0..index.len() {
        if index[start] != 0 {
            continue;
        }
        let mut node = start;
        let mut row = graph.range(node);
        counter += 1;
        let (mut own, mut low) = (counter, counter);
        index[node] = own;
        work.spend(1 + row.len() as u64)?;
        loop {
            let mut child = None;
            while row.start < row.end {
                let edge = row.start;
                row.start += 1;
                let target = graph.targets[edge] as usize;
                let seen = index[target];
                if seen == 0 && keep(edge) {
                    child = Some(target);
                    break;
                }
                if seen != 0 && seen < low && keep(edge) {
                    low = seen;
                }
            }
            if let Some(child) = child {
                path.push(Frame {
                    node: node as u32,
                    next: row.start as u32,
                    own,
                    low,
                });
                node = child;
                row = graph.range(node);
                counter += 1;
                (own, low) = (counter, counter);
                index[node] = own;
                work.spend(1 + row.len() as u64)?;
                continue;
            }
            if low == own {
                while let Some(member) = waiting.pop_if(|member| index[*member as usize] >= own) {
                    index[member as usize] = SETTLED;
                    groups.members.push(member);
                }
                index[node] = SETTLED;
                groups.members.push(node as u32);
                groups.ends.push(groups.members.len() as u32);
            } else {
                index[node] = low;
                waiting.push(node as u32);
            }
            let Some(frame) = path.pop() else { break };
            let below = index[node];
            node = frame.node as usize;
            row = frame.next as usize..graph.range(node).end;
            (own, low) = (frame.own, frame.low.min(below));
        }
    }
    Ok(groups)
}
