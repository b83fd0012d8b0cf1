//! Headers that a stored object sends along with its requests.

use http::header::{HeaderName, HeaderValue};
use serde_json::Value;

use crate::members::Members;

/// The most headers of one object.
const HEADERS: usize = 32;
/// The longest value of a header in bytes.
const HEADER_LENGTH: usize = 4_096;
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

/// A header that can be sent.
#[derive(Debug)]
pub(super) struct Header {
    /// What a refusal calls it.
    pub(super) field: String,
    pub(super) name: HeaderName,
    pub(super) value: HeaderValue,
}

/// Reads the headers of a member: each once, none of them reserved, with ASCII values. `own` are more reserved names.
pub(super) fn read(members: &mut Members<'_>, member: &str, own: &[&str]) -> Vec<Header> {
    let sent = members.optional_texts(member);
    if sent.len() > HEADERS {
        members.problem(
            "limit.exceeded",
            member,
            &format!("must not be more than {HEADERS}"),
        );
    }
    let mut headers: Vec<Header> = Vec::new();
    for (name, value) in sent {
        // A name may hold anything here, so it is quoted as JSON would.
        let field = format!("{member}[{}]", Value::from(name.as_str()));
        let Ok(name) = HeaderName::try_from(name) else {
            members.problem("invalid.value", &field, "is not the name of a header");
            continue;
        };
        if RESERVED.contains(&name.as_str()) || own.contains(&name.as_str()) {
            members.problem("invalid.value", &field, "is reserved");
            continue;
        }
        let value = match HeaderValue::try_from(&value) {
            Ok(kept) if value.is_ascii() && value.len() <= HEADER_LENGTH => kept,
            _ => {
                members.problem("invalid.value", &field, "does not have a value fit to send");
                continue;
            }
        };
        if headers.iter().any(|header| header.name == name) {
            members.problem("duplicate.value", &field, "is named twice");
            continue;
        }
        headers.push(Header { field, name, value });
    }
    headers
}

/// True for `application/json`, with parameters or without.
pub(super) fn is_json(value: &HeaderValue) -> bool {
    let kind = value.to_str().unwrap_or_default().split(';').next();
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}
