//! A graph as a document, and back.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Deserialize;

use crate::builder::GraphBuilder;
use crate::error::{Error, ErrorKind};
use crate::escape::json;
use crate::graph::{Conflict, Graph};
use crate::id::NodeId;
use crate::input::{Edge, Node};
use crate::kind::State;
use crate::limits::Limits;
use crate::work::Work;

const FORMAT: &str = "depgraph";
const VERSION: u32 = 1;

impl Graph {
    /// Writes the whole graph as one JSON document that [`from_snapshot`](Self::from_snapshot) reads. Equal graphs give equal bytes.
    ///
    /// Edges name their ends by place in `nodes`, which are in the order of their ids. Members with their usual value are left out.
    ///
    /// # Errors
    ///
    /// An interruption, or [`ErrorKind::Write`] when the writer refuses.
    pub fn write_snapshot(&self, out: &mut impl Write, work: &mut Work) -> Result<(), Error> {
        write!(
            out,
            "{{\"format\":\"{FORMAT}\",\"version\":{VERSION},\"properties\":{{"
        )?;
        for (at, (key, value)) in self.properties.iter().enumerate() {
            comma(at, out)?;
            json(key, out)?;
            out.write_char(':')?;
            json(value, out)?;
        }
        out.write_str("},\"gaps\":[")?;
        for (at, gap) in self.gaps.iter().enumerate() {
            comma(at, out)?;
            member("{\"scope\":", &gap.scope, out)?;
            member(",\"reason\":", &gap.reason, out)?;
            out.write_char('}')?;
        }
        out.write_str("],\"conflicts\":[")?;
        for (at, conflict) in self.conflicts.iter().enumerate() {
            comma(at, out)?;
            write!(out, "{{\"node\":{}", conflict.node.0)?;
            member(",\"field\":", &conflict.field, out)?;
            member(",\"kept\":", &conflict.kept, out)?;
            member(",\"other\":", &conflict.other, out)?;
            out.write_char('}')?;
        }
        out.write_str("],\"nodes\":[")?;
        let mut merged = self.merged_nodes().peekable();
        for node in self.nodes() {
            work.spend(1)?;
            comma(node.index(), out)?;
            write!(out, "\n{{\"id\":")?;
            json(&self.id(node).to_string(), out)?;
            member(",\"kind\":", self.kind_name(node), out)?;
            if let Some(name) = self.name(node) {
                member(",\"name\":", name, out)?;
            }
            if self.state(node) != State::Present {
                write!(out, ",\"state\":\"{}\"", self.state(node))?;
            }
            for (at, (key, value)) in self.attributes(node).enumerate() {
                out.write_str(if at == 0 { ",\"attributes\":{" } else { "," })?;
                json(key, out)?;
                out.write_char(':')?;
                json(value, out)?;
            }
            if self.attributes(node).next().is_some() {
                out.write_char('}')?;
            }
            if let Some((_, more)) = merged.next_if(|(known, _)| *known == node) {
                write!(out, ",\"times\":{}", u64::from(more) + 1)?;
            }
            out.write_char('}')?;
        }
        out.write_str("],\"edges\":[")?;
        for edge in self.edges() {
            work.spend(1)?;
            comma(edge.id.index(), out)?;
            write!(
                out,
                "\n{{\"source\":{},\"target\":{}",
                edge.source.0, edge.target.0
            )?;
            member(",\"kind\":", edge.kind_name, out)?;
            if !edge.evidence.is_empty() {
                member(",\"evidence\":", edge.evidence, out)?;
            }
            if let Some(group) = edge.alternative {
                member(",\"alternative\":", group, out)?;
            }
            if edge.count > 1 {
                write!(out, ",\"times\":{}", edge.count)?;
            }
            out.write_char('}')?;
        }
        out.write_str("]}\n")?;
        Ok(())
    }

    /// The snapshot as text.
    ///
    /// # Errors
    ///
    /// An interruption.
    pub fn to_snapshot(&self, work: &mut Work) -> Result<String, Error> {
        let mut out = String::new();
        self.write_snapshot(&mut out, work)?;
        Ok(out)
    }

    /// Reads a snapshot. What it holds is checked like any other input.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SnapshotTooLarge`], [`ErrorKind::SnapshotVersion`], [`ErrorKind::SnapshotInvalid`] with the column where reading
    /// stopped, the errors of [`GraphBuilder`], or an interruption.
    pub fn from_snapshot(text: &str, limits: &Limits, work: &mut Work) -> Result<Self, Error> {
        if text.len() > limits.snapshot {
            return Err(Error::new(ErrorKind::SnapshotTooLarge));
        }
        work.spend(text.len() as u64 / 16)?;
        let document: Document<'_> = match serde_json::from_str(text) {
            Ok(document) => document,
            // A later version may have members that this one does not know.
            Err(error) => {
                let later =
                    serde_json::from_str::<Head>(text).is_ok_and(|head| head.version != VERSION);
                return Err(if later {
                    Error::new(ErrorKind::SnapshotVersion)
                } else {
                    Error::at(ErrorKind::SnapshotInvalid, error.column())
                });
            }
        };
        if document.format != FORMAT {
            return Err(Error::new(ErrorKind::SnapshotInvalid));
        }
        if document.version != VERSION {
            return Err(Error::new(ErrorKind::SnapshotVersion));
        }
        document.build(limits, work)
    }
}

fn comma(at: usize, out: &mut dyn Write) -> std::fmt::Result {
    if at == 0 { Ok(()) } else { out.write_char(',') }
}

fn member(lead: &str, text: &str, out: &mut dyn Write) -> std::fmt::Result {
    out.write_str(lead)?;
    json(text, out)
}

#[derive(Deserialize)]
struct Head {
    version: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<'a> {
    #[serde(borrow)]
    format: Cow<'a, str>,
    version: u32,
    #[serde(borrow)]
    properties: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    #[serde(borrow)]
    gaps: Vec<GapRow<'a>>,
    #[serde(borrow)]
    conflicts: Vec<ConflictRow<'a>>,
    #[serde(borrow)]
    nodes: Vec<NodeRow<'a>>,
    #[serde(borrow)]
    edges: Vec<EdgeRow<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GapRow<'a> {
    #[serde(borrow)]
    scope: Cow<'a, str>,
    #[serde(borrow)]
    reason: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConflictRow<'a> {
    node: usize,
    #[serde(borrow)]
    field: Cow<'a, str>,
    #[serde(borrow)]
    kept: Cow<'a, str>,
    #[serde(borrow)]
    other: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NodeRow<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    state: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    attributes: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    #[serde(default = "once")]
    times: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EdgeRow<'a> {
    source: usize,
    target: usize,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    evidence: Cow<'a, str>,
    #[serde(borrow, default)]
    alternative: Cow<'a, str>,
    #[serde(default = "once")]
    times: u32,
}

const fn once() -> u32 {
    1
}

impl Document<'_> {
    fn build(self, limits: &Limits, work: &mut Work) -> Result<Graph, Error> {
        let invalid = Error::new(ErrorKind::SnapshotInvalid);
        let mut builder = GraphBuilder::with_capacity(self.nodes.len(), self.edges.len())
            .with_limits(limits.clone());
        for (key, value) in &self.properties {
            builder.set_property(key.as_ref(), value.as_ref());
        }
        for gap in &self.gaps {
            builder.add_gap(gap.scope.as_ref(), gap.reason.as_ref());
        }
        for row in &self.nodes {
            work.spend(1)?;
            let state = row
                .state
                .as_deref()
                .map_or(Some(State::Present), State::from_name)
                .ok_or(invalid)?;
            let mut node = Node::new(&row.id, &row.kind).with_state(state);
            if let Some(name) = &row.name {
                node = node.with_name(name);
            }
            for (key, value) in &row.attributes {
                node = node.with_attribute(key, value);
            }
            builder.add_node(node)?;
        }
        for row in &self.edges {
            work.spend(1)?;
            let (source, target) = (
                self.nodes.get(row.source).ok_or(invalid)?,
                self.nodes.get(row.target).ok_or(invalid)?,
            );
            let edge = Edge::new(&source.id, &target.id, &row.kind);
            builder.add_edge(
                edge.with_evidence(&row.evidence)
                    .with_alternative(&row.alternative),
            )?;
        }
        let mut graph = builder.freeze_with(work)?;
        // How often things came, and what contradicted, was counted when the snapshot was made.
        if !graph.merged_nodes.is_empty() || !graph.merged_edges.is_empty() {
            return Err(invalid);
        }
        let node = |at: usize| {
            self.nodes
                .get(at)
                .and_then(|row| graph.find(&row.id))
                .ok_or(invalid)
        };
        let mut merged_nodes = Vec::new();
        for (at, _) in self
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, row)| row.times > 1)
        {
            merged_nodes.push((node(at)?.0, self.nodes[at].times - 1));
        }
        let mut conflicts = Vec::new();
        for row in self.conflicts {
            conflicts.push(Conflict {
                node: NodeId(node(row.node)?.0),
                field: row.field.into_owned(),
                kept: row.kept.into_owned(),
                other: row.other.into_owned(),
            });
        }
        let mut merged_edges = Vec::new();
        for row in self.edges.iter().filter(|row| row.times > 1) {
            let source = node(row.source)?;
            let target = node(row.target)?;
            let group = Some(row.alternative.as_ref()).filter(|group| !group.is_empty());
            let first = graph.first_edge(source, target);
            let edge = (first..graph.forward.range(source.index()).end)
                .map(|edge| graph.view(edge, source))
                .find(|edge| {
                    edge.kind_name == row.kind
                        && edge.evidence == row.evidence
                        && edge.alternative == group
                });
            merged_edges.push((edge.ok_or(invalid)?.id.0, row.times - 1));
        }
        merged_nodes.sort_unstable();
        merged_edges.sort_unstable();
        graph.merged_nodes = merged_nodes;
        graph.merged_edges = merged_edges;
        graph.conflicts = conflicts;
        Ok(graph)
    }
}
