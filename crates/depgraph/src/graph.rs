//! The frozen graph.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::csr::Csr;
use crate::error::{Error, ErrorKind};
use crate::id::{EdgeId, Id, NodeId, parse_uuid};
use crate::kind::{EdgeKind, NodeKind, State};
use crate::limits::Limits;

/// A graph that does not change any more: nodes in the order of their ids, edges packed in both directions.
///
/// Made by [`GraphBuilder::freeze`](crate::GraphBuilder::freeze). Equal input gives an equal graph whatever its order, so everything
/// derived from one is reproducible. The reverse direction is built at its first use and kept.
#[derive(Debug, Clone)]
pub struct Graph {
    pub(crate) limits: Limits,
    pub(crate) uuids: Vec<u128>,
    pub(crate) text_ids: TextList,
    /// For each node its entry of `class_table`.
    pub(crate) classes: Vec<u8>,
    pub(crate) class_table: Vec<(NodeKind, State)>,
    pub(crate) node_kinds: Vec<String>,
    pub(crate) edge_kinds: Vec<String>,
    /// By node; empty when no node has a name.
    pub(crate) names: TextList,
    /// By node, where its attributes end; empty when no node has any.
    pub(crate) attribute_ends: Vec<u32>,
    pub(crate) attributes: Vec<(u32, u32)>,
    pub(crate) texts: TextList,
    pub(crate) forward: Csr,
    pub(crate) kinds: Vec<u8>,
    /// By edge its entry of `details`; empty when no edge has any.
    pub(crate) evidence: Vec<u32>,
    pub(crate) details: Vec<(u32, u32)>,
    pub(crate) reverse: OnceLock<Csr>,
    pub(crate) self_edges: Vec<u32>,
    pub(crate) merged_edges: Vec<(u32, u32)>,
    pub(crate) merged_nodes: Vec<(u32, u32)>,
    pub(crate) conflicts: Vec<Conflict>,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) properties: BTreeMap<String, String>,
}

/// Two records of one object that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conflict {
    /// The object.
    pub node: NodeId,
    /// `kind`, `state`, `name`, or the key of an attribute.
    pub field: String,
    /// The value that the graph has: the smallest.
    pub kept: String,
    /// The value that it does not have.
    pub other: String,
}

/// A part of the input that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gap {
    /// What is missing, such as a listing and its pages.
    pub scope: String,
    /// Why.
    pub reason: String,
}

/// An edge with everything that is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EdgeView<'a> {
    /// Its number.
    pub id: EdgeId,
    /// What refers.
    pub source: NodeId,
    /// What is referred to.
    pub target: NodeId,
    /// Its kind.
    pub kind: EdgeKind,
    /// Its kind's name.
    pub kind_name: &'a str,
    /// Where in the source the reference stands; empty when that was not said.
    pub evidence: &'a str,
    /// The group of alternatives that it belongs to; none when it is needed by itself.
    pub alternative: Option<&'a str>,
    /// How often the same edge came.
    pub count: u32,
}

/// What a graph holds in memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Memory {
    /// Both directions (the reverse one counted even before its first use), with the kinds of edges and nodes.
    pub edges: usize,
    /// Evidence and alternatives.
    pub evidence: usize,
    /// Ids.
    pub ids: usize,
    /// Names, attributes and other texts.
    pub texts: usize,
}

impl Graph {
    /// The number of nodes, referenced ones included.
    pub fn node_count(&self) -> usize {
        self.classes.len()
    }

    /// The number of different edges.
    pub fn edge_count(&self) -> usize {
        self.forward.targets.len()
    }

    /// All nodes, in the order of their ids.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = NodeId> + DoubleEndedIterator + use<> {
        (0..self.node_count() as u32).map(NodeId)
    }

    /// All edges, in the order of source, target, kind and evidence.
    pub fn edges(&self) -> impl Iterator<Item = EdgeView<'_>> {
        self.nodes().flat_map(|node| self.outgoing(node))
    }

    /// The node with an id.
    pub fn find(&self, id: &str) -> Option<NodeId> {
        let at = match parse_uuid(id.as_bytes()) {
            Some(key) => self.uuids.binary_search(&key).ok()?,
            None => self.uuids.len() + self.text_ids.search(id)?,
        };
        Some(NodeId(at as u32))
    }

    /// A node's id.
    ///
    /// # Panics
    ///
    /// Like an index: a node of another, larger graph may be out of bounds. The same holds for the other accessors.
    pub fn id(&self, node: NodeId) -> Id<'_> {
        match self.uuids.get(node.index()) {
            Some(uuid) => Id::Uuid(*uuid),
            None => Id::Text(self.text_ids.get(node.index() - self.uuids.len())),
        }
    }

    /// A node's name; none when it has none.
    pub fn name(&self, node: NodeId) -> Option<&str> {
        if self.names.len() == 0 {
            None
        } else {
            Some(self.names.get(node.index())).filter(|name| !name.is_empty())
        }
    }

    /// A node's kind.
    pub fn kind(&self, node: NodeId) -> NodeKind {
        self.class_table[usize::from(self.classes[node.index()])].0
    }

    /// The name of a node's kind.
    pub fn kind_name(&self, node: NodeId) -> &str {
        &self.node_kinds[usize::from(self.kind(node).0)]
    }

    /// A node's state.
    pub fn state(&self, node: NodeId) -> State {
        self.class_table[usize::from(self.classes[node.index()])].1
    }

    /// A node's attributes, in the order of their keys.
    pub fn attributes(&self, node: NodeId) -> impl Iterator<Item = (&str, &str)> {
        let end = self
            .attribute_ends
            .get(node.index())
            .map_or(0, |end| *end as usize);
        let start = match node.index() {
            0 => 0,
            n => self
                .attribute_ends
                .get(n - 1)
                .map_or(0, |end| *end as usize),
        };
        self.attributes[start..end]
            .iter()
            .map(|(key, value)| (self.text(*key), self.text(*value)))
    }

    /// The value of one attribute.
    pub fn attribute(&self, node: NodeId, key: &str) -> Option<&str> {
        self.attributes(node)
            .find(|(known, _)| *known == key)
            .map(|(_, value)| value)
    }

    /// The nodes that a node refers to, in order. One that is referred to by several edges comes several times.
    pub fn successors(&self, node: NodeId) -> impl ExactSizeIterator<Item = NodeId> {
        self.forward
            .of(node.index())
            .iter()
            .map(|target| NodeId(*target))
    }

    /// The nodes that refer to a node, in order. One that does so by several edges comes several times.
    pub fn predecessors(&self, node: NodeId) -> impl ExactSizeIterator<Item = NodeId> {
        self.reverse()
            .of(node.index())
            .iter()
            .map(|source| NodeId(*source))
    }

    /// A node's references.
    pub fn outgoing(&self, node: NodeId) -> impl Iterator<Item = EdgeView<'_>> {
        self.forward
            .range(node.index())
            .map(move |edge| self.view(edge, node))
    }

    /// The references to a node, in the order of their sources.
    pub fn incoming(&self, node: NodeId) -> impl Iterator<Item = EdgeView<'_>> {
        // Parallel edges stand next to each other on both sides, so each run of one source is that source's run of this target.
        self.reverse()
            .of(node.index())
            .chunk_by(|a, b| a == b)
            .flat_map(move |run| {
                let source = NodeId(run[0]);
                let first = self.first_edge(source, node);
                (first..first + run.len()).map(move |edge| self.view(edge, source))
            })
    }

    /// An edge.
    pub fn edge(&self, edge: EdgeId) -> EdgeView<'_> {
        let source = self
            .forward
            .offsets
            .partition_point(|offset| *offset <= edge.0)
            - 1;
        self.view(edge.index(), NodeId(source as u32))
    }

    /// The names of the node kinds, in order: index with [`NodeKind`] or match by name.
    pub fn node_kinds(&self) -> impl ExactSizeIterator<Item = (NodeKind, &str)> {
        self.node_kinds
            .iter()
            .enumerate()
            .map(|(number, name)| (NodeKind(number as u8), name.as_str()))
    }

    /// The names of the edge kinds, in order.
    pub fn edge_kinds(&self) -> impl ExactSizeIterator<Item = (EdgeKind, &str)> {
        self.edge_kinds
            .iter()
            .enumerate()
            .map(|(number, name)| (EdgeKind(number as u8), name.as_str()))
    }

    /// The objects that were read more than once, with the number of readings beyond the first.
    pub fn merged_nodes(&self) -> impl ExactSizeIterator<Item = (NodeId, u32)> {
        self.merged_nodes
            .iter()
            .map(|(node, more)| (NodeId(*node), *more))
    }

    /// The edges that came more than once, with the number of times beyond the first.
    pub fn merged_edges(&self) -> impl ExactSizeIterator<Item = (EdgeId, u32)> {
        self.merged_edges
            .iter()
            .map(|(edge, more)| (EdgeId(*edge), *more))
    }

    /// What contradicted when records of one object were merged.
    pub fn conflicts(&self) -> &[Conflict] {
        &self.conflicts
    }

    /// What of the input is missing; empty when the snapshot is complete.
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// Properties of the graph as a whole.
    pub fn properties(&self) -> &BTreeMap<String, String> {
        &self.properties
    }

    /// What the graph holds in memory.
    pub fn memory(&self) -> Memory {
        Memory {
            edges: 2 * self.forward.bytes() + self.kinds.len() + self.classes.len(),
            evidence: 4 * self.evidence.len() + 8 * self.details.len(),
            ids: 16 * self.uuids.len() + self.text_ids.bytes(),
            texts: self.names.bytes()
                + self.texts.bytes()
                + 4 * self.attribute_ends.len()
                + 8 * self.attributes.len(),
        }
    }

    pub(crate) fn reverse(&self) -> &Csr {
        self.reverse.get_or_init(|| self.forward.transposed())
    }

    /// The first edge from one node to another, or the place where it would stand.
    pub(crate) fn first_edge(&self, source: NodeId, target: NodeId) -> usize {
        let range = self.forward.range(source.index());
        range.start
            + self
                .forward
                .of(source.index())
                .partition_point(|known| *known < target.0)
    }

    pub(crate) fn view(&self, edge: usize, source: NodeId) -> EdgeView<'_> {
        let (evidence, alternative) = match self.evidence.get(edge) {
            Some(detail) => self.details[*detail as usize],
            None => (u32::MAX, u32::MAX),
        };
        let merged = self
            .merged_edges
            .binary_search_by_key(&(edge as u32), |(known, _)| *known);
        EdgeView {
            id: EdgeId(edge as u32),
            source,
            target: NodeId(self.forward.targets[edge]),
            kind: EdgeKind(self.kinds[edge]),
            kind_name: &self.edge_kinds[usize::from(self.kinds[edge])],
            evidence: self.text(evidence),
            alternative: if alternative == u32::MAX {
                None
            } else {
                Some(self.text(alternative))
            },
            count: 1 + merged.map_or(0, |at| self.merged_edges[at].1),
        }
    }

    /// The number of the group of alternatives that an edge belongs to.
    #[inline]
    pub(crate) fn group(&self, edge: usize) -> Option<u32> {
        let detail = *self.evidence.get(edge)?;
        Some(self.details[detail as usize].1).filter(|group| *group != u32::MAX)
    }

    /// True when some edge is one of several alternatives.
    pub(crate) fn has_groups(&self) -> bool {
        !self.evidence.is_empty() && self.details.iter().any(|detail| detail.1 != u32::MAX)
    }

    pub(crate) fn check(&self, nodes: &[NodeId]) -> Result<(), Error> {
        if nodes.iter().any(|node| node.index() >= self.node_count()) {
            return Err(Error::new(ErrorKind::UnknownNode));
        }
        Ok(())
    }

    fn text(&self, number: u32) -> &str {
        if number == u32::MAX {
            ""
        } else {
            self.texts.get(number as usize)
        }
    }
}

/// Texts one after the other, each found by its number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TextList {
    arena: String,
    ends: Vec<u32>,
}

impl TextList {
    pub(crate) fn push(&mut self, text: &str) {
        self.arena.push_str(text);
        self.ends.push(self.arena.len() as u32);
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn get(&self, number: usize) -> &str {
        let start = if number == 0 {
            0
        } else {
            self.ends[number - 1] as usize
        };
        &self.arena[start..self.ends[number] as usize]
    }

    /// The number of a text, if the list is sorted.
    pub(crate) fn search(&self, text: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.get(middle).cmp(text) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    fn bytes(&self) -> usize {
        self.arena.len() + 4 * self.ends.len()
    }
}
