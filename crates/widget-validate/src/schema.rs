//! Validation against a JSON schema handed in.

use std::fmt;
use std::sync::Arc;

use crate::check::Scan;
use crate::code::structure;
use crate::coverage::Checked;
use crate::finding::Draft;
use crate::patch::child_pointer;

/// Steps that one pattern may take on one text before it counts as not matching.
const BACKTRACKING: usize = 100_000;

/// A compiled JSON schema (drafts 4 to 2020-12). Cheap to clone.
///
/// References inside the schema work; references to other documents are refused when the schema is read, and nothing is ever
/// fetched from the network or from a file. Patterns have a limit on backtracking.
///
/// ```
/// use widget_validate::{Policy, RuleSet, Schema, Validator};
///
/// let schema = Schema::parse(br#"{"type": "object", "required": ["url"]}"#)?;
/// let validator = Validator::new(Policy::builder(RuleSet::Recommended).build()?).with_schema("/properties", schema);
/// let report = validator.validate(r#"{"properties": {}}"#);
/// assert!(report.findings().iter().any(|finding| finding.code.as_str() == "W020" && finding.pointer == "/properties"));
///
/// assert!(Schema::parse(br#"{"$ref": "https://example.com/schema.json"}"#).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Schema {
    validator: Arc<jsonschema::Validator>,
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Schema")
    }
}

/// A schema cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unusable json schema: {reason}")]
pub struct SchemaError {
    reason: String,
}

impl SchemaError {
    /// What is wrong, in one line.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl Schema {
    /// Reads and compiles a schema.
    ///
    /// # Errors
    /// When the bytes are not JSON, not a schema, or refer to another document.
    pub fn parse(bytes: &[u8]) -> Result<Schema, SchemaError> {
        let unusable = |error: &dyn fmt::Display| SchemaError {
            reason: one_line(&error.to_string()),
        };
        let schema: serde_json::Value =
            serde_json::from_slice(bytes).map_err(|error| unusable(&error))?;
        let patterns = jsonschema::PatternOptions::fancy_regex().backtrack_limit(BACKTRACKING);
        let validator = jsonschema::options()
            .offline()
            .with_pattern_options(patterns)
            .build(&schema)
            .map_err(|error| unusable(&error))?;
        Ok(Schema {
            validator: Arc::new(validator),
        })
    }
}

/// Checks each value that has a schema.
pub(crate) fn check(scan: &mut Scan<'_>) {
    let validator = scan.validator;
    if validator.schemas.is_empty() {
        return scan.schema_checked(Checked::No("no schema was handed in"));
    }
    scan.schema_checked(Checked::Yes);
    let document = scan.document;
    for (pointer, schema) in &validator.schemas {
        let Some(node) = document.find(pointer) else {
            scan.schema_checked(Checked::No(
                "the document has no value where the schema applies",
            ));
            continue;
        };
        let Ok(value) = serde_json::from_str::<serde_json::Value>(document.raw(node)) else {
            scan.schema_checked(Checked::No(
                "the document is not well-formed or too deep for schemas",
            ));
            continue;
        };
        for error in schema.validator.iter_errors(&value) {
            let mut at = format!("{pointer}{}", error.instance_path());
            let mut span = document
                .find(&at)
                .map(|node| document.span(node))
                .unwrap_or_default();
            if let jsonschema::error::ValidationErrorKind::AdditionalProperties { unexpected } =
                error.kind()
                && let [only] = unexpected.as_slice()
            {
                at = child_pointer(&at, only);
                span = document.find(&at).map_or(span, |node| document.span(node));
            }
            // Masked: the value may be a secret.
            let message = one_line(&error.masked().to_string());
            let draft = Draft::new(
                structure::SCHEMA_VIOLATION,
                message,
                format!("see {} in the schema", error.schema_path()),
            );
            scan.schema_finding(at, span, draft);
        }
    }
}

fn one_line(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(300)
        .collect();
    let mut letters = line.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}
