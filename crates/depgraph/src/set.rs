//! Sets of nodes.

use crate::id::NodeId;

/// A set of nodes of one graph, one bit each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeSet {
    words: Vec<u64>,
    nodes: usize,
}

impl NodeSet {
    /// An empty set for a graph with so many nodes.
    pub fn new(nodes: usize) -> Self {
        Self {
            words: vec![0; nodes.div_ceil(64)],
            nodes,
        }
    }

    /// Adds a node. True when it was not in the set. A node beyond the graph is not added.
    #[inline]
    pub fn insert(&mut self, node: NodeId) -> bool {
        if node.index() >= self.nodes {
            return false;
        }
        let word = &mut self.words[node.index() / 64];
        let bit = 1u64 << (node.index() % 64);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// True when the node is in the set.
    #[inline]
    pub fn contains(&self, node: NodeId) -> bool {
        self.words
            .get(node.index() / 64)
            .is_some_and(|word| word >> (node.index() % 64) & 1 == 1)
    }

    /// How many nodes are in the set.
    pub fn len(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// True when no node is in the set.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// The nodes, in order.
    pub fn iter(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros();
                left &= left.checked_sub(1)?;
                Some(NodeId((at * 64) as u32 + bit))
            })
        })
    }

    /// All nodes of a graph.
    pub(crate) fn all(nodes: usize) -> Self {
        let mut set = Self::new(nodes);
        set.words.fill(u64::MAX);
        if let Some(last) = set.words.last_mut().filter(|_| !nodes.is_multiple_of(64)) {
            *last = (1 << (nodes % 64)) - 1;
        }
        set
    }

    pub(crate) fn of(nodes: usize, members: &[NodeId]) -> Self {
        let mut set = Self::new(nodes);
        for node in members {
            set.insert(*node);
        }
        set
    }

    pub(crate) fn unite(&mut self, other: &Self) {
        self.words
            .iter_mut()
            .zip(&other.words)
            .for_each(|(a, b)| *a |= b);
    }

    pub(crate) fn intersect(&mut self, other: &Self) {
        self.words
            .iter_mut()
            .zip(&other.words)
            .for_each(|(a, b)| *a &= b);
    }

    pub(crate) fn subtract(&mut self, other: &Self) {
        self.words
            .iter_mut()
            .zip(&other.words)
            .for_each(|(a, b)| *a &= !b);
    }
}
