//! Secrets come from credentials, and neither from the input nor spelt out.

use std::collections::BTreeSet;

use genesys_template::{RequestTemplate, Template};

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

const INPUT: &str = "input";
const CREDENTIALS: &str = "credentials";

/// The placeholders that were rewritten: their members, and where they stand now.
#[derive(Debug, Default)]
pub(super) struct Moved(Vec<(String, usize)>);

impl Moved {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where a place of the text stands in the text that was given.
    pub(super) fn given(&self, member: &str, offset: usize) -> usize {
        let before = self
            .0
            .iter()
            .filter(|(other, at)| other == member && *at < offset);
        offset - before.count() * (CREDENTIALS.len() - INPUT.len())
    }
}

/// Takes what fills a secret header, and is no declared input, from `credentials`: there and wherever else it stands.
pub(super) fn move_out(
    parts: &mut RestNodeBuilder,
    template: &RequestTemplate,
    found: &mut Vec<NodeFinding>,
) -> Moved {
    let declared = parts.input_schema.as_ref();
    let mut variables = BTreeSet::new();
    let headers = template.headers().zip(&parts.headers);
    for ((_, value), (name, _)) in headers.filter(|(_, (name, _))| is_likely(name)) {
        for hole in value.holes() {
            let variable = hole.variable();
            let input = variable.root() == INPUT && variable.path().next().is_some();
            if input && !declared.is_some_and(|schema| schema::declares(schema, variable.path())) {
                let credential = variable.as_str().replacen(INPUT, CREDENTIALS, 1);
                let message = format!("{variable} is a secret and was made {credential}");
                let member = pointer(rules::HEADERS, name);
                let finding = NodeFinding::warning(NodeRule::SecretMoved, &member, message);
                found.push(finding.at(hole.source_span().start).of(variable));
                variables.insert(variable.as_str().to_owned());
            }
        }
    }
    let mut moved = Moved::default();
    if variables.is_empty() {
        return moved;
    }
    let mut rewrite = |member: String, text: &mut String, template: &Template| {
        let mut out = String::with_capacity(text.len());
        let mut copied = 0;
        for hole in template.holes() {
            let span = hole.source_span();
            out.push_str(&text[copied..span.start]);
            copied = span.start;
            if variables.contains(hole.variable().as_str()) {
                moved.0.push((member.clone(), out.len()));
                out.push_str(&text[span.clone()].replacen(INPUT, CREDENTIALS, 1));
                copied = span.end;
            }
        }
        out.push_str(&text[copied..]);
        *text = out;
    };
    rewrite(rules::URL.to_owned(), &mut parts.url, template.url());
    for ((_, template), (name, value)) in template.headers().zip(&mut parts.headers) {
        rewrite(pointer(rules::HEADERS, name), value, template);
    }
    if let Some((template, text)) = template.body().zip(parts.body.as_mut()) {
        rewrite(rules::BODY.to_owned(), text, template);
    }
    moved
}

/// Refuses secret headers that are spelt out; where only the name tells, warns. Needs no template, so that it is told with whatever
/// else is wrong.
pub(super) fn spelt_out(parts: &RestNodeBuilder, found: &mut Vec<NodeFinding>) {
    for (name, value) in &parts.headers {
        if is_likely(name) && !value.trim().is_empty() && !value.contains("{{") {
            let message = "a secret that is spelt out; take it from credentials";
            found.push(secret(name, message));
        }
    }
}

/// Refuses secret headers that take an input; where only the name tells, warns. Refuses secrets in the URL, which logs and caches see.
pub(super) fn check(
    parts: &RestNodeBuilder,
    template: &RequestTemplate,
    found: &mut Vec<NodeFinding>,
) {
    for ((_, value), (name, _)) in template.headers().zip(&parts.headers) {
        if !is_likely(name) {
            continue;
        }
        for hole in value.holes().filter(|hole| !hole.is_secret()) {
            let finding = secret(name, "takes an input; take secrets from credentials");
            found.push(finding.at(hole.source_span().start).of(hole.variable()));
        }
    }
    for hole in template.url().holes().filter(|hole| hole.is_secret()) {
        let message = "a secret in a URL is seen by logs and caches; put it into a header";
        let finding = NodeFinding::warning(NodeRule::Secret, rules::URL, message);
        found.push(finding.at(hole.source_span().start).of(hole.variable()));
    }
}

fn secret(header: &str, message: &'static str) -> NodeFinding {
    let member = pointer(rules::HEADERS, header);
    if is_secret(header) {
        NodeFinding::error(NodeRule::Secret, &member, message)
    } else {
        NodeFinding::warning(NodeRule::Secret, &member, message)
    }
}
