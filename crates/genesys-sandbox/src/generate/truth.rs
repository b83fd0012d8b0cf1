//! What a reader of a generated organisation should find.

use std::collections::BTreeMap;

use crate::organisation::Kind;

/// An object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Its id.
    pub id: String,
}

impl Node {
    pub(super) fn new(kind: Kind, id: String) -> Self {
        Self { kind, id }
    }
}

/// One reference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Reference {
    /// What refers.
    pub from: Node,
    /// Where in its document, such as `conditionalGroupRouting.rules[0].queue.id`. What is no member of a document is
    /// [`MEMBERS`](Self::MEMBERS), [`WRAP_UP_CODES`](Self::WRAP_UP_CODES) or [`TRACKING`](Self::TRACKING).
    pub place: String,
    /// To what. It does not exist when the reference is dangling.
    pub to: Node,
}

impl Reference {
    /// The place of a member in a queue's list of members.
    pub const MEMBERS: &'static str = "members";
    /// The place of a code in a queue's list of wrap-up codes.
    pub const WRAP_UP_CODES: &'static str = "wrapupcodes";
    /// The place of what only Architect's dependency tracking knows.
    pub const TRACKING: &'static str = "dependencytracking";
}

/// An object without which call routes reach nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SinglePoint {
    /// The object.
    pub object: Node,
    /// The call routes that depend on it.
    pub entries: Vec<Node>,
}

/// Everything there is to find. It is complete: whatever else a reader finds is not there. The four flows of every sandbox are
/// no part of it.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Truth {
    /// How many objects there are of each kind; one that is listed twice counts once, and one without an id does not.
    pub objects: BTreeMap<Kind, usize>,
    /// Every reference.
    pub references: Vec<Reference>,
    /// Every cycle of two objects or more, in the order of its references. No two share an object.
    pub cycles: Vec<Vec<Node>>,
    /// The objects that refer to themselves.
    pub self_references: Vec<Node>,
    /// The planted diamonds: the first object refers to the second and third, and those to the fourth. There may be more.
    pub diamonds: Vec<[Node; 4]>,
    /// The references that lead nowhere.
    pub dangling: Vec<Reference>,
    /// The objects, other than the route itself, without which no way leads from a call route to a queue with a member.
    /// Call routes that are not named have two ways with nothing in common.
    pub single_points: Vec<SinglePoint>,
    /// The objects that refer to nothing and that nothing refers to.
    pub orphans: Vec<Node>,
    /// How many queues have no id.
    pub without_id: usize,
    /// The ids of the queues that are listed twice.
    pub duplicates: Vec<String>,
}
