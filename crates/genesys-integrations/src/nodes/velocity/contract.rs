//! The contract of a data action: the node's schemas, narrowed to what its templates take.

use std::collections::BTreeMap;

use genesys_template::{Piece, Position, Template};
use serde_json::{Map, Value, json};
use widget_validate::Severity;

use crate::definition::Fingerprint;
use crate::nodes::finding::{NodeFinding, NodeRule, pointer};
use crate::nodes::node::{RestNode, template_holes};
use crate::nodes::rules::{INPUT, RESPONSE};

/// The dialect of the platform's contracts.
const DRAFT: &str = "http://json-schema.org/draft-04/schema#";
/// Keywords of later drafts, which say nothing there.
const LATER: [&str; 18] = [
    "$dynamicRef",
    "const",
    "contains",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "if",
    "maxContains",
    "minContains",
    "prefixItems",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "$recursiveRef",
];
/// A part between slashes that climbs.
const CLIMBING: &str = r"(^|[/\\])\.\.?([/\\]|$)";
const CONTROL: &str = r"[\x00-\x1f\x7f]";
/// Anything but visible ASCII, space and tab.
const NO_HEADER_TEXT: &str = r"[^\t\x20-\x7e]";

/// What the places of one variable ask of a text.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    segment: bool,
    header: bool,
}

/// What tells in a contract which one it is. It stands at the end of the input schema's description.
const MARK: &str = "[contract ";
/// How many digits of a digest.
const DIGITS: usize = 16;

/// Marks the input schema with a digest of the whole contract: by it a later run knows its own contract again, even where the platform
/// shows a schema otherwise than it was sent.
pub(super) fn mark(input: &mut Value, output: &Value) {
    let bytes = serde_json::to_vec(&(&*input, output)).unwrap_or_default();
    let digest = Fingerprint::of_bytes(&bytes);
    let digits: String = digest.as_str().chars().take(DIGITS).collect();
    let own = input.get("description").and_then(Value::as_str);
    let text = format!("{} {MARK}{digits}]", own.unwrap_or_default());
    input["description"] = text.trim_start().into();
}

/// The mark of a contract's input schema.
pub(in crate::nodes) fn mark_of(input: &Value) -> Option<&str> {
    let text = input.get("description")?.as_str()?;
    let (_, mark) = text.rsplit_once(MARK)?;
    mark.strip_suffix(']').filter(|mark| mark.len() == DIGITS)
}

/// The schema without its mark.
pub(super) fn unmark(input: &mut Value) {
    let Some(mark) = mark_of(input).map(str::len) else {
        return;
    };
    let text = input["description"].as_str().unwrap_or_default();
    let own = text[..text.len() - mark - MARK.len() - 1]
        .trim_end()
        .to_owned();
    match (own.is_empty(), input.as_object_mut()) {
        (true, Some(object)) => drop(object.remove("description")),
        _ => input["description"] = own.into(),
    }
}

/// The schema of the input.
pub(super) fn input(node: &RestNode, found: &mut Vec<NodeFinding>) -> Value {
    let mut schema = node.input_schema().clone();
    let mut asked: BTreeMap<&str, Asked> = BTreeMap::new();
    for (member, hole) in template_holes(node.template(), node.headers()) {
        if hole.is_secret() {
            continue;
        }
        let variable = hole.variable();
        let asked = asked.entry(variable.as_str()).or_default();
        let report = |message: &str| {
            NodeFinding::warning(NodeRule::Unchecked, &member, message)
                .at(hole.source_span().start)
                .of(variable)
        };
        match hole.position() {
            Position::PathSegment => {
                if is_alone(node.template().url(), hole.source_span().start) {
                    asked.segment = true;
                } else {
                    let message = "what comes out of a segment with more than this is not checked by the platform";
                    found.push(report(message));
                }
            }
            Position::HeaderValue => asked.header = true,
            _ => {}
        }
        if !hole.is_required() {
            found.push(report(
                "the platform applies no default: the flow must give a value",
            ));
        }
    }
    for (variable, asked) in asked {
        let path: Vec<&str> = variable.split('.').skip(1).collect();
        narrow(&mut schema, &path, variable, asked, found);
    }
    draft_4(schema, INPUT, found)
}

/// The schema of the output.
pub(super) fn output(node: &RestNode, found: &mut Vec<NodeFinding>) -> Value {
    let schema = match node.response_schema() {
        Some(schema) => schema.clone(),
        None => {
            let message = "is missing: the contract takes any object";
            found.push(NodeFinding::new(
                NodeRule::Lowering,
                Severity::Info,
                RESPONSE,
                message,
            ));
            json!({"type": "object", "additionalProperties": true})
        }
    };
    draft_4(schema, RESPONSE, found)
}

/// True when nothing else stands in the path segment of the hole at `offset`.
fn is_alone(url: &Template, offset: usize) -> bool {
    let pieces: Vec<Piece<'_>> = url.pieces().collect();
    let is_it = |piece: &Piece<'_>| matches!(piece, Piece::Hole(hole) if hole.source_span().start == offset);
    let Some(at) = pieces.iter().position(is_it) else {
        return false;
    };
    let before = at.checked_sub(1).and_then(|before| pieces.get(before));
    let behind = pieces.get(at + 1);
    matches!(before, Some(Piece::Literal(text)) if text.ends_with('/'))
        && match behind {
            None => true,
            Some(Piece::Literal(text)) => text.starts_with(['/', '?']),
            Some(Piece::Hole(_)) => false,
        }
}

/// Requires the variable, and narrows its text.
fn narrow(
    schema: &mut Value,
    path: &[&str],
    variable: &str,
    asked: Asked,
    found: &mut Vec<NodeFinding>,
) {
    let mut member = INPUT.to_owned();
    let mut at = schema;
    for name in path {
        let known = at
            .get("properties")
            .is_some_and(|properties| properties.get(name).is_some());
        let Some(object) = at.as_object_mut().filter(|_| known || member == INPUT) else {
            let message = "the contract cannot require it: its schema is put together elsewhere";
            let finding = NodeFinding::warning(NodeRule::Unchecked, &member, message);
            found.push(finding.of(variable));
            return;
        };
        require(object, name);
        let inner = object
            .get_mut("properties")
            .and_then(|properties| properties.get_mut(name));
        let Some(inner) = inner else {
            let message = "the contract cannot narrow it: its schema is put together elsewhere";
            if asked.segment || asked.header {
                let finding = NodeFinding::warning(NodeRule::Unchecked, &member, message);
                found.push(finding.of(variable));
            }
            return;
        };
        member = pointer(&pointer(&member, "properties"), name);
        at = inner;
    }
    if let Some(object) = at.as_object_mut() {
        refuse(object, asked);
    }
}

/// Refuses texts that our template would refuse. As what a text must not have, because the anchors of a pattern for the whole text do
/// not mean the same in every engine.
fn refuse(object: &mut Map<String, Value>, asked: Asked) {
    let can_be_text = match object.get("type") {
        Some(Value::String(kind)) => kind == "string",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "string"),
        _ => true,
    };
    if !can_be_text || !(asked.segment || asked.header) {
        return;
    }
    let mut refused = Vec::new();
    if asked.segment {
        refused.extend([CONTROL, CLIMBING]);
        let shortest = object.get("minLength").and_then(Value::as_u64);
        object.insert("minLength".to_owned(), shortest.unwrap_or(0).max(1).into());
    }
    if asked.header {
        refused.push(NO_HEADER_TEXT);
    }
    let refused = json!({"type": "string", "pattern": refused.join("|")});
    if !object.contains_key("not") {
        object.insert("not".to_owned(), refused);
        return;
    }
    let all = object
        .entry("allOf")
        .or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(all) = all {
        all.push(json!({"not": refused}));
    }
}

fn require(object: &mut Map<String, Value>, name: &str) {
    let required = object
        .entry("required")
        .or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(names) = required
        && !names.iter().any(|known| known == name)
    {
        names.push(name.into());
    }
}

/// The schema in the dialect of the platform.
fn draft_4(mut schema: Value, member: &str, found: &mut Vec<NodeFinding>) -> Value {
    let known = [
        "$schema",
        "additionalProperties",
        "description",
        "id",
        "properties",
        "required",
        "title",
        "type",
    ];
    for keyword in schema
        .as_object()
        .into_iter()
        .flat_map(|object| object.keys())
    {
        if !known.contains(&keyword.as_str()) {
            let message = "is not among what the API names for the top of a contract's schema, and may be dropped";
            let place = pointer(member, keyword);
            found.push(NodeFinding::warning(NodeRule::Lowering, &place, message));
        }
    }
    for (place, keyword) in crate::nodes::schema::keywords(member, &schema) {
        if LATER.contains(&keyword.as_str()) {
            let message =
                "is not known to draft 4, the dialect of contracts, and checks nothing there";
            found.push(NodeFinding::warning(NodeRule::Lowering, &place, message));
        }
    }
    if let Some(object) = schema.as_object_mut() {
        object.insert("$schema".to_owned(), DRAFT.into());
        if object
            .get("required")
            .is_some_and(|names| names == &json!([]))
        {
            object.remove("required");
        }
    }
    schema
}
