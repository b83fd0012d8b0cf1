//! Names that occur twice in one object.

use std::collections::HashMap;

use super::Reader;
use crate::code::structure;
use crate::json::NodeId;
use crate::json::text::unescape;

/// Up to this many members, names are compared pairwise; beyond it through a hash table, so that a million members stay linear.
const PAIRWISE: usize = 12;

impl Reader<'_> {
    pub(super) fn find_duplicates(&mut self, object: NodeId) {
        let members: usize = self.document.children(object).take(PAIRWISE + 1).count();
        let mut repeated: Vec<(NodeId, NodeId)> = Vec::new();
        if members <= PAIRWISE {
            for (index, member) in self.document.children(object).enumerate() {
                self.document.spend(index);
                let earlier = self
                    .document
                    .children(object)
                    .take(index)
                    .find(|earlier| self.same_key(*earlier, member));
                repeated.extend(earlier.map(|earlier| (earlier, member)));
            }
        } else {
            let mut seen = HashMap::new();
            for member in self.document.children(object) {
                let Some(key) = self.document.key(member) else {
                    continue;
                };
                if let Some(earlier) = seen.get(&key) {
                    repeated.push((*earlier, member));
                } else {
                    seen.insert(key, member);
                }
            }
        }
        for (earlier, member) in repeated {
            let first = self.document.key_span(earlier).unwrap_or_default().start;
            let span = self.document.key_span(member).unwrap_or_default();
            let message = format!("this name already stands at byte {first} of the same object");
            self.defect_at(
                structure::DUPLICATE_MEMBER,
                Some(member),
                span,
                message,
                "keep one of the two members",
            );
        }
    }

    pub(super) fn same_key(&self, one: NodeId, other: NodeId) -> bool {
        let raw = |id: NodeId| {
            let span = self.document.key_span(id).unwrap_or_default();
            self.document
                .text
                .get(span.start + 1..span.end.saturating_sub(1))
                .unwrap_or("")
        };
        let (one, other) = (raw(one), raw(other));
        one == other
            || ((one.contains('\\') || other.contains('\\')) && unescape(one) == unescape(other))
    }
}
