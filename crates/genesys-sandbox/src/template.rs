//! `{{root.path}}` in the strings of a webhook's payload.

use serde_json::Value;

/// Fills the placeholders. A string that is one placeholder takes the value with its type; an unknown placeholder is
/// left as it is, so that a receiver sees what was wrong.
pub(crate) fn render(template: &Value, values: &Value) -> Value {
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
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let Some(length) = rest[start..].find("}}") else {
            break;
        };
        let (hole, after) = (
            &rest[start..start + length + 2],
            &rest[start + length + 2..],
        );
        let value = lookup(hole[2..hole.len() - 2].trim(), values);
        if let (Some(value), true) = (value, hole == text) {
            return value.clone();
        }
        out.push_str(&rest[..start]);
        match value {
            Some(Value::String(text)) => out.push_str(text),
            Some(value) => out.push_str(&value.to_string()),
            None => out.push_str(hole),
        }
        rest = after;
    }
    out.push_str(rest);
    Value::String(out)
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
        assert_eq!(render(&json!("open {{ end"), &values), json!("open {{ end"));
    }
}
