//! The rules that every node keeps.

use std::sync::Arc;
use std::time::Duration;

use genesys_core::redact::printable;
use genesys_core::vocabulary::Method;
use serde_json::json;

use super::builder::RestNodeBuilder;
use super::finding::{NodeError, NodeFinding, NodeRule, is_refused, pointer};
use super::node::{Inner, RestNode};
use super::{schema, secrets};

mod template;

pub(super) const NAME: &str = "/name";
pub(super) const DESCRIPTION: &str = "/description";
pub(super) const TYPE: &str = "/type";
pub(super) const URL: &str = "/requestUrl";
pub(super) const METHOD: &str = "/requestMethod";
pub(super) const HEADERS: &str = "/requestHeaders";
pub(super) const BODY: &str = "/requestBody";
pub(super) const INPUT: &str = "/inputSchema";
pub(super) const RESPONSE: &str = "/responseSchema";
pub(super) const RETRY: &str = "/retryConfig";
const TIMEOUT_MEMBER: &str = "/timeoutMs";
const MEMOISE_MEMBER: &str = "/memoiseMs";

/// The members in the order in which findings are reported.
const ORDER: [&str; 12] = [
    NAME,
    DESCRIPTION,
    TYPE,
    URL,
    METHOD,
    HEADERS,
    BODY,
    INPUT,
    RESPONSE,
    RETRY,
    TIMEOUT_MEMBER,
    MEMOISE_MEMBER,
];

/// How long one attempt may take unless the node says otherwise: the source document's client timeout.
pub(super) const TIMEOUT: Duration = Duration::from_secs(15);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(60);
const LONGEST_MEMO: Duration = Duration::from_secs(24 * 60 * 60);
const LONGEST_DELAY: Duration = Duration::from_secs(60 * 60);
const SHORTEST: Duration = Duration::from_millis(1);
pub(super) const MAX_RETRIES: u32 = 10;

pub(super) const MAX_NAME: usize = 256;
const MAX_DESCRIPTION: usize = 1_024;
pub(super) const MAX_URL: usize = 2_048;
pub(super) const MAX_HEADERS: usize = 32;
pub(super) const MAX_HEADER: usize = 4_096;
pub(super) const MAX_BODY: usize = 100_000;
/// Placeholders of one text: the limit of `genesys-template`.
pub(super) const MAX_HOLES: usize = 1_000;
/// A list without an end helps nobody, and looking up where each finding stands takes time.
const MAX_FINDINGS: usize = 100;

pub(super) const METHODS: [Method; 6] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
];

/// Headers that belong to the connection or to the message, and so to who sends it.
const RESERVED: [&str; 13] = [
    "connection",
    "content-encoding",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Checks a node; `found` is what reading it has found already.
pub(super) fn check(
    mut parts: RestNodeBuilder,
    mut found: Vec<NodeFinding>,
) -> Result<RestNode, NodeError> {
    let read = found.len();
    texts(&parts, &mut found);
    method(&parts, &mut found);
    headers(&parts, &mut found);
    secrets::spelt_out(&parts, &mut found);
    times(&parts, &mut found);
    let usable = schemas(&parts, &mut found);
    let built = usable
        .then(|| template::compile(&mut parts, &mut found))
        .flatten();
    // What could not be read is not reported again for being absent.
    let (read, checked) = found.split_at(read);
    let mut findings = read.to_vec();
    let known = |found: &NodeFinding| {
        let mut members = read.iter().map(|one| one.member.as_str());
        members.any(|member| !member.is_empty() && is_within(&found.member, member))
    };
    findings.extend(checked.iter().filter(|found| !known(found)).cloned());
    sort(&mut findings);
    let refused = is_refused(&findings);
    truncate(&mut findings);
    match built {
        Some((template, input_schema, moved)) if !refused => Ok(RestNode(Arc::new(Inner {
            parts,
            input_schema,
            template,
            moved,
            findings,
        }))),
        _ => Err(NodeError::new(findings)),
    }
}

/// True when a pointer leads to `parent` or into it.
fn is_within(pointer: &str, parent: &str) -> bool {
    let rest = pointer.strip_prefix(parent);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

pub(super) fn sort(findings: &mut [NodeFinding]) {
    findings.sort_by_cached_key(|found| {
        let place = ORDER.iter().position(|one| is_within(&found.member, one));
        (place.unwrap_or(0), found.member.clone(), found.offset)
    });
}

/// Errors stay.
pub(super) fn truncate(findings: &mut Vec<NodeFinding>) {
    let more = findings.len().saturating_sub(MAX_FINDINGS);
    if more > 0 {
        findings.sort_by_key(|found| std::cmp::Reverse(found.severity));
        findings.truncate(MAX_FINDINGS);
        sort(findings);
        let message = format!("{more} more findings are left out");
        findings.push(NodeFinding::warning(NodeRule::TooLong, "", message));
    }
}

fn too_long(member: &str, max: usize) -> NodeFinding {
    let message = format!("is longer than {max} characters");
    NodeFinding::error(NodeRule::TooLong, member, message)
}

fn texts(parts: &RestNodeBuilder, found: &mut Vec<NodeFinding>) {
    let empty = |member| NodeFinding::error(NodeRule::Empty, member, "is empty");
    let forging = |member| {
        let message = "holds control characters or marks that reverse text";
        NodeFinding::error(NodeRule::Characters, member, message)
    };
    let name = &parts.name;
    if name.trim().is_empty() {
        found.push(empty(NAME));
    } else if name.trim() != name {
        let message = "begins or ends with a space";
        found.push(NodeFinding::error(NodeRule::Characters, NAME, message));
    }
    if parts.url.trim().is_empty() {
        found.push(empty(URL));
    }
    let longest = [
        (NAME, Some(name), MAX_NAME),
        (DESCRIPTION, parts.description.as_ref(), MAX_DESCRIPTION),
        (URL, Some(&parts.url), MAX_URL),
        (BODY, parts.body.as_ref(), MAX_BODY),
    ];
    for (member, text, max) in longest {
        if text.is_some_and(|text| text.chars().nth(max).is_some()) {
            found.push(too_long(member, max));
        }
    }
    if printable(name) != *name {
        found.push(forging(NAME));
    }
    // A description may have lines.
    let description = parts.description.as_deref().unwrap_or_default();
    let description = description.replace(['\n', '\t'], " ");
    if printable(&description) != description {
        found.push(forging(DESCRIPTION));
    }
}

fn method(parts: &RestNodeBuilder, found: &mut Vec<NodeFinding>) {
    let method = &parts.method;
    if !METHODS.contains(method) {
        let message = "must be one of GET, HEAD, POST, PUT, PATCH, DELETE";
        found.push(NodeFinding::error(NodeRule::Method, METHOD, message));
    }
    if parts.body.is_some() && [Method::GET, Method::HEAD].contains(method) {
        let message = format!("must be absent, because a {method} request has no body");
        found.push(NodeFinding::error(NodeRule::BodyNotAllowed, BODY, message));
    }
}

fn headers(parts: &RestNodeBuilder, found: &mut Vec<NodeFinding>) {
    if parts.headers.len() > MAX_HEADERS {
        let message = format!("has more than {MAX_HEADERS} headers");
        found.push(NodeFinding::error(NodeRule::TooLong, HEADERS, message));
    }
    for (name, value) in &parts.headers {
        let member = pointer(HEADERS, name);
        if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
            let message = "is a header that the transport writes";
            found.push(NodeFinding::error(NodeRule::Header, &member, message));
        }
        if value.len() > MAX_HEADER {
            found.push(too_long(&member, MAX_HEADER));
        }
        if parts.body.is_some() && name.eq_ignore_ascii_case("content-type") && !is_json(value) {
            let message = "must be application/json or end in +json, because the body is JSON";
            found.push(NodeFinding::error(NodeRule::ContentType, &member, message));
        }
    }
}

fn is_json(media_type: &str) -> bool {
    let kind = media_type.split(';').next().unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    kind == "application/json" || kind.ends_with("+json")
}

fn times(parts: &RestNodeBuilder, found: &mut Vec<NodeFinding>) {
    let mut retry = |name: &str, message: &str| {
        found.push(NodeFinding::error(
            NodeRule::Retry,
            &pointer(RETRY, name),
            message,
        ));
    };
    let (first, longest) = (parts.retry.initial_delay(), parts.retry.max_delay());
    if parts.retry.max_retries() > MAX_RETRIES {
        retry("maxRetries", "must be 0 to 10");
    }
    if !(SHORTEST..=LONGEST_DELAY).contains(&first) {
        retry("initialDelay", "must be 1 ms to 1 h");
    }
    if !(SHORTEST..=LONGEST_DELAY).contains(&longest) {
        retry("maxDelay", "must be 1 ms to 1 h");
    } else if longest < first {
        retry("maxDelay", "must not be below initialDelay");
    }
    if !(SHORTEST..=LONGEST_TIMEOUT).contains(&parts.timeout) {
        let message = "must be 1 ms to 60 s";
        found.push(NodeFinding::error(NodeRule::Time, TIMEOUT_MEMBER, message));
    }
    if parts
        .memoise
        .is_some_and(|life| !(SHORTEST..=LONGEST_MEMO).contains(&life))
    {
        let message = "must be 1 ms to 24 h";
        found.push(NodeFinding::error(NodeRule::Time, MEMOISE_MEMBER, message));
    }
}

/// False when the input schema cannot be compared with anything.
fn schemas(parts: &RestNodeBuilder, found: &mut Vec<NodeFinding>) -> bool {
    let before = found.len();
    if let Some(declared) = &parts.input_schema {
        schema::check(INPUT, declared, found);
        if declared.is_object() && declared.get("type") != Some(&json!("object")) {
            let message = "must be of type object";
            found.push(NodeFinding::error(NodeRule::Schema, INPUT, message));
        }
    }
    let usable = found.len() == before;
    if let Some(response) = &parts.response_schema {
        schema::check(RESPONSE, response, found);
    }
    usable
}
