//! Kinds of nodes and edges, and the state of a node.

use std::fmt;

/// The kind of a node, such as `queue` or `flow`: a number of its graph's kinds, in the order of their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeKind(pub(crate) u8);

/// The kind of an edge, such as `transfers-to`: a number of its graph's kinds, in the order of their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EdgeKind(pub(crate) u8);

/// The name of the kind of a node of which nothing but its id is known.
pub const UNKNOWN_KIND: &str = "unknown";

/// What is known of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum State {
    /// It was read.
    Present,
    /// It was deleted; what refers to it is broken.
    Deleted,
    /// It exists, and the reader may not see it.
    NotPermitted,
    /// Something refers to it, and it was not read.
    NotFetched,
}

impl State {
    pub(crate) const ALL: [Self; 4] = [
        Self::Present,
        Self::Deleted,
        Self::NotPermitted,
        Self::NotFetched,
    ];

    /// The word in documents: `present`, `deleted`, `not_permitted` or `not_fetched`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Deleted => "deleted",
            Self::NotPermitted => "not_permitted",
            Self::NotFetched => "not_fetched",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Names of kinds while a graph is built. Few, so a list is searched; the last hit comes first.
#[derive(Debug, Clone, Default)]
pub(crate) struct KindNames {
    names: Vec<String>,
    last: usize,
}

impl KindNames {
    /// The number of a name. None when there would be more than 255.
    pub(crate) fn enter(&mut self, name: &str) -> Option<u8> {
        if self.names.get(self.last).is_none_or(|last| last != name) {
            self.last = match self.names.iter().position(|known| known == name) {
                Some(at) => at,
                None if self.names.len() < 255 => {
                    self.names.push(name.to_owned());
                    self.names.len() - 1
                }
                None => return None,
            };
        }
        u8::try_from(self.last).ok()
    }

    pub(crate) fn name(&self, number: u8) -> &str {
        &self.names[usize::from(number)]
    }

    /// The names that are used, in order, and for each old number the new one.
    pub(crate) fn freeze(&self, used: &[bool; 256]) -> (Vec<String>, [u8; 256]) {
        let mut order: Vec<usize> = (0..self.names.len()).filter(|at| used[*at]).collect();
        order.sort_unstable_by(|a, b| self.names[*a].cmp(&self.names[*b]));
        let mut renumbered = [0u8; 256];
        for (new, old) in order.iter().enumerate() {
            renumbered[*old] = new as u8;
        }
        (
            order
                .into_iter()
                .map(|old| self.names[old].clone())
                .collect(),
            renumbered,
        )
    }
}
