//! How much a graph takes in.

/// Bounds on what comes from outside. The defaults fit a very large organisation on one machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    pub(crate) nodes: usize,
    pub(crate) edges: usize,
    pub(crate) text: usize,
    pub(crate) attributes: usize,
    pub(crate) total_text: usize,
    pub(crate) query: usize,
    pub(crate) query_parts: usize,
    pub(crate) snapshot: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            nodes: 100_000_000,
            edges: 500_000_000,
            text: 4096,
            attributes: 256,
            total_text: 2 << 30,
            query: 16 * 1024,
            query_parts: 1024,
            snapshot: 512 << 20,
        }
    }
}

impl Limits {
    /// Objects, referenced ones included. Default 100 million, never above 2³¹ − 1.
    #[must_use]
    pub fn with_nodes(mut self, nodes: usize) -> Self {
        self.nodes = nodes;
        self
    }

    /// References, before equal ones are merged. Default 500 million, never above 2³² − 1.
    #[must_use]
    pub fn with_edges(mut self, edges: usize) -> Self {
        self.edges = edges;
        self
    }

    /// Bytes of one id, name, evidence path, attribute key or attribute value. Default 4096.
    #[must_use]
    pub fn with_text(mut self, bytes: usize) -> Self {
        self.text = bytes;
        self
    }

    /// Attributes of one object. Default 256.
    #[must_use]
    pub fn with_attributes(mut self, attributes: usize) -> Self {
        self.attributes = attributes;
        self
    }

    /// Bytes of all names, paths and attributes together. Default 2 GiB, never above 4 GiB − 1.
    #[must_use]
    pub fn with_total_text(mut self, bytes: usize) -> Self {
        self.total_text = bytes;
        self
    }

    /// Bytes of a query. Default 16 KiB.
    #[must_use]
    pub fn with_query(mut self, bytes: usize) -> Self {
        self.query = bytes;
        self
    }

    /// Words, calls and operators of a query, and how deep its parentheses nest. Default 1024.
    #[must_use]
    pub fn with_query_parts(mut self, parts: usize) -> Self {
        self.query_parts = parts;
        self
    }

    /// Bytes of a snapshot that is read. Default 512 MiB.
    #[must_use]
    pub fn with_snapshot(mut self, bytes: usize) -> Self {
        self.snapshot = bytes;
        self
    }
}
