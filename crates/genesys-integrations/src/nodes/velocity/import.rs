//! From an existing data action to a node, with what its templates forgot.

use std::ops::Range;
use std::time::Duration;

use genesys_core::vocabulary::Method;
use serde_json::Value;
use widget_validate::Severity;

use super::contract;
use super::escape::judge;
use super::scan::{Reference, Token, scan};
use crate::nodes::action::{ActionResponse, DataAction, NO_BODY, RAW_REQUEST};
use crate::nodes::finding::{NodeFinding, NodeRule, pointer, shown};
use crate::nodes::node::{RestNode, template_parts};
use crate::nodes::rules::{self, BODY, HEADERS, METHOD, RESPONSE, URL};
use crate::nodes::schema;

/// What an existing action says, as a node.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Imported {
    /// The node, unless something of the action has no place in one, or a rule of nodes refuses it.
    pub node: Option<RestNode>,
    /// What the action's templates forgot, what was left out, and what the rules say. Offsets count bytes of the action's own
    /// templates; the members are those that the texts have in a node.
    pub findings: Vec<NodeFinding>,
}

/// A text of the action, as a template of ours.
#[derive(Debug, Default)]
struct Text {
    template: String,
    /// The references in the order of the placeholders.
    references: Vec<Reference>,
    /// What is written otherwise there and here: the bytes of the action's text, and those of the template.
    anchors: Vec<(Range<usize>, Range<usize>)>,
}

impl Text {
    fn push(&mut self, source: Range<usize>, text: &str) {
        let start = self.template.len();
        self.template.push_str(text);
        self.anchors.push((source, start..self.template.len()));
    }

    /// The place in the action's text of a place in the template.
    fn source(&self, offset: usize) -> usize {
        let mut anchors = self.anchors.iter().rev();
        match anchors.find(|(_, here)| here.start <= offset) {
            Some((there, here)) if offset < here.end => there.start,
            Some((there, here)) => there.end + offset - here.end,
            None => offset,
        }
    }
}

/// Reads an action as a node, and tells which of its references lack an escape.
///
/// References are typed by their place, so the node is safe where the action was not: what is missing there is an error among the
/// findings and not a reason to give no node. Directives, mathematics and string methods have no place in a node.
///
/// ```
/// use genesys_integrations::nodes::{DataAction, NodeRule, velocity};
/// use serde_json::json;
///
/// let action: DataAction = serde_json::from_value(json!({
///     "name": "Find case",
///     "contract": {
///         "input": {"inputSchema": {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}},
///         "output": {"successSchema": {"type": "object"}},
///     },
///     "config": {"request": {
///         "requestUrlTemplate": "https://api.example.com/cases/${input.id}",
///         "requestType": "GET",
///     }},
/// }))?;
/// let imported = velocity::import(&action);
/// assert_eq!(imported.node.map(|node| node.url().to_owned()).as_deref(), Some("https://api.example.com/cases/{{input.id}}"));
/// assert_eq!(imported.findings[0].rule, NodeRule::MissingEscape);
/// assert_eq!(imported.findings[0].offset, Some(30));
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn import(action: &DataAction) -> Imported {
    let mut found = Vec::new();
    let request = &action.config.request;
    let method = request.request_type.to_ascii_uppercase();
    let method = Method::from_bytes(method.as_bytes()).unwrap_or_else(|_| {
        let message = format!("{} is not a method", shown(&request.request_type));
        found.push(NodeFinding::error(NodeRule::Method, METHOD, message));
        Method::GET
    });
    let mut texts = vec![(
        URL.to_owned(),
        read(URL, &request.request_url_template, &mut found),
    )];
    let mut builder = RestNode::builder(&action.name, method.clone(), &texts[0].1.template);
    for (name, value) in &request.headers {
        let member = pointer(HEADERS, name);
        let text = read(&member, value, &mut found);
        builder = builder.with_header(name, &text.template);
        texts.push((member, text));
    }
    let input = without_dialect(&action.contract.input.input_schema);
    let body = body(action, &method, &input, &mut found);
    if let Some(text) = body {
        builder = builder.with_body(&text.template);
        texts.push((BODY.to_owned(), text));
    }
    builder = builder.with_input_schema(input);
    match as_it_is(&action.config.response) {
        true => {
            let schema = without_dialect(&action.contract.output.success_schema);
            builder = builder.with_response_schema(schema);
        }
        false => {
            let message =
                "the answer is translated, which a node does not do; its schema is left out";
            found.push(NodeFinding::warning(
                NodeRule::NotImported,
                RESPONSE,
                message,
            ));
        }
    }
    if let Some(seconds) = action.config.timeout_seconds {
        builder = builder.with_timeout(Duration::from_secs(seconds));
    }
    let foreign = found
        .iter()
        .any(|one: &NodeFinding| one.severity == Severity::Error);
    let node = match builder.build() {
        Ok(node) => {
            escapes(&node, &texts, &mut found);
            found.extend(in_action(node.findings(), &texts));
            Some(node).filter(|_| !foreign)
        }
        Err(error) => {
            found.extend(in_action(error.findings(), &texts));
            None
        }
    };
    rules::sort(&mut found);
    rules::truncate(&mut found);
    Imported {
        node,
        findings: found,
    }
}

/// The contract's dialect is the platform's, and not what the author chose.
fn without_dialect(schema: &Value) -> Value {
    let mut schema = schema.clone();
    contract::unmark(&mut schema);
    if let Some(object) = schema.as_object_mut() {
        object.remove("$schema");
        object.entry("type").or_insert_with(|| "object".into());
    }
    schema
}

fn as_it_is(response: &ActionResponse) -> bool {
    let template = response.success_template.trim();
    response.translation_map.is_empty() && matches!(template, "" | "${rawResult}" | "$rawResult")
}

/// The body; none where the method has none. The whole input, which the platform sends by default, becomes its declared members.
fn body(
    action: &DataAction,
    method: &Method,
    input: &Value,
    found: &mut Vec<NodeFinding>,
) -> Option<Text> {
    let template = action.config.request.request_template.as_deref();
    let template = template.unwrap_or(RAW_REQUEST);
    if matches!(*method, Method::GET | Method::HEAD) || matches!(template.trim(), "" | NO_BODY) {
        return None;
    }
    if !matches!(
        template.trim(),
        "${input.rawRequest}" | "$input.rawRequest" | "$!{input.rawRequest}" | "$!input.rawRequest"
    ) {
        return Some(read(BODY, template, found));
    }
    let properties = input.get("properties").and_then(Value::as_object);
    let members: Vec<String> = properties
        .into_iter()
        .flatten()
        .filter(|(name, _)| {
            format!("input.{name}")
                .parse::<genesys_template::Variable>()
                .is_ok()
        })
        .map(|(name, _)| format!("\"{name}\":{{{{input.{name}}}}}"))
        .collect();
    let message = "sends the whole input; imported as its declared members";
    found.push(NodeFinding::warning(NodeRule::NotImported, BODY, message));
    Some(Text {
        template: format!("{{{}}}", members.join(",")),
        ..Text::default()
    })
}

/// One text, in our template language.
fn read(member: &str, velocity: &str, found: &mut Vec<NodeFinding>) -> Text {
    let (tokens, foreign) = scan(velocity);
    for one in foreign {
        let message = format!("{} has no place in a node", one.reason);
        found.push(NodeFinding::error(NodeRule::NotImported, member, message).at(one.offset));
    }
    let mut text = Text::default();
    for token in tokens {
        let reference = match token {
            Token::Text(literal) => {
                let glued = text.template.ends_with('{') && literal.starts_with('{');
                let braces = if glued { Some(0) } else { literal.find("{{") };
                if let Some(braces) = braces {
                    let message = "two braces begin a placeholder of a node";
                    let finding = NodeFinding::error(NodeRule::NotImported, member, message);
                    found.push(finding.at(text.source(text.template.len()) + braces));
                }
                text.template.push_str(&literal);
                continue;
            }
            Token::Literal(literal, span) => {
                text.push(span, literal);
                continue;
            }
            Token::Reference(reference) => reference,
        };
        let report = |severity, message: &str| {
            NodeFinding::new(NodeRule::NotImported, severity, member, message)
                .at(reference.span.start)
        };
        let root = match reference.path[0].as_str() {
            "authResponse" => {
                let message = "a field of the authentication's answer was made a credential";
                found.push(report(Severity::Warning, message));
                "credentials"
            }
            known @ ("input" | "credentials") => known,
            other => {
                let message = format!("{} has no place in a node", shown(other));
                found.push(report(Severity::Error, &message));
                continue;
            }
        };
        let names = reference.path[1..].iter().map(String::as_str);
        let path: Vec<&str> = [root].into_iter().chain(names).collect();
        text.push(
            reference.span.clone(),
            &format!("{{{{{}}}}}", path.join(".")),
        );
        text.references.push(reference);
    }
    text
}

/// Compares the escape of each reference with its place.
fn escapes(node: &RestNode, texts: &[(String, Text)], found: &mut Vec<NodeFinding>) {
    for (member, template) in template_parts(node.template(), node.headers()) {
        let Some((_, text)) = texts.iter().find(|(other, _)| *other == member) else {
            continue;
        };
        // Rewriting secrets changes placeholders and never their number.
        for (hole, reference) in template.holes().zip(&text.references) {
            let types = schema::types(node.input_schema(), hole.variable().path());
            let string = !hole.is_secret()
                && types.is_none_or(|types| types.iter().any(|name| name == "string"));
            let names: Vec<&str> = reference.escapes.iter().map(String::as_str).collect();
            let verdict = judge(hole.position(), &names, string);
            if let Some((rule, severity, message)) = verdict {
                let finding = NodeFinding::new(rule, severity, &member, message);
                found.push(finding.at(reference.span.start).of(hole.variable()));
            }
            if reference.quiet && hole.is_required() {
                let message = "is optional in the action and needed by the node; give it a default in the schema";
                let finding = NodeFinding::warning(NodeRule::MayBeMissing, &member, message);
                found.push(finding.at(reference.span.start).of(hole.variable()));
            }
        }
    }
}

/// The rules' findings, whose offsets count bytes of our templates, by those of the action's.
fn in_action<'a>(
    findings: &'a [NodeFinding],
    texts: &'a [(String, Text)],
) -> impl Iterator<Item = NodeFinding> + 'a {
    findings.iter().map(|finding| {
        let mut finding = finding.clone();
        let text = texts.iter().find(|(member, _)| *member == finding.member);
        finding.offset = finding
            .offset
            .zip(text)
            .map(|(offset, (_, text))| text.source(offset));
        finding
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_behind_references_counts_bytes_of_the_action() {
        let mut found = Vec::new();
        let text = read(
            URL,
            "https://a.example/${esc.uriEncode($input.a)}/${esc.d}x y",
            &mut found,
        );
        let offset = text.template.find(' ');
        let finding = NodeFinding::error(NodeRule::Url, URL, "a space").at(offset);
        let texts = [(URL.to_owned(), text)];
        let moved: Vec<NodeFinding> = in_action(&[finding], &texts).collect();
        assert_eq!(
            moved[0].offset,
            "https://a.example/${esc.uriEncode($input.a)}/${esc.d}x y".find(' ')
        );
    }

    #[test]
    fn an_unknown_root_has_no_place() {
        let mut found = Vec::new();
        read(BODY, "{\"a\": ${queue.name}}", &mut found);
        assert_eq!(
            (found[0].rule, found[0].offset),
            (NodeRule::NotImported, Some(6))
        );
        assert_eq!(found[0].member, BODY);
    }
}
