//! What can be wrong with a configuration.

use std::fmt;

/// One setting that cannot work.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The setting, by its field name.
    pub field: &'static str,
    /// What is wrong with it and which values work.
    pub reason: &'static str,
}

/// A configuration was refused. Holds every problem found, not only the first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    problems: Vec<Problem>,
}

impl ConfigError {
    /// Every problem, in the order of the settings.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid configuration")?;
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { ": " } else { "; " };
            write!(f, "{separator}{} {}", problem.field, problem.reason)?;
        }
        Ok(())
    }
}

/// A shared store could not do its work.
///
/// The components built on stores go on without them where that is safe; each says how.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct StoreError {
    kind: StoreErrorKind,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What kept a store from its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The store cannot be reached, is full, or took too long. It may be back soon.
    Unavailable,
    /// The store holds something that cannot be read.
    Corrupt,
    /// The request makes no sense to the store, such as a lease that it does not know.
    Invalid,
}

impl fmt::Display for StoreErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unavailable => "store unavailable",
            Self::Corrupt => "store holds unreadable data",
            Self::Invalid => "request not known to the store",
        })
    }
}

impl StoreError {
    /// An error without a deeper cause.
    pub const fn new(kind: StoreErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// The same error with its cause.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What kept the store from its work.
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// True when the store may be back soon without anyone changing anything.
    pub const fn is_transient(&self) -> bool {
        matches!(self.kind, StoreErrorKind::Unavailable)
    }
}

/// Collects problems, then decides.
#[derive(Debug, Default)]
pub(crate) struct Check {
    problems: Vec<Problem>,
}

impl Check {
    pub(crate) fn require(&mut self, holds: bool, field: &'static str, reason: &'static str) {
        if !holds {
            self.problems.push(Problem { field, reason });
        }
    }

    pub(crate) fn done<T>(self, value: T) -> Result<T, ConfigError> {
        if self.problems.is_empty() {
            Ok(value)
        } else {
            Err(ConfigError {
                problems: self.problems,
            })
        }
    }
}
