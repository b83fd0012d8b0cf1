//! What makes two requests the same.

use std::collections::BTreeMap;

use http::HeaderName;
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::executor::call::Caller;
use crate::executor::hex;
use crate::executor::outgoing::Outgoing;

/// Fields, each with its length before it: no two lists of fields give the same bytes.
struct Fields(Sha256);

impl Fields {
    fn new(purpose: &str) -> Self {
        Self(Sha256::new()).with(purpose)
    }

    fn with(mut self, field: impl AsRef<[u8]>) -> Self {
        let field = field.as_ref();
        self.0.update((field.len() as u64).to_be_bytes());
        self.0.update(field);
        self
    }

    fn end(self, prefix: &str) -> String {
        let digest = self.0.finalize();
        let mut out = String::with_capacity(prefix.len() + 2 * digest.len());
        out.push_str(prefix);
        hex(&digest, &mut out);
        out
    }
}

/// The key of an answer: the node, the generation of its URL, method, URL, caller, headers and canonical body. A digest, because URL
/// and headers may hold a secret: another credential is another key, and none can be read off one.
pub(super) fn entry(
    node: &[u8],
    generation: &[u8],
    request: &Outgoing,
    caller: &Caller,
    uncounted: &[HeaderName],
) -> String {
    let mut fields = Fields::new("answer")
        .with(node)
        .with(generation)
        .with(request.method.as_str())
        .with(request.url.as_str());
    fields = match caller.id() {
        Some(id) => fields.with("caller").with(id),
        None => fields.with("anonymous"),
    };
    let mut headers: Vec<(&str, &[u8])> = request
        .headers
        .iter()
        .filter(|(name, _)| !uncounted.contains(name))
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    // Stable: lines of one name keep their order.
    headers.sort_by_key(|(name, _)| *name);
    fields = fields.with((headers.len() as u64).to_be_bytes());
    for (name, value) in headers {
        fields = fields.with(name).with(value);
    }
    fields.with(canonical(&request.body)).end("answer:")
}

/// The key of what is known of a URL, whoever asks for it.
pub(super) fn url(url: &str) -> String {
    Fields::new("url").with(url).end("url:")
}

/// JSON with its members sorted and without white space, numbers digit by digit; what is no JSON as it is.
fn canonical(body: &[u8]) -> Vec<u8> {
    let mut out = String::with_capacity(body.len());
    let written = std::str::from_utf8(body)
        .ok()
        .and_then(|text| write(text, &mut out).ok());
    match written {
        Some(()) => out.into_bytes(),
        None => body.to_vec(),
    }
}

fn write(text: &str, out: &mut String) -> Result<(), serde_json::Error> {
    let text = text.trim_ascii();
    match text.as_bytes().first() {
        Some(b'{') => {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(text)?;
            out.push('{');
            for (index, (name, value)) in members.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(name).to_string());
                out.push(':');
                write(value.get(), out)?;
            }
            out.push('}');
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text)?;
            out.push('[');
            for (index, item) in items.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item.get(), out)?;
            }
            out.push(']');
        }
        Some(b'"') => {
            let text: String = serde_json::from_str(text)?;
            out.push_str(&Value::from(text).to_string());
        }
        _ => {
            serde_json::from_str::<&RawValue>(text)?;
            out.push_str(text);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_the_same_whatever_its_order_and_space_and_never_by_its_digits() {
        // errata RST-26
        let same =
            |one: &str, other: &str| canonical(one.as_bytes()) == canonical(other.as_bytes());
        assert!(same(
            r#"{"a": 1, "b": [1, {"c": "\u0041"}]}"#,
            r#"{"b":[1,{"c":"A"}],"a":1}"#
        ));
        assert!(!same(
            "[12345678901234567890.1]",
            "[12345678901234567890.2]"
        ));
        assert!(!same("[1]", "[1.0]") && !same("[\"1\"]", "[1]") && !same("[1,2]", "[2,1]"));
        assert!(same("no json {", "no json {") && !same("no json {", "no json  {"));
        assert_eq!(canonical(b""), b"");
    }

    #[test]
    fn fields_that_run_into_each_other_are_told_apart() {
        // errata RST-27
        let ab = Fields::new("x").with("a").with("bc").end("");
        assert_ne!(ab, Fields::new("x").with("ab").with("c").end(""));
        assert_ne!(ab, Fields::new("x").with("a").with("b").with("c").end(""));
        assert_ne!(url("https://a/b"), url("https://a/b/"));
    }
}
