//! JSON Schema, for configurations, the contracts of actions and the schemas of nodes.

use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value;

/// Why the schema itself cannot be used, if it cannot: a keyword that is wrong, a pattern that cannot be matched in
/// linear time, or a reference that leaves the document. Nothing is fetched for it.
pub(crate) fn fault(schema: &Value) -> Option<String> {
    compile(schema).err()
}

/// What is wrong with `value`, one text a violation, naming the place and never the value.
#[cfg(any(test, feature = "platform"))]
pub(crate) fn violations(schema: &Value, value: &Value) -> Vec<String> {
    match compile(schema) {
        Ok(validator) => validator.iter_errors(value).map(placed).collect(),
        Err(reason) => vec![format!("the schema cannot be used: {reason}")],
    }
}

fn compile(schema: &Value) -> Result<Validator, String> {
    jsonschema::options()
        .offline()
        .with_pattern_options(PatternOptions::regex())
        .build(schema)
        .map_err(placed)
}

fn placed(error: ValidationError<'_>) -> String {
    let place = error.instance_path().to_string();
    let place = if place.is_empty() {
        "the value"
    } else {
        place.as_str()
    };
    format!("{place}: {}", error.masked())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_schema_that_leaves_the_document_or_cannot_be_matched_in_linear_time_is_refused() {
        for bad in [
            json!({"type": 7}),
            json!({"$ref": "https://example.com/schema.json"}),
            json!({"properties": {"a": {"$ref": "file:///etc/hosts"}}}),
            json!({"$ref": "#/$defs/missing"}),
            json!({"$schema": "https://example.com/draft"}),
            json!({"pattern": "(a)\\1"}),
        ] {
            assert!(fault(&bad).is_some(), "{bad}");
            assert!(!violations(&bad, &json!({})).is_empty(), "{bad}");
        }
        for good in [
            json!({}),
            json!({"$defs": {"a": {"type": "string"}}, "properties": {"x": {"$ref": "#/$defs/a"}}}),
            json!({"pattern": "^(a+)+$"}),
        ] {
            assert_eq!(fault(&good), None, "{good}");
        }
    }

    #[test]
    fn every_violation_is_named_without_the_value() {
        let schema = json!({"properties": {"a": {"type": "string"}, "b": {"maximum": 3}}});
        let found = violations(&schema, &json!({"a": 424_242, "b": 535_353}));
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("/a: ") && found[1].starts_with("/b: "));
        assert!(!found.concat().contains("424242") && !found.concat().contains("535353"));
    }

    #[test]
    fn a_schema_that_only_refers_to_itself_ends() {
        let circle = json!({"$ref": "#"});
        assert!(fault(&circle).is_some() || violations(&circle, &json!({})).is_empty());
    }
}
