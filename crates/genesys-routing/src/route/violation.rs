//! What is wrong with a route.

use std::fmt;

/// Which rule a part of a route breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ViolationCode {
    /// Nothing, or white space alone, stands where something must.
    Empty,
    /// Longer than allowed.
    TooLong,
    /// More entries than allowed.
    TooMany,
    /// Characters that are not allowed there.
    Characters,
    /// Not of the form that is needed there.
    Format,
    /// A number outside of its range, or not a number.
    Range,
    /// The same thing twice, after normalisation.
    Duplicate,
    /// Not an absolute URL.
    Url,
    /// A URL scheme other than https.
    Scheme,
    /// A URL without a host, or whose host is no public one.
    Host,
    /// A credential in a URL.
    Secret,
    /// A URL with a fragment.
    Fragment,
    /// An event that the catalogue does not have.
    UnknownEvent,
    /// A header that belongs to the connection or to whoever delivers.
    Reserved,
    /// Two settings that exclude each other.
    Exclusive,
    /// A setting that this kind of target does not have.
    NotApplicable,
    /// A word that is not one of those allowed.
    UnknownValue,
}

impl ViolationCode {
    /// A stable lower-case name for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::TooMany => "too_many",
            Self::Characters => "characters",
            Self::Format => "format",
            Self::Range => "range",
            Self::Duplicate => "duplicate",
            Self::Url => "url",
            Self::Scheme => "scheme",
            Self::Host => "host",
            Self::Secret => "secret",
            Self::Fragment => "fragment",
            Self::UnknownEvent => "unknown_event",
            Self::Reserved => "reserved",
            Self::Exclusive => "exclusive",
            Self::NotApplicable => "not_applicable",
            Self::UnknownValue => "unknown_value",
        }
    }
}

impl fmt::Display for ViolationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One broken rule. Its text repeats no URL, no header value and no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// Where in the JSON form, as a JSON pointer: `/uris/3`, `/retryPolicy/maxRetries`.
    pub pointer: String,
    /// Which rule.
    pub code: ViolationCode,
    /// What is wrong and what would be right.
    pub message: String,
}

impl serde::Serialize for Violation {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        let mut members = serializer.serialize_struct("Violation", 3)?;
        members.serialize_field("pointer", &self.pointer)?;
        members.serialize_field("code", self.code.as_str())?;
        members.serialize_field("message", &self.message)?;
        members.end()
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.pointer, self.message)
    }
}

/// Where a text stops being the JSON form of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SyntaxError {
    /// The line, from 1.
    pub line: usize,
    /// The column, in bytes from 1; 0 at the beginning of a line.
    pub column: usize,
    /// The member, such as `retryPolicy.maxRetries`; empty when it is the text as a whole.
    pub path: String,
    /// What is wrong, without the value that stands there.
    pub message: String,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(
            f,
            "{} at line {} column {}",
            self.message, self.line, self.column
        )
    }
}

/// A route was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteError {
    /// The text is not the JSON form of a route.
    Syntax(SyntaxError),
    /// It breaks rules. Every violation found, in the order of the route's parts.
    Rules(Vec<Violation>),
}

impl RouteError {
    /// Every violation; none for a syntax error.
    pub fn violations(&self) -> &[Violation] {
        match self {
            Self::Syntax(_) => &[],
            Self::Rules(violations) => violations,
        }
    }

    /// True when some violation has this code.
    pub fn has(&self, code: ViolationCode) -> bool {
        self.violations()
            .iter()
            .any(|violation| violation.code == code)
    }

    /// True for a text that is not the JSON form at all.
    pub fn is_syntax(&self) -> bool {
        matches!(self, Self::Syntax(_))
    }
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(error) => write!(f, "not the JSON of an event route: {error}"),
            Self::Rules(violations) => {
                f.write_str("invalid event route")?;
                for (index, violation) in violations.iter().enumerate() {
                    write!(f, "{}{violation}", if index == 0 { ": " } else { "; " })?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for RouteError {}

impl From<RouteError> for genesys_core::Error {
    fn from(error: RouteError) -> Self {
        genesys_core::Error::new(genesys_core::ErrorKind::InvalidRequest, error.to_string())
            .with_source(error)
    }
}
