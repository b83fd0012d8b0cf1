//! What a graph operation can refuse.

use std::fmt;

/// A graph operation was refused or stopped.
///
/// The text never contains ids, names or queries: those come from outside and may be long or hostile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    column: Option<usize>,
}

/// Why a graph operation was refused or stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An object or a reference came without an id. Skip it, and mark the snapshot incomplete.
    EmptyId,
    /// A text (id, name, evidence, attribute) is longer than the limits allow.
    TextTooLong,
    /// More objects than the limits, or 2³¹, allow.
    TooManyNodes,
    /// More references than the limits, or 2³² − 1, allow.
    TooManyEdges,
    /// More than 255 kinds, or more than 256 pairs of node kind and state.
    TooManyKinds,
    /// More than 2²⁴ different pairs of evidence and alternative, more attributes than the limits allow, or too much text.
    TooMuchDetail,
    /// The caller cancelled the work.
    Cancelled,
    /// The work budget is spent. A larger one, or a smaller question, helps.
    BudgetSpent,
    /// A node does not belong to this graph.
    UnknownNode,
    /// The query is longer than the limits allow.
    QueryTooLong,
    /// The query nests deeper, or has more parts, than the limits allow.
    QueryTooComplex,
    /// The query has a character or a word where none can stand.
    QuerySyntax,
    /// The query calls a function that does not exist.
    QueryUnknownFunction,
    /// The query gives a function too few or too many arguments, or one of the wrong sort.
    QueryArgument,
    /// The query names an object that is not in the graph.
    QueryUnknownObject,
    /// No set of objects separates the two: one refers to the other directly, or they overlap.
    Inseparable,
    /// The text is not a snapshot, or its parts contradict each other.
    SnapshotInvalid,
    /// The snapshot has a version that this release does not read.
    SnapshotVersion,
    /// The snapshot is larger than the limits allow.
    SnapshotTooLarge,
    /// The writer that a picture or snapshot was rendered into refused.
    Write,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmptyId => "an id is empty",
            Self::TextTooLong => "a text exceeds its limit",
            Self::TooManyNodes => "too many objects",
            Self::TooManyEdges => "too many references",
            Self::TooManyKinds => "too many kinds",
            Self::TooMuchDetail => "too much evidence, attributes or text",
            Self::Cancelled => "cancelled",
            Self::BudgetSpent => "the work budget is spent",
            Self::UnknownNode => "a node does not belong to this graph",
            Self::QueryTooLong => "the query is too long",
            Self::QueryTooComplex => "the query is too complex",
            Self::QuerySyntax => "the query has a syntax error",
            Self::QueryUnknownFunction => "the query calls an unknown function",
            Self::QueryArgument => "the query has a wrong argument",
            Self::QueryUnknownObject => "the query names an unknown object",
            Self::Inseparable => "no set of objects separates these",
            Self::SnapshotInvalid => "not a valid snapshot",
            Self::SnapshotVersion => "unknown snapshot version",
            Self::SnapshotTooLarge => "the snapshot exceeds its limit",
            Self::Write => "the writer refused",
        })
    }
}

impl Error {
    pub(crate) const fn new(kind: ErrorKind) -> Self {
        Self { kind, column: None }
    }

    pub(crate) const fn at(kind: ErrorKind, column: usize) -> Self {
        Self {
            kind,
            column: Some(column),
        }
    }

    /// What went wrong.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Where in the query or the snapshot, in characters of that line from 1.
    pub const fn column(&self) -> Option<usize> {
        self.column
    }

    /// True when the query is at fault, so that whoever wrote it can correct it.
    pub const fn is_query(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::QueryTooLong
                | ErrorKind::QueryTooComplex
                | ErrorKind::QuerySyntax
                | ErrorKind::QueryUnknownFunction
                | ErrorKind::QueryArgument
                | ErrorKind::QueryUnknownObject
                | ErrorKind::Inseparable
        )
    }

    /// True when a limit was reached: the input is too large for the [`Limits`](crate::Limits) in force.
    pub const fn is_limit(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::TextTooLong
                | ErrorKind::TooManyNodes
                | ErrorKind::TooManyEdges
                | ErrorKind::TooManyKinds
                | ErrorKind::TooMuchDetail
                | ErrorKind::QueryTooLong
                | ErrorKind::QueryTooComplex
                | ErrorKind::SnapshotTooLarge
        )
    }

    /// True when the work was stopped from outside: cancelled, or out of budget. The same call may succeed later.
    pub const fn is_interrupted(&self) -> bool {
        matches!(self.kind, ErrorKind::Cancelled | ErrorKind::BudgetSpent)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            Some(column) => write!(f, "{} at column {column}", self.kind),
            None => self.kind.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<fmt::Error> for Error {
    fn from(_: fmt::Error) -> Self {
        Self::new(ErrorKind::Write)
    }
}
