//! Reading a node from its JSON form, with the bytes that each finding is about.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use genesys_core::vocabulary::Method;
use genesys_template::{ErrorKind, Problem, Values};
use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::builder::RestNodeBuilder;
use super::finding::{NodeError, NodeFinding, NodeRule, pointer, shown};
use super::node::RestNode;
use super::schema::MAX_DEPTH;
use super::{rules, spans};

pub(super) const MAX_BYTES: usize = 1024 * 1024;

/// The members of an object with the text of their values.
pub(super) type Members<'a> = BTreeMap<String, &'a RawValue>;

pub(super) fn read(bytes: &[u8]) -> Result<RestNode, NodeError> {
    let text = match check(bytes) {
        Ok(text) => text,
        Err(finding) => return Err(NodeError::new(vec![finding])),
    };
    let Some(members) = members(text) else {
        let mut finding = NodeFinding::error(NodeRule::MemberType, "", "must be an object");
        finding.span = Some(0..text.len());
        return Err(NodeError::new(vec![finding]));
    };
    let mut reader = Reader {
        members,
        found: Vec::new(),
    };
    let parts = reader.node();
    let Reader { members, found } = reader;
    match rules::check(parts, found) {
        Ok(mut node) => {
            if let Some(inner) = Arc::get_mut(&mut node.0) {
                spans::fill(&mut inner.findings, text, &members);
            }
            Ok(node)
        }
        Err(error) => {
            let mut findings = error.into_findings();
            spans::fill(&mut findings, text, &members);
            Err(NodeError::new(findings))
        }
    }
}

/// The members of the document, which has been checked.
pub(super) fn members(text: &str) -> Option<Members<'_>> {
    serde_json::from_str(text).ok()
}

/// The text of a document that is safe to be read: JSON, no member twice, not too long and not too deep.
pub(super) fn check(bytes: &[u8]) -> Result<&str, NodeFinding> {
    let at = |rule, message: &str, span: Range<usize>| {
        let mut finding = NodeFinding::error(rule, "", message);
        finding.span = Some(span);
        finding
    };
    if bytes.len() > MAX_BYTES {
        let message = format!("is longer than {MAX_BYTES} bytes");
        return Err(at(NodeRule::TooLong, &message, MAX_BYTES..bytes.len()));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let start = error.valid_up_to();
        at(NodeRule::Json, "is not UTF-8", start..start + 1)
    })?;
    if let Err(error) = Values::new().with_text("document", text) {
        let problem = error.problems().first();
        let start = problem.and_then(Problem::offset).unwrap_or(0);
        let end = (start + 1).min(text.len()).max(start);
        if error.kind() != ErrorKind::DuplicateKey {
            let reason = problem.map_or("is not JSON", Problem::reason);
            return Err(at(NodeRule::Json, reason, start..end));
        }
        let name = repeated(&text[start..]).unwrap_or_default();
        let message = format!("has the member {} twice", shown(&name));
        return Err(at(NodeRule::DuplicateMember, &message, start..end));
    }
    match too_deep(text) {
        Some(start) => {
            let message = format!("nests deeper than {MAX_DEPTH} levels");
            Err(at(NodeRule::TooDeep, &message, start..start + 1))
        }
        None => Ok(text),
    }
}

/// The first name that the object at the start of `text` has twice.
fn repeated(text: &str) -> Option<String> {
    struct Names(Option<String>);
    impl<'de> Visitor<'de> for &mut Names {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            let mut seen = BTreeSet::new();
            while let Some((name, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
                if !seen.insert(name.clone()) {
                    self.0 = self.0.take().or(Some(name));
                }
            }
            Ok(())
        }
    }
    let mut names = Names(None);
    let _ = serde_json::Deserializer::from_str(text).deserialize_map(&mut names);
    names.0
}

/// The bracket that goes too deep, in text that is JSON.
fn too_deep(text: &str) -> Option<usize> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (place, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                depth += 1;
                // A schema is one level down, and may itself have all levels.
                if depth > MAX_DEPTH + 1 {
                    return Some(place);
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

struct Reader<'a> {
    members: Members<'a>,
    found: Vec<NodeFinding>,
}

impl<'a> Reader<'a> {
    fn node(&mut self) -> RestNodeBuilder {
        const KNOWN: [&str; 14] = [
            "description",
            "id",
            "inputSchema",
            "memoiseMs",
            "name",
            "requestBody",
            "requestHeaders",
            "requestMethod",
            "requestUrl",
            "responseSchema",
            "retryConfig",
            "timeoutMs",
            "type",
            "version",
        ];
        self.unknown("", &self.members.clone(), &KNOWN);
        for required in ["name", "type", "requestUrl", "requestMethod"] {
            if !self.members.contains_key(required) {
                let member = pointer("", required);
                self.error(NodeRule::MissingMember, &member, "is missing");
            }
        }
        let kind: Option<String> = self.member("type", "a string");
        if kind.is_some_and(|kind| kind != "REST") {
            self.error(NodeRule::NodeType, rules::TYPE, "must be REST");
        }
        let name = self.member("name", "a string").unwrap_or_default();
        let url = self.member("requestUrl", "a string").unwrap_or_default();
        let mut parts = RestNodeBuilder::new(name, self.method(), url);
        parts.description = self.member("description", "a string");
        parts.body = self.member("requestBody", "a string");
        parts.input_schema = self.schema("inputSchema");
        parts.response_schema = self.schema("responseSchema");
        parts.headers = self.headers();
        self.retry(&mut parts);
        let times: [Option<u64>; 2] =
            ["timeoutMs", "memoiseMs"].map(|name| self.member(name, "whole milliseconds"));
        if let Some(timeout) = times[0] {
            parts.timeout = Duration::from_millis(timeout);
        }
        parts.memoise = times[1].map(Duration::from_millis);
        parts
    }

    fn method(&mut self) -> Method {
        let name: Option<String> = self.member("requestMethod", "a string");
        let Some(name) = name else { return Method::GET };
        // Methods are case-sensitive: `get` is another one.
        Method::from_bytes(name.as_bytes()).unwrap_or_else(|_| {
            let message = format!("{} is not a method", shown(&name));
            self.error(NodeRule::Method, rules::METHOD, &message);
            Method::GET
        })
    }

    /// In the order of the document.
    fn headers(&mut self) -> Vec<(String, String)> {
        let Some(members) = self.object("requestHeaders") else {
            return Vec::new();
        };
        let mut inner: Vec<(&String, &&RawValue)> = members.iter().collect();
        inner.sort_by_key(|(_, raw)| raw.get().as_ptr());
        let mut headers = Vec::new();
        for (name, raw) in inner {
            match serde_json::from_str(raw.get()) {
                Ok(value) => headers.push((name.clone(), value)),
                Err(_) => {
                    let member = pointer(rules::HEADERS, name);
                    self.error(NodeRule::MemberType, &member, "must be a string");
                }
            }
        }
        headers
    }

    fn retry(&mut self, parts: &mut RestNodeBuilder) {
        let Some(members) = self.object("retryConfig") else {
            return;
        };
        let known = ["backoffType", "initialDelay", "maxDelay", "maxRetries"];
        self.unknown(rules::RETRY, &members, &known);
        let mut number = |name: &str| -> Option<u64> {
            self.value(rules::RETRY, &members, name, "a whole number")
        };
        if let Some(retries) = number("maxRetries") {
            let retries = u32::try_from(retries).unwrap_or(u32::MAX);
            parts.retry = parts.retry.with_max_retries(retries);
        }
        if let Some(delay) = number("initialDelay") {
            parts.retry = parts.retry.with_initial_delay(Duration::from_millis(delay));
        }
        if let Some(delay) = number("maxDelay") {
            parts.retry = parts.retry.with_max_delay(Duration::from_millis(delay));
        }
        let kind: Option<String> = self.value(rules::RETRY, &members, "backoffType", "a string");
        if kind.is_some_and(|kind| kind != "exponential") {
            let member = pointer(rules::RETRY, "backoffType");
            self.error(NodeRule::Retry, &member, "must be exponential");
        }
    }

    /// A schema; what is no object, the rules refuse.
    fn schema(&mut self, name: &str) -> Option<Value> {
        let raw = self.members.get(name)?;
        match serde_json::from_str(raw.get()) {
            Ok(value) => Some(value),
            Err(_) => {
                let message = "holds a number that cannot be kept";
                self.error(NodeRule::Schema, &pointer("", name), message);
                None
            }
        }
    }

    fn object(&mut self, name: &str) -> Option<Members<'a>> {
        let raw: &'a RawValue = self.members.get(name)?;
        match serde_json::from_str(raw.get()) {
            Ok(members) => Some(members),
            Err(_) => {
                self.error(
                    NodeRule::MemberType,
                    &pointer("", name),
                    "must be an object",
                );
                None
            }
        }
    }

    fn member<T: serde::de::DeserializeOwned>(&mut self, name: &str, kind: &str) -> Option<T> {
        let members = std::mem::take(&mut self.members);
        let value = self.value("", &members, name, kind);
        self.members = members;
        value
    }

    fn value<T: serde::de::DeserializeOwned>(
        &mut self,
        parent: &str,
        members: &Members<'_>,
        name: &str,
        kind: &str,
    ) -> Option<T> {
        match serde_json::from_str(members.get(name)?.get()) {
            Ok(value) => Some(value),
            Err(_) => {
                let message = format!("must be {kind}");
                self.error(NodeRule::MemberType, &pointer(parent, name), &message);
                None
            }
        }
    }

    fn unknown(&mut self, parent: &str, members: &Members<'_>, known: &[&str]) {
        for name in members
            .keys()
            .filter(|name| !known.contains(&name.as_str()))
        {
            let member = pointer(parent, name);
            self.error(
                NodeRule::UnknownMember,
                &member,
                "is not a member of a node",
            );
        }
    }

    fn error(&mut self, rule: NodeRule, member: &str, message: &str) {
        self.found.push(NodeFinding::error(rule, member, message));
    }
}
