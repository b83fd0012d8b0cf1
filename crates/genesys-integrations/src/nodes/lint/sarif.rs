//! The report as SARIF 2.1.0, the form that code review tools read.

use serde_json::{Value, json};
use widget_validate::Severity;

use super::NodeReport;
use crate::nodes::finding::{NodeFinding, NodeRule};

/// A line's characters are counted up to here, so that one line of a megabyte costs little.
const COUNTED: usize = 4_096;

pub(super) fn log(report: &NodeReport, path: &str, document: &[u8]) -> String {
    let rules: Vec<Value> = NodeRule::ALL
        .iter()
        .map(|rule| json!({"id": rule.as_str()}))
        .collect();
    let results: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| result(finding, path, document))
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "genesys-integrations",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
    .to_string()
}

fn result(finding: &NodeFinding, path: &str, document: &[u8]) -> Value {
    let level = match finding.severity {
        Severity::Info => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let mut place = json!({"artifactLocation": {"uri": uri(path)}});
    if let Some(span) = &finding.span {
        let (start, end) = (locate(document, span.start), locate(document, span.end));
        place["region"] = json!({
            "startLine": start.0,
            "startColumn": start.1,
            "endLine": end.0,
            "endColumn": end.1,
            "byteOffset": span.start,
            "byteLength": span.len(),
        });
    }
    let index = NodeRule::ALL.iter().position(|rule| *rule == finding.rule);
    json!({
        "ruleId": finding.rule.as_str(),
        "ruleIndex": index,
        "level": level,
        "message": {"text": finding.message},
        "locations": [{
            "physicalLocation": place,
            "logicalLocations": [{"fullyQualifiedName": finding.member, "kind": "member"}],
        }],
    })
}

/// Line and column of a byte, both from 1.
fn locate(document: &[u8], offset: usize) -> (usize, usize) {
    let before = &document[..offset.min(document.len())];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |newline| newline + 1);
    let counted = &before[start..before.len().min(start + COUNTED)];
    let column = String::from_utf8_lossy(counted).chars().count();
    (line, column + (before.len() - start - counted.len()) + 1)
}

/// A path as a URI reference.
fn uri(path: &str) -> String {
    path.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                char::from(byte).to_string()
            }
            b'\\' => "/".to_owned(),
            other => format!("%{other:02X}"),
        })
        .collect()
}
