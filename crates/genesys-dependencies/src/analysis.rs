//! What must not fail, and whether there is another way.

use depgraph::{EdgeId, EdgeRef, Error, Failover, Graph, NodeRef, Policy, Selector, Work};
use serde::{Deserialize, Serialize};

/// A path that must survive failures: from an entry, such as a call route, to any of its outcomes, such as queues.
///
/// ```
/// use depgraph::Selector;
/// use genesys_dependencies::Protected;
///
/// // Two ways that share nothing, even when everything in one division is gone.
/// let hotline = Protected::new("hotline", "ivr-1", [Selector::Kind("queue".into())])
///     .with_failed([Selector::Attribute("division".into(), "d-2".into())]);
/// # let _ = hotline;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protected {
    name: String,
    entry: String,
    outcomes: Vec<Selector>,
    failed: Vec<Selector>,
    paths: usize,
}

impl Protected {
    /// Two paths from the object with the id `entry` to `outcomes`, that share no object.
    pub fn new(
        name: impl Into<String>,
        entry: impl Into<String>,
        outcomes: impl IntoIterator<Item = Selector>,
    ) -> Self {
        Self {
            name: name.into(),
            entry: entry.into(),
            outcomes: outcomes.into_iter().collect(),
            failed: Vec::new(),
            paths: 2,
        }
    }

    /// Sets what is gone: objects, kinds, or all with an attribute such as a division or a site. Default: nothing.
    #[must_use]
    pub fn with_failed(mut self, failed: impl IntoIterator<Item = Selector>) -> Self {
        self.failed.extend(failed);
        self
    }

    /// Sets how many paths there must be, at least 1. Default 2.
    #[must_use]
    pub fn with_paths(mut self, paths: usize) -> Self {
        self.paths = paths.max(1);
        self
    }
}

/// Single points of failure, and whether protected paths have another way.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Analysis {
    /// Why the analysis was left out; the rest is empty then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
    /// How many entries were looked at: objects that nothing refers to and that refer to something.
    pub entries: usize,
    /// Entries that do not work even now, because something was deleted; cut off at the limit.
    pub broken: Vec<NodeRef>,
    /// How many single points of failure there are.
    pub single_points_total: usize,
    /// Those that take most entries down; cut off at the limit.
    pub single_points: Vec<SinglePointOfFailure>,
    /// Every protected path, in the order given.
    pub failover: Vec<FailoverCheck>,
}

impl Analysis {
    pub(crate) fn left_out(why: Error) -> Self {
        Self {
            left_out: Some(why.to_string()),
            ..Self::default()
        }
    }
}

/// An object whose failure alone takes entries down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SinglePointOfFailure {
    /// The object.
    pub object: NodeRef,
    /// How many entries fail with it.
    pub lost: usize,
    /// The first of them; cut off at the limit.
    pub entries: Vec<NodeRef>,
}

/// Whether one protected path has as many ways as it must.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FailoverCheck {
    /// The name of the protected path.
    pub name: String,
    /// True when there are as many ways as there must be.
    pub met: bool,
    /// Why nothing can be said, such as an entry that is not in the graph.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The ways that exist, each from the entry to an outcome.
    pub paths: Vec<Vec<EdgeRef>>,
    /// The fewest objects whose failure leaves no way; empty when it is met.
    pub cut_objects: Vec<NodeRef>,
    /// References that no other way replaces.
    pub cut_references: Vec<EdgeRef>,
}

/// Single points of failure of all entries, and the protected paths.
pub(crate) fn analyse(
    graph: &Graph,
    policy: &Policy,
    protected: &[Protected],
    listed: usize,
    work: &mut Work,
) -> Result<Analysis, Error> {
    let topology = graph.topology(work)?;
    let entries = graph.entries();
    let found = graph.single_points(&entries, &topology, policy, listed, work)?;
    let refs = |nodes: &[depgraph::NodeId]| {
        nodes
            .iter()
            .map(|node| graph.node_ref(*node))
            .collect::<Vec<_>>()
    };
    let points = found.points.iter().map(|point| SinglePointOfFailure {
        object: graph.node_ref(point.node),
        lost: point.lost,
        entries: refs(&point.entries),
    });
    let mut failover = Vec::with_capacity(protected.len());
    for one in protected {
        failover.push(one.check(graph, work)?);
    }
    Ok(Analysis {
        left_out: None,
        entries: found.entries,
        broken: refs(found.broken.get(..listed).unwrap_or(&found.broken)),
        single_points_total: found.total,
        single_points: points.collect(),
        failover,
    })
}

impl Protected {
    fn check(&self, graph: &Graph, work: &mut Work) -> Result<FailoverCheck, Error> {
        let mut check = FailoverCheck {
            name: self.name.clone(),
            met: false,
            problem: None,
            paths: Vec::new(),
            cut_objects: Vec::new(),
            cut_references: Vec::new(),
        };
        let Some(entry) = graph.find(&self.entry) else {
            check.problem = Some("the entry is not in the graph".to_owned());
            return Ok(check);
        };
        let outcomes: Vec<_> = graph.select(&self.outcomes).iter().collect();
        if outcomes.is_empty() {
            check.problem = Some("there is no such outcome".to_owned());
            return Ok(check);
        }
        let mut failed = graph.deleted();
        for node in graph.select(&self.failed).iter() {
            failed.insert(node);
        }
        let found = match graph.failover(entry, &outcomes, &failed, self.paths, work) {
            Ok(found) => found,
            Err(error) if error.is_interrupted() => return Err(error),
            Err(error) => {
                check.problem = Some(error.to_string());
                return Ok(check);
            }
        };
        let edges = |ids: &[EdgeId]| {
            ids.iter()
                .map(|id| graph.edge_ref(graph.edge(*id)))
                .collect::<Vec<_>>()
        };
        check.met = found.is_met();
        check.paths = found.paths().iter().map(|path| edges(path)).collect();
        if let Failover::Cut {
            nodes,
            edges: direct,
            ..
        } = &found
        {
            check.cut_objects = nodes.iter().map(|node| graph.node_ref(*node)).collect();
            check.cut_references = edges(direct);
        }
        Ok(check)
    }
}
