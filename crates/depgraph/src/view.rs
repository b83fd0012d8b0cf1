//! Choosing what of a graph is drawn.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use crate::csr::Csr;
use crate::error::Error;
use crate::finding::NodeRef;
use crate::graph::Graph;
use crate::id::NodeId;
use crate::kind::State;
use crate::reduction;
use crate::set::NodeSet;
use crate::topology::Topology;
use crate::work::Work;

/// What several objects are drawn as one by.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Collapse {
    /// The objects of one component: what is left has no cycle.
    Component,
    /// The objects of one kind.
    Kind,
    /// The objects with one value of an attribute, such as `division`. Objects without it stay by themselves.
    Attribute(String),
}

/// A choice of what to draw.
///
/// A picture of everything is of no use beyond some dozens of objects, so a view has a focus and hard caps, and what it leaves out is
/// counted and said in every format. Without a focus, objects in cycles and with most references come first, and what is joined to them.
///
/// ```
/// use depgraph::{GraphBuilder, State, View, Work};
///
/// let mut builder = GraphBuilder::new().with_referenced_state(State::Present);
/// builder.add_edges("calls", [("a", "b"), ("b", "c"), ("a", "c"), ("c", "d")])?;
/// let graph = builder.freeze()?;
/// let focus = graph.find("b");
/// let picture = View::new(&graph).with_focus(focus).with_depth(1).draw(&mut Work::unlimited())?;
/// assert_eq!(picture.vertices().len(), 3);
/// assert!(picture.to_dot().contains("not shown: 1 object, 1 reference"));
/// # Ok::<(), depgraph::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct View<'a> {
    graph: &'a Graph,
    topology: Option<&'a Topology>,
    focus: Vec<NodeId>,
    depth: Option<usize>,
    node_kinds: Option<Vec<String>>,
    edge_kinds: Option<Vec<String>>,
    reduction: bool,
    collapse: Option<Collapse>,
    max_nodes: usize,
    max_edges: usize,
}

impl<'a> View<'a> {
    /// A view of the whole graph, up to 150 objects and 500 references.
    pub const fn new(graph: &'a Graph) -> Self {
        Self {
            graph,
            topology: None,
            focus: Vec::new(),
            depth: None,
            node_kinds: None,
            edge_kinds: None,
            reduction: false,
            collapse: None,
            max_nodes: 150,
            max_edges: 500,
        }
    }

    /// Uses a topology that is at hand instead of computing it.
    #[must_use]
    pub const fn with_topology(mut self, topology: &'a Topology) -> Self {
        self.topology = Some(topology);
        self
    }

    /// Draws what is near these objects, following references both ways.
    #[must_use]
    pub fn with_focus(mut self, nodes: impl IntoIterator<Item = NodeId>) -> Self {
        self.focus.extend(nodes);
        self
    }

    /// How many references away from the focus. Default: any number.
    #[must_use]
    pub const fn with_depth(mut self, references: usize) -> Self {
        self.depth = Some(references);
        self
    }

    /// Draws objects of these kinds only, and the focus.
    #[must_use]
    pub fn with_node_kinds<S: Into<String>>(mut self, kinds: impl IntoIterator<Item = S>) -> Self {
        self.node_kinds = Some(kinds.into_iter().map(Into::into).collect());
        self
    }

    /// Draws and follows references of these kinds only.
    #[must_use]
    pub fn with_edge_kinds<S: Into<String>>(mut self, kinds: impl IntoIterator<Item = S>) -> Self {
        self.edge_kinds = Some(kinds.into_iter().map(Into::into).collect());
        self
    }

    /// Hides references that a longer way implies.
    #[must_use]
    pub const fn with_reduction(mut self, reduction: bool) -> Self {
        self.reduction = reduction;
        self
    }

    /// Draws several objects as one.
    #[must_use]
    pub fn with_collapse(mut self, collapse: Collapse) -> Self {
        self.collapse = Some(collapse);
        self
    }

    /// At most so many objects, or groups of them. Default 150.
    #[must_use]
    pub const fn with_max_nodes(mut self, nodes: usize) -> Self {
        self.max_nodes = nodes;
        self
    }

    /// At most so many arrows. Default 500, which is also what Mermaid draws by default.
    #[must_use]
    pub const fn with_max_edges(mut self, edges: usize) -> Self {
        self.max_edges = edges;
        self
    }

    /// Makes the choice.
    ///
    /// # Errors
    ///
    /// A foreign node in the focus, or an interruption.
    pub fn draw(&self, work: &mut Work) -> Result<Picture, Error> {
        let graph = self.graph;
        graph.check(&self.focus)?;
        work.spend((graph.node_count() + graph.edge_count()) as u64)?;
        let own;
        let topology = match self.topology {
            Some(topology) => topology,
            None => {
                own = graph.topology(work)?;
                &own
            }
        };
        let chosen_kinds = |chosen: &Option<Vec<String>>, names: &[String]| -> Vec<bool> {
            names
                .iter()
                .map(|name| chosen.as_ref().is_none_or(|chosen| chosen.contains(name)))
                .collect()
        };
        let node_kinds = chosen_kinds(&self.node_kinds, &graph.node_kinds);
        let edge_kinds = chosen_kinds(&self.edge_kinds, &graph.edge_kinds);
        let focus = NodeSet::of(graph.node_count(), &self.focus);
        let eligible =
            |node: NodeId| focus.contains(node) || node_kinds[usize::from(graph.kind(node).0)];

        let candidates = if self.focus.is_empty() {
            self.most_connected(topology, eligible, &edge_kinds, work)?
        } else {
            self.around(&focus, eligible, &edge_kinds, work)?
        };
        let mut drawing = Drawing::new(graph, self.max_nodes);
        let mut left_out = LeftOut::default();
        for node in &candidates {
            if !drawing.place(*node, self.group_of(*node, topology)) {
                left_out.nodes += 1;
            }
        }
        left_out.nodes += graph.node_count() - candidates.len();
        let groups = drawing.finish();
        let vertex_of = groups.vertex_of;

        let mut vertices = Vec::with_capacity(groups.members.len());
        for members in &groups.members {
            vertices.push(self.vertex(members, topology, &focus));
        }
        let mut rows: Vec<(u32, u32, u8, u32, bool)> = Vec::new();
        for node in groups.members.iter().flatten() {
            let from = vertex_of[node];
            for edge in graph
                .forward
                .range(node.index())
                .filter(|edge| edge_kinds[usize::from(graph.kinds[*edge])])
            {
                let target = NodeId(graph.forward.targets[edge]);
                let Some(to) = vertex_of.get(&target).copied() else {
                    continue;
                };
                if from == to && target != *node {
                    left_out.folded += 1;
                    continue;
                }
                let circle = target == *node
                    || topology
                        .component_of(*node)
                        .is_some_and(|own| topology.component_of(target) == Some(own));
                rows.push((from, to, graph.kinds[edge], edge as u32, circle));
            }
        }
        let shown = rows.len() + left_out.folded;
        left_out.edges = graph.edge_count() - shown;
        rows.sort_unstable();
        let mut arcs: Vec<Arc> = rows
            .chunk_by(|a, b| (a.0, a.1, a.2) == (b.0, b.1, b.2))
            .map(|same| {
                let edge = graph.edge(crate::id::EdgeId(same[0].3));
                Arc {
                    source: same[0].0 as usize,
                    target: same[0].1 as usize,
                    kind: edge.kind_name.to_owned(),
                    count: same.len(),
                    evidence: edge.evidence.to_owned(),
                    alternative: edge.alternative.map(str::to_owned),
                    in_cycle: same.iter().any(|row| row.4),
                }
            })
            .collect();
        if self.reduction {
            let implied = reduction::implied(&rows_of(&arcs, vertices.len()), work)?;
            let mut flags = implied.into_iter();
            arcs.retain(|arc| {
                let hidden = flags.next().unwrap_or(false);
                left_out.implied += if hidden { arc.count } else { 0 };
                !hidden
            });
        }
        if arcs.len() > self.max_edges {
            // What is part of a cycle is kept longest.
            let mut order: Vec<usize> = (0..arcs.len()).collect();
            order.sort_by_key(|at| (!arcs[*at].in_cycle, *at));
            let mut keep = vec![false; arcs.len()];
            for at in order.into_iter().take(self.max_edges) {
                keep[at] = true;
            }
            let mut flags = keep.into_iter();
            arcs.retain(|arc| {
                let kept = flags.next().unwrap_or(false);
                left_out.edges += if kept { 0 } else { arc.count };
                kept
            });
        }
        Ok(Picture {
            properties: graph
                .properties
                .iter()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            vertices,
            arcs,
            left_out,
        })
    }

    /// All eligible nodes; if not all can be drawn, those in cycles and with most references, and what is joined to them, first.
    fn most_connected(
        &self,
        topology: &Topology,
        eligible: impl Fn(NodeId) -> bool,
        edge_kinds: &[bool],
        work: &mut Work,
    ) -> Result<Vec<NodeId>, Error> {
        let graph = self.graph;
        let mut nodes: Vec<NodeId> = graph.nodes().filter(|node| eligible(*node)).collect();
        if nodes.len() <= self.max_nodes {
            return Ok(nodes);
        }
        let rank = |node: &NodeId| {
            let degree =
                graph.forward.range(node.index()).len() + graph.reverse().range(node.index()).len();
            (
                topology.component_of(*node).is_none(),
                Reverse(degree),
                *node,
            )
        };
        if self.collapse.is_some() || self.max_nodes == 0 {
            nodes.sort_by_cached_key(rank);
            return Ok(nodes);
        }
        nodes.select_nth_unstable_by_key(self.max_nodes - 1, rank);
        let (best, rest) = nodes.split_at_mut(self.max_nodes);
        best.sort_unstable_by_key(rank);
        // Cycles that fit are all wanted; from the rest the picture grows along references, best first.
        let circles = best
            .iter()
            .filter(|node| topology.component_of(**node).is_some())
            .count();
        let wanted = if circles * 2 <= self.max_nodes {
            circles
        } else {
            0
        };
        let mut chosen = NodeSet::new(graph.node_count());
        let mut order: Vec<NodeId> = Vec::with_capacity(self.max_nodes);
        let mut near = BinaryHeap::new();
        let mut seeds = best.iter().copied();
        while order.len() < self.max_nodes {
            let grown = if order.len() < wanted {
                None
            } else {
                near.pop().map(|Reverse((_, _, node))| node)
            };
            let Some(node) = grown.or_else(|| seeds.next()) else {
                break;
            };
            if !chosen.insert(node) {
                continue;
            }
            order.push(node);
            let down = graph.outgoing(node).map(|edge| (edge.target, edge.kind));
            let up = graph.incoming(node).map(|edge| (edge.source, edge.kind));
            for (other, kind) in down.chain(up) {
                work.spend(1)?;
                if edge_kinds[usize::from(kind.0)] && eligible(other) && !chosen.contains(other) {
                    near.push(Reverse(rank(&other)));
                }
            }
        }
        order.extend(
            best.iter()
                .chain(rest.iter())
                .filter(|node| !chosen.contains(**node)),
        );
        Ok(order)
    }

    /// The eligible nodes around the focus, nearest first.
    fn around(
        &self,
        focus: &NodeSet,
        eligible: impl Fn(NodeId) -> bool,
        edge_kinds: &[bool],
        work: &mut Work,
    ) -> Result<Vec<NodeId>, Error> {
        let graph = self.graph;
        let mut seen = focus.clone();
        let mut nodes: Vec<NodeId> = focus.iter().collect();
        let (mut start, mut distance) = (0, 0);
        while start < nodes.len() && self.depth.is_none_or(|depth| distance < depth) {
            let end = nodes.len();
            for at in start..end {
                let node = nodes[at];
                let down = graph.outgoing(node).map(|edge| (edge.target, edge.kind));
                let up = graph.incoming(node).map(|edge| (edge.source, edge.kind));
                for (other, kind) in down.chain(up) {
                    work.spend(1)?;
                    if edge_kinds[usize::from(kind.0)] && eligible(other) && seen.insert(other) {
                        nodes.push(other);
                    }
                }
            }
            nodes[end..].sort_unstable();
            (start, distance) = (end, distance + 1);
        }
        Ok(nodes)
    }

    /// The group that a node is drawn in; none when it is drawn by itself.
    fn group_of(&self, node: NodeId, topology: &Topology) -> Option<u64> {
        let graph = self.graph;
        match self.collapse.as_ref()? {
            Collapse::Component => topology.component_of(node).map(|number| number as u64),
            Collapse::Kind => Some(u64::from(graph.kind(node).0)),
            Collapse::Attribute(key) => {
                let value = graph.attribute(node, key)?;
                graph.texts.search(value).map(|text| text as u64)
            }
        }
    }

    fn vertex(&self, members: &[NodeId], topology: &Topology, focus: &NodeSet) -> Vertex {
        let graph = self.graph;
        let first = members[0];
        let in_cycle = members
            .iter()
            .any(|node| topology.component_of(*node).is_some());
        let focused = members.iter().any(|node| focus.contains(*node));
        let worst = members
            .iter()
            .map(|node| graph.state(*node))
            .max_by_key(|state| match state {
                State::Present => 0,
                State::NotFetched => 1,
                State::NotPermitted => 2,
                State::Deleted => 3,
            });
        let same_kind = members
            .iter()
            .all(|node| graph.kind(*node) == graph.kind(first));
        let label = match (&self.collapse, members) {
            (_, [one]) => graph
                .name(*one)
                .map_or_else(|| graph.id(*one).to_string(), str::to_owned),
            (Some(Collapse::Kind), _) => graph.kind_name(first).to_owned(),
            (Some(Collapse::Attribute(key)), _) => {
                graph.attribute(first, key).unwrap_or_default().to_owned()
            }
            _ => format!("circle of {}", members.len()),
        };
        Vertex {
            node: if members.len() == 1 {
                Some(graph.node_ref(first))
            } else {
                None
            },
            label,
            kind: if same_kind {
                graph.kind_name(first).to_owned()
            } else {
                "several kinds".to_owned()
            },
            members: members.len(),
            state: worst.unwrap_or(State::Present),
            in_cycle,
            focused,
        }
    }
}

pub(crate) fn rows_of(arcs: &[Arc], vertices: usize) -> Csr {
    let mut offsets = vec![0u32; vertices + 1];
    for arc in arcs {
        offsets[arc.source + 1] += 1;
    }
    for at in 1..=vertices {
        offsets[at] += offsets[at - 1];
    }
    Csr {
        offsets,
        targets: arcs.iter().map(|arc| arc.target as u32).collect(),
    }
}

/// Nodes on their way into vertices.
struct Drawing {
    members: Vec<Vec<NodeId>>,
    by_group: HashMap<u64, usize>,
    max: usize,
}

struct Groups {
    /// By vertex; vertices in the order of their first members.
    members: Vec<Vec<NodeId>>,
    vertex_of: HashMap<NodeId, u32>,
}

impl Drawing {
    fn new(graph: &Graph, max: usize) -> Self {
        Self {
            members: Vec::with_capacity(max.min(graph.node_count())),
            by_group: HashMap::new(),
            max,
        }
    }

    /// False when there is no room.
    fn place(&mut self, node: NodeId, group: Option<u64>) -> bool {
        if let Some(known) = group.and_then(|group| self.by_group.get(&group)) {
            self.members[*known].push(node);
            return true;
        }
        if self.members.len() >= self.max {
            return false;
        }
        if let Some(group) = group {
            self.by_group.insert(group, self.members.len());
        }
        self.members.push(vec![node]);
        true
    }

    fn finish(mut self) -> Groups {
        for members in &mut self.members {
            members.sort_unstable();
        }
        self.members.sort_unstable();
        let mut vertex_of = HashMap::new();
        for (number, members) in self.members.iter().enumerate() {
            vertex_of.extend(members.iter().map(|node| (*node, number as u32)));
        }
        Groups {
            members: self.members,
            vertex_of,
        }
    }
}

/// What a view draws. Render it with `to_dot`, `to_mermaid`, `to_json`, or on a [`Page`](crate::Page).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub(crate) properties: Vec<(String, String)>,
    pub(crate) vertices: Vec<Vertex>,
    pub(crate) arcs: Vec<Arc>,
    pub(crate) left_out: LeftOut,
}

/// An object, or a group of them, in a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Vertex {
    /// The object; none for a group.
    pub node: Option<NodeRef>,
    /// Its name, its id if it has none, or what the group has in common.
    pub label: String,
    /// Its kind.
    pub kind: String,
    /// How many objects it stands for.
    pub members: usize,
    /// Its state; of a group, the worst.
    pub state: State,
    /// True when it, or one of the group, is part of a cycle.
    pub in_cycle: bool,
    /// True when it, or one of the group, is in the focus.
    pub focused: bool,
}

/// References of one kind from one vertex to another.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Arc {
    /// The vertex that refers.
    pub source: usize,
    /// The vertex that is referred to.
    pub target: usize,
    /// The kind.
    pub kind: String,
    /// How many references it stands for.
    pub count: usize,
    /// Where the first of them stands; may be empty.
    pub evidence: String,
    /// The group of alternatives that the first of them belongs to.
    pub alternative: Option<String>,
    /// True when one of them is part of a cycle.
    pub in_cycle: bool,
}

/// What a picture does not show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// Objects.
    pub nodes: usize,
    /// References to or from these, of other kinds, or beyond the cap.
    pub edges: usize,
    /// References that longer ways imply.
    pub implied: usize,
    /// References between the objects of one group.
    pub folded: usize,
}

impl LeftOut {
    /// The note that goes with the picture; none when it shows everything.
    pub fn note(&self) -> Option<String> {
        let mut parts = Vec::new();
        let mut say = |count: usize, one: &str, many: &str| {
            if count > 0 {
                parts.push(format!("{count} {}", if count == 1 { one } else { many }));
            }
        };
        say(self.nodes, "object", "objects");
        say(self.edges, "reference", "references");
        say(
            self.implied,
            "reference that a longer way implies",
            "references that longer ways imply",
        );
        say(
            self.folded,
            "reference inside a group",
            "references inside groups",
        );
        if parts.is_empty() {
            None
        } else {
            Some(format!("not shown: {}", parts.join(", ")))
        }
    }
}

impl Picture {
    /// The vertices, in the order of their first objects.
    pub fn vertices(&self) -> &[Vertex] {
        &self.vertices
    }

    /// The arcs, in the order of source, target and kind.
    pub fn arcs(&self) -> &[Arc] {
        &self.arcs
    }

    /// What is not shown.
    pub const fn left_out(&self) -> &LeftOut {
        &self.left_out
    }
}

impl Vertex {
    /// The label, with the number of objects if it stands for several.
    pub(crate) fn caption(&self) -> String {
        if self.members > 1 {
            format!("{} ({})", self.label, self.members)
        } else {
            self.label.clone()
        }
    }
}

impl Arc {
    /// The kind, with the number of references if it stands for several.
    pub(crate) fn caption(&self) -> String {
        if self.count > 1 {
            format!("{} ×{}", self.kind, self.count)
        } else {
            self.kind.clone()
        }
    }
}
