//! What is wrong with a definition.

use std::fmt;

/// Which rule a part of a definition breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ViolationCode {
    /// Nothing, or white space alone, stands where something must.
    Empty,
    /// Longer than allowed.
    TooLong,
    /// Characters that are not allowed there.
    Characters,
    /// Not an absolute URL.
    Url,
    /// A URL scheme other than https.
    Scheme,
    /// A URL without a host.
    Host,
    /// A URL with a user name or a password in it.
    UserInfo,
    /// A URL with a fragment.
    Fragment,
    /// A target that is mapped more than once.
    Duplicate,
    /// A target that the receiving system does not have.
    UnknownTarget,
    /// A target whose name the platform's templates give another meaning.
    Reserved,
}

impl ViolationCode {
    /// A stable lower-case name for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::Characters => "characters",
            Self::Url => "url",
            Self::Scheme => "scheme",
            Self::Host => "host",
            Self::UserInfo => "user_info",
            Self::Fragment => "fragment",
            Self::Duplicate => "duplicate",
            Self::UnknownTarget => "unknown_target",
            Self::Reserved => "reserved",
        }
    }
}

/// One broken rule. Its text repeats no endpoint and no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// Which rule.
    pub code: ViolationCode,
    /// Where, such as `endpoint` or `dataMapping[2].targetField`.
    pub field: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.message)
    }
}

/// A definition was refused. Holds every violation found, not only the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionError {
    violations: Vec<Violation>,
}

impl DefinitionError {
    pub(super) fn new(violations: Vec<Violation>) -> Self {
        Self { violations }
    }

    /// Every violation, in the order of the definition's parts.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// True when some violation has this code.
    pub fn has(&self, code: ViolationCode) -> bool {
        self.violations
            .iter()
            .any(|violation| violation.code == code)
    }
}

impl fmt::Display for DefinitionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid integration definition")?;
        for (index, violation) in self.violations.iter().enumerate() {
            write!(f, "{}{violation}", if index == 0 { ": " } else { "; " })?;
        }
        Ok(())
    }
}

impl std::error::Error for DefinitionError {}
