//! Everything that can be said about a node before it is registered.

use std::ops::Range;

use genesys_template::Position;
use serde::{Serialize, Serializer};
use widget_validate::Severity;

use super::action::DataAction;
use super::document;
use super::finding::NodeFinding;
use super::node::{RestNode, template_holes, template_parts};
use super::{rules, schema, spans, velocity};

mod sarif;
mod text;

/// The report on a node's document: what is wrong, where each value goes, how near the limits are, and what the platform would
/// be given.
///
/// `Display` writes it for people, `Serialize` for programs, [`to_sarif`](NodeReport::to_sarif) for code review.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NodeReport {
    /// The node, when there is one.
    pub node: Option<RestNode>,
    /// What was found, in the order of the document's members. Offsets and spans are those of the document.
    pub findings: Vec<NodeFinding>,
    /// Where each value goes.
    pub holes: Vec<NodeHole>,
    /// How much of each limit is used.
    pub limits: Vec<NodeLimit>,
    /// The node as a data action of the platform, when it can be said as one.
    pub data_action: Option<DataAction>,
}

/// A placeholder of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NodeHole {
    /// Its variable.
    pub variable: String,
    /// The member that it stands in, as a JSON pointer.
    pub member: String,
    /// Where in the text of the member, in bytes.
    pub offset: usize,
    /// The first of its bytes in the document.
    pub span: Range<usize>,
    /// What kind of place it is, which decides how a value is escaped and what is refused.
    #[serde(serialize_with = "position")]
    pub position: Position,
    /// True when it takes a secret.
    pub secret: bool,
    /// True when there is nothing that stands in for a missing value.
    pub required: bool,
    /// How it is written for the platform.
    pub velocity: String,
}

/// How much of a limit a node uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NodeLimit {
    /// What is limited.
    pub what: &'static str,
    /// How much of it there is.
    pub used: usize,
    /// How much of it there may be.
    pub allowed: usize,
}

fn position<S: Serializer>(position: &Position, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(position)
}

impl NodeReport {
    /// True when nothing is an error: the node can be registered in the guide profile. Whether it can be in the platform profile tells
    /// [`data_action`](NodeReport::data_action).
    pub fn is_valid(&self) -> bool {
        self.node.is_some()
    }

    /// How many findings have this severity.
    pub fn count(&self, severity: Severity) -> usize {
        let findings = self.findings.iter();
        findings.filter(|found| found.severity == severity).count()
    }

    /// The report as a SARIF 2.1.0 log about the document at `path`, whose bytes are `document`.
    pub fn to_sarif(&self, path: &str, document: &[u8]) -> String {
        sarif::log(self, path, document)
    }
}

/// Reads a node's document and reports on it.
///
/// ```
/// use genesys_integrations::nodes::{EXAMPLE_DOCUMENT, lint};
///
/// let report = lint(EXAMPLE_DOCUMENT.as_bytes());
/// assert!(report.is_valid());
/// let token = report.holes.iter().find(|hole| hole.secret).unwrap();
/// assert_eq!(token.variable, "credentials.authToken");
/// assert!(EXAMPLE_DOCUMENT[token.span.start..].starts_with("{{input.authToken}}"));
/// assert!(report.to_string().contains("${esc.uriEncode(${input.targetId})}"));
/// ```
pub fn lint(document: &[u8]) -> NodeReport {
    let node = match RestNode::from_document(document) {
        Ok(node) => node,
        Err(error) => {
            return NodeReport {
                node: None,
                findings: error.into_findings(),
                holes: Vec::new(),
                limits: Vec::new(),
                data_action: None,
            };
        }
    };
    let text = std::str::from_utf8(document).unwrap_or_default();
    let members = document::members(text).unwrap_or_default();
    let moved = &node.0.moved;
    let lowered = velocity::lower(&node, "REST nodes");
    let refused = lowered.is_refused();
    let mut findings = node.findings().to_vec();
    findings.extend(lowered.findings.into_iter().map(|mut found| {
        // What the platform cannot say is no error of the node.
        found.severity = found.severity.min(Severity::Warning);
        found.offset = found
            .offset
            .map(|offset| moved.given(&found.member, offset));
        found
    }));
    rules::sort(&mut findings);
    rules::truncate(&mut findings);
    spans::fill(&mut findings, text, &members);
    let holes = template_holes(node.template(), node.headers())
        .map(|(member, hole)| {
            let offset = moved.given(&member, hole.source_span().start);
            NodeHole {
                variable: hole.variable().to_string(),
                span: spans::find(&member, Some(offset), text, &members),
                member,
                offset,
                position: hole.position(),
                secret: hole.is_secret(),
                required: hole.is_required(),
                velocity: velocity::written(&node, hole),
            }
        })
        .collect();
    NodeReport {
        limits: limits(&node, document.len()),
        findings,
        holes,
        data_action: (!refused).then_some(lowered.action),
        node: Some(node),
    }
}

fn limits(node: &RestNode, bytes: usize) -> Vec<NodeLimit> {
    let limit = |what, used, allowed| NodeLimit {
        what,
        used,
        allowed,
    };
    let characters = |text: Option<&str>| text.unwrap_or_default().chars().count();
    let schema = |schema: Option<&serde_json::Value>| {
        schema.map_or(0, |schema| {
            serde_json::to_string(schema).unwrap_or_default().len()
        })
    };
    let longest = node.headers().iter().map(|(_, value)| value.len()).max();
    let parts = template_parts(node.template(), node.headers());
    let holes = parts.map(|(_, template)| template.holes().count());
    vec![
        limit("document bytes", bytes, document::MAX_BYTES),
        limit(
            "name characters",
            characters(Some(node.name())),
            rules::MAX_NAME,
        ),
        limit(
            "url characters",
            characters(Some(node.url())),
            rules::MAX_URL,
        ),
        limit("headers", node.headers().len(), rules::MAX_HEADERS),
        limit(
            "longest header bytes",
            longest.unwrap_or(0),
            rules::MAX_HEADER,
        ),
        limit("body characters", characters(node.body()), rules::MAX_BODY),
        limit(
            "input schema bytes",
            schema(Some(node.input_schema())),
            schema::MAX_BYTES,
        ),
        limit(
            "response schema bytes",
            schema(node.response_schema()),
            schema::MAX_BYTES,
        ),
        limit(
            "placeholders of a text",
            holes.max().unwrap_or(0),
            rules::MAX_HOLES,
        ),
        limit(
            "retries",
            node.retry().max_retries() as usize,
            rules::MAX_RETRIES as usize,
        ),
    ]
}
