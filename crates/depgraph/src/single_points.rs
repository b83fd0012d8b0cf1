//! Single points of failure: objects whose failure alone takes an entry down.

use std::cmp::Reverse;

use crate::error::Error;
use crate::failure::Needs;
use crate::graph::Graph;
use crate::id::NodeId;
use crate::kind::State;
use crate::policy::Policy;
use crate::set::NodeSet;
use crate::topology::Topology;
use crate::work::Work;

/// Words in a row: so many times 64 failures are tried at once.
const WORDS: usize = 8;
const BITS: usize = 64 * WORDS;
/// Planes of the counters; enough for 2³² entries.
const PLANES: usize = 32;

type Row = [u64; WORDS];

/// An object whose failure alone takes entries down.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SinglePoint {
    /// The object.
    pub node: NodeId,
    /// How many entries fail with it, itself not counted.
    pub lost: usize,
    /// The first of these entries by id, cut off at the limit.
    pub entries: Vec<NodeId>,
}

/// All single points of failure.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SinglePoints {
    /// How many entries were looked at.
    pub entries: usize,
    /// Entries that do not work even now, because of objects that were deleted. They are left out of all counts.
    pub broken: Vec<NodeId>,
    /// How many single points there are.
    pub total: usize,
    /// The single points, those that take most entries down first, then by id. Cut off at the limit.
    pub points: Vec<SinglePoint>,
}

impl Graph {
    /// Nodes that nothing else refers to and that refer to something: where use of the system begins.
    pub fn entries(&self) -> Vec<NodeId> {
        let reverse = self.reverse();
        let unused = |node: &NodeId| {
            reverse
                .of(node.index())
                .iter()
                .all(|source| *source == node.0)
        };
        let uses = |node: &NodeId| self.successors(*node).any(|target| target != *node);
        self.nodes()
            .filter(|node| self.state(*node) == State::Present && uses(node) && unused(node))
            .collect()
    }

    /// Finds every object whose failure alone makes an entry fail, in the sense of [`fallout`](Self::fallout).
    ///
    /// Exact, with cycles and alternatives. 512 failures are tried in one pass over the edges, so that an organisation takes
    /// milliseconds and 100 000 nodes take well below a second on one core. `limit` bounds both lists of the answer.
    ///
    /// # Errors
    ///
    /// A foreign node, or an interruption.
    pub fn single_points(
        &self,
        entries: &[NodeId],
        topology: &Topology,
        policy: &Policy,
        limit: usize,
        work: &mut Work,
    ) -> Result<SinglePoints, Error> {
        self.check(entries)?;
        let needs = Needs::new(self, policy);
        let down = needs.fallout(&self.deleted(), work)?;
        let mut entries = entries.to_vec();
        entries.sort_unstable();
        entries.dedup();
        let broken: Vec<NodeId> = entries
            .iter()
            .copied()
            .filter(|entry| down.contains(*entry))
            .collect();
        entries.retain(|entry| !down.contains(*entry));

        let program = Program::new(&needs, topology, &down, work)?;
        let lost = program.lost_entries(&entries, work)?;
        let mut found: Vec<(NodeId, usize)> = self
            .nodes()
            .map(|node| (node, lost[node.index()]))
            .filter(|(_, lost)| *lost > 0)
            .collect();
        let total = found.len();
        found.sort_unstable_by_key(|(node, lost)| (Reverse(*lost), *node));
        found.truncate(limit);
        let mut points = Vec::with_capacity(found.len());
        for (node, lost) in found {
            let mut failed = down.clone();
            failed.insert(node);
            let fallen = needs.fallout(&failed, work)?;
            let entries = entries
                .iter()
                .copied()
                .filter(|entry| *entry != node && fallen.contains(*entry));
            points.push(SinglePoint {
                node,
                lost,
                entries: entries.take(limit).collect(),
            });
        }
        Ok(SinglePoints {
            entries: entries.len() + broken.len(),
            broken,
            total,
            points,
        })
    }
}

/// The needs of all nodes that work, as one list that is run through once for 512 failures.
///
/// Nodes stand dependencies first, so that rows are final when they are read; a component is run through until nothing changes.
struct Program {
    /// Nodes by position, and positions by node.
    nodes: Vec<NodeId>,
    position: Vec<u32>,
    /// By position, where its terms end.
    term_ends: Vec<u32>,
    /// Where each term's targets end, in `targets`. A single target is a need, several are alternatives.
    target_ends: Vec<u32>,
    /// Positions.
    targets: Vec<u32>,
    /// Runs of positions: single nodes and whole components.
    run_ends: Vec<u32>,
}

impl Program {
    fn new(
        needs: &Needs<'_>,
        topology: &Topology,
        down: &NodeSet,
        work: &mut Work,
    ) -> Result<Self, Error> {
        let graph = needs.graph;
        work.spend((graph.node_count() + graph.edge_count()) as u64)?;
        let nodes: Vec<NodeId> = topology.dependencies_first().collect();
        let mut position = vec![0u32; nodes.len()];
        for (at, node) in nodes.iter().enumerate() {
            position[node.index()] = at as u32;
        }
        let mut program = Self {
            term_ends: Vec::with_capacity(nodes.len()),
            target_ends: Vec::with_capacity(graph.edge_count()),
            targets: Vec::with_capacity(graph.edge_count()),
            run_ends: Vec::with_capacity(nodes.len()),
            nodes,
            position,
        };
        let mut alternatives: Vec<(u32, u32)> = Vec::new();
        for at in 0..program.nodes.len() {
            let node = program.nodes[at];
            if !down.contains(node) {
                let mut last = None;
                for edge in graph
                    .forward
                    .range(node.index())
                    .filter(|edge| needs.counts(*edge, node.0))
                {
                    let target = graph.forward.targets[edge];
                    match needs.group(edge) {
                        Some(group) => alternatives.push((group, target)),
                        None if last == Some(target) => {}
                        None => {
                            last = Some(target);
                            program.targets.push(program.position[target as usize]);
                            program.target_ends.push(program.targets.len() as u32);
                        }
                    }
                }
                alternatives.sort_unstable();
                alternatives.dedup();
                for group in alternatives.chunk_by(|a, b| a.0 == b.0) {
                    // What has failed already is no alternative.
                    let working = group
                        .iter()
                        .filter(|(_, target)| !down.contains(NodeId(*target)));
                    program
                        .targets
                        .extend(working.map(|(_, target)| program.position[*target as usize]));
                    program.target_ends.push(program.targets.len() as u32);
                }
                alternatives.clear();
            }
            program.term_ends.push(program.target_ends.len() as u32);
            let component = topology.component_of(node);
            let next = program
                .nodes
                .get(at + 1)
                .and_then(|next| topology.component_of(*next));
            if component.is_none() || component != next {
                program.run_ends.push(at as u32 + 1);
            }
        }
        Ok(program)
    }

    /// For each node, how many of the entries its failure takes down, itself not counted.
    fn lost_entries(&self, entries: &[NodeId], work: &mut Work) -> Result<Vec<usize>, Error> {
        let mut lost = vec![0usize; self.nodes.len()];
        let mut rows: Vec<Row> = vec![[0; WORDS]; self.nodes.len()];
        let mut entries: Vec<usize> = entries
            .iter()
            .map(|entry| self.position[entry.index()] as usize)
            .collect();
        entries.sort_unstable();
        // Blocks begin where a run begins, so that a component is never run in part.
        let mut first_run = 0;
        for start in (0..self.nodes.len()).step_by(BITS) {
            let end = (start + BITS).min(self.nodes.len());
            while first_run < self.run_ends.len() && self.run_ends[first_run] as usize <= start {
                first_run += 1;
            }
            let run_start = if first_run == 0 {
                0
            } else {
                self.run_ends[first_run - 1] as usize
            };
            self.run(first_run, run_start, start..end, &mut rows, work)?;

            let mut planes = [[0u64; WORDS]; PLANES];
            let from = entries.partition_point(|entry| *entry < run_start);
            for entry in &entries[from..] {
                let mut carry = rows[*entry];
                if (start..end).contains(entry) {
                    carry[(entry - start) / 64] &= !(1 << ((entry - start) % 64));
                }
                add(&mut planes, carry);
            }
            work.spend(entries.len() as u64)?;
            for (at, node) in self.nodes[start..end].iter().enumerate() {
                lost[node.index()] = planes
                    .iter()
                    .enumerate()
                    .map(|(plane, row)| usize::from(row[at / 64] >> (at % 64) & 1 == 1) << plane)
                    .sum();
            }
            // What lies below the next block is not run again and must not show this block's failures.
            rows[run_start..end].fill([0; WORDS]);
        }
        Ok(lost)
    }

    /// Sets the rows of all positions from `run_start` on: bit `b` of a row says that the failure of `block.start + b` reaches it.
    fn run(
        &self,
        first_run: usize,
        run_start: usize,
        block: std::ops::Range<usize>,
        rows: &mut [Row],
        work: &mut Work,
    ) -> Result<(), Error> {
        let own = |at: usize| {
            let mut row = [0; WORDS];
            if block.contains(&at) {
                row[(at - block.start) / 64] = 1 << ((at - block.start) % 64);
            }
            row
        };
        let mut from = run_start;
        for run in first_run..self.run_ends.len() {
            let to = self.run_ends[run] as usize;
            if to - from == 1 {
                rows[from] = self.row(from, own(from), rows);
                work.spend(1 + self.terms(from).len() as u64)?;
            } else {
                for (at, row) in (from..to).zip(&mut rows[from..to]) {
                    *row = own(at);
                }
                loop {
                    let mut changed = false;
                    for at in from..to {
                        let row = self.row(at, rows[at], rows);
                        changed |= differ(&row, &rows[at]);
                        rows[at] = row;
                        work.spend(1 + self.terms(at).len() as u64)?;
                    }
                    if !changed {
                        break;
                    }
                }
            }
            from = to;
        }
        Ok(())
    }

    fn terms(&self, at: usize) -> std::ops::Range<usize> {
        let start = if at == 0 {
            0
        } else {
            self.term_ends[at - 1] as usize
        };
        start..self.term_ends[at] as usize
    }

    #[inline]
    fn row(&self, at: usize, mut row: Row, rows: &[Row]) -> Row {
        let terms = self.terms(at);
        let mut start = if terms.start == 0 {
            0
        } else {
            self.target_ends[terms.start - 1] as usize
        };
        for end in &self.target_ends[terms] {
            match &self.targets[start..*end as usize] {
                [need] => join(&mut row, &rows[*need as usize]),
                // Never without a target: one that has none works no more and has no terms.
                alternatives => {
                    let mut all = [u64::MAX; WORDS];
                    for target in alternatives {
                        let other = &rows[*target as usize];
                        for (a, b) in all.iter_mut().zip(other) {
                            *a &= b;
                        }
                    }
                    join(&mut row, &all);
                }
            }
            start = *end as usize;
        }
        row
    }
}

#[inline]
fn join(row: &mut Row, other: &Row) {
    for (a, b) in row.iter_mut().zip(other) {
        *a |= b;
    }
}

/// In step, where a comparison would be a call.
#[inline]
fn differ(row: &Row, other: &Row) -> bool {
    let words = row.iter().zip(other);
    words.fold(0, |differences, (a, b)| differences | (a ^ b)) != 0
}

/// Adds one to the counters whose bit is set. Counter `b` is made of bit `b` of all planes.
fn add(planes: &mut [Row; PLANES], mut carry: Row) {
    for plane in planes {
        if !differ(&carry, &[0; WORDS]) {
            return;
        }
        for (sum, carry) in plane.iter_mut().zip(&mut carry) {
            (*sum, *carry) = (*sum ^ *carry, *sum & *carry);
        }
    }
}
