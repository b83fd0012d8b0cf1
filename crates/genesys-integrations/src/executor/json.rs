//! JSON whose numbers may be larger than any float.

use std::collections::BTreeMap;

use genesys_template::Values;
use serde_json::value::RawValue;
use serde_json::{Number, Value};

/// As deep as `serde_json` reads.
const DEPTH: usize = 127;

/// Why a text cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unusable {
    /// It is no JSON, or nests too deeply.
    Unreadable,
    /// It has a member twice, or half of a surrogate pair.
    Ambiguous,
}

/// The value of a text, for a schema to look at. A number beyond every float is the largest one there.
///
/// What reads the text itself must see the same, so a member that is there twice is refused.
pub(super) fn parse(text: &str) -> Result<Value, Unusable> {
    let value = read(text)?;
    match Values::new().with_text("text", text) {
        Ok(_) => Ok(value),
        Err(_) => Err(Unusable::Ambiguous),
    }
}

/// As [`parse`], for a text that is looked at for members that are there twice by somebody else.
pub(super) fn read(text: &str) -> Result<Value, Unusable> {
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        // Its one complaint about such a number; all others are final, so that what is no JSON is read once.
        Err(error) if error.to_string().starts_with("number out of range") => {
            saturate(text, DEPTH).ok_or(Unusable::Unreadable)
        }
        Err(_) => Err(Unusable::Unreadable),
    }
}

/// The slow way, for a text that has such a number.
fn saturate(text: &str, depth: usize) -> Option<Value> {
    let text = text.trim_ascii();
    let depth = depth.checked_sub(1)?;
    match text.as_bytes().first()? {
        b'{' => {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
            members
                .into_iter()
                .map(|(name, value)| Some((name, saturate(value.get(), depth)?)))
                .collect::<Option<_>>()
                .map(Value::Object)
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            items
                .into_iter()
                .map(|item| saturate(item.get(), depth))
                .collect::<Option<_>>()
                .map(Value::Array)
        }
        first => match serde_json::from_str(text) {
            Ok(value) => Some(value),
            Err(_) => {
                // Anything else that is no value is no number either.
                serde_json::from_str::<&RawValue>(text).ok()?;
                let largest = if *first == b'-' { f64::MIN } else { f64::MAX };
                (first.is_ascii_digit() || *first == b'-')
                    .then(|| Number::from_f64(largest).map(Value::Number))?
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_number_beyond_every_float_is_a_number() {
        let digits = "9".repeat(400);
        let value = parse(&format!(
            r#"{{"a": [{digits}, -{digits}, 1e999, 1], "b": "x"}}"#
        ))
        .unwrap();
        assert_eq!(
            value,
            json!({"a": [f64::MAX, f64::MIN, f64::MAX, 1], "b": "x"})
        );
    }

    #[test]
    fn what_is_no_json_stays_none() {
        for text in [
            "",
            " ",
            "nul",
            "-",
            "1.",
            "01",
            "{",
            "[1,]",
            r#"{"a" 1}"#,
            "\"\\x\"",
            "1e999x",
        ] {
            assert_eq!(parse(text), Err(Unusable::Unreadable), "{text}");
        }
        let deep = format!("{}1e999{}", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(parse(&deep), Err(Unusable::Unreadable));
        for text in [r#"{"a": 1, "a": 1}"#, r#"[{"a": {}, "\u0061": 1}]"#] {
            assert_eq!(parse(text), Err(Unusable::Ambiguous), "{text}");
        }
    }
}
