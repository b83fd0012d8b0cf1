//! Secrets come from credentials, and neither from the input nor spelt out.

use std::collections::BTreeSet;

use genesys_template::{Piece, RequestTemplate, Template};

use super::builder::RestNodeBuilder;
use super::finding::{NodeFinding, NodeRule, pointer};
use super::{rules, schema};

/// Headers that hold a secret.
const SECRET: [&str; 3] = ["authorization", "cookie", "x-api-key"];
/// Parts of the names of headers that are likely to hold one.
const TELLING: [&str; 7] = [
    "api-key", "apikey", "auth", "password", "secret", "session", "token",
];

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET.contains(&name.as_str())
}

fn is_likely(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    is_secret(&name) || TELLING.iter().any(|part| name.contains(part))
}

/// Takes what fills a secret header, and is no declared input, from `credentials`: there and wherever else it stands. True when
/// something was moved.
pub(super) fn move_out(
    parts: &mut RestNodeBuilder,
    template: &RequestTemplate,
    found: &mut Vec<NodeFinding>,
) -> bool {
    let declared = parts.input_schema.as_ref();
    let mut moved = BTreeSet::new();
    let headers = template.headers().zip(&parts.headers);
    for ((_, value), (name, _)) in headers.filter(|(_, (name, _))| is_likely(name)) {
        for hole in value.holes() {
            let variable = hole.variable();
            let input = variable.root() == "input" && variable.path().next().is_some();
            if input && !declared.is_some_and(|schema| schema::declares(schema, variable.path())) {
                let credential = variable.as_str().replacen("input", "credentials", 1);
                let message = format!("{variable} is a secret and was made {credential}");
                let finding = NodeFinding::warning(
                    NodeRule::SecretMoved,
                    &pointer(rules::HEADERS, name),
                    message,
                );
                found.push(finding.at(hole.source_span().start).of(variable));
                moved.insert(variable.as_str().to_owned());
            }
        }
    }
    if moved.is_empty() {
        return false;
    }
    let url = rewritten(&parts.url, template.url(), &moved);
    let body = template
        .body()
        .zip(parts.body.as_ref())
        .map(|(template, text)| rewritten(text, template, &moved));
    let values: Vec<String> = template
        .headers()
        .zip(&parts.headers)
        .map(|((_, template), (_, text))| rewritten(text, template, &moved))
        .collect();
    parts.url = url;
    parts.body = body;
    for ((_, text), value) in parts.headers.iter_mut().zip(values) {
        *text = value;
    }
    true
}

fn rewritten(text: &str, template: &Template, moved: &BTreeSet<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for hole in template.holes() {
        let span = hole.source_span();
        out.push_str(&text[copied..span.start]);
        let source = &text[span.clone()];
        if moved.contains(hole.variable().as_str()) {
            out.push_str(&source.replacen("input", "credentials", 1));
        } else {
            out.push_str(source);
        }
        copied = span.end;
    }
    out.push_str(&text[copied..]);
    out
}

/// Refuses secret headers that are spelt out or take an input; where only the name tells, warns. Refuses secrets in the URL, which
/// logs and caches see.
pub(super) fn check(
    parts: &RestNodeBuilder,
    template: &RequestTemplate,
    found: &mut Vec<NodeFinding>,
) {
    for ((_, value), (name, _)) in template.headers().zip(&parts.headers) {
        if !is_likely(name) {
            continue;
        }
        let member = pointer(rules::HEADERS, name);
        let report = |message: &str| {
            if is_secret(name) {
                NodeFinding::error(NodeRule::Secret, &member, message)
            } else {
                NodeFinding::warning(NodeRule::Secret, &member, message)
            }
        };
        let mut holes = value.holes().peekable();
        if holes.peek().is_none()
            && value
                .pieces()
                .any(|piece| matches!(piece, Piece::Literal(text) if !text.trim().is_empty()))
        {
            found.push(report(
                "a secret that is spelt out; take it from credentials",
            ));
        }
        for hole in holes.filter(|hole| !hole.is_secret()) {
            let finding = report("takes an input; take secrets from credentials");
            found.push(finding.at(hole.source_span().start).of(hole.variable()));
        }
    }
    for hole in template.url().holes().filter(|hole| hole.is_secret()) {
        let message = "a secret in a URL is seen by logs and caches; put it into a header";
        let finding = NodeFinding::warning(NodeRule::Secret, rules::URL, message);
        found.push(finding.at(hole.source_span().start).of(hole.variable()));
    }
}
