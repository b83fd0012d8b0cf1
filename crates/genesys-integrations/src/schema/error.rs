//! Why a schema cannot be used.

use std::borrow::Cow;
use std::fmt;

use genesys_core::redact::external_text;

/// The most characters of a text that the schema's author wrote.
const SHOWN: usize = 200;

/// Why a schema cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SchemaErrorKind {
    /// The text is no JSON.
    Json,
    /// The text is longer than the limit.
    TooLarge,
    /// The schema, or a value in it, nests deeper than the limit.
    TooDeep,
    /// `$schema` names a draft that is not supported.
    Draft,
    /// A reference leads out of the document. Nothing is fetched, from no network and no file.
    RemoteReference,
    /// A reference leads nowhere inside the document.
    BrokenReference,
    /// A schema refers to itself for the same value, so that validation would never end.
    Cycle,
    /// References multiply each other, so that validation would take for ever.
    TooWide,
    /// A pattern that cannot be matched in linear time, or that is too large when compiled.
    Pattern,
    /// The schema breaks a rule of its draft.
    Invalid,
}

impl SchemaErrorKind {
    /// A stable lower-case name for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::TooLarge => "too_large",
            Self::TooDeep => "too_deep",
            Self::Draft => "draft",
            Self::RemoteReference => "remote_reference",
            Self::BrokenReference => "broken_reference",
            Self::Cycle => "cycle",
            Self::TooWide => "too_wide",
            Self::Pattern => "pattern",
            Self::Invalid => "invalid",
        }
    }
}

/// A schema cannot be used. Its text is one line: the kind, the place in the schema, the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaError {
    kind: SchemaErrorKind,
    pointer: String,
    reason: Cow<'static, str>,
}

impl SchemaError {
    pub(super) fn new(kind: SchemaErrorKind, reason: &'static str) -> Self {
        Self {
            kind,
            pointer: String::new(),
            reason: Cow::Borrowed(reason),
        }
    }

    /// With a reason that quotes the schema or its reader.
    pub(super) fn quoting(kind: SchemaErrorKind, reason: &str) -> Self {
        Self {
            kind,
            pointer: String::new(),
            reason: Cow::Owned(external_text(reason, &[], SHOWN)),
        }
    }

    pub(super) fn at(mut self, pointer: &str) -> Self {
        self.pointer = external_text(pointer, &[], SHOWN);
        self
    }

    /// What is wrong.
    pub fn kind(&self) -> SchemaErrorKind {
        self.kind
    }

    /// The place in the schema, as a JSON pointer; empty when it is the whole.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// The reason, in one line.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unusable json schema: ")?;
        if !self.pointer.is_empty() {
            write!(f, "{} ", self.pointer)?;
        }
        f.write_str(&self.reason)
    }
}

impl std::error::Error for SchemaError {}
