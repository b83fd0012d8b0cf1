//! From one child to the next.

use super::{Document, NodeId};

/// The members or items of a value. See [`Document::children`].
#[derive(Debug)]
pub(crate) struct Children<'d> {
    document: &'d Document<'d>,
    next: u32,
    end: u32,
}

impl<'d> Children<'d> {
    #[inline]
    pub(super) fn new(document: &'d Document<'d>, id: NodeId) -> Children<'d> {
        Children {
            document,
            next: id.0 + 1,
            end: document.node(id).after,
        }
    }
}

impl Iterator for Children<'_> {
    type Item = NodeId;

    #[inline]
    fn next(&mut self) -> Option<NodeId> {
        if self.next == self.end {
            return None;
        }
        let id = NodeId(self.next);
        self.next = self.document.nodes.get(self.next as usize)?.after;
        self.document.spend(1);
        Some(id)
    }
}
