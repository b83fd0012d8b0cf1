//! A placeholder and the place that it stands in.

use std::fmt;
use std::ops::Range;

use crate::Variable;
use crate::scope::Fallback;

/// Where a placeholder stands, which decides what may stand in for it and how that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Position {
    /// In the host or port of a URL that declares its [hosts](crate::Scope::with_hosts). Takes what makes one of them; written as
    /// it is.
    Host,
    /// In a path segment. Takes text, numbers and booleans without control characters; all but unreserved characters are
    /// percent-encoded, and a segment that comes out empty or climbs is refused.
    PathSegment,
    /// In the name of a query parameter. Takes text, numbers and booleans; all but unreserved characters are percent-encoded.
    QueryName,
    /// In the value of a query parameter. As [`QueryName`](Self::QueryName).
    QueryValue,
    /// In the value of a header. Takes text, numbers and booleans of visible ASCII, space and tab; written as it is.
    HeaderValue,
    /// In a JSON string. Takes text, numbers and booleans; escaped.
    JsonString,
    /// In place of a JSON value. Takes anything, null included; written as JSON.
    JsonValue,
    /// In the key of a JSON object. Takes strings; escaped, and a key that comes out twice is refused.
    JsonKey,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => "host",
            Self::PathSegment => "path segment",
            Self::QueryName => "query name",
            Self::QueryValue => "query value",
            Self::HeaderValue => "header value",
            Self::JsonString => "json string",
            Self::JsonValue => "json value",
            Self::JsonKey => "json key",
        })
    }
}

/// A placeholder of a compiled template.
#[derive(Debug, Clone)]
pub struct Hole {
    pub(crate) variable: Variable,
    /// The identifiers of the variable, cut once: the root, and those after it.
    pub(crate) root: Box<str>,
    pub(crate) path: Box<[Box<str>]>,
    pub(crate) position: Position,
    pub(crate) source: Box<str>,
    pub(crate) offset: usize,
    /// How many JSON containers are open around it.
    pub(crate) depth: usize,
    /// There is nothing else in its path segment.
    pub(crate) alone: bool,
    pub(crate) secret: bool,
    pub(crate) fallback: Fallback,
}

impl Hole {
    /// Its variable.
    pub fn variable(&self) -> &Variable {
        &self.variable
    }

    /// The place that it stands in.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Its bytes in the text of the template.
    pub fn source_span(&self) -> Range<usize> {
        self.offset..self.offset + self.source.len()
    }

    /// True when its variable is declared secret.
    pub fn is_secret(&self) -> bool {
        self.secret
    }

    /// True when rendering fails without a value.
    pub fn is_required(&self) -> bool {
        matches!(self.fallback, Fallback::Error)
    }
}

/// A stretch of a compiled template.
#[derive(Debug, Clone, Copy)]
pub enum Piece<'a> {
    /// Text that is written as it is.
    Literal(&'a str),
    /// A placeholder.
    Hole(&'a Hole),
}
