//! The secrets that a request carries, so that nothing that comes of it repeats them.

use std::fmt;
use std::sync::Arc;

use genesys_core::redact::REDACTED;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// The secrets of one request. It travels with the request as an extension, for layers that write down what they see.
#[derive(Clone, Default)]
pub(crate) struct Secrets(
    /// Every spelling of every secret.
    Arc<Vec<SecretString>>,
);

impl Secrets {
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let mut spelt: Vec<_> = secrets
            .into_iter()
            .map(ExposeSecret::expose_secret)
            .filter(|secret| !secret.is_empty())
            .flat_map(spellings)
            .collect();
        // The longest first: one may be a part of another.
        spelt.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        spelt.dedup();
        Self(Arc::new(
            spelt.into_iter().map(SecretString::from).collect(),
        ))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn spellings(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(ExposeSecret::expose_secret)
    }

    /// `text` with every secret blanked out, as it is, as JSON and as URLs spell it.
    pub(crate) fn blank(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for spelt in self.spellings() {
            if out.contains(spelt) {
                out = out.replace(spelt, REDACTED);
            }
        }
        out
    }

    /// True when `text` holds one of them in a spelling that [`blank`](Self::blank) knows.
    pub(crate) fn are_in(&self, text: &str) -> bool {
        self.spellings().any(|spelt| text.contains(spelt))
    }

    /// False when it is certain that [`blank_value`](Self::blank_value) would find nothing in the value of this JSON.
    pub(crate) fn may_be_in_json(&self, text: &str) -> bool {
        // Behind an escape anything can hide.
        !self.is_empty() && (text.contains('\\') || self.are_in(text))
    }

    /// As [`are_in`](Self::are_in), for bytes that may be no text.
    pub(crate) fn are_in_bytes(&self, bytes: &[u8]) -> bool {
        !self.is_empty() && self.are_in(&String::from_utf8_lossy(bytes))
    }

    /// Blanks out every name, text and number that holds a secret, however it was escaped. True when there was one.
    pub(crate) fn blank_value(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => self.blank_text(text),
            Value::Number(number) if self.are_in(&number.to_string()) => {
                *value = Value::from(REDACTED);
                true
            }
            Value::Array(items) => items
                .iter_mut()
                .fold(false, |found, item| self.blank_value(item) | found),
            Value::Object(members) => {
                let mut found = false;
                if members.keys().any(|name| self.are_in(name)) {
                    found = true;
                    *members = std::mem::take(members)
                        .into_iter()
                        .map(|(name, value)| (self.blank(&name), value))
                        .collect();
                }
                members
                    .values_mut()
                    .fold(found, |found, item| self.blank_value(item) | found)
            }
            _ => false,
        }
    }

    fn blank_text(&self, text: &mut String) -> bool {
        let found = self.are_in(text);
        if found {
            *text = self.blank(text);
        }
        found
    }
}

/// A secret as it is, as JSON and as URLs spell it; for most that is the same.
fn spellings(secret: &str) -> Vec<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let json = Value::from(secret).to_string();
    let mut found = vec![secret.to_owned(), json[1..json.len() - 1].to_owned()];
    if !secret.bytes().all(plain) {
        let url = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
        // As the templates write it: unreserved characters stay.
        let template = [("%2D", "-"), ("%2E", "."), ("%5F", "_"), ("%7E", "~")]
            .into_iter()
            .fold(url.clone(), |url, (from, to)| url.replace(from, to));
        found.extend([url, template]);
    }
    found
}

/// Without any.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_secret_is_blanked_out_however_it_is_spelt() {
        let secrets = Secrets::new(&["a\"b/c-d", "a\"b", ""].map(SecretString::from));
        for spelt in ["a\"b/c-d", "a\\\"b/c-d", "a%22b%2Fc-d", "a%22b%2Fc%2Dd"] {
            assert_eq!(secrets.blank(&format!("x {spelt} y")), "x [redacted] y");
        }
        let mut value: Value =
            serde_json::from_str(r#"{"t": ["\u0061\"b/c-d"], "a\"b": 1, "n": 7}"#).unwrap();
        assert!(secrets.may_be_in_json(r#"["\u0061"]"#) && !secrets.may_be_in_json(r#"["a"]"#));
        assert!(secrets.blank_value(&mut value));
        assert_eq!(value, json!({"t": ["[redacted]"], "[redacted]": 1, "n": 7}));
        assert!(
            Secrets::new(&[SecretString::from("1234567")]).blank_value(&mut json!([1_234_567]))
        );
        assert!(!Secrets::default().blank_value(&mut value));
    }
}
