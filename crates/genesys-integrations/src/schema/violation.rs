//! What is wrong with a value, without the value.

use std::borrow::Cow;
use std::fmt;

use genesys_core::redact::{external_text, printable};
use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use serde::Serialize;

/// The most characters of a message.
const MESSAGE: usize = 300;
/// The most members that a message names.
const NAMED: usize = 3;
/// The most characters of a member's name in a message.
const NAME: usize = 40;

/// One rule of a schema that a value breaks. It quotes the schema and the names of members, never a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Violation {
    /// The keyword, such as `required`; `depth` for a value that nests deeper than the limit, which no keyword says.
    pub keyword: Cow<'static, str>,
    /// Where in the value, as a JSON pointer (RFC 6901); empty for the whole.
    pub instance_path: String,
    /// Where in the schema, as a JSON pointer.
    pub schema_path: String,
    /// The rule in one line.
    pub message: String,
}

impl Violation {
    pub(super) fn too_deep(limit: usize) -> Self {
        Self {
            keyword: Cow::Borrowed("depth"),
            instance_path: String::new(),
            schema_path: String::new(),
            message: format!("nests deeper than {limit} levels"),
        }
    }

    pub(super) fn beyond_detail(limit: usize) -> Self {
        Self {
            message: format!("is not valid; beyond {limit} levels the schema cannot say where"),
            ..Self::too_deep(limit)
        }
    }
}

impl Violation {
    /// What is wrong with a schema, which is no secret.
    pub(super) fn from_schema(error: &ValidationError<'_>) -> String {
        message(error)
    }
}

impl From<ValidationError<'_>> for Violation {
    fn from(error: ValidationError<'_>) -> Self {
        Self {
            keyword: Cow::Owned(error.kind().keyword().to_owned()),
            instance_path: printable(error.instance_path().as_str()),
            schema_path: printable(error.schema_path().as_str()),
            message: external_text(&message(&error), &[], MESSAGE),
        }
    }
}

fn message(error: &ValidationError<'_>) -> String {
    match error.kind() {
        Kind::AdditionalProperties { unexpected } => {
            format!("{} not allowed", members(unexpected))
        }
        Kind::UnevaluatedProperties { unexpected } => {
            format!("{} not evaluated by any schema", members(unexpected))
        }
        Kind::PropertyNames { .. } => "a member's name breaks the rule for names".to_owned(),
        Kind::Not { .. } => "fits the schema that it must not fit".to_owned(),
        Kind::FalseSchema => "nothing is allowed here".to_owned(),
        Kind::Contains => "too few or too many items fit".to_owned(),
        Kind::Required { property } => match property.as_str() {
            Some(name) => format!("{} is required", name_of(name)),
            None => "a member is required".to_owned(),
        },
        // Of the value only the placeholder is left, the rest quotes the schema.
        _ => lower(&error.masked_with("the value").to_string()),
    }
}

fn members(names: &[String]) -> String {
    let mut text = names
        .iter()
        .take(NAMED)
        .map(|name| name_of(name))
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > NAMED {
        text.push_str(&format!(" and {} more", names.len() - NAMED));
    }
    text.push_str(if names.len() == 1 { " is" } else { " are" });
    text
}

fn name_of(name: &str) -> String {
    format!("`{}`", external_text(name, &[], NAME))
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.instance_path.is_empty() {
            "(whole)"
        } else {
            &self.instance_path
        };
        write!(f, "{place}: {}", self.message)
    }
}
