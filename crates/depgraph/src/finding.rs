//! What a check of a graph finds.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::graph::{EdgeView, Graph};
use crate::id::NodeId;
use crate::kind::State;
use crate::policy::Rule;

/// An object, as findings and documents name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NodeRef {
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A reference, as findings and documents name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EdgeRef {
    /// What refers.
    pub source: NodeRef,
    /// What is referred to.
    pub target: NodeRef,
    /// The kind of the reference.
    pub kind: String,
    /// Where in the source it stands.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub evidence: String,
    /// The group of alternatives that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alternative: Option<String>,
}

/// The kinds of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingKind {
    /// An object refers to itself.
    SelfReference,
    /// Objects depend on each other in a circle.
    Cycle,
    /// A path is longer than the limit.
    Depth,
    /// An object that is referred to was not read.
    Dangling,
    /// An object has no references to or from another.
    Orphan,
    /// An object or a reference came more than once.
    Duplicate,
    /// Records of one object contradict each other.
    Conflict,
    /// A part of the input is missing.
    Incomplete,
}

impl FindingKind {
    /// All kinds, in the order of a report.
    pub const ALL: [Self; 8] = [
        Self::SelfReference,
        Self::Cycle,
        Self::Depth,
        Self::Dangling,
        Self::Orphan,
        Self::Duplicate,
        Self::Conflict,
        Self::Incomplete,
    ];

    /// The word in documents and audit entries, such as `self_reference`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SelfReference => "self_reference",
            Self::Cycle => "cycle",
            Self::Depth => "depth",
            Self::Dangling => "dangling",
            Self::Orphan => "orphan",
            Self::Duplicate => "duplicate",
            Self::Conflict => "conflict",
            Self::Incomplete => "incomplete",
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The policy warns of it.
    Warning,
    /// The policy forbids it.
    Error,
}

impl Severity {
    /// None for what the policy allows.
    pub(crate) fn of(rule: Rule) -> Option<Self> {
        match rule {
            Rule::Allow => None,
            Rule::Warn => Some(Self::Warning),
            Rule::Forbid => Some(Self::Error),
        }
    }

    /// The word in documents: `warning` or `error`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Equal for the same finding in two snapshots; 16 hexadecimal digits, made from ids and never from names.
    pub fingerprint: String,
    /// What it is.
    #[serde(flatten)]
    pub detail: Detail,
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Detail {
    /// An object refers to itself.
    SelfReference {
        /// The reference.
        edge: EdgeRef,
    },
    /// Objects depend on each other in a circle.
    Cycle(Box<Cycle>),
    /// A path is longer than the limit.
    Depth {
        /// The limit, in edges.
        limit: usize,
        /// The length of the path, in edges. Components count as one object.
        depth: usize,
        /// The path, cut off at the policy's list limit.
        path: Vec<EdgeRef>,
    },
    /// An object that is referred to was not read.
    Dangling {
        /// The object.
        node: NodeRef,
        /// Why: `deleted`, `not_permitted` or `not_fetched`.
        state: StateName,
        /// How many references there are to it.
        references: usize,
        /// The first of them, at most ten.
        edges: Vec<EdgeRef>,
    },
    /// An object has no references to or from another.
    Orphan {
        /// The object.
        node: NodeRef,
    },
    /// An object or a reference came more than once.
    Duplicate {
        /// The object, unless it was a reference.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<NodeRef>,
        /// The reference, unless it was an object.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        edge: Option<EdgeRef>,
        /// How often it came.
        times: u32,
    },
    /// Records of one object contradict each other.
    Conflict {
        /// The object.
        node: NodeRef,
        /// `kind`, `state`, `name`, or an attribute.
        field: String,
        /// The value that was kept.
        kept: String,
        /// The one that was not.
        other: String,
    },
    /// A part of the input is missing.
    Incomplete {
        /// Which part.
        scope: String,
        /// Why.
        reason: String,
    },
}

/// The word for a [`State`] in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub struct StateName(pub State);

impl From<StateName> for &'static str {
    fn from(name: StateName) -> Self {
        name.0.as_str()
    }
}

impl TryFrom<String> for StateName {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        State::from_name(&name).map(Self).ok_or("unknown state")
    }
}

/// Objects that depend on each other in a circle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cycle {
    /// How many objects there are.
    pub size: usize,
    /// The objects, cut off at the policy's list limit.
    pub members: Vec<NodeRef>,
    /// A shortest way round, from its first object by id. No cycle among these objects is shorter; of a warning, none that the policy
    /// does not forbid anyway.
    pub witness: Vec<EdgeRef>,
    /// The advice: which references to remove.
    pub cut: Cut,
}

/// References whose removal breaks all cycles among some objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cut {
    /// How many there are.
    pub size: usize,
    /// The references, cut off at the policy's list limit.
    pub edges: Vec<EdgeRef>,
    /// What they weigh together, by the policy's cut weights.
    pub weight: u64,
    /// No cut weighs less than this.
    pub at_least: u64,
    /// True when the cut is proven to be a smallest one: the two weights are equal. It always is for up to 20 objects.
    pub exact: bool,
}

/// How much was found of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Total {
    /// Errors found.
    pub errors: usize,
    /// Warnings found.
    pub warnings: usize,
    /// How many of both are listed.
    pub listed: usize,
}

impl Total {
    /// Errors and warnings.
    pub const fn found(&self) -> usize {
        self.errors + self.warnings
    }
}

/// The result of a check: findings, up to a limit of each kind, and how many there are in all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// Objects in the graph.
    pub nodes: usize,
    /// References in the graph.
    pub edges: usize,
    /// The longest path, in edges; components count as one object.
    pub depth: usize,
    /// Components of two or more objects, allowed ones included.
    pub components: usize,
    /// True when no part of the input is known to be missing.
    pub complete: bool,
    /// How many findings there are of each kind.
    pub totals: BTreeMap<FindingKind, Total>,
    /// The findings by kind; of one kind, errors first, then by id.
    pub findings: Vec<Finding>,
}

impl Report {
    /// True when nothing was found that the policy forbids.
    pub fn is_valid(&self) -> bool {
        self.errors() == 0
    }

    /// How many errors there are.
    pub fn errors(&self) -> usize {
        self.totals.values().map(|total| total.errors).sum()
    }

    /// How many warnings there are.
    pub fn warnings(&self) -> usize {
        self.totals.values().map(|total| total.warnings).sum()
    }

    /// How much was found of a kind.
    pub fn total(&self, kind: FindingKind) -> Total {
        self.totals.get(&kind).copied().unwrap_or_default()
    }

    /// The listed findings of a kind.
    pub fn of_kind(&self, kind: FindingKind) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(move |finding| finding.kind() == kind)
    }

    /// True when some findings are counted and not listed.
    pub fn is_cut_off(&self) -> bool {
        self.totals
            .values()
            .any(|total| total.listed < total.found())
    }
}

impl Finding {
    /// Its kind.
    pub const fn kind(&self) -> FindingKind {
        match &self.detail {
            Detail::SelfReference { .. } => FindingKind::SelfReference,
            Detail::Cycle(_) => FindingKind::Cycle,
            Detail::Depth { .. } => FindingKind::Depth,
            Detail::Dangling { .. } => FindingKind::Dangling,
            Detail::Orphan { .. } => FindingKind::Orphan,
            Detail::Duplicate { .. } => FindingKind::Duplicate,
            Detail::Conflict { .. } => FindingKind::Conflict,
            Detail::Incomplete { .. } => FindingKind::Incomplete,
        }
    }
}

/// One line for people. Names in it come from outside: escape it for where it is shown.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            Detail::SelfReference { edge } => {
                write!(f, "{} refers to itself ({})", edge.source, edge.label())
            }
            Detail::Cycle(cycle) => {
                write!(f, "{} objects in a circle: ", cycle.size)?;
                for edge in &cycle.witness {
                    write!(f, "{} -[{}]-> ", edge.source, edge.label())?;
                }
                if let Some(first) = cycle.witness.first() {
                    write!(f, "{}", first.source)?;
                }
                let cut = &cycle.cut;
                let how = if cut.exact {
                    "fewest to cut"
                } else {
                    "enough to cut"
                };
                write!(f, "; {how}: {}", cut.size)?;
                for (at, edge) in cut.edges.iter().take(3).enumerate() {
                    write!(f, "{} {edge}", if at == 0 { ":" } else { "," })?;
                }
                Ok(())
            }
            Detail::Depth { limit, depth, path } => {
                write!(f, "path of {depth} references, limit {limit}:")?;
                for edge in path {
                    write!(f, " {} -[{}]->", edge.source, edge.label())?;
                }
                match path.last() {
                    Some(last) if path.len() == *depth => write!(f, " {}", last.target),
                    _ => write!(f, " …"),
                }
            }
            Detail::Dangling {
                node,
                state,
                references,
                ..
            } => {
                let word = match state.0 {
                    State::Deleted => "was deleted",
                    State::NotPermitted => "may not be read",
                    _ => "was not read",
                };
                let (number, verb) = if *references == 1 {
                    ("reference", "needs")
                } else {
                    ("references", "need")
                };
                write!(f, "{node} {word}, and {references} {number} {verb} it")
            }
            Detail::Orphan { node } => {
                write!(f, "{node} has no references to or from another object")
            }
            Detail::Duplicate { node, edge, times } => match (node, edge) {
                (Some(node), _) => write!(f, "{node} came {times} times"),
                (_, Some(edge)) => write!(f, "{edge} came {times} times"),
                _ => write!(f, "came {times} times"),
            },
            Detail::Conflict {
                node,
                field,
                kept,
                other,
            } => {
                write!(
                    f,
                    "{node} has two values of {field}: \"{kept}\" was kept, \"{other}\" was not"
                )
            }
            Detail::Incomplete { scope, reason } => write!(f, "{scope} is missing: {reason}"),
        }
    }
}

impl fmt::Display for NodeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{} \"{name}\" ({})", self.kind, self.id),
            None => write!(f, "{} {}", self.kind, self.id),
        }
    }
}

impl fmt::Display for EdgeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -[{}]-> {}", self.source, self.label(), self.target)
    }
}

impl EdgeRef {
    /// The kind, with the evidence where there is any.
    pub fn label(&self) -> String {
        if self.evidence.is_empty() {
            self.kind.clone()
        } else {
            format!("{} at {}", self.kind, self.evidence)
        }
    }
}

impl Graph {
    /// A node as findings name it.
    pub fn node_ref(&self, node: NodeId) -> NodeRef {
        NodeRef {
            id: self.id(node).to_string(),
            kind: self.kind_name(node).to_owned(),
            name: self.name(node).map(str::to_owned),
        }
    }

    /// An edge as findings name it.
    pub fn edge_ref(&self, edge: EdgeView<'_>) -> EdgeRef {
        EdgeRef {
            source: self.node_ref(edge.source),
            target: self.node_ref(edge.target),
            kind: edge.kind_name.to_owned(),
            evidence: edge.evidence.to_owned(),
            alternative: edge.alternative.map(str::to_owned),
        }
    }
}
