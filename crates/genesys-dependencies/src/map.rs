//! The map of an organisation: what a mapping brings back.

use std::fmt::{self, Write};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use depgraph::{Drift, FindingsDrift, Graph, Limits, Report, State, Work};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::accuracy::Accuracy;
use crate::analysis::Analysis;
use crate::crawl::{SourceReport, Unlisted};
use crate::endpoint::EndpointResult;
use crate::kind::ObjectKind;
use crate::progress::Phase;

const FORMAT: &str = "genesys-dependency-map";
const VERSION: u32 = 1;

/// The dependencies of an organisation at one time: graph, findings, and how far both can be trusted.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DependencyMap {
    /// Whose it is.
    pub organization: OrganizationRef,
    /// When reading began.
    pub taken_at: SystemTime,
    /// How long it took, from signing in to the end of the analysis.
    pub elapsed: Duration,
    /// The graph. Its gaps say what is missing.
    pub graph: Arc<Graph>,
    /// What the policy finds.
    pub report: Report,
    /// How many references lead to something.
    pub accuracy: Accuracy,
    /// Single points of failure, and protected paths.
    pub analysis: Analysis,
    /// What each source gave.
    pub sources: Vec<SourceReport>,
    /// Members that look like references and are in no row of the table, when that was asked for.
    pub unlisted: Vec<Unlisted>,
    /// How long each phase took.
    pub timings: Vec<PhaseTime>,
}

/// An organisation, as maps name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OrganizationRef {
    /// Its id.
    pub id: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// How long one phase took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PhaseTime {
    /// The phase.
    pub phase: Phase,
    /// In milliseconds.
    pub elapsed_ms: f64,
}

/// What changed between two maps.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MapDrift {
    /// Objects and references.
    pub graph: Drift,
    /// Findings.
    pub findings: FindingsDrift,
}

impl MapDrift {
    /// True when nothing changed.
    pub fn is_empty(&self) -> bool {
        self.graph.is_empty() && self.findings.new.is_empty() && self.findings.gone.is_empty()
    }
}

impl PhaseTime {
    pub(crate) fn new(phase: Phase, elapsed: Duration) -> Self {
        Self {
            phase,
            elapsed_ms: millis(elapsed),
        }
    }
}

impl DependencyMap {
    /// `complete`, or `incomplete` when the graph has gaps.
    pub fn status(&self) -> &'static str {
        match self.is_complete() {
            true => "complete",
            false => "incomplete",
        }
    }

    /// True when nothing is known to be missing.
    pub fn is_complete(&self) -> bool {
        self.graph.gaps().is_empty()
    }

    /// True when nothing was found that the policy forbids.
    pub fn is_valid(&self) -> bool {
        self.report.is_valid()
    }

    /// How many queues were read.
    pub fn queues(&self) -> usize {
        self.of_kind(&ObjectKind::QUEUE).count()
    }

    /// How many members all queues have together, as far as they say.
    pub fn queue_members(&self) -> Option<u64> {
        let counts = self.of_kind(&ObjectKind::QUEUE).filter_map(|node| {
            let count = self.graph.attribute(node, "memberCount")?;
            count.parse::<u64>().ok()
        });
        counts.fold(None, |sum: Option<u64>, count| {
            Some(sum.unwrap_or(0).saturating_add(count))
        })
    }

    /// The endpoints that were probed, by id.
    pub fn endpoints(&self) -> Vec<EndpointResult> {
        let nodes = self.of_kind(&ObjectKind::ENDPOINT);
        nodes
            .filter_map(|node| EndpointResult::of(&self.graph, node))
            .collect()
    }

    fn of_kind(&self, kind: &ObjectKind) -> impl Iterator<Item = depgraph::NodeId> + '_ {
        let wanted = self
            .graph
            .node_kinds()
            .find(|(_, name)| *name == kind.as_str());
        let wanted = wanted.map(|(kind, _)| kind);
        self.graph.nodes().filter(move |node| {
            Some(self.graph.kind(*node)) == wanted && self.graph.state(*node) == State::Present
        })
    }

    /// What changed from an earlier map. `limit` bounds each list.
    ///
    /// # Errors
    ///
    /// An interruption.
    pub fn drift_from(
        &self,
        old: &Self,
        limit: usize,
        work: &mut Work,
    ) -> Result<MapDrift, depgraph::Error> {
        Ok(MapDrift {
            graph: self.graph.drift_from(&old.graph, limit, work)?,
            findings: self.report.drift_from(&old.report),
        })
    }

    /// Writes the map as one JSON document, which [`from_json`](Self::from_json) reads.
    ///
    /// Its members: `status`, `queues`, `latency_ms`, `graph_valid`, `organization`, `snapshot_time`, `completeness`,
    /// `resolution_accuracy`, `accuracy`, `findings`, `analysis`, `endpoints`, `sources`, `unlisted`, `timings`, and the whole `graph`
    /// as [`Graph::write_snapshot`] writes it.
    ///
    /// # Errors
    ///
    /// What the writer refuses, or an interruption.
    pub fn write_json(&self, out: &mut impl Write, work: &mut Work) -> Result<(), depgraph::Error> {
        let head = serde_json::to_string(&Head::of(self)).map_err(|_| fmt::Error)?;
        out.write_str(head.strip_suffix('}').unwrap_or(&head))?;
        out.write_str(",\n\"graph\":")?;
        self.graph.write_snapshot(out, work)?;
        out.write_str("}\n")?;
        Ok(())
    }

    /// The map as JSON.
    ///
    /// # Errors
    ///
    /// An interruption.
    pub fn to_json(&self, work: &mut Work) -> Result<String, depgraph::Error> {
        let mut out = String::new();
        self.write_json(&mut out, work)?;
        Ok(out)
    }

    /// Reads a map. What it holds is checked like any other input.
    ///
    /// # Errors
    ///
    /// [`NotAMap`], which says why.
    pub fn from_json(text: &str, limits: &Limits, work: &mut Work) -> Result<Self, NotAMap> {
        let document: Document<'_> = serde_json::from_str(text).map_err(|error| {
            NotAMap(format!(
                "not a map: line {}, column {}",
                error.line(),
                error.column()
            ))
        })?;
        if document.format != FORMAT || document.version != VERSION {
            return Err(NotAMap("not a map of this version".to_owned()));
        }
        if document.organization.id.is_empty() {
            return Err(NotAMap("not a map: the organization has no id".to_owned()));
        }
        let taken_at: Timestamp = document
            .snapshot_time
            .parse()
            .map_err(|_| NotAMap("not a map: the snapshot time is none".to_owned()))?;
        let graph = Graph::from_snapshot(document.graph.get(), limits, work)
            .map_err(|error| NotAMap(format!("the graph of the map: {error}")))?;
        Ok(Self {
            organization: document.organization,
            taken_at: taken_at.into(),
            elapsed: Duration::try_from_secs_f64(document.latency_ms / 1_000.0).unwrap_or_default(),
            graph: Arc::new(graph),
            report: document.findings,
            accuracy: document.accuracy,
            analysis: document.analysis,
            sources: document.sources,
            unlisted: document.unlisted,
            timings: document.timings,
        })
    }
}

/// A text that is no map: malformed, of another version, or its graph is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAMap(String);

impl fmt::Display for NotAMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotAMap {}

/// Everything but the graph, on its way out.
#[derive(Serialize)]
struct Head<'a> {
    format: &'static str,
    version: u32,
    status: &'static str,
    queues: usize,
    latency_ms: f64,
    graph_valid: bool,
    organization: &'a OrganizationRef,
    snapshot_time: String,
    completeness: Completeness<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolution_accuracy: Option<f64>,
    accuracy: &'a Accuracy,
    findings: &'a Report,
    analysis: &'a Analysis,
    endpoints: Vec<EndpointResult>,
    sources: &'a [SourceReport],
    unlisted: &'a [Unlisted],
    timings: &'a [PhaseTime],
}

#[derive(Serialize)]
struct Completeness<'a> {
    complete: bool,
    gaps: Vec<GapRow<'a>>,
}

#[derive(Serialize)]
struct GapRow<'a> {
    scope: &'a str,
    reason: &'a str,
}

impl<'a> Head<'a> {
    fn of(map: &'a DependencyMap) -> Self {
        let gaps = map.graph.gaps().iter();
        Self {
            format: FORMAT,
            version: VERSION,
            status: map.status(),
            queues: map.queues(),
            latency_ms: millis(map.elapsed),
            graph_valid: map.is_valid(),
            organization: &map.organization,
            snapshot_time: time(map.taken_at),
            completeness: Completeness {
                complete: map.is_complete(),
                gaps: gaps
                    .map(|gap| GapRow {
                        scope: &gap.scope,
                        reason: &gap.reason,
                    })
                    .collect(),
            },
            resolution_accuracy: map.accuracy.ratio(),
            accuracy: &map.accuracy,
            findings: &map.report,
            analysis: &map.analysis,
            endpoints: map.endpoints(),
            sources: &map.sources,
            unlisted: &map.unlisted,
            timings: &map.timings,
        }
    }
}

/// What is read back; the rest follows from it.
#[derive(Deserialize)]
struct Document<'a> {
    format: String,
    version: u32,
    organization: OrganizationRef,
    snapshot_time: String,
    latency_ms: f64,
    accuracy: Accuracy,
    findings: Report,
    analysis: Analysis,
    sources: Vec<SourceReport>,
    #[serde(default)]
    unlisted: Vec<Unlisted>,
    timings: Vec<PhaseTime>,
    #[serde(borrow)]
    graph: &'a RawValue,
}

pub(crate) fn millis(elapsed: Duration) -> f64 {
    elapsed.as_secs_f64() * 1_000.0
}

/// RFC 3339 in UTC; a time that has no such form is the start of 1970.
pub(crate) fn time(at: SystemTime) -> String {
    Timestamp::try_from(at).unwrap_or_default().to_string()
}
