//! `{{root.path}}` in a webhook's payload.

use serde_json::Value;

/// The payload of a delivery. An unknown placeholder is left as it is, so that a receiver sees what was wrong.
///
/// A template is either an object or the text of one, in which a placeholder may also stand where a number does. A text
/// that is no JSON once it is filled is delivered as a JSON string.
pub(crate) fn payload(template: &Value, values: &Value) -> Value {
    match template {
        Value::String(text) => {
            let text = fill(text, values, |value| {
                let quoted = Value::from(value).to_string();
                quoted[1..quoted.len() - 1].to_owned()
            });
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }
        other => render(other, values),
    }
}

/// Fills the strings of a JSON value. One that is a placeholder and nothing else takes the value with its type.
fn render(template: &Value, values: &Value) -> Value {
    match template {
        Value::String(text) => text_of(text, values),
        Value::Array(items) => items.iter().map(|item| render(item, values)).collect(),
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, value)| (name.clone(), render(value, values)))
                .collect(),
        ),
        other => other.clone(),
    }
}

fn text_of(text: &str, values: &Value) -> Value {
    let whole = text
        .strip_prefix("{{")
        .and_then(|rest| rest.strip_suffix("}}"))
        .and_then(|path| lookup(path.trim(), values));
    match whole {
        Some(value) => value.clone(),
        None => Value::String(fill(text, values, str::to_owned)),
    }
}

/// Fills the placeholders of a text; `write` says how a string stands in it.
fn fill(text: &str, values: &Value, write: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, (hole, after))) = rest
        .split_once("{{")
        .and_then(|(before, rest)| Some((before, rest.split_once("}}")?)))
    {
        out.push_str(before);
        match lookup(hole.trim(), values) {
            Some(Value::String(text)) => out.push_str(&write(text)),
            Some(value) => out.push_str(&value.to_string()),
            None => out.extend(["{{", hole, "}}"]),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn lookup<'a>(path: &str, values: &'a Value) -> Option<&'a Value> {
    path.split('.')
        .try_fold(values, |value, name| value.get(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn whole_strings_keep_their_type_and_unknown_names_stay_visible() {
        let values = json!({"queue": {"memberCount": 7}, "timestamp": "now"});
        let template = json!({"limit": "{{queue.memberCount}}", "text": ["at {{ timestamp }}, {{queue.memberCount}} of {{org.id}}"], "n": 1});
        assert_eq!(
            render(&template, &values),
            json!({"limit": 7, "text": ["at now, 7 of {{org.id}}"], "n": 1})
        );
        assert_eq!(
            render(&json!(["open {{ end"]), &values),
            json!(["open {{ end"])
        );
    }

    #[test]
    fn a_text_is_filled_and_read_as_the_json_that_it_is() {
        let values = json!({"queue": {"memberCount": 7, "name": "a \"b\" {"}});
        let text =
            json!(r#"{"limit":{{queue.memberCount}},"name":"{{queue.name}}","org":"{{org.id}}"}"#);
        assert_eq!(
            payload(&text, &values),
            json!({"limit": 7, "name": "a \"b\" {", "org": "{{org.id}}"})
        );
        // Not filled, and so no JSON: the receiver sees why.
        assert_eq!(
            payload(&json!(r#"{"limit":{{org.size}}}"#), &values),
            json!(r#"{"limit":{{org.size}}}"#)
        );
    }
}
