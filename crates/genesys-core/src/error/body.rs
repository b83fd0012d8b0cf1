//! The platform's error body.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::redact;

/// The most characters kept of any text that the platform sends in an error.
const MAX_TEXT: usize = 300;
/// The most details and nested errors kept.
const MAX_ENTRIES: usize = 20;

/// The error body of the platform (`ErrorBody` of the published contract). Every member is optional.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct PlatformError {
    /// A short sentence.
    pub message: Option<String>,
    /// A stable code, such as `too.many.requests.retry.after`.
    pub code: Option<String>,
    /// The status repeated.
    pub status: Option<u16>,
    /// The id of the object concerned.
    pub entity_id: Option<String>,
    /// The kind of the object concerned.
    pub entity_name: Option<String>,
    /// The message with its holes.
    pub message_with_params: Option<String>,
    /// What fills the holes.
    pub message_params: BTreeMap<String, String>,
    /// The id that support asks for; equal to the correlation header where both are given.
    pub context_id: Option<String>,
    /// One entry a member that was refused.
    pub details: Vec<Detail>,
    /// Nested errors.
    pub errors: Vec<PlatformError>,
    /// The limit that a 429 ran into.
    pub limit: Option<Limit>,
}

/// One refused member of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Detail {
    /// A stable code.
    pub error_code: Option<String>,
    /// The member.
    pub field_name: Option<String>,
    /// The id of the object concerned.
    pub entity_id: Option<String>,
    /// The kind of the object concerned.
    pub entity_name: Option<String>,
}

/// The limit that a 429 ran into.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Limit {
    /// Its key, such as `token.rate.per.minute`.
    pub key: Option<String>,
    /// Its namespace.
    pub namespace: Option<String>,
    /// Its value.
    pub value: Option<u64>,
}

impl PlatformError {
    /// Reads an error body; none when the bytes are no JSON object. `secrets` are blanked out wherever they occur.
    pub(crate) fn parse(body: &[u8], secrets: &[&str]) -> Option<Self> {
        // An array would be read as the members in order.
        if body.trim_ascii_start().first() != Some(&b'{') {
            return None;
        }
        let mut parsed: Self = serde_json::from_slice(body).ok()?;
        parsed.clean(secrets, 0);
        Some(parsed)
    }

    fn clean(&mut self, secrets: &[&str], depth: usize) {
        let clean = |text: &mut Option<String>| {
            if let Some(text) = text {
                *text = redact::external_text(text, secrets, MAX_TEXT);
            }
        };
        clean(&mut self.message);
        clean(&mut self.code);
        clean(&mut self.entity_id);
        clean(&mut self.entity_name);
        clean(&mut self.message_with_params);
        clean(&mut self.context_id);
        self.message_params = std::mem::take(&mut self.message_params)
            .into_iter()
            .take(MAX_ENTRIES)
            .map(|(key, value)| {
                (
                    redact::external_text(&key, secrets, MAX_TEXT),
                    redact::external_text(&value, secrets, MAX_TEXT),
                )
            })
            .collect();
        self.details.truncate(MAX_ENTRIES);
        for detail in &mut self.details {
            clean(&mut detail.error_code);
            clean(&mut detail.field_name);
            clean(&mut detail.entity_id);
            clean(&mut detail.entity_name);
        }
        if let Some(limit) = &mut self.limit {
            clean(&mut limit.key);
            clean(&mut limit.namespace);
        }
        self.errors
            .truncate(if depth < 2 { MAX_ENTRIES } else { 0 });
        for error in &mut self.errors {
            error.clean(secrets, depth + 1);
        }
    }

    /// True when the platform says that the version sent is not the current one.
    ///
    /// It arrives as 409, 408 or 400 with this message; the cure is to read again and write with the new version.
    pub fn is_version_mismatch(&self) -> bool {
        self.message
            .as_deref()
            .is_some_and(|message| message.contains("does not match the current version"))
    }

    /// The permission that a 403 names: a parameter of the message, or words of the form `domain:entity:action` in it.
    pub(crate) fn missing_permission(&self) -> Option<String> {
        let by_param = ["permission", "permissions", "missingPermission"]
            .iter()
            .find_map(|key| self.message_params.get(*key))
            .cloned();
        by_param.or_else(|| {
            let words: Vec<&str> = self
                .message
                .as_deref()?
                .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_' | '*')))
                .filter(|word| {
                    let parts: Vec<&str> = word.split(':').collect();
                    parts.len() == 3 && parts.iter().all(|part| !part.is_empty())
                })
                .collect();
            (!words.is_empty()).then(|| words.join(", "))
        })
    }
}

impl fmt::Display for PlatformError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.code, &self.message) {
            (Some(code), Some(message)) => write!(f, "{code}: {message}")?,
            (Some(text), None) | (None, Some(text)) => f.write_str(text)?,
            (None, None) => f.write_str("nothing")?,
        }
        let fields: Vec<&str> = self
            .details
            .iter()
            .filter_map(|detail| detail.field_name.as_deref())
            .collect();
        if !fields.is_empty() {
            write!(f, " [{}]", fields.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_parsed_bounded_and_stripped() {
        // errata INT-13, WID-15
        let body = serde_json::json!({
            "message": format!("password hunter2 refused\n{}", "x".repeat(1000)),
            "code": "bad.request", "contextId": "ctx", "details": [{"fieldName": "name", "errorCode": "x"}],
        });
        let parsed = PlatformError::parse(body.to_string().as_bytes(), &["hunter2"]).unwrap();
        let message = parsed.message.clone().unwrap();
        assert!(message.chars().count() <= MAX_TEXT + 1, "{}", message.len());
        assert!(
            !message.contains("hunter2") && !message.contains('\n'),
            "{message}"
        );
        assert!(parsed.to_string().ends_with("[name]"));
    }

    #[test]
    fn a_403_names_the_permission_in_either_form() {
        // errata ALL-04
        let in_text = PlatformError {
            message: Some("Unable to perform the requested action. You are missing the following permission(s): integrations:integration:add".into()),
            ..PlatformError::default()
        };
        assert_eq!(
            in_text.missing_permission().as_deref(),
            Some("integrations:integration:add")
        );
        assert_eq!(PlatformError::default().missing_permission(), None);
    }

    #[test]
    fn what_is_no_error_body_is_none() {
        for body in ["", "<html>", "[]", "\"x\"", "{\"message\": 1}"] {
            assert_eq!(PlatformError::parse(body.as_bytes(), &[]), None, "{body}");
        }
    }
}
