//! A finding's mark that stays the same from snapshot to snapshot.

use crate::finding::FindingKind;
use crate::graph::Graph;
use crate::id::{EdgeId, Id, NodeId};

/// FNV-1a over 64 bits: it need not resist anyone, only be the same everywhere.
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    pub(crate) fn new(kind: FindingKind) -> Self {
        Self(0xcbf2_9ce4_8422_2325).text(kind.as_str())
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        self
    }

    pub(crate) fn text(self, text: &str) -> Self {
        self.bytes(&(text.len() as u64).to_le_bytes())
            .bytes(text.as_bytes())
    }

    pub(crate) fn node(self, graph: &Graph, node: NodeId) -> Self {
        match graph.id(node) {
            Id::Uuid(uuid) => self.bytes(&uuid.to_le_bytes()),
            Id::Text(text) => self.text(text),
        }
    }

    pub(crate) fn edge(self, graph: &Graph, edge: u32) -> Self {
        let edge = graph.edge(EdgeId(edge));
        let mark = self
            .node(graph, edge.source)
            .node(graph, edge.target)
            .text(edge.kind_name)
            .text(edge.evidence);
        mark.text(edge.alternative.unwrap_or_default())
    }

    pub(crate) fn finish(self) -> String {
        format!("{:016x}", self.0)
    }
}
