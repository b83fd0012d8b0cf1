//! The rules that every definition keeps.

use std::collections::BTreeSet;

use genesys_core::redact::printable;
use secrecy::ExposeSecret;
use url::{Host, Url};

use super::{
    Authentication, DataMapping, DefinitionBuilder, DefinitionError, IntegrationDefinition,
    Violation, ViolationCode,
};

const MAX_NAME: usize = 256;
const MAX_ENDPOINT: usize = 2_048;
const MAX_PASSWORD: usize = 1_024;
const MAX_FIELD: usize = 128;

/// Names that mean something else in the platform's templates, where a target becomes a variable.
const RESERVED: [&str; 9] = [
    "authResponse",
    "credentials",
    "encoding",
    "esc",
    "input",
    "math",
    "rawResult",
    "successTemplateUtils",
    "urlTool",
];

#[derive(Default)]
struct Findings(Vec<Violation>);

impl Findings {
    fn add(&mut self, code: ViolationCode, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(Violation {
            code,
            field: field.into(),
            message: message.into(),
        });
    }

    fn require(&mut self, holds: bool, code: ViolationCode, field: &str, message: &str) {
        if !holds {
            self.add(code, field, message);
        }
    }
}

pub(super) fn check(builder: DefinitionBuilder) -> Result<IntegrationDefinition, DefinitionError> {
    let mut findings = Findings::default();
    text(&mut findings, "name", &builder.name, MAX_NAME);
    findings.require(
        builder.name.trim() == builder.name || builder.name.trim().is_empty(),
        ViolationCode::Characters,
        "name",
        "begins or ends with a space",
    );
    let endpoint = endpoint(&mut findings, &builder.endpoint);
    authentication(&mut findings, &builder.authentication);
    mapping(
        &mut findings,
        &builder.mapping,
        builder.target_fields.as_ref(),
    );
    match endpoint {
        Some(endpoint) if findings.0.is_empty() => Ok(IntegrationDefinition {
            name: builder.name,
            endpoint,
            authentication: builder.authentication,
            mapping: builder.mapping,
        }),
        _ => Err(DefinitionError::new(findings.0)),
    }
}

/// Not empty, not too long, nothing that could forge a header or a log line.
fn text(findings: &mut Findings, field: &str, value: &str, max: usize) {
    findings.require(
        !value.trim().is_empty(),
        ViolationCode::Empty,
        field,
        "is empty",
    );
    if value.chars().count() > max {
        findings.add(
            ViolationCode::TooLong,
            field,
            format!("is longer than {max} characters"),
        );
    }
    findings.require(
        printable(value) == value,
        ViolationCode::Characters,
        field,
        "holds control characters or marks that reverse text",
    );
}

fn endpoint(findings: &mut Findings, value: &str) -> Option<Url> {
    const FIELD: &str = "endpoint";
    if value.trim().is_empty() {
        findings.add(ViolationCode::Empty, FIELD, "is empty");
        return None;
    }
    if value.len() > MAX_ENDPOINT {
        findings.add(
            ViolationCode::TooLong,
            FIELD,
            format!("is longer than {MAX_ENDPOINT} bytes"),
        );
        return None;
    }
    // The parser would silently drop them, and what is sent would not be what was read.
    if value.chars().any(|c| c.is_control() || c.is_whitespace()) {
        findings.add(
            ViolationCode::Characters,
            FIELD,
            "holds spaces or control characters",
        );
        return None;
    }
    let url = match Url::parse(value) {
        Ok(url) => url,
        Err(url::ParseError::EmptyHost) => {
            findings.add(ViolationCode::Host, FIELD, "has no host");
            return None;
        }
        Err(_) => {
            findings.add(ViolationCode::Url, FIELD, "is not an absolute URL");
            return None;
        }
    };
    findings.require(url.has_host(), ViolationCode::Host, FIELD, "has no host");
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => findings.add(
            ViolationCode::Scheme,
            FIELD,
            "must use https; plain http is for loopback addresses only",
        ),
        _ => findings.add(ViolationCode::Scheme, FIELD, "must use https"),
    }
    findings.require(
        url.username().is_empty() && url.password().is_none(),
        ViolationCode::UserInfo,
        FIELD,
        "carries user info; credentials belong in the authentication",
    );
    findings.require(
        url.fragment().is_none(),
        ViolationCode::Fragment,
        FIELD,
        "has a fragment, which no server ever sees",
    );
    Some(url)
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn authentication(findings: &mut Findings, authentication: &Authentication) {
    match authentication {
        Authentication::Basic { username, password } => {
            text(findings, "authentication.username", username, MAX_NAME);
            findings.require(
                !username.contains(':'),
                ViolationCode::Characters,
                "authentication.username",
                "holds a colon, which HTTP Basic cannot carry",
            );
            let password = password.expose_secret();
            let field = "authentication.password";
            findings.require(
                !password.is_empty(),
                ViolationCode::Empty,
                field,
                "is empty",
            );
            if password.chars().count() > MAX_PASSWORD {
                findings.add(
                    ViolationCode::TooLong,
                    field,
                    format!("is longer than {MAX_PASSWORD} characters"),
                );
            }
            let holds = !password.chars().any(char::is_control);
            findings.require(
                holds,
                ViolationCode::Characters,
                field,
                "holds control characters",
            );
        }
    }
}

fn mapping(findings: &mut Findings, mapping: &[DataMapping], targets: Option<&BTreeSet<String>>) {
    let mut seen = BTreeSet::new();
    for (index, entry) in mapping.iter().enumerate() {
        let source = format!("dataMapping[{index}].sourceField");
        let target = format!("dataMapping[{index}].targetField");
        if field(findings, &source, &entry.source_field)
            && !entry.source_field.split('.').all(is_identifier)
        {
            findings.add(
                ViolationCode::Characters,
                &source,
                "must be identifiers joined by dots",
            );
        }
        if !field(findings, &target, &entry.target_field) {
            continue;
        }
        if !is_identifier(&entry.target_field) {
            findings.add(ViolationCode::Characters, &target, "must be an identifier");
            continue;
        }
        if RESERVED.contains(&entry.target_field.as_str()) {
            findings.add(
                ViolationCode::Reserved,
                &target,
                "is a name that the platform's templates reserve",
            );
        }
        if !seen.insert(entry.target_field.as_str()) {
            findings.add(
                ViolationCode::Duplicate,
                &target,
                format!("{} is mapped more than once", entry.target_field),
            );
        }
        if targets.is_some_and(|known| !known.contains(&entry.target_field)) {
            findings.add(
                ViolationCode::UnknownTarget,
                &target,
                format!(
                    "{} is not a field of the receiving system",
                    entry.target_field
                ),
            );
        }
    }
}

/// Checks presence and length; false when there is nothing more to check.
fn field(findings: &mut Findings, place: &str, value: &str) -> bool {
    if value.is_empty() {
        findings.add(ViolationCode::Empty, place, "is empty");
        return false;
    }
    if value.len() > MAX_FIELD {
        findings.add(
            ViolationCode::TooLong,
            place,
            format!("is longer than {MAX_FIELD} characters"),
        );
        return false;
    }
    true
}

fn is_identifier(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests;
