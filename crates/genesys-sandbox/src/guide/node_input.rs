//! What a REST node may hold: every rule, and every violation in one refusal.

use std::collections::BTreeSet;

use http::header;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::api_error::ApiError;
use crate::guide::headers::{self, Header};
use crate::guide::placeholder::{self, Placeholder, json_stand_in};
use crate::members::{Members, read_address};
use crate::schema;

const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
/// Whose values a placeholder may name.
const ROOTS: [&str; 2] = ["input", "credentials"];
/// The longest URL in characters.
const URL_LENGTH: usize = 2_048;
/// The longest body in characters.
const BODY_LENGTH: usize = 100_000;
/// The longest delay in milliseconds: an hour.
const LONGEST_DELAY: u64 = 3_600_000;
/// Headers that hold a secret, which is a credential and neither an input nor spelt out in the node.
const SECRET_HEADERS: [&str; 3] = ["authorization", "cookie", "x-api-key"];

/// A body that keeps the rules.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) name: String,
    /// Always there on a replacement; a create ignores it, as it does `id`.
    pub(super) version: Option<u64>,
}

/// Reads a body whole and names everything that is wrong with it. A replacement must name the version it replaces.
pub(super) fn read(body: &Value, replacement: bool) -> Result<Sent, ApiError> {
    let known = [
        "id",
        "version",
        "name",
        "description",
        "type",
        "requestUrl",
        "requestMethod",
        "requestHeaders",
        "requestBody",
        "inputSchema",
        "responseSchema",
        "retryConfig",
    ];
    let mut members = Members::of(body, &known)?;
    if replacement {
        members.required("version");
    }
    let version = members.optional_number("version", 0..=u64::MAX);
    let name = members.text("name", 256);
    members.optional_text("description", 1_024);
    members.one_of("type", &["REST"]);
    let method = members.one_of("requestMethod", &METHODS);
    let inputs = read_schema(&mut members, "inputSchema");
    if inputs.is_some_and(|schema| schema.get("type") != Some(&Value::from("object"))) {
        members.problem("invalid.schema", "inputSchema", "must be of type object");
    }
    read_schema(&mut members, "responseSchema");
    read_url(&mut members, inputs);
    let headers = headers::read(&mut members, "requestHeaders", &[]);
    for header in &headers {
        check_header(&mut members, inputs, header);
    }
    read_body(&mut members, inputs, method, &headers);
    read_retries(&mut members);
    members.finish()?;
    Ok(Sent {
        name: name.unwrap_or_default().to_owned(),
        version,
    })
}

/// A schema, if it is there: an object that can be used as it is, without another document.
fn read_schema<'a>(members: &mut Members<'a>, name: &str) -> Option<&'a Value> {
    let value = members.get(name)?;
    if !value.is_object() {
        members.problem("invalid.type", name, "must be an object");
        return None;
    }
    if let Some(reason) = schema::fault(value) {
        let rule = format!("must be a JSON schema ({reason})");
        members.problem("invalid.schema", name, &rule);
    }
    Some(value)
}

/// The placeholders of a template: whole, of a known root, and of an input that the schema declares.
fn read_template<'t>(
    members: &mut Members<'_>,
    inputs: Option<&Value>,
    field: &str,
    text: &'t str,
) -> Option<Vec<Placeholder<'t>>> {
    let found = match placeholder::find(text) {
        Ok(found) => found,
        Err(at) => {
            let rule = format!("has a malformed placeholder at byte {at}");
            members.problem("invalid.placeholder", field, &rule);
            return None;
        }
    };
    let paths: BTreeSet<&[&str]> = found.iter().map(|one| one.path.as_slice()).collect();
    for path in paths {
        let name = path.join(".");
        if !ROOTS.contains(&path[0]) {
            let rule = format!("names {name}, which is neither of input nor of credentials");
            members.problem("invalid.placeholder", field, &rule);
        } else if path[0] == "input" && !is_declared(inputs, &path[1..]) {
            let rule = format!("names {name}, which inputSchema does not declare");
            members.problem("undeclared.variable", field, &rule);
        }
    }
    Some(found)
}

/// True when the schema has a property of this name. Below a property that lists none of its own, every name is open.
fn is_declared(schema: Option<&Value>, path: &[&str]) -> bool {
    let (Some((name, rest)), Some(schema)) = (path.split_first(), schema) else {
        return path.is_empty();
    };
    let found = schema.get("properties").and_then(|all| all.get(name));
    found.is_some_and(|inner| inner.get("properties").is_none() || is_declared(Some(inner), rest))
}

/// The address: scheme and authority spelt out, and no segment that climbs.
fn read_url(members: &mut Members<'_>, inputs: Option<&Value>) {
    let field = "requestUrl";
    let Some(text) = members.text(field, URL_LENGTH) else {
        return;
    };
    let Some(found) = read_template(members, inputs, field, text) else {
        return;
    };
    let authority = text.find("://").map_or(text.len(), |at| {
        let rest = &text[at + 3..];
        rest.find(['/', '?', '#', '\\'])
            .map_or(text.len(), |end| at + 3 + end)
    });
    if found.iter().any(|one| one.at.start < authority) {
        let rule = "must spell out its scheme, host and port";
        return members.problem("invalid.placeholder", field, rule);
    }
    let plain = placeholder::replace(text, &found, |_| "x");
    if plain.contains(|c: char| c.is_control() || c == ' ' || c == '\\') {
        members.problem("invalid.url", field, "must not hold spaces or backslashes");
    } else if let Err(rule) = read_address(&plain, true) {
        members.problem("invalid.url", field, rule);
    } else if has_dot_segment(&plain[authority..]) {
        members.problem("invalid.url", field, "must not hold dot segments");
    }
}

fn has_dot_segment(path_and_query: &str) -> bool {
    let path = path_and_query.split('?').next().unwrap_or_default();
    path.split('/').any(|segment| {
        let segment = segment.to_ascii_lowercase().replace("%2e", ".");
        segment == "." || segment == ".."
    })
}

fn check_header(members: &mut Members<'_>, inputs: Option<&Value>, header: &Header) {
    let text = header.value.to_str().unwrap_or_default();
    let Some(found) = read_template(members, inputs, &header.field, text) else {
        return;
    };
    let from_credentials = found.iter().any(|one| one.path[0] == "credentials")
        && found.iter().all(|one| one.path[0] == "credentials");
    if SECRET_HEADERS.contains(&header.name.as_str()) && !from_credentials {
        let rule = "must take its secret from credentials and from nothing else";
        members.problem("invalid.value", &header.field, rule);
    }
}

/// The body: none where the method has none, and JSON unless the headers say otherwise.
fn read_body(
    members: &mut Members<'_>,
    inputs: Option<&Value>,
    method: Option<&str>,
    headers: &[Header],
) {
    let field = "requestBody";
    let Some(text) = members.optional_text(field, BODY_LENGTH) else {
        return;
    };
    if let Some(method @ ("GET" | "HEAD")) = method {
        let rule = format!("must be absent, because a {method} request has no body");
        members.problem("invalid.value", field, &rule);
    }
    let Some(found) = read_template(members, inputs, field, text) else {
        return;
    };
    let mut types = headers
        .iter()
        .filter(|header| header.name == header::CONTENT_TYPE);
    if types.any(|header| !headers::is_json(&header.value)) {
        return;
    }
    let filled = placeholder::replace(text, &found, json_stand_in());
    if serde_json::from_str::<IgnoredAny>(&filled).is_err() {
        let rule = "must be JSON once its placeholders are filled";
        members.problem("invalid.json", field, rule);
    }
}

fn read_retries(members: &mut Members<'_>) {
    let known = ["maxRetries", "backoffType", "initialDelay", "maxDelay"];
    members.optional_object("retryConfig", &known, |inner| {
        inner.optional_number("maxRetries", 0..=10);
        inner.optional_one_of("backoffType", &["exponential"]);
        let first = inner.optional_number("initialDelay", 1..=LONGEST_DELAY);
        let most = inner.optional_number("maxDelay", 1..=LONGEST_DELAY);
        if most.is_some_and(|most| most < first.unwrap_or(1_000)) {
            inner.problem(
                "invalid.value",
                "maxDelay",
                "must not be below initialDelay",
            );
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_name_is_declared_by_its_property_and_open_below_one_that_lists_none() {
        let schema = json!({"properties": {"a": {"type": "object"}, "b": {"properties": {"c": {}}}, "d": true}});
        for (path, declared) in [
            (&["a"][..], true),
            (&["a", "x"], true),
            (&["b", "c"], true),
            (&["b", "x"], false),
            (&["d", "x"], true),
            (&["e"], false),
        ] {
            assert_eq!(is_declared(Some(&schema), path), declared, "{path:?}");
            assert!(!is_declared(None, path));
        }
        assert!(!is_declared(Some(&json!({})), &["a"]));
    }
}
