//! What fails when something else does: all of one's needs, any of one's alternatives.

use crate::error::Error;
use crate::graph::Graph;
use crate::id::NodeId;
use crate::kind::State;
use crate::policy::{KindRules, Policy};
use crate::reach::Direction;
use crate::set::NodeSet;
use crate::work::Work;

/// A choice of nodes: single ones, or all of a kind, or all with an attribute such as a division or a site.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Selector {
    /// The object with this id.
    Id(String),
    /// All objects of a kind.
    Kind(String),
    /// All objects whose attribute has a value.
    Attribute(String, String),
}

impl Graph {
    /// The nodes that a selector chooses. An id that is not in the graph chooses none.
    pub fn select(&self, selectors: &[Selector]) -> NodeSet {
        let mut set = NodeSet::new(self.node_count());
        for selector in selectors {
            match selector {
                Selector::Id(id) => {
                    self.find(id).map(|node| set.insert(node));
                }
                Selector::Kind(kind) => self
                    .nodes()
                    .filter(|node| self.kind_name(*node) == kind)
                    .for_each(|node| {
                        set.insert(node);
                    }),
                Selector::Attribute(key, value) => {
                    let has = |node: &NodeId| self.attribute(*node, key) == Some(value);
                    self.nodes().filter(has).for_each(|node| {
                        set.insert(node);
                    });
                }
            }
        }
        set
    }

    /// The nodes that do not work when `failed` ones have failed, those included.
    ///
    /// A node fails when one that it needs fails, or all of one group of its alternatives. Weak edge kinds of the policy pass nothing
    /// on. Nothing fails without a cause: objects that need each other in a circle work until one of them, or something below, fails.
    ///
    /// # Errors
    ///
    /// An interruption.
    pub fn fallout(
        &self,
        failed: &NodeSet,
        policy: &Policy,
        work: &mut Work,
    ) -> Result<NodeSet, Error> {
        Needs::new(self, policy).fallout(failed, work)
    }

    /// The objects that were deleted: they have failed from the start.
    pub fn deleted(&self) -> NodeSet {
        let mut set = NodeSet::new(self.node_count());
        if self
            .class_table
            .iter()
            .any(|class| class.1 == State::Deleted)
        {
            for node in self
                .nodes()
                .filter(|node| self.state(*node) == State::Deleted)
            {
                set.insert(node);
            }
        }
        set
    }
}

/// The graph read as needs and alternatives.
pub(crate) struct Needs<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) rules: KindRules,
    grouped: bool,
}

impl<'a> Needs<'a> {
    pub(crate) fn new(graph: &'a Graph, policy: &Policy) -> Self {
        Self {
            graph,
            rules: policy.of(graph),
            grouped: graph.has_groups(),
        }
    }

    /// True when the edge passes failures on. A self-reference says nothing.
    #[inline]
    pub(crate) fn counts(&self, edge: usize, source: u32) -> bool {
        self.graph.forward.targets[edge] != source && self.rules.propagates(self.graph.kinds[edge])
    }

    #[inline]
    pub(crate) fn group(&self, edge: usize) -> Option<u32> {
        if self.grouped {
            self.graph.group(edge)
        } else {
            None
        }
    }

    pub(crate) fn fallout(&self, failed: &NodeSet, work: &mut Work) -> Result<NodeSet, Error> {
        let mut down = failed.clone();
        let mut queue: Vec<NodeId> = failed.iter().collect();
        while let Some(node) = queue.pop() {
            let row = self.graph.reverse().of(node.index());
            work.spend(1 + row.len() as u64)?;
            for run in row.chunk_by(|a, b| a == b) {
                let source = NodeId(run[0]);
                if !down.contains(source)
                    && self.takes_down(source, node, run.len(), &down, work)?
                {
                    down.insert(source);
                    queue.push(source);
                }
            }
        }
        Ok(down)
    }

    /// True when the failure of `node`, which is in `down`, makes `source` fail.
    fn takes_down(
        &self,
        source: NodeId,
        node: NodeId,
        edges: usize,
        down: &NodeSet,
        work: &mut Work,
    ) -> Result<bool, Error> {
        let first = self.graph.first_edge(source, node);
        for edge in (first..first + edges).filter(|edge| self.counts(*edge, source.0)) {
            let Some(group) = self.group(edge) else {
                return Ok(true);
            };
            let row = self.graph.forward.range(source.index());
            work.spend(row.len() as u64)?;
            let mut others = row
                .filter(|other| self.counts(*other, source.0) && self.group(*other) == Some(group));
            if others.all(|other| down.contains(NodeId(self.graph.forward.targets[other]))) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// One object that is affected when something fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Affected {
    /// The object.
    pub node: NodeId,
    /// How many references lie between, at least.
    pub distance: usize,
    /// True when it fails too; false when an alternative keeps it working.
    pub fails: bool,
    /// True when nothing refers to it: what it does is seen outside.
    pub entry: bool,
}

/// What breaks when some objects go.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Impact {
    /// How many other objects fail.
    pub failing: usize,
    /// How many other objects lose an alternative and still work.
    pub degraded: usize,
    /// How many of the failing objects are entries.
    pub entries: usize,
    /// The affected objects: those that fail first, of these the entries, then by distance and id. Cut off at the limit.
    pub affected: Vec<Affected>,
}

impl Graph {
    /// What breaks when some objects go: everything that refers to them along edges that pass failures on, ranked.
    ///
    /// `limit` bounds the list; the counts are complete.
    ///
    /// # Errors
    ///
    /// A foreign node, or an interruption.
    pub fn impact(
        &self,
        gone: &[NodeId],
        policy: &Policy,
        limit: usize,
        work: &mut Work,
    ) -> Result<Impact, Error> {
        self.check(gone)?;
        let needs = Needs::new(self, policy);
        let failed = NodeSet::of(self.node_count(), gone);
        let down = needs.fallout(&failed, work)?;
        let reach = self.reach_along(
            gone,
            Direction::Up,
            None,
            |kind| needs.rules.propagates(kind),
            work,
        )?;
        let mut affected = Vec::new();
        for (distance, level) in reach.levels().enumerate().skip(1) {
            for node in level {
                let entry = self.predecessors(*node).all(|source| source == *node);
                affected.push(Affected {
                    node: *node,
                    distance,
                    fails: down.contains(*node),
                    entry,
                });
            }
        }
        let failing = affected.iter().filter(|one| one.fails).count();
        let entries = affected.iter().filter(|one| one.fails && one.entry).count();
        let degraded = affected.len() - failing;
        affected.sort_by_key(|one| (!one.fails, !one.entry, one.distance, one.node));
        affected.truncate(limit);
        Ok(Impact {
            failing,
            degraded,
            entries,
            affected,
        })
    }
}
