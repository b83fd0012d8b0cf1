//! SARIF 2.1.0, the form that code review tools read.

use super::Report;
use super::json::entry;
use crate::code::Code;
use crate::finding::{Finding, Source};
use crate::json::quote;
use crate::severity::{Level, RuleSet, Severity};
use crate::span::{Lines, Span};

/// One document with its report, for [`to_sarif`].
#[derive(Debug, Clone, Copy)]
pub struct Artifact<'a> {
    /// Where the document is, as a path relative to the repository.
    pub path: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// The report on it.
    pub report: &'a Report,
}

/// One SARIF 2.1.0 log with one run over all documents.
///
/// Findings about the widget are results with a region and, where it can be told in bytes of the file, a fix. Findings about the policy are notifications of
/// the tool's configuration; suppressed findings are results with a suppression; areas that were not checked are notifications of
/// the execution.
pub fn to_sarif(artifacts: &[Artifact<'_>]) -> String {
    let codes: Vec<Code> = Code::all().collect();
    let mut results = Vec::new();
    let mut configuration = Vec::new();
    let mut execution = Vec::new();
    for artifact in artifacts {
        let lines = Lines::new(artifact.bytes);
        let place = Place {
            artifact,
            lines: &lines,
            codes: &codes,
        };
        results.extend(
            artifact
                .report
                .findings()
                .iter()
                .map(|finding| place.result(finding, None)),
        );
        results.extend(
            artifact
                .report
                .suppressed()
                .iter()
                .map(|suppressed| place.result(&suppressed.finding, Some(&suppressed.reason))),
        );
        for (area, reason) in artifact.report.coverage().unchecked() {
            let text = format!("{}: {area} was not checked: {reason}", artifact.path);
            execution.push(format!(
                "{{\"level\":\"note\",\"message\":{{\"text\":{}}}}}",
                quote(&text)
            ));
        }
        for finding in artifact.report.policy_findings() {
            let notification = place.notification(finding);
            if !configuration.contains(&notification) {
                configuration.push(notification);
            }
        }
    }
    let rules: Vec<String> = codes.iter().map(|code| rule(*code)).collect();
    format!(
        "{{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{{\"tool\":{{\"driver\":{{\"name\":\"widget-validate\",\"version\":{},\"semanticVersion\":{},\"rules\":[{}]}}}},\"invocations\":[{{\"executionSuccessful\":true,\"toolConfigurationNotifications\":[{}],\"toolExecutionNotifications\":[{}]}}],\"columnKind\":\"unicodeCodePoints\",\"results\":[{}]}}]}}",
        quote(env!("CARGO_PKG_VERSION")),
        quote(env!("CARGO_PKG_VERSION")),
        rules.join(","),
        configuration.join(","),
        execution.join(","),
        results.join(","),
    )
}

fn rule(code: Code) -> String {
    let rule = code.rule();
    let level = rule.level(RuleSet::Recommended);
    let help = format!("{}\n\nBad: {}\n\nGood: {}", rule.cause, rule.bad, rule.good);
    format!(
        "{{\"id\":{},\"name\":{},\"shortDescription\":{{\"text\":{}}},\"fullDescription\":{{\"text\":{}}},\"help\":{{\"text\":{}}},\"defaultConfiguration\":{{\"enabled\":{},\"level\":{}}}}}",
        quote(rule.id),
        quote(rule.name),
        quote(rule.summary),
        quote(rule.cause),
        quote(&help),
        level != Level::Off,
        quote(level.severity().map_or("none", sarif_level)),
    )
}

fn sarif_level(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

struct Place<'a> {
    artifact: &'a Artifact<'a>,
    lines: &'a Lines<'a>,
    codes: &'a [Code],
}

impl Place<'_> {
    fn result(&self, finding: &Finding, suppressed: Option<&str>) -> String {
        let index = self.codes.binary_search(&finding.code).unwrap_or(0);
        let region = match finding.source {
            Source::Payload => format!(",\"region\":{}", self.region(finding.span)),
            _ => String::new(),
        };
        let logical = format!(
            "{{\"fullyQualifiedName\":{},\"kind\":\"member\"}}",
            quote(&format!("{}:{}", finding.source.as_str(), finding.pointer))
        );
        let suppressions = suppressed.map_or_else(String::new, |reason| format!(",\"suppressions\":[{{\"kind\":\"external\",\"status\":\"accepted\",\"justification\":{}}}]", quote(reason)));
        let fixes = self.fix(finding).unwrap_or_default();
        format!(
            "{{\"ruleId\":{},\"ruleIndex\":{index},\"level\":{},\"message\":{{\"text\":{}}},\"locations\":[{{\"physicalLocation\":{{\"artifactLocation\":{{\"uri\":{}}}{region}}},\"logicalLocations\":[{logical}]}}]{suppressions}{fixes},\"properties\":{{\"finding\":{}}}}}",
            quote(finding.code.as_str()),
            quote(sarif_level(finding.severity)),
            quote(&format!("{}: {}", finding.message, finding.hint)),
            quote(&uri(self.artifact.path)),
            entry(finding),
        )
    }

    fn region(&self, span: Span) -> String {
        let (start, end) = (self.lines.locate(span.start), self.lines.locate(span.end));
        format!(
            "{{\"startLine\":{},\"startColumn\":{},\"endLine\":{},\"endColumn\":{},\"byteOffset\":{},\"byteLength\":{}}}",
            start.line,
            start.column,
            end.line,
            end.column,
            span.start,
            span.len()
        )
    }

    /// The patch as a replacement of bytes: what stands between the first and the last difference of the two texts.
    fn fix(&self, finding: &Finding) -> Option<String> {
        // Every fix compares the whole document; with large documents that would add up.
        const LARGEST: usize = 64 * 1024;
        let old = Some(self.artifact.bytes).filter(|bytes| bytes.len() <= LARGEST)?;
        let new = finding.fix.as_ref()?.apply(old).ok()?;
        let common = old
            .iter()
            .zip(&new)
            .take_while(|(one, other)| one == other)
            .count();
        let tail = old[common..]
            .iter()
            .rev()
            .zip(new[common..].iter().rev())
            .take_while(|(one, other)| one == other)
            .count();
        // The ends must not fall inside a character.
        let floor = |mut at: usize| {
            while at > 0 && old.get(at).is_some_and(|byte| byte & 0xC0 == 0x80) {
                at -= 1;
            }
            at
        };
        let start = floor(common);
        let mut end = old.len() - tail;
        while end < old.len() && old[end] & 0xC0 == 0x80 {
            end += 1;
        }
        let inserted =
            String::from_utf8(new[start..new.len() - (old.len() - end)].to_vec()).ok()?;
        Some(format!(
            ",\"fixes\":[{{\"description\":{{\"text\":{}}},\"artifactChanges\":[{{\"artifactLocation\":{{\"uri\":{}}},\"replacements\":[{{\"deletedRegion\":{},\"insertedContent\":{{\"text\":{}}}}}]}}]}}]",
            quote(&finding.hint),
            quote(&uri(self.artifact.path)),
            self.region(Span::new(start, end)),
            quote(&inserted),
        ))
    }

    fn notification(&self, finding: &Finding) -> String {
        format!(
            "{{\"level\":{},\"message\":{{\"text\":{}}},\"descriptor\":{{\"id\":{}}},\"associatedRule\":{{\"id\":{}}}}}",
            quote(sarif_level(finding.severity)),
            quote(&format!(
                "{} {}: {}",
                finding.pointer, finding.message, finding.hint
            )),
            quote(finding.code.as_str()),
            quote(finding.code.as_str()),
        )
    }
}

/// A path as a URI reference.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte))
            }
            b'\\' => uri.push('/'),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}
