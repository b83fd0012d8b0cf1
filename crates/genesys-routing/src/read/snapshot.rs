//! What came of reading a list.

use std::fmt;

use genesys_core::{Error, ErrorKind, Result};

use super::{Doubt, Entity, Rejected};

/// A list as it was read: each object once, in the order of the list.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Snapshot<T> {
    /// The objects. One that came several times is here once, as it came first.
    pub items: Vec<T>,
    /// What could not be read, in the order of the list. [`Collection::resume`](super::Collection::resume) reads it later.
    pub missing: Vec<FailedRange>,
    /// The objects that came more than once.
    pub duplicates: Vec<Duplicate>,
    /// The entries that are no items; the first 1,000 of them.
    pub rejected: Vec<Rejected>,
    /// How many entries are no items.
    pub rejected_total: u64,
    /// What makes one doubt that this is one state of the list.
    pub doubts: Vec<Doubt>,
    /// How many objects the list says it has; none when it does not say.
    pub total: Option<u64>,
    /// Pages read.
    pub pages: u32,
    /// How often the list was read, because it changed while it was.
    pub passes: u32,
    pub(super) page_size: u32,
}

/// Whether a snapshot can be one state of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Consistency {
    /// Everything was read, and it is as many objects as the list says on every page.
    Consistent,
    /// Everything was read, and the list does not say how many objects it has, so that a change meanwhile may not show.
    Unknown,
    /// Something is missing, or what came contradicts itself.
    Inconsistent,
}

impl Consistency {
    /// `consistent`, `unknown` or `inconsistent`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Consistent => "consistent",
            Self::Unknown => "unknown",
            Self::Inconsistent => "inconsistent",
        }
    }
}

impl fmt::Display for Consistency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<T> Snapshot<T> {
    /// True when nothing is missing.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }

    /// Whether this can be one state of the list.
    pub fn consistency(&self) -> Consistency {
        if !self.is_complete() || self.doubts.iter().any(|doubt| doubt.affects_content()) {
            Consistency::Inconsistent
        } else if self.total.is_none() {
            Consistency::Unknown
        } else {
            Consistency::Consistent
        }
    }

    /// True when this is certainly one state of the list.
    pub fn is_consistent(&self) -> bool {
        self.consistency() == Consistency::Consistent
    }

    /// Objects of another type; one that cannot be made from its document is an error.
    ///
    /// # Errors
    ///
    /// The first error of `map`.
    pub fn try_map<U>(self, map: impl FnMut(T) -> Result<U>) -> Result<Snapshot<U>> {
        Ok(Snapshot {
            items: self.items.into_iter().map(map).collect::<Result<_>>()?,
            missing: self.missing,
            duplicates: self.duplicates,
            rejected: self.rejected,
            rejected_total: self.rejected_total,
            doubts: self.doubts,
            total: self.total,
            pages: self.pages,
            passes: self.passes,
            page_size: self.page_size,
        })
    }

    /// The snapshot, if it is complete and nothing about it is in doubt.
    pub(super) fn into_strict(self, operation: &str) -> Result<Self> {
        if let Some(range) = self.missing.into_iter().next() {
            return Err(range.error);
        }
        if let Some(doubt) = self.doubts.iter().find(|doubt| doubt.affects_content()) {
            return Err(Error::new(ErrorKind::Protocol, doubt.to_string())
                .with_operation(operation.to_owned()));
        }
        Ok(Self {
            missing: Vec::new(),
            ..self
        })
    }
}

impl<T: Entity> Snapshot<T> {
    /// The object of this id.
    pub fn get(&self, id: &str) -> Option<&T> {
        self.items.iter().find(|item| item.as_document().id() == id)
    }
}

/// An object that came more than once.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Duplicate {
    /// Its id.
    pub id: String,
    /// How often it came.
    pub times: u32,
    /// True when it did not always look the same.
    pub conflicting: bool,
}

impl Duplicate {
    pub(super) fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            times: 1,
            conflicting: false,
        }
    }
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Range {
    /// Pages by number, both ends included. Without a last one it goes on to the end of the list.
    Pages {
        /// The first one, from 1.
        first: u32,
        /// The last one.
        last: Option<u32>,
    },
    /// Everything after a cursor.
    After(String),
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pages {
                first,
                last: Some(last),
            } if first == last => write!(f, "page {first}"),
            Self::Pages {
                first,
                last: Some(last),
            } => write!(f, "pages {first} to {last}"),
            Self::Pages { first, last: None } => write!(f, "page {first} and all after it"),
            Self::After(_) => f.write_str("everything after a cursor"),
        }
    }
}

/// A part of a list that could not be read, and why.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FailedRange {
    /// Which part.
    pub range: Range,
    /// Why; of several reasons the first one.
    pub error: Error,
}

impl FailedRange {
    pub(super) fn new(range: Range, error: Error) -> Self {
        Self { range, error }
    }
}

impl fmt::Display for FailedRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.range, self.error)
    }
}
