//! Which field of the external system feeds which field here.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One entry of a data mapping: a field of the external system, a field of the receiving system, and what happens on the
/// way.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DataMapping {
    /// Where the value comes from, such as `caseId` or `case.priority`.
    pub source_field: String,
    /// Where it goes, such as `genesys_case_id`.
    pub target_field: String,
    /// What happens on the way.
    pub transformation: Transformation,
}

impl DataMapping {
    /// An entry that takes the value as it is.
    pub fn direct(source_field: impl Into<String>, target_field: impl Into<String>) -> Self {
        Self {
            source_field: source_field.into(),
            target_field: target_field.into(),
            transformation: Transformation::Direct,
        }
    }
}

/// What happens to a value on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Transformation {
    /// Nothing: the value arrives with its type, and one that is not there arrives as null.
    Direct,
}

impl Transformation {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "Direct",
        }
    }
}

impl fmt::Display for Transformation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no [`Transformation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown transformation; known is Direct")]
pub struct UnknownTransformation;

impl FromStr for Transformation {
    type Err = UnknownTransformation;

    /// # Errors
    ///
    /// [`UnknownTransformation`] unless the text is the exact name of one.
    fn from_str(text: &str) -> Result<Self, UnknownTransformation> {
        match text {
            "Direct" => Ok(Self::Direct),
            _ => Err(UnknownTransformation),
        }
    }
}
