//! What a builder takes: nodes and edges by id.

use crate::kind::State;

/// An object for [`GraphBuilder::add_node`](crate::GraphBuilder::add_node).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node<'a> {
    pub(crate) id: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) name: Option<&'a str>,
    pub(crate) state: State,
    pub(crate) attributes: Vec<(&'a str, &'a str)>,
}

impl<'a> Node<'a> {
    /// An object that was read. An unknown kind is `unknown` or empty.
    pub const fn new(id: &'a str, kind: &'a str) -> Self {
        Self {
            id,
            kind,
            name: None,
            state: State::Present,
            attributes: Vec::new(),
        }
    }

    /// What people call it. Names need not be unique and are never trusted.
    #[must_use]
    pub const fn with_name(mut self, name: &'a str) -> Self {
        self.name = Some(name);
        self
    }

    /// What is known of it. Default [`State::Present`].
    #[must_use]
    pub const fn with_state(mut self, state: State) -> Self {
        self.state = state;
        self
    }

    /// One more attribute, such as its division or region.
    #[must_use]
    pub fn with_attribute(mut self, key: &'a str, value: &'a str) -> Self {
        self.attributes.push((key, value));
        self
    }
}

/// A reference for [`GraphBuilder::add_edge`](crate::GraphBuilder::add_edge): the source needs the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge<'a> {
    pub(crate) source: &'a str,
    pub(crate) target: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) evidence: &'a str,
    pub(crate) alternative: &'a str,
}

impl<'a> Edge<'a> {
    /// A reference from one object to another.
    pub const fn new(source: &'a str, target: &'a str, kind: &'a str) -> Self {
        Self {
            source,
            target,
            kind,
            evidence: "",
            alternative: "",
        }
    }

    /// Where in the source the reference stands: a field path such as `actions[3].queue.id`.
    #[must_use]
    pub const fn with_evidence(mut self, path: &'a str) -> Self {
        self.evidence = path;
        self
    }

    /// Makes the reference one of several alternatives: of those of one source and one `group`, one that works is enough. References
    /// without a group are all needed.
    #[must_use]
    pub const fn with_alternative(mut self, group: &'a str) -> Self {
        self.alternative = group;
        self
    }
}
