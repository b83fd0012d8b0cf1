//! What can be said about a schema without compiling it.

use std::collections::BTreeSet;

use genesys_template::Variable;
use serde_json::Value;

use super::finding::{NodeFinding, NodeRule, pointer, shown};

/// How deep a schema may nest, as the platform's JSON.
pub(super) const MAX_DEPTH: usize = 50;
pub(super) const MAX_BYTES: usize = 256 * 1024;
/// How many names are gathered below one schema, references followed.
const MAX_NAMES: usize = 1_000;

/// Keywords whose value is data and no schema.
const DATA: [&str; 5] = ["const", "default", "enum", "example", "examples"];
/// Keywords whose members are named by the author.
const NAMED: [&str; 5] = [
    "$defs",
    "definitions",
    "dependentSchemas",
    "patternProperties",
    "properties",
];

/// Refuses what is no object, nests too deep, is too long, or refers to another document.
pub(super) fn check(member: &str, schema: &Value, found: &mut Vec<NodeFinding>) {
    if !schema.is_object() {
        let message = "must be an object";
        found.push(NodeFinding::error(NodeRule::Schema, member, message));
        return;
    }
    let Some(places) = places(member, schema) else {
        let message = format!("nests deeper than {MAX_DEPTH} levels");
        found.push(NodeFinding::error(NodeRule::TooDeep, member, message));
        return;
    };
    if serde_json::to_string(schema).is_ok_and(|text| text.len() > MAX_BYTES) {
        let message = format!("is longer than {MAX_BYTES} bytes");
        found.push(NodeFinding::error(NodeRule::TooLong, member, message));
        return;
    }
    let own: BTreeSet<&str> = places
        .iter()
        .flat_map(|(_, schema)| [schema.get("$id"), schema.get("id")])
        .filter_map(|id| id?.as_str())
        .map(|id| id.trim_end_matches('#'))
        .collect();
    for (place, schema) in &places {
        for keyword in ["$ref", "$dynamicRef", "$recursiveRef"] {
            let target = schema.get(keyword).and_then(Value::as_str);
            let document = target.map(|target| target.split('#').next().unwrap_or_default());
            if document.is_some_and(|document| !document.is_empty() && !own.contains(document)) {
                let target = shown(target.unwrap_or_default());
                let message = format!("refers to {target}, which is another document");
                let place = pointer(place, keyword);
                found.push(NodeFinding::error(
                    NodeRule::RemoteReference,
                    &place,
                    message,
                ));
            }
        }
    }
}

/// The objects that may be schemas, each with its pointer; nothing when the schema nests too deep. Goes by a list of its own: a
/// schema must not decide how deep the stack gets.
fn places<'a>(member: &str, schema: &'a Value) -> Option<Vec<(String, &'a Value)>> {
    let mut places = Vec::new();
    let mut open = vec![(member.to_owned(), schema, 1, true)];
    while let Some((place, value, depth, is_schema)) = open.pop() {
        if depth > MAX_DEPTH && (value.is_object() || value.is_array()) {
            return None;
        }
        match value {
            Value::Object(members) => {
                for (name, inner) in members {
                    let named = is_schema && NAMED.contains(&name.as_str());
                    let data = is_schema && DATA.contains(&name.as_str());
                    if data {
                        // Still measured, by a walk that looks for nothing.
                        depth_of(inner, depth + 1)?;
                    } else {
                        open.push((pointer(&place, name), inner, depth + 1, !named));
                    }
                }
                if is_schema {
                    places.push((place, value));
                }
            }
            Value::Array(items) => open.extend(items.iter().enumerate().map(|(index, inner)| {
                (pointer(&place, &index.to_string()), inner, depth + 1, true)
            })),
            _ => {}
        }
    }
    places.sort_by(|one, other| one.0.cmp(&other.0));
    Some(places)
}

/// Nothing when `value`, at this depth, nests too deep.
fn depth_of(value: &Value, depth: usize) -> Option<()> {
    let mut open = vec![(value, depth)];
    while let Some((value, depth)) = open.pop() {
        let nested = value.is_object() || value.is_array();
        if nested && depth > MAX_DEPTH {
            return None;
        }
        match value {
            Value::Object(members) => open.extend(members.values().map(|inner| (inner, depth + 1))),
            Value::Array(items) => open.extend(items.iter().map(|inner| (inner, depth + 1))),
            _ => {}
        }
    }
    Some(())
}

/// The inputs that have a `default`, by variable. Names that no placeholder can have are left out. The schema has been checked.
pub(super) fn defaults(schema: Option<&Value>) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let mut open: Vec<(String, &Value)> = schema
        .map(|schema| ("input".to_owned(), schema))
        .into_iter()
        .collect();
    while let Some((path, schema)) = open.pop() {
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, inner) in properties.into_iter().flatten().take(MAX_NAMES) {
            let variable = format!("{path}.{name}");
            if name.contains('.') || variable.parse::<Variable>().is_err() {
                continue;
            }
            if let Some(default) = inner.get("default") {
                found.push((variable.clone(), default.clone()));
            }
            open.push((variable, inner));
        }
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

/// Where the schema of a value is, as far as `properties` leads there.
pub(super) fn place(member: &str, schema: &Value, value: &str) -> String {
    let mut place = member.to_owned();
    let mut at = schema;
    for name in value.split('/').skip(1) {
        let name = name.replace("~1", "/").replace("~0", "~");
        let property = at
            .get("properties")
            .and_then(|properties| properties.get(&name));
        let Some(property) = property else { break };
        at = property;
        place = pointer(&pointer(&place, "properties"), &name);
    }
    place
}

/// True when the schema declares this input, whatever it says about it.
pub(super) fn declares<'n>(schema: &Value, path: impl Iterator<Item = &'n str>) -> bool {
    let mut at = schema;
    for name in path {
        let property = at
            .get("properties")
            .and_then(|properties| properties.get(name));
        match property {
            Some(property) => at = property,
            None => return false,
        }
    }
    true
}

/// The types that an input may have, as far as `properties`, `type`, `enum` and `const` say; nothing when they say nothing.
pub(super) fn types<'n>(
    schema: &Value,
    path: impl Iterator<Item = &'n str>,
) -> Option<Vec<String>> {
    let mut at = schema;
    for name in path {
        at = at.get("properties")?.get(name)?;
    }
    let kind = |value: &Value| {
        match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        }
        .to_owned()
    };
    if let Some(value) = at.get("const") {
        return Some(vec![kind(value)]);
    }
    if let Some(values) = at.get("enum").and_then(Value::as_array) {
        let mut kinds: Vec<String> = values.iter().map(kind).collect();
        kinds.sort();
        kinds.dedup();
        return Some(kinds);
    }
    match at.get("type")? {
        Value::String(name) => Some(vec![name.clone()]),
        Value::Array(names) => names
            .iter()
            .map(|name| name.as_str().map(str::to_owned))
            .collect(),
        _ => None,
    }
}

/// Every keyword of every schema below `member`, with its pointer. The schema has been checked.
pub(super) fn keywords(member: &str, schema: &Value) -> Vec<(String, String)> {
    let places = places(member, schema).unwrap_or_default();
    places
        .iter()
        .flat_map(|(place, schema)| {
            let names = schema
                .as_object()
                .into_iter()
                .flat_map(|object| object.keys());
            names.map(move |name| (pointer(place, name), name.clone()))
        })
        .collect()
}
