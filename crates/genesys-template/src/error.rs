//! Why a template does not compile, or does not render.

use std::fmt;

use crate::Variable;

/// A template, its values, or both together were refused.
///
/// Holds every problem that was found, not the first alone: an author corrects a template in one go, and a caller learns of all
/// missing variables at once. Texts name variables, places and rules; they never hold a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", Listed(problems))]
pub struct Error {
    /// Never empty.
    problems: Box<[Problem]>,
}

/// What kind of rule was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// `{{` is not followed by a dotted name and `}}`. A literal `{{` is written `%7B%7B` in a URL and `\u007b\u007b` in a JSON
    /// string.
    MalformedPlaceholder,
    /// `{{` without a `}}`.
    UnclosedPlaceholder,
    /// A placeholder whose root the [`Scope`](crate::Scope) does not declare.
    UnknownRoot,
    /// A placeholder where none may stand.
    PlaceNotAllowed,
    /// A placeholder for an object that holds a secret, which would go along unseen.
    SecretInside,
    /// No value satisfies all places of a variable.
    Conflict,
    /// The scope contradicts itself, or declares what is no name or no host.
    InvalidScope,
    /// Not the URL of a request, or one that a parser would repair.
    InvalidUrl,
    /// Not a header field.
    InvalidHeader,
    /// Not JSON.
    InvalidJson,
    /// An object has the same key twice.
    DuplicateKey,
    /// JSON nests deeper than the limit.
    TooDeep,
    /// A template has more holes than the limit.
    TooManyHoles,
    /// A template, a value or the output is longer than the limit.
    TooLarge,
    /// There is no value for a variable.
    Missing,
    /// Null in a place that needs text.
    Null,
    /// An object or an array in a place that needs text.
    NotScalar,
    /// Anything but a string as the key of an object.
    NotString,
    /// A control character in a path.
    ControlCharacter,
    /// Anything but visible ASCII, space and tab in a header.
    NotHeaderText,
    /// A path segment that came out empty.
    EmptySegment,
    /// A path segment that climbs: `.` or `..`, also when it is written with `%2e`, `%2f` or `%5c`.
    DotSegment,
    /// A query parameter that came out empty, and would be no parameter.
    EmptyParameter,
    /// A host that is not among the declared ones.
    HostNotListed,
    /// A secret variable with a value that is no `SecretString`.
    NotSecret,
}

/// The text that a problem is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Part {
    /// The URL.
    Url,
    /// The header of this name.
    Header(Box<str>),
    /// The JSON body.
    Body,
    /// What the scope declares under this text.
    Scope(Box<str>),
    /// The JSON text that was given as the value of this root.
    Values(Box<str>),
}

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub(crate) kind: ErrorKind,
    pub(crate) reason: &'static str,
    pub(crate) part: Part,
    pub(crate) offset: Option<usize>,
    pub(crate) variable: Option<Variable>,
}

impl Error {
    pub(crate) fn new(problems: Vec<Problem>) -> Self {
        debug_assert!(!problems.is_empty(), "an error has a reason");
        Self {
            problems: problems.into(),
        }
    }

    /// The kind of the first problem.
    pub fn kind(&self) -> ErrorKind {
        self.problems
            .first()
            .map_or(ErrorKind::InvalidScope, |problem| problem.kind)
    }

    /// Every problem, by part and offset.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The variables without a value, each once, in the order of their first place.
    pub fn missing(&self) -> Vec<&Variable> {
        let mut missing: Vec<&Variable> = Vec::new();
        for problem in &self.problems {
            if let (ErrorKind::Missing, Some(variable)) = (problem.kind, &problem.variable)
                && !missing.contains(&variable)
            {
                missing.push(variable);
            }
        }
        missing
    }

    /// True when a value is at fault and not the template: whoever gave the values can correct them.
    pub fn is_value(&self) -> bool {
        self.problems.iter().all(Problem::is_value)
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::new(vec![problem])
    }
}

impl Problem {
    pub(crate) fn new(kind: ErrorKind, part: &Part) -> Self {
        Self {
            kind,
            reason: kind.text(),
            part: part.clone(),
            offset: None,
            variable: None,
        }
    }

    pub(crate) fn at(mut self, offset: usize) -> Self {
        self.offset = Some(offset);
        self
    }

    pub(crate) fn of(mut self, variable: &Variable) -> Self {
        self.variable = Some(variable.clone());
        self
    }

    pub(crate) fn because(mut self, reason: &'static str) -> Self {
        self.reason = reason;
        self
    }

    /// What kind of rule was broken.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The rule, in one line.
    pub fn reason(&self) -> &'static str {
        self.reason
    }

    /// The text that it is about.
    pub fn part(&self) -> &Part {
        &self.part
    }

    /// Where in the text of the [part](Self::part), in bytes: of the template when it renders as when it compiles.
    pub fn offset(&self) -> Option<usize> {
        self.offset
    }

    /// The variable that it is about.
    pub fn variable(&self) -> Option<&Variable> {
        self.variable.as_ref()
    }

    fn is_value(&self) -> bool {
        use ErrorKind as K;
        matches!(self.part, Part::Values(_))
            || matches!(
                self.kind,
                K::Missing
                    | K::Null
                    | K::NotScalar
                    | K::NotString
                    | K::ControlCharacter
                    | K::NotHeaderText
                    | K::EmptySegment
                    | K::EmptyParameter
                    | K::HostNotListed
                    | K::NotSecret
            )
            || (self.variable.is_some()
                && matches!(
                    self.kind,
                    K::DotSegment | K::DuplicateKey | K::TooDeep | K::TooLarge
                ))
    }
}

impl ErrorKind {
    const fn text(self) -> &'static str {
        match self {
            Self::MalformedPlaceholder => "a placeholder is {{name.name}}",
            Self::UnclosedPlaceholder => "a placeholder is not closed",
            Self::UnknownRoot => "the root of the variable is not declared",
            Self::PlaceNotAllowed => "no placeholder may stand here",
            Self::SecretInside => "the variable is an object that holds a secret",
            Self::Conflict => "no value satisfies all places of the variable",
            Self::InvalidScope => "the declaration is not valid",
            Self::InvalidUrl => "not the url of a request",
            Self::InvalidHeader => "not a header field",
            Self::InvalidJson => "not json",
            Self::DuplicateKey => "the object has this key twice",
            Self::TooDeep => "json nests deeper than the limit",
            Self::TooManyHoles => "more placeholders than the limit",
            Self::TooLarge => "longer than the limit",
            Self::Missing => "no value",
            Self::Null => "null has no text",
            Self::NotScalar => "an object or array has no text",
            Self::NotString => "a key is a string",
            Self::ControlCharacter => "a control character in a path",
            Self::NotHeaderText => "a header takes visible ascii, space and tab",
            Self::EmptySegment => "the path segment is empty",
            Self::DotSegment => "the path segment climbs",
            Self::EmptyParameter => "the query parameter is empty",
            Self::HostNotListed => "the host is not among the declared ones",
            Self::NotSecret => "a secret variable takes a secret value only",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url => f.write_str("url"),
            Self::Header(name) => write!(f, "header {}", name.escape_debug()),
            Self::Body => f.write_str("body"),
            Self::Scope(text) => write!(f, "scope {}", text.escape_debug()),
            Self::Values(root) => write!(f, "values of {}", root.escape_debug()),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.part)?;
        if let Some(offset) = self.offset {
            write!(f, " at byte {offset}")?;
        }
        if let Some(variable) = &self.variable {
            write!(f, ", {variable}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

struct Listed<'a>(&'a [Problem]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, problem) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}
