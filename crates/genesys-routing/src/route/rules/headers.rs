//! Headers of deliveries.

use std::collections::BTreeSet;

use http::{HeaderName, HeaderValue};

use super::{Code, Findings};

const MAX_HEADERS: usize = 32;
const MAX_NAME: usize = 256;
const MAX_VALUE: usize = 4_096;

/// What a delivery carries unless the route says otherwise.
const DEFAULTS: [(&str, &str); 2] = [
    ("Content-Type", "application/json"),
    ("X-Genesys-Source", "event-resolver"),
];

/// Names that belong to the connection, to the framing of the message, or to credentials.
const RESERVED: &[&str] = &[
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// The headers in the order of their names, the defaults filled in.
pub(super) fn check(
    findings: &mut Findings,
    headers: Vec<(String, String)>,
) -> Vec<(String, String)> {
    if headers.len() > MAX_HEADERS {
        let message = format!("are more than {MAX_HEADERS}");
        findings.add(Code::TooMany, "/headers", message);
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    for (name, value) in &headers {
        let pointer = pointer(name);
        if name.is_empty() {
            findings.add(Code::Empty, &pointer, "a header without a name");
            continue;
        }
        match HeaderName::from_bytes(name.as_bytes()) {
            Ok(parsed) if name.len() <= MAX_NAME => {
                findings.require(
                    !RESERVED.contains(&parsed.as_str()),
                    Code::Reserved,
                    &pointer,
                    "belongs to the connection or carries a credential, and is set by whoever delivers",
                );
                findings.require(
                    seen.insert(parsed.as_str().to_owned()),
                    Code::Duplicate,
                    &pointer,
                    "is given twice; names are compared without case",
                );
            }
            Ok(_) => findings.add(
                Code::TooLong,
                &pointer,
                format!("its name is longer than {MAX_NAME} bytes"),
            ),
            Err(_) => findings.add(Code::Characters, &pointer, "is no name of a header"),
        }
        if value.len() > MAX_VALUE {
            let message = format!("its value is longer than {MAX_VALUE} bytes");
            findings.add(Code::TooLong, &pointer, message);
        } else if !value.is_ascii()
            || HeaderValue::from_str(value).is_err()
            || value.trim() != value
        {
            findings.add(
                Code::Characters,
                &pointer,
                "its value must be printable ASCII without a space at an end",
            );
        }
    }
    let mut all = headers;
    for (name, value) in DEFAULTS {
        if !all.iter().any(|(own, _)| own.eq_ignore_ascii_case(name)) {
            all.push((name.to_owned(), value.to_owned()));
        }
    }
    all.sort_by_cached_key(|(name, _)| name.to_ascii_lowercase());
    all
}

/// The pointer of a header, its name escaped and bounded.
fn pointer(name: &str) -> String {
    let name = genesys_core::redact::external_text(name, &[], 80);
    format!("/headers/{}", name.replace('~', "~0").replace('/', "~1"))
}
