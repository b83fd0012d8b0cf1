//! Names that occur twice in one object.

use std::hash::{BuildHasher as _, RandomState};

use super::Reader;
use crate::code::structure;
use crate::json::NodeId;

/// Up to this many members, names are compared pairwise.
const PAIRWISE: usize = 12;

/// Eight bits that differ for most pairs of names: made of the length, the first and the last letter. The range is the name in its
/// quotes.
#[inline(always)]
pub(super) fn mark(bytes: &[u8], start: usize, end: usize) -> u8 {
    const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
    let letter = |at: usize| u64::from(bytes.get(at).copied().unwrap_or(0));
    let mix = letter(start + 1) << 40
        | letter(end.saturating_sub(2)) << 20
        | end.saturating_sub(start) as u64;
    (mix.wrapping_mul(SPREAD) >> 56) as u8
}

impl Reader<'_> {
    #[inline]
    pub(super) fn find_duplicates(&mut self, object: NodeId) {
        if !self.is_surely_free_of_duplicates(object) {
            self.compare_names(object);
        }
    }

    #[inline(never)]
    fn compare_names(&mut self, object: NodeId) {
        let few = self.document.children(object).take(PAIRWISE + 1).count() <= PAIRWISE;
        let repeated = if few {
            self.compare_pairs(object)
        } else {
            self.compare_hashes(object)
        };
        for (earlier, member) in repeated {
            let first = self.document.key_span(earlier).unwrap_or_default().start;
            let span = self.document.key_span(member).unwrap_or_default();
            let message = format!("this name already stands at byte {first} of the same object");
            let hint = "keep one of the two members";
            self.defect_at(
                structure::DUPLICATE_MEMBER,
                Some(member),
                span,
                message,
                hint,
            );
        }
    }

    /// A quick look that is enough for most objects: every name has its own mark. The object has just been closed, so that its
    /// members are the last nodes.
    fn is_surely_free_of_duplicates(&self, object: NodeId) -> bool {
        let nodes = &self.document.nodes;
        let mut seen = [0_u64; 4];
        let mut at = object.0 as usize + 1;
        while let Some(node) = nodes.get(at) {
            let word = &mut seen[usize::from(node.key_mark >> 6)];
            let bit = 1 << (node.key_mark & 63);
            if *word & bit != 0 || node.escaped_key {
                return false;
            }
            *word |= bit;
            at = node.after as usize;
        }
        true
    }

    /// Each member that has the name of an earlier one, with that one.
    fn compare_pairs(&self, object: NodeId) -> Vec<(NodeId, NodeId)> {
        let mut repeated = Vec::new();
        for (index, member) in self.document.children(object).enumerate() {
            let mut before = self.document.children(object).take(index);
            let earlier = before.find(|earlier| self.document.same_key(*earlier, member));
            repeated.extend(earlier.map(|earlier| (earlier, member)));
        }
        repeated
    }

    /// The same for large objects, through sorted hashes: a hash table of a million names would miss the cache at every look-up.
    /// The hash has a random key, so nobody can choose names that collide.
    fn compare_hashes(&self, object: NodeId) -> Vec<(NodeId, NodeId)> {
        let hasher = RandomState::new();
        let hash = |member: NodeId| {
            if self.document.node(member).escaped_key {
                return hasher.hash_one(self.document.key(member).unwrap_or_default().as_bytes());
            }
            hasher.hash_one(self.document.raw_key(member))
        };
        let members = self.document.children(object);
        let mut hashes: Vec<(u64, u32)> = members.map(|member| (hash(member), member.0)).collect();
        hashes.sort_unstable();
        let mut repeated = Vec::new();
        for group in hashes
            .chunk_by(|one, other| one.0 == other.0)
            .filter(|group| group.len() > 1)
        {
            // Different names of one hash: practically never, and then few.
            let mut distinct: Vec<NodeId> = Vec::new();
            for member in group.iter().map(|(_, id)| NodeId(*id)) {
                match distinct
                    .iter()
                    .find(|earlier| self.document.same_key(**earlier, member))
                {
                    Some(earlier) => repeated.push((*earlier, member)),
                    None => distinct.push(member),
                }
            }
        }
        repeated.sort_unstable_by_key(|(_, member)| member.0);
        repeated
    }
}
