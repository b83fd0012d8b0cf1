//! From a node to a data action.

use std::collections::BTreeMap;

use genesys_template::{Hole, Piece, Position, Template};
use widget_validate::Severity;

use super::contract;
use crate::nodes::action::{
    ActionConfig, ActionContract, ActionInput, ActionOutput, ActionRequest, ActionResponse,
    DataAction, NO_BODY, RAW_REQUEST,
};
use crate::nodes::finding::{NodeFinding, NodeRule, is_refused, pointer};
use crate::nodes::node::{RestNode, template_parts};
use crate::nodes::rules::{self, BODY, DESCRIPTION, HEADERS, METHOD, RETRY};
use crate::nodes::{Method, schema};

/// A node as a data action, and what is lost or left unchecked on the way.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Lowered {
    /// The action. Complete when no finding is an error.
    pub action: DataAction,
    /// What the platform cannot say, does not check, or does not keep.
    pub findings: Vec<NodeFinding>,
}

impl Lowered {
    /// True when something of the node cannot be said at all.
    pub fn is_refused(&self) -> bool {
        is_refused(&self.findings)
    }
}

/// Writes a node as a data action.
///
/// The contract's input schema is the node's, in draft 4 and narrowed to what the templates take: everything that they use is required,
/// what stands in a path neither climbs nor is empty, what stands in a header is header text. The platform checks a contract before
/// it renders, so what our templates refuse is refused there too; where a schema cannot say it, a finding does.
///
/// ```
/// use genesys_integrations::nodes::{Method, RestNode, velocity};
///
/// let node = RestNode::builder("n", Method::POST, "https://api.example.com/cases/{{input.id}}.json")
///     .with_body(r##"{"note": "#{{input.note}}", "data": {{input.data}}}"##)
///     .with_input_schema(serde_json::json!({
///         "type": "object",
///         "properties": {"id": {"type": "string"}, "note": {"type": "string"}, "data": {"type": "object"}},
///         "required": ["id", "note", "data"],
///     }))
///     .build()?;
/// let action = velocity::lower(&node, "REST nodes").action;
/// assert_eq!(
///     action.config.request.request_url_template,
///     "https://api.example.com/cases/${esc.uriEncode(${input.id})}.json",
/// );
/// assert_eq!(
///     action.config.request.request_template.as_deref(),
///     Some(r#"{"note": "${esc.h}${esc.jsonString(${input.note})}", "data": ${input.data}}"#),
/// );
/// # Ok::<(), genesys_integrations::nodes::NodeError>(())
/// ```
pub fn lower(node: &RestNode, category: &str) -> Lowered {
    let mut found = Vec::new();
    let parts = template_parts(node.template(), node.headers());
    let mut texts: BTreeMap<String, String> = parts
        .map(|(member, template)| {
            let text = text(node, &member, template, &mut found);
            (member, text)
        })
        .collect();
    let headers = node
        .headers()
        .iter()
        .filter_map(|(name, _)| Some((name.clone(), texts.remove(&pointer(HEADERS, name))?)))
        .collect();
    let request = ActionRequest {
        request_url_template: texts.remove(rules::URL).unwrap_or_default(),
        request_type: node.method().as_str().to_owned(),
        headers,
        request_template: Some(texts.remove(BODY).unwrap_or_else(|| {
            let bodiless = matches!(*node.method(), Method::GET | Method::HEAD);
            (if bodiless { RAW_REQUEST } else { NO_BODY }).to_owned()
        })),
    };
    let mut input_schema = contract::input(node, &mut found);
    let success_schema = contract::output(node, &mut found);
    contract::mark(&mut input_schema, &success_schema);
    unkept(node, &mut found);
    rules::sort(&mut found);
    rules::truncate(&mut found);
    Lowered {
        action: DataAction {
            name: node.name().to_owned(),
            category: category.to_owned(),
            secure: false,
            contract: ActionContract {
                input: ActionInput { input_schema },
                output: ActionOutput { success_schema },
            },
            config: ActionConfig {
                timeout_seconds: Some(node.timeout().as_millis().div_ceil(1_000) as u64),
                request,
                response: ActionResponse::default(),
            },
        },
        findings: found,
    }
}

/// One text in Velocity.
fn text(
    node: &RestNode,
    member: &str,
    template: &Template,
    found: &mut Vec<NodeFinding>,
) -> String {
    let mut out = String::new();
    let pieces: Vec<Piece<'_>> = template.pieces().collect();
    for (place, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Literal(text) => {
                let before_hole = matches!(pieces.get(place + 1), Some(Piece::Hole(_)));
                literal(&mut out, text, before_hole);
            }
            Piece::Hole(hole) => reference(&mut out, node, member, hole, found),
        }
    }
    out
}

/// Text that Velocity writes as it is.
fn literal(out: &mut String, text: &str, before_hole: bool) {
    let mut backslashes = 0;
    for letter in text.chars() {
        if letter == '\\' {
            backslashes += 1;
            continue;
        }
        // A backslash before a reference would escape it.
        let special = matches!(letter, '$' | '#');
        out.push_str(&if special { "${esc.b}" } else { "\\" }.repeat(backslashes));
        backslashes = 0;
        match letter {
            '$' => out.push_str("${esc.d}"),
            '#' => out.push_str("${esc.h}"),
            other => out.push(other),
        }
    }
    out.push_str(&if before_hole { "${esc.b}" } else { "\\" }.repeat(backslashes));
}

/// One hole in Velocity.
pub(in crate::nodes) fn written(node: &RestNode, hole: &Hole) -> String {
    let mut out = String::new();
    reference(&mut out, node, "", hole, &mut Vec::new());
    out
}

fn reference(
    out: &mut String,
    node: &RestNode,
    member: &str,
    hole: &Hole,
    found: &mut Vec<NodeFinding>,
) {
    let variable = hole.variable();
    let plain = format!("${{{variable}}}");
    let report = |rule, severity, message: &str| {
        NodeFinding::new(rule, severity, member, message)
            .at(hole.source_span().start)
            .of(variable)
    };
    if hole.is_secret() && variable.path().count() > 1 {
        let message = "a credential of the platform has fields and no members";
        found.push(report(NodeRule::Lowering, Severity::Error, message));
    }
    if variable.as_str() == "input.rawRequest" {
        let message = "input.rawRequest is the whole input on the platform";
        found.push(report(NodeRule::Lowering, Severity::Error, message));
    }
    match hole.position() {
        Position::PathSegment | Position::QueryName | Position::QueryValue => {
            out.push_str(&format!("${{esc.uriEncode({plain})}}"));
        }
        Position::JsonString => out.push_str(&format!("${{esc.jsonString({plain})}}")),
        Position::JsonKey => {
            let message = "a key that comes out twice is not noticed by the platform";
            found.push(report(NodeRule::Unchecked, Severity::Warning, message));
            out.push_str(&format!("${{esc.jsonString({plain})}}"));
        }
        Position::JsonValue if hole.is_secret() => {
            out.push_str(&format!("\"${{esc.jsonString({plain})}}\""));
        }
        Position::JsonValue => {
            let types = schema::types(node.input_schema(), variable.path());
            match types.as_deref() {
                Some([only]) if only == "string" => {
                    out.push_str(&format!("\"${{esc.jsonString({plain})}}\""));
                }
                Some(types) if !types.iter().any(|name| name == "string") => {
                    if types.iter().any(|name| name == "null") {
                        let message = "a null is sent as the text of the reference";
                        found.push(report(NodeRule::Unchecked, Severity::Warning, message));
                    }
                    out.push_str(&plain);
                }
                _ => {
                    let message = "a value that may be a string or something else needs quotes or none; declare which";
                    found.push(report(NodeRule::Lowering, Severity::Error, message));
                    out.push_str(&plain);
                }
            }
        }
        _ => out.push_str(&plain),
    }
}

/// What a data action has no member for.
fn unkept(node: &RestNode, found: &mut Vec<NodeFinding>) {
    let info = |member: &str, message: &str| {
        NodeFinding::new(NodeRule::Lowering, Severity::Info, member, message)
    };
    if node.description().is_some() {
        found.push(info(DESCRIPTION, "is not kept: a data action has none"));
    }
    if node.retry().max_retries() > 0 {
        let message = "is not kept: a flow repeats an action by its failure and timeout paths";
        found.push(info(RETRY, message));
    }
    if node.memoise().is_some() {
        found.push(info(
            "/memoiseMs",
            "is not kept: a data action is always run",
        ));
    }
    if *node.method() == Method::HEAD {
        let message = "an answer without a body is no JSON, which the platform takes for a failure";
        found.push(NodeFinding::warning(NodeRule::Lowering, METHOD, message));
    }
}
