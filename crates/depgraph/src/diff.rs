//! What changed between two snapshots.

use std::cmp::Ordering;
use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::finding::{EdgeRef, Finding, NodeRef, Report};
use crate::graph::{EdgeView, Graph};
use crate::id::NodeId;
use crate::work::Work;

/// What was added, removed and changed. The counts are complete, the lists cut off at a limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Changes<T, C> {
    /// How many were added.
    pub added_total: usize,
    /// How many were removed.
    pub removed_total: usize,
    /// How many were changed.
    pub changed_total: usize,
    /// What was added, by id.
    pub added: Vec<T>,
    /// What was removed, by id.
    pub removed: Vec<T>,
    /// What was changed, by id.
    pub changed: Vec<C>,
}

impl<T, C> Default for Changes<T, C> {
    fn default() -> Self {
        Self {
            added_total: 0,
            removed_total: 0,
            changed_total: 0,
            added: Vec::new(),
            removed: Vec::new(),
            changed: Vec::new(),
        }
    }
}

impl<T, C> Changes<T, C> {
    /// True when there are none.
    pub const fn is_empty(&self) -> bool {
        self.added_total + self.removed_total + self.changed_total == 0
    }
}

/// An object that has the same id in both snapshots and differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NodeChange {
    /// The object, as it is now.
    pub node: NodeRef,
    /// What differs: `kind`, `name`, `state` and attributes by key, in that order.
    pub fields: Vec<FieldChange>,
}

/// One differing value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FieldChange {
    /// Which.
    pub field: String,
    /// The value before; none when there was none.
    pub old: Option<String>,
    /// The value now; none when there is none.
    pub new: Option<String>,
}

/// A reference that came more or less often than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EdgeChange {
    /// The reference.
    pub edge: EdgeRef,
    /// How often it came before.
    pub old_times: u32,
    /// How often it comes now.
    pub new_times: u32,
}

/// What changed between two graphs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Drift {
    /// Objects. A renamed one is changed, not removed and added: the id decides.
    pub nodes: Changes<NodeRef, NodeChange>,
    /// References.
    pub edges: Changes<EdgeRef, EdgeChange>,
    /// Parts that are missing now and were not.
    pub new_gaps: Vec<String>,
    /// Parts that were missing and are not now. What they hold counts as added.
    pub closed_gaps: Vec<String>,
}

impl Drift {
    /// True when nothing changed.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
            && self.edges.is_empty()
            && self.new_gaps.is_empty()
            && self.closed_gaps.is_empty()
    }
}

/// What changed between two reports, by fingerprint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FindingsDrift {
    /// Findings that were not there.
    pub new: Vec<Finding>,
    /// Findings that are gone.
    pub gone: Vec<Finding>,
    /// How many are in both.
    pub same: usize,
    /// True when both reports list all of their findings. If not, an unlisted one may look new or gone.
    pub complete: bool,
}

impl Report {
    /// What changed from an earlier report.
    pub fn drift_from(&self, old: &Self) -> FindingsDrift {
        let marks = |report: &Self| -> HashSet<String> {
            report
                .findings
                .iter()
                .map(|finding| finding.fingerprint.clone())
                .collect()
        };
        let (before, now) = (marks(old), marks(self));
        let only = |report: &Self, other: &HashSet<String>| -> Vec<Finding> {
            report
                .findings
                .iter()
                .filter(|finding| !other.contains(&finding.fingerprint))
                .cloned()
                .collect()
        };
        let new = only(self, &before);
        FindingsDrift {
            same: self.findings.len() - new.len(),
            new,
            gone: only(old, &now),
            complete: !old.is_cut_off() && !self.is_cut_off(),
        }
    }
}

impl Graph {
    /// What changed from an earlier graph: one merge of two sorted graphs. `limit` bounds each list.
    ///
    /// # Errors
    ///
    /// An interruption.
    pub fn drift_from(&self, old: &Self, limit: usize, work: &mut Work) -> Result<Drift, Error> {
        let mut drift = Drift::default();
        let (mut before, mut now) = (old.nodes().peekable(), self.nodes().peekable());
        loop {
            let order = match (before.peek(), now.peek()) {
                (Some(a), Some(b)) => old.id(*a).cmp(&self.id(*b)),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => break,
            };
            let a = if order.is_le() { before.next() } else { None };
            let b = if order.is_ge() { now.next() } else { None };
            work.spend(1 + old.degree(a) + self.degree(b))?;
            match (a, b) {
                (Some(a), Some(b)) => {
                    let fields = changed_fields(old, a, self, b);
                    if !fields.is_empty() {
                        drift.nodes.changed_total += 1;
                        push(&mut drift.nodes.changed, limit, || NodeChange {
                            node: self.node_ref(b),
                            fields,
                        });
                    }
                }
                (Some(a), None) => {
                    drift.nodes.removed_total += 1;
                    push(&mut drift.nodes.removed, limit, || old.node_ref(a));
                }
                (None, Some(b)) => {
                    drift.nodes.added_total += 1;
                    push(&mut drift.nodes.added, limit, || self.node_ref(b));
                }
                (None, None) => {}
            }
            merge_edges(old, a, self, b, limit, &mut drift.edges);
        }
        let only = |a: &Self, b: &Self| -> Vec<String> {
            let fresh = a.gaps.iter().filter(|gap| !b.gaps.contains(gap));
            fresh.map(|gap| gap.scope.clone()).collect()
        };
        drift.new_gaps = only(self, old);
        drift.closed_gaps = only(old, self);
        Ok(drift)
    }

    fn degree(&self, node: Option<NodeId>) -> u64 {
        node.map_or(0, |node| self.forward.range(node.index()).len() as u64)
    }
}

fn push<T>(list: &mut Vec<T>, limit: usize, item: impl FnOnce() -> T) {
    if list.len() < limit {
        list.push(item());
    }
}

fn changed_fields(old: &Graph, a: NodeId, new: &Graph, b: NodeId) -> Vec<FieldChange> {
    let mut fields = Vec::new();
    let mut compare = |field: &str, old: Option<&str>, new: Option<&str>| {
        if old != new {
            let owned = |value: Option<&str>| value.map(str::to_owned);
            fields.push(FieldChange {
                field: field.to_owned(),
                old: owned(old),
                new: owned(new),
            });
        }
    };
    compare("kind", Some(old.kind_name(a)), Some(new.kind_name(b)));
    compare("name", old.name(a), new.name(b));
    compare(
        "state",
        Some(old.state(a).as_str()),
        Some(new.state(b).as_str()),
    );
    let (mut before, mut now) = (old.attributes(a).peekable(), new.attributes(b).peekable());
    loop {
        let order = match (before.peek(), now.peek()) {
            (Some(a), Some(b)) => a.0.cmp(b.0),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return fields,
        };
        let a = if order.is_le() { before.next() } else { None };
        let b = if order.is_ge() { now.next() } else { None };
        if let Some((key, _)) = a.or(b) {
            compare(key, a.map(|pair| pair.1), b.map(|pair| pair.1));
        }
    }
}

fn merge_edges(
    old: &Graph,
    a: Option<NodeId>,
    new: &Graph,
    b: Option<NodeId>,
    limit: usize,
    changes: &mut Changes<EdgeRef, EdgeChange>,
) {
    let mut before = a.into_iter().flat_map(|node| old.outgoing(node)).peekable();
    let mut now = b.into_iter().flat_map(|node| new.outgoing(node)).peekable();
    loop {
        let order = match (before.peek(), now.peek()) {
            (Some(a), Some(b)) => key(old, a).cmp(&key(new, b)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return,
        };
        let a = if order.is_le() { before.next() } else { None };
        let b = if order.is_ge() { now.next() } else { None };
        match (a, b) {
            (Some(a), Some(b)) if a.count != b.count => {
                changes.changed_total += 1;
                push(&mut changes.changed, limit, || EdgeChange {
                    edge: new.edge_ref(b),
                    old_times: a.count,
                    new_times: b.count,
                });
            }
            (Some(a), None) => {
                changes.removed_total += 1;
                push(&mut changes.removed, limit, || old.edge_ref(a));
            }
            (None, Some(b)) => {
                changes.added_total += 1;
                push(&mut changes.added, limit, || new.edge_ref(b));
            }
            _ => {}
        }
    }
}

/// What makes two edges of one source the same, in the order in which a graph has them.
fn key<'a>(graph: &'a Graph, edge: &EdgeView<'a>) -> impl Ord + use<'a> {
    (
        graph.id(edge.target),
        edge.kind_name,
        edge.evidence,
        edge.alternative,
    )
}
