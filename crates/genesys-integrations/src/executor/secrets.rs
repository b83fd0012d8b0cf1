//! The secrets that a request carries, so that nothing that comes of it repeats them.

use std::sync::Arc;

use genesys_core::redact::REDACTED;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// The secrets of one request. It travels with the request as an extension, for layers that write down what they see.
#[derive(Debug, Clone, Default)]
pub(crate) struct Secrets(Arc<Vec<SecretString>>);

impl Secrets {
    pub(crate) fn new(secrets: impl IntoIterator<Item = SecretString>) -> Self {
        let mut secrets: Vec<_> = secrets
            .into_iter()
            .filter(|secret| !secret.expose_secret().is_empty())
            .collect();
        // The longest first: one may be a part of another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
        secrets.dedup_by(|one, other| one.expose_secret() == other.expose_secret());
        Self(Arc::new(secrets))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `text` with every secret blanked out, as it is, as JSON and as URLs spell it.
    pub(crate) fn blank(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for secret in self.0.iter() {
            for form in forms(secret.expose_secret()) {
                if out.contains(&form) {
                    out = out.replace(&form, REDACTED);
                }
            }
        }
        out
    }

    /// True when `text` holds one of them in a form that [`blank`](Self::blank) knows.
    pub(crate) fn are_in(&self, text: &str) -> bool {
        self.0
            .iter()
            .any(|secret| forms(secret.expose_secret()).any(|form| text.contains(&form)))
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

fn forms(secret: &str) -> impl Iterator<Item = String> {
    let json = Value::from(secret).to_string();
    let json = json[1..json.len() - 1].to_owned();
    let url = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    // As the templates write it: unreserved characters stay.
    let path = url
        .replace("%2D", "-")
        .replace("%2E", ".")
        .replace("%5F", "_")
        .replace("%7E", "~");
    [secret.to_owned(), json, url, path].into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_secret_is_blanked_out_however_it_is_spelt() {
        let secrets = Secrets::new(["a\"b/c-d".into(), "a\"b".into(), "".into()]);
        for spelt in ["a\"b/c-d", "a\\\"b/c-d", "a%22b%2Fc-d", "a%22b%2Fc%2Dd"] {
            assert_eq!(secrets.blank(&format!("x {spelt} y")), "x [redacted] y");
        }
        let mut value: Value =
            serde_json::from_str(r#"{"t": ["\u0061\"b/c-d"], "a\"b": 1, "n": 7}"#).unwrap();
        assert!(secrets.blank_value(&mut value));
        assert_eq!(value, json!({"t": ["[redacted]"], "[redacted]": 1, "n": 7}));
        assert!(Secrets::new(["1234567".into()]).blank_value(&mut json!([1_234_567])));
        assert!(!Secrets::default().blank_value(&mut value));
    }
}
