//! The form for programs.

use super::Report;
use crate::coverage::{Area, Checked};
use crate::finding::Finding;
use crate::json::quote;
use crate::severity::Severity;

pub(super) fn render(report: &Report, name: &str) -> String {
    let findings: Vec<String> = report.findings().iter().map(entry).collect();
    let policy: Vec<String> = report.policy_findings().map(entry).collect();
    let suppressed: Vec<String> = report
        .suppressed()
        .iter()
        .map(|suppressed| {
            let expires = suppressed
                .expires
                .map_or_else(|| "null".to_owned(), |date| quote(&date.to_string()));
            format!(
                "{{\"finding\":{},\"reason\":{},\"expires\":{expires}}}",
                entry(&suppressed.finding),
                quote(&suppressed.reason)
            )
        })
        .collect();
    let coverage: Vec<String> = Area::ALL
        .into_iter()
        .map(|area| match report.coverage().of(area) {
            Checked::Yes => format!("{}:\"checked\"", quote(area.as_str())),
            Checked::No(reason) => format!(
                "{}:{}",
                quote(area.as_str()),
                quote(&format!("not checked: {reason}"))
            ),
        })
        .collect();
    format!(
        "{{\"name\":{},\"kind\":{},\"rules\":{},\"bytes\":{},\"errors\":{},\"warnings\":{},\"notes\":{},\"omitted\":{},\"findings\":[{}],\"policy\":[{}],\"suppressed\":[{}],\"coverage\":{{{}}}}}",
        quote(name),
        quote(report.kind().as_str()),
        quote(report.policy.rules().as_str()),
        report.size(),
        report.count(Severity::Error),
        report.count(Severity::Warning),
        report.count(Severity::Info),
        report.omitted(),
        findings.join(","),
        policy.join(","),
        suppressed.join(","),
        coverage.join(","),
    )
}

pub(super) fn entry(finding: &Finding) -> String {
    let Finding {
        code,
        severity,
        source,
        pointer,
        span,
        message,
        hint,
        fix,
    } = finding;
    let fix = fix
        .as_ref()
        .map_or_else(|| "null".to_owned(), crate::patch::Patch::to_json);
    format!(
        "{{\"code\":{},\"name\":{},\"severity\":{},\"source\":{},\"pointer\":{},\"start\":{},\"end\":{},\"message\":{},\"hint\":{},\"fix\":{fix}}}",
        quote(code.as_str()),
        quote(code.rule().name),
        quote(severity.as_str()),
        quote(source.as_str()),
        quote(pointer),
        span.start,
        span.end,
        quote(message),
        quote(hint),
    )
}
