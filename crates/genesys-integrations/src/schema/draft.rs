//! The drafts that a schema may be written in.

use std::fmt;

use serde_json::Value;

use super::error::{SchemaError, SchemaErrorKind};

/// A draft of JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Draft {
    /// Draft 7: what a schema is taken for that does not say.
    #[default]
    Draft7,
    /// Draft 2019-09.
    Draft201909,
    /// Draft 2020-12.
    Draft202012,
}

impl Draft {
    /// Every draft.
    pub const ALL: [Self; 3] = [Self::Draft7, Self::Draft201909, Self::Draft202012];

    /// The URI of its meta-schema.
    pub fn uri(self) -> &'static str {
        match self {
            Self::Draft7 => "http://json-schema.org/draft-07/schema#",
            Self::Draft201909 => "https://json-schema.org/draft/2019-09/schema",
            Self::Draft202012 => "https://json-schema.org/draft/2020-12/schema",
        }
    }

    /// The draft with this meta-schema. A trailing `#` makes no difference.
    pub fn from_uri(uri: &str) -> Option<Self> {
        let plain = uri.trim_end_matches('#');
        Self::ALL
            .into_iter()
            .find(|draft| draft.uri().trim_end_matches('#') == plain)
    }

    /// The draft that `schema` says it is written in, or `fallback`.
    pub(super) fn of(schema: &Value, fallback: Self) -> Result<Self, SchemaError> {
        match schema.get("$schema") {
            None => Ok(fallback),
            Some(Value::String(uri)) => {
                Self::from_uri(uri).ok_or_else(|| Self::unsupported().at("/$schema"))
            }
            Some(_) => {
                Err(SchemaError::new(SchemaErrorKind::Invalid, "is not a text").at("/$schema"))
            }
        }
    }

    pub(super) fn unsupported() -> SchemaError {
        SchemaError::new(
            SchemaErrorKind::Draft,
            "only drafts 7, 2019-09 and 2020-12 are supported",
        )
    }

    pub(super) fn engine(self) -> jsonschema::Draft {
        match self {
            Self::Draft7 => jsonschema::Draft::Draft7,
            Self::Draft201909 => jsonschema::Draft::Draft201909,
            Self::Draft202012 => jsonschema::Draft::Draft202012,
        }
    }
}

impl fmt::Display for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Draft7 => "draft 7",
            Self::Draft201909 => "draft 2019-09",
            Self::Draft202012 => "draft 2020-12",
        })
    }
}
