//! JSON Schema, for configurations and for the contracts of actions.

use serde_json::Value;

/// True when the schema itself can be used.
pub(crate) fn is_usable(schema: &Value) -> bool {
    jsonschema::validator_for(schema).is_ok()
}

/// What is wrong with `value`, one text a violation, naming the place and never the value.
pub(crate) fn violations(schema: &Value, value: &Value) -> Vec<String> {
    let Ok(validator) = jsonschema::validator_for(schema) else {
        return vec!["the schema cannot be used".into()];
    };
    validator
        .iter_errors(value)
        .map(|error| {
            let place = error.instance_path().to_string();
            let place = if place.is_empty() {
                "the value"
            } else {
                place.as_str()
            };
            format!("{place}: {}", error.masked())
        })
        .collect()
}
