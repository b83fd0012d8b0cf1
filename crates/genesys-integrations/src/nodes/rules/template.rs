//! The request: compiled, without secrets in its input, and compared with the schema of the input.

use genesys_core::vocabulary::Url;
use genesys_template::{DisagreementKind, ErrorKind, Part, Piece, RequestTemplate, Scope};
use serde_json::{Value, json};

use super::{BODY, HEADERS, INPUT, URL};
use crate::definition::is_loopback;
use crate::nodes::builder::RestNodeBuilder;
use crate::nodes::finding::{NodeFinding, NodeRule, pointer, shown};
use crate::nodes::node::template_holes;
use crate::nodes::schema;
use crate::nodes::secrets::{self, Moved};

/// Compiles the request and compares it with the input schema. Moves secrets out of the input.
pub(super) fn compile(
    parts: &mut RestNodeBuilder,
    found: &mut Vec<NodeFinding>,
) -> Option<(RequestTemplate, Value, Moved)> {
    let scope = schema::defaults(parts.input_schema.as_ref())
        .into_iter()
        .fold(Scope::node(), |scope, (variable, value)| {
            scope.with_default(&variable, value)
        });
    let mut template = request(parts, &scope, found)?;
    let moved = secrets::move_out(parts, &template, found);
    if !moved.is_empty() {
        template = request(parts, &scope, found)?;
    }
    let before = found.len();
    secrets::check(parts, &template, found);
    origin(&template, found);
    whole_roots(parts, &template, found);
    let schema = match &parts.input_schema {
        Some(declared) => {
            disagreements(parts, &template, declared, found);
            declared.clone()
        }
        None => {
            let mut derived = template.input_schema("input");
            derived["type"] = json!("object");
            derived
        }
    };
    for finding in &mut found[before..] {
        finding.offset = finding
            .offset
            .map(|offset| moved.given(&finding.member, offset));
    }
    Some((template, schema, moved))
}

fn request(
    parts: &RestNodeBuilder,
    scope: &Scope,
    found: &mut Vec<NodeFinding>,
) -> Option<RequestTemplate> {
    let mut builder = RequestTemplate::builder(&parts.url, scope.clone());
    for (name, value) in &parts.headers {
        builder = builder.with_header(name, value);
    }
    if let Some(body) = &parts.body {
        builder = builder.with_body(body);
    }
    let error = match builder.build() {
        Ok(template) => return Some(template),
        Err(error) => error,
    };
    for problem in error.problems() {
        let member = match problem.part() {
            Part::Url => URL.to_owned(),
            Part::Header(name) => {
                let spelt = parts.headers.iter().map(|(spelt, _)| spelt);
                let mut spelt = spelt.filter(|spelt| spelt.eq_ignore_ascii_case(name));
                pointer(HEADERS, spelt.next().map_or(name, |spelt| spelt))
            }
            Part::Body => BODY.to_owned(),
            _ => INPUT.to_owned(),
        };
        let rule = match (problem.kind(), problem.part()) {
            (
                ErrorKind::MalformedPlaceholder
                | ErrorKind::UnclosedPlaceholder
                | ErrorKind::UnknownRoot
                | ErrorKind::PlaceNotAllowed
                | ErrorKind::SecretInside
                | ErrorKind::Conflict
                | ErrorKind::TooManyHoles,
                _,
            ) => NodeRule::Placeholder,
            (_, Part::Url) => NodeRule::Url,
            (_, Part::Header(_)) => NodeRule::Header,
            (_, Part::Body) => NodeRule::Body,
            _ => NodeRule::Schema,
        };
        let mut finding = NodeFinding::error(rule, &member, problem.reason()).at(problem.offset());
        finding.variable = problem.variable().map(ToString::to_string);
        found.push(finding);
    }
    None
}

/// Scheme and host are literal, so they are known before any value.
fn origin(template: &RequestTemplate, found: &mut Vec<NodeFinding>) {
    let first = template.url().pieces().next();
    let Some(Piece::Literal(literal)) = first else {
        return;
    };
    let url = Url::parse(literal).ok();
    let plain = url.filter(|url| url.scheme() == "http" && !is_loopback(url));
    if plain.is_some() {
        let message = "must use https; plain http is for loopback addresses only";
        found.push(NodeFinding::error(NodeRule::Scheme, URL, message).at(0));
    }
}

/// `{{input}}` would send along whatever a flow has.
fn whole_roots(parts: &RestNodeBuilder, template: &RequestTemplate, found: &mut Vec<NodeFinding>) {
    for (member, hole) in template_holes(template, &parts.headers) {
        let variable = hole.variable();
        if variable.path().next().is_none() {
            let message = format!("names all of {variable}; name what is needed");
            let finding = NodeFinding::error(NodeRule::Placeholder, &member, message);
            found.push(finding.at(hole.source_span().start).of(variable));
        }
    }
}

fn disagreements(
    parts: &RestNodeBuilder,
    template: &RequestTemplate,
    declared: &Value,
    found: &mut Vec<NodeFinding>,
) {
    for one in template.check_schema("input", declared) {
        let rule = match one.kind() {
            DisagreementKind::Undeclared => NodeRule::Undeclared,
            DisagreementKind::NeverFits => NodeRule::NeverFits,
            DisagreementKind::SecretDeclared => NodeRule::Secret,
            DisagreementKind::MayNotFit => NodeRule::MayNotFit,
            DisagreementKind::MayBeMissing => NodeRule::MayBeMissing,
            _ => NodeRule::Unused,
        };
        let error = one.kind().is_error();
        // What the template gets wrong is shown in the template, what the schema allows in the schema.
        let mut holes = template_holes(template, &parts.headers);
        let hole = holes.find(|(_, hole)| error && hole.variable().as_str() == one.variable());
        let (member, offset) = match hole {
            Some((member, hole)) => (member, Some(hole.source_span().start)),
            None => (schema::place(INPUT, declared, one.pointer()), None),
        };
        let message = one.to_string();
        let finding = if error {
            NodeFinding::error(rule, &member, message)
        } else {
            NodeFinding::warning(rule, &member, message)
        };
        found.push(finding.at(offset).of(shown(one.variable())));
    }
}
