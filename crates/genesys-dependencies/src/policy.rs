//! What counts as a finding in an organisation.

use depgraph::{Policy, Rule};

use crate::table::default::edge;

/// The longest path that the guide accepts, in references.
const MAX_DEPTH: usize = 5;

/// The policy for an organisation.
///
/// - Paths of more than five references are errors.
/// - Queues may measure each other in a circle, and themselves. Flows that use each other in a circle, and queues that back each
///   other up, are warnings: both are lawful and worth knowing. Every other circle is an error.
/// - To break a circle, a backup is cheapest to cut, then what a flow uses, then anything else.
/// - An object works without its division, its backup, its library, and whatever else only adds to it: a failure does not pass
///   along these references.
/// - References to deleted objects are errors; to objects that may not be read or were not read, warnings.
pub fn standard_policy() -> Policy {
    let weak = [
        edge::CONTACTS,
        edge::FALLS_BACK_TO,
        edge::HAS_SKILL,
        edge::IN_DIVISION,
        edge::LOCATED_AT,
        edge::MEASURES,
        edge::MEMBER_OF,
        edge::REMOVES_SKILL,
        edge::SHOWN_TO,
        edge::USES_LIBRARY,
        edge::WRAPS_UP_WITH,
    ];
    let dear = [
        edge::RUNS,
        edge::ROUTES_TO,
        edge::CONTAINS,
        edge::PART_OF,
        edge::SIGNS_IN_WITH,
        edge::IN_DIVISION,
    ];
    let policy = Policy::default()
        .with_max_depth(MAX_DEPTH)
        .with_cycles(edge::MEASURES, Rule::Allow)
        .with_cycles(edge::CONSUMES, Rule::Warn)
        .with_cycles(edge::FALLS_BACK_TO, Rule::Warn)
        .with_cut_weight(edge::CONSUMES, 3);
    let policy = dear
        .into_iter()
        .fold(policy, |policy, kind| policy.with_cut_weight(kind, 10));
    weak.into_iter().fold(policy, Policy::with_weak)
}
