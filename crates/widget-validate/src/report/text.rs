//! The form for people.

use std::fmt::Write as _;

use super::Report;
use crate::finding::{Finding, Source};
use crate::severity::Severity;
use crate::span::Lines;

pub(super) fn render(report: &Report, name: &str, bytes: &[u8]) -> String {
    let lines = Lines::new(bytes);
    let mut page = String::new();
    for finding in report.findings() {
        entry(&mut page, finding, name, &lines);
    }
    for finding in report.policy_findings() {
        entry(&mut page, finding, name, &lines);
    }
    for suppressed in report.suppressed() {
        let until = suppressed
            .expires
            .map(|date| format!(" until {date}"))
            .unwrap_or_default();
        line(
            &mut page,
            format_args!(
                "suppressed{until}: {} ({})",
                suppressed.finding, suppressed.reason
            ),
        );
    }
    for (area, reason) in report.coverage().unchecked() {
        line(&mut page, format_args!("not checked: {area} ({reason})"));
    }
    if report.omitted() > 0 {
        line(
            &mut page,
            format_args!("{} more findings are not shown", report.omitted()),
        );
    }
    let counted = |severity, word: &str| match report.count(severity) {
        1 => format!("1 {word}"),
        count => format!("{count} {word}s"),
    };
    let (errors, warnings) = (
        counted(Severity::Error, "error"),
        counted(Severity::Warning, "warning"),
    );
    let notes = counted(Severity::Info, "note");
    line(
        &mut page,
        format_args!(
            "{name}: {} bytes, {errors}, {warnings}, {notes}",
            report.size()
        ),
    );
    page
}

fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = page.write_fmt(text);
    page.push('\n');
}

fn entry(page: &mut String, finding: &Finding, name: &str, lines: &Lines<'_>) {
    let Finding {
        code,
        severity,
        pointer,
        span,
        message,
        hint,
        ..
    } = finding;
    line(
        page,
        format_args!("{severity}[{code} {}]: {message}", code.rule().name),
    );
    let pointer = if pointer.is_empty() {
        "(document)"
    } else {
        pointer
    };
    if finding.source == Source::Payload {
        let place = lines.locate(span.start);
        line(
            page,
            format_args!("  --> {name}:{}:{} {pointer}", place.line, place.column),
        );
        let (start, text) = lines.excerpt(span.start);
        let before = String::from_utf8_lossy(
            text.as_bytes()
                .get(..span.start.saturating_sub(start))
                .unwrap_or(b""),
        )
        .chars()
        .count();
        let width = text.chars().count().saturating_sub(before);
        let marked = text
            .get(span.start.saturating_sub(start)..)
            .map_or(0, |rest| {
                rest.char_indices()
                    .take_while(|(at, _)| *at < span.len())
                    .count()
            });
        let number = place.line.to_string();
        let text: String = text
            .chars()
            .map(|letter| if letter.is_control() { ' ' } else { letter })
            .collect();
        line(page, format_args!("{number} | {text}"));
        line(
            page,
            format_args!(
                "{} | {}{}",
                " ".repeat(number.len()),
                " ".repeat(before),
                "^".repeat(marked.clamp(1, width.max(1)))
            ),
        );
    } else {
        line(
            page,
            format_args!("  --> {} {pointer}", finding.source.as_str()),
        );
    }
    line(
        page,
        format_args!(
            "  = {hint}{}\n",
            if finding.fix.is_some() {
                " (can be fixed automatically)"
            } else {
                ""
            }
        ),
    );
}
