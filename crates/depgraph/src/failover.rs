//! Failover: paths that share no object, or the objects that prevent them.

use crate::error::{Error, ErrorKind};
use crate::graph::Graph;
use crate::id::{EdgeId, NodeId};
use crate::set::NodeSet;
use crate::work::Work;

/// Whether an entry still reaches its outcome when something fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failover {
    /// As many paths as were asked for. No two share an object but the entry and, if there is only one, the outcome.
    Paths(Vec<Vec<EdgeId>>),
    /// Fewer paths exist; these objects and references are why.
    Cut {
        /// The paths that exist.
        paths: Vec<Vec<EdgeId>>,
        /// The fewest objects whose failure, with that of `edges`, separates entry and outcome. As many as there are paths, edges counted.
        nodes: Vec<NodeId>,
        /// References that lead from the entry to an only outcome directly, which no failure of another object removes.
        edges: Vec<EdgeId>,
    },
}

impl Failover {
    /// The paths that exist.
    pub fn paths(&self) -> &[Vec<EdgeId>] {
        match self {
            Self::Paths(paths) | Self::Cut { paths, .. } => paths,
        }
    }

    /// True when there are as many paths as were asked for.
    pub const fn is_met(&self) -> bool {
        matches!(self, Self::Paths(_))
    }
}

impl Graph {
    /// Looks for `paths` paths from an entry to its outcomes that share no object, while `failed` ones are gone.
    ///
    /// A path ends at the first outcome it meets. With several outcomes, two paths may not end at the same one. Any reference counts as
    /// a way, whatever its kind. Costs `paths + 1` searches of the graph at most.
    ///
    /// # Errors
    ///
    /// A foreign node, [`ErrorKind::Inseparable`] when the entry is an outcome, or an interruption.
    pub fn failover(
        &self,
        entry: NodeId,
        outcomes: &[NodeId],
        failed: &NodeSet,
        paths: usize,
        work: &mut Work,
    ) -> Result<Failover, Error> {
        self.check(outcomes)?;
        self.check(&[entry])?;
        let outcomes = NodeSet::of(self.node_count(), outcomes);
        if outcomes.contains(entry) {
            return Err(Error::new(ErrorKind::Inseparable));
        }
        let shared = if outcomes.len() == 1 {
            outcomes.iter().next()
        } else {
            None
        };
        let mut flow = Flow {
            graph: self,
            entry,
            outcomes,
            shared,
            failed,
            previous: vec![NONE; self.node_count()],
            next: vec![NONE; self.node_count()],
            firsts: Vec::new(),
            direct: None,
        };
        if failed.contains(entry) {
            return Ok(Failover::Cut {
                paths: Vec::new(),
                nodes: Vec::new(),
                edges: Vec::new(),
            });
        }
        let mut found = 0;
        while found < paths {
            match flow.augment(work)? {
                Augmented::More => found += 1,
                Augmented::Reached(reached) => {
                    let (nodes, edges) = flow.cut(&reached);
                    return Ok(Failover::Cut {
                        paths: flow.paths(),
                        nodes,
                        edges,
                    });
                }
            }
        }
        Ok(Failover::Paths(flow.paths()))
    }

    /// The fewest nodes, neither `from` nor `to`, that all paths between the two pass through.
    ///
    /// # Errors
    ///
    /// A foreign node, [`ErrorKind::Inseparable`] when an edge leads from one to the other or they are the same, or an interruption.
    pub fn separator(
        &self,
        from: NodeId,
        to: NodeId,
        work: &mut Work,
    ) -> Result<Vec<NodeId>, Error> {
        match self.failover(
            from,
            &[to],
            &NodeSet::new(self.node_count()),
            usize::MAX,
            work,
        )? {
            Failover::Cut { nodes, edges, .. } if edges.is_empty() => Ok(nodes),
            _ => Err(Error::new(ErrorKind::Inseparable)),
        }
    }
}

const NONE: u32 = u32::MAX;

/// Paths through nodes of capacity one. A node on a path has the nodes before and after it; `firsts` are the paths' first nodes.
struct Flow<'a> {
    graph: &'a Graph,
    entry: NodeId,
    outcomes: NodeSet,
    /// The only outcome: any number of paths may end there.
    shared: Option<NodeId>,
    failed: &'a NodeSet,
    previous: Vec<u32>,
    next: Vec<u32>,
    firsts: Vec<u32>,
    /// The edge from the entry to the only outcome, once it is a path.
    direct: Option<u32>,
}

/// The side of a node that a search stands on: paths come in at one and leave at the other.
const IN: usize = 0;
const OUT: usize = 1;

enum Augmented {
    More,
    Reached(Vec<[bool; 2]>),
}

impl Flow<'_> {
    fn on_path(&self, node: usize) -> bool {
        self.previous[node] != NONE
    }

    /// One more path, rerouting earlier ones where that helps; or what can be reached when there is none.
    fn augment(&mut self, work: &mut Work) -> Result<Augmented, Error> {
        let nodes = self.graph.node_count();
        work.spend(nodes as u64)?;
        // For each side of each node, the side it was reached from, coded as 2 · node + side.
        let mut from = vec![[NONE; 2]; nodes];
        let mut reached = vec![[false; 2]; nodes];
        let entry = self.entry.index();
        reached[entry] = [true, true];
        let mut queue = vec![(entry, OUT)];
        let mut at = 0;
        while let Some((node, side)) = queue.get(at).copied() {
            at += 1;
            let code = (2 * node + side) as u32;
            let mut visit = |other: usize, side: usize, queue: &mut Vec<(usize, usize)>| {
                if !reached[other][side] {
                    reached[other][side] = true;
                    from[other][side] = code;
                    queue.push((other, side));
                }
            };
            if side == IN {
                if self.on_path(node) {
                    // The node is taken: the path that takes it can be sent another way from the node before.
                    visit(self.previous[node] as usize, OUT, &mut queue);
                } else if self.outcomes.contains(NodeId(node as u32)) {
                    self.take(node, &from);
                    return Ok(Augmented::More);
                } else {
                    visit(node, OUT, &mut queue);
                }
                continue;
            }
            let row = self.graph.forward.range(node);
            work.spend(1 + row.len() as u64)?;
            for edge in row {
                let target = self.graph.forward.targets[edge];
                let other = target as usize;
                if other == entry || other == node || self.failed.contains(NodeId(target)) {
                    continue;
                }
                if self.shared == Some(NodeId(target)) {
                    // A path that ends there already uses this edge.
                    let used = if node == entry {
                        self.direct.is_some()
                    } else {
                        self.next[node] == target
                    };
                    if used {
                        continue;
                    }
                    if node == entry {
                        self.direct = Some(edge as u32);
                    } else {
                        self.take_last(node, target, &from);
                    }
                    return Ok(Augmented::More);
                }
                // References have no capacity of their own, so a path that uses this one is no reason to pass it by.
                visit(other, IN, &mut queue);
            }
            // Back through a node that a path takes: the path then leaves it another way.
            if node != entry && self.on_path(node) {
                visit(node, IN, &mut queue);
            }
        }
        Ok(Augmented::Reached(reached))
    }

    fn take_last(&mut self, node: usize, outcome: u32, from: &[[u32; 2]]) {
        self.follow(node, OUT, from);
        self.next[node] = outcome;
    }

    fn take(&mut self, outcome: usize, from: &[[u32; 2]]) {
        self.follow(outcome, IN, from);
        self.next[outcome] = outcome as u32;
    }

    /// Changes the paths along the way that the search came. The sides of a node are passed one after the other:
    /// into a free node and out of it joins it to a path; out of a taken node backwards takes it off one.
    fn follow(&mut self, node: usize, side: usize, from: &[[u32; 2]]) {
        let mut way = vec![(node, side)];
        let (mut at, mut on) = (node, side);
        while from[at][on] != NONE {
            let code = from[at][on] as usize;
            (at, on) = (code / 2, code % 2);
            way.push((at, on));
        }
        way.reverse();
        // First undo, then join: a node that is rerouted is undone by one step and joined by another.
        for pair in way.windows(2) {
            let ((a, a_side), (b, b_side)) = (pair[0], pair[1]);
            // From the way in of a taken node to the way out of the one before it: that edge is given up.
            if a_side == IN && b_side == OUT && a != b {
                self.previous[a] = NONE;
                if b == self.entry.index() {
                    self.firsts.retain(|first| *first as usize != a);
                } else {
                    self.next[b] = NONE;
                }
            }
        }
        for pair in way.windows(2) {
            let ((a, a_side), (b, b_side)) = (pair[0], pair[1]);
            if a_side == OUT && b_side == IN && a != b {
                self.previous[b] = a as u32;
                if a == self.entry.index() {
                    self.firsts.push(b as u32);
                } else {
                    self.next[a] = b as u32;
                }
            }
        }
    }

    fn paths(&self) -> Vec<Vec<EdgeId>> {
        let mut firsts = self.firsts.clone();
        firsts.sort_unstable();
        let edge = |a: u32, b: u32| EdgeId(self.graph.first_edge(NodeId(a), NodeId(b)) as u32);
        let mut paths: Vec<Vec<EdgeId>> = self
            .direct
            .iter()
            .map(|direct| vec![EdgeId(*direct)])
            .collect();
        for first in firsts {
            let mut path = vec![edge(self.entry.0, first)];
            let mut node = first;
            while !self.outcomes.contains(NodeId(node)) {
                let next = self.next[node as usize];
                path.push(edge(node, next));
                node = next;
            }
            paths.push(path);
        }
        paths.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
        paths
    }

    /// The nodes that can be entered and not left: with those edges, all ways lead through them.
    fn cut(&self, reached: &[[bool; 2]]) -> (Vec<NodeId>, Vec<EdgeId>) {
        let nodes = self.graph.nodes();
        let nodes = nodes
            .filter(|node| reached[node.index()][IN] && !reached[node.index()][OUT])
            .collect();
        let mut edges = Vec::new();
        if let (Some(_), Some(outcome)) = (self.direct, self.shared) {
            let parallel = |edge: &usize| self.graph.forward.targets[*edge] == outcome.0;
            let row = self.graph.forward.range(self.entry.index());
            edges.extend(row.filter(parallel).map(|edge| EdgeId(edge as u32)));
        }
        (nodes, edges)
    }
}
