//! What counts as a finding, and how bad it is.

use std::collections::BTreeMap;

use crate::graph::Graph;
use crate::kind::State;

/// How something that was found is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// It is fine and not reported.
    Allow,
    /// It is reported as a warning.
    Warn,
    /// It is reported as an error.
    Forbid,
}

/// What counts as a finding: by edge kind for cycles, by state for dangling references, and so on.
///
/// The defaults forbid cycles, self-references, conflicts and references to deleted objects, warn of everything else, and set no limit
/// to the depth.
///
/// ```
/// use depgraph::{Policy, Rule};
///
/// let policy = Policy::default()
///     .with_max_depth(5)
///     .with_cycles("calls", Rule::Allow) // flows may call each other
///     .with_cut_weight("owns", 10) // rather cut anything else
///     .with_weak("mentions"); // works without its target
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub(crate) cycles: BTreeMap<String, Rule>,
    pub(crate) other_cycles: Rule,
    pub(crate) cut_weights: BTreeMap<String, u32>,
    pub(crate) weak: Vec<String>,
    pub(crate) max_depth: Option<usize>,
    pub(crate) deleted: Rule,
    pub(crate) not_permitted: Rule,
    pub(crate) not_fetched: Rule,
    pub(crate) orphans: Rule,
    pub(crate) duplicates: Rule,
    pub(crate) conflicts: Rule,
    pub(crate) gaps: Rule,
    pub(crate) listed: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            cycles: BTreeMap::new(),
            other_cycles: Rule::Forbid,
            cut_weights: BTreeMap::new(),
            weak: Vec::new(),
            max_depth: None,
            deleted: Rule::Forbid,
            not_permitted: Rule::Warn,
            not_fetched: Rule::Warn,
            orphans: Rule::Warn,
            duplicates: Rule::Warn,
            conflicts: Rule::Forbid,
            gaps: Rule::Warn,
            listed: 100,
        }
    }
}

impl Policy {
    /// Judges cycles and self-references of one edge kind.
    ///
    /// A cycle is as bad as its most lenient edge: one that can be gone round only by way of an allowed edge is allowed.
    #[must_use]
    pub fn with_cycles(mut self, edge_kind: impl Into<String>, rule: Rule) -> Self {
        self.cycles.insert(edge_kind.into(), rule);
        self
    }

    /// Judges cycles of the edge kinds that have no rule of their own. Default [`Rule::Forbid`].
    #[must_use]
    pub fn with_other_cycles(mut self, rule: Rule) -> Self {
        self.other_cycles = rule;
        self
    }

    /// How dear it is to cut one edge of a kind, for the advice that comes with a cycle. Default 1; 0 counts as 1.
    #[must_use]
    pub fn with_cut_weight(mut self, edge_kind: impl Into<String>, weight: u32) -> Self {
        self.cut_weights.insert(edge_kind.into(), weight.max(1));
        self
    }

    /// Makes an edge kind weak: its source works without its target, so failures do not pass along it. All others pass failures on.
    #[must_use]
    pub fn with_weak(mut self, edge_kind: impl Into<String>) -> Self {
        self.weak.push(edge_kind.into());
        self
    }

    /// The longest path that is fine, in edges. Default: any.
    #[must_use]
    pub fn with_max_depth(mut self, edges: usize) -> Self {
        self.max_depth = Some(edges);
        self
    }

    /// Judges references to objects in a state. Default: [`Rule::Forbid`] for deleted ones, [`Rule::Warn`] for others.
    #[must_use]
    pub fn with_dangling(mut self, state: State, rule: Rule) -> Self {
        match state {
            State::Present => {}
            State::Deleted => self.deleted = rule,
            State::NotPermitted => self.not_permitted = rule,
            State::NotFetched => self.not_fetched = rule,
        }
        self
    }

    /// Judges objects without any reference to or from another. Default [`Rule::Warn`].
    #[must_use]
    pub fn with_orphans(mut self, rule: Rule) -> Self {
        self.orphans = rule;
        self
    }

    /// Judges objects and references that came more than once. Default [`Rule::Warn`].
    #[must_use]
    pub fn with_duplicates(mut self, rule: Rule) -> Self {
        self.duplicates = rule;
        self
    }

    /// Judges records of one object that contradict each other. Default [`Rule::Forbid`].
    #[must_use]
    pub fn with_conflicts(mut self, rule: Rule) -> Self {
        self.conflicts = rule;
        self
    }

    /// Judges parts of the input that are missing. Default [`Rule::Warn`].
    #[must_use]
    pub fn with_gaps(mut self, rule: Rule) -> Self {
        self.gaps = rule;
        self
    }

    /// How many findings of each kind are listed, and how many members of one. Totals are always complete. Default 100.
    #[must_use]
    pub fn with_listed(mut self, findings: usize) -> Self {
        self.listed = findings;
        self
    }

    pub(crate) fn dangling(&self, state: State) -> Rule {
        match state {
            State::Present => Rule::Allow,
            State::Deleted => self.deleted,
            State::NotPermitted => self.not_permitted,
            State::NotFetched => self.not_fetched,
        }
    }

    /// The rules by edge kind of one graph.
    pub(crate) fn of(&self, graph: &Graph) -> KindRules {
        let by_kind = |name: &str| {
            (
                self.cycles.get(name).copied().unwrap_or(self.other_cycles),
                self.cut_weights.get(name).copied().unwrap_or(1),
                !self.weak.iter().any(|weak| weak == name),
            )
        };
        KindRules {
            rules: graph.edge_kinds.iter().map(|name| by_kind(name)).collect(),
        }
    }
}

/// Rules by edge kind number.
pub(crate) struct KindRules {
    rules: Vec<(Rule, u32, bool)>,
}

impl KindRules {
    pub(crate) fn cycle(&self, kind: u8) -> Rule {
        self.rules[usize::from(kind)].0
    }

    pub(crate) fn weight(&self, kind: u8) -> u32 {
        self.rules[usize::from(kind)].1
    }

    #[inline]
    pub(crate) fn propagates(&self, kind: u8) -> bool {
        self.rules[usize::from(kind)].2
    }

    /// The one rule of all kinds, if they have the same.
    pub(crate) fn uniform(&self) -> Option<Rule> {
        let first = self.rules.first()?.0;
        self.rules
            .iter()
            .all(|rule| rule.0 == first)
            .then_some(first)
    }
}
