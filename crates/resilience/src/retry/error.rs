//! The last error, with the history of the call.

use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

use super::{Class, Failure};

/// Why the loop gave up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stop {
    /// Repeating would fail again.
    Final,
    /// Every attempt was used.
    AttemptsSpent,
    /// The shared budget was empty: too many calls of this client are failing.
    BudgetEmpty,
    /// The wait would have ended at or after the deadline, so it was not begun.
    Deadline {
        /// The wait that was needed.
        wait: Duration,
    },
    /// The server asked for more patience than the policy has.
    RetryAfterTooLong {
        /// What the server asked for.
        wait: Duration,
    },
    /// The request may have been processed and the call is not repeatable.
    NotRepeatable,
    /// An inner loop had already retried.
    Spent,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Final => f.write_str("not retryable"),
            Self::AttemptsSpent => f.write_str("attempts spent"),
            Self::BudgetEmpty => f.write_str("retry budget empty"),
            Self::Deadline { wait } => write!(f, "a wait of {wait:?} would pass the deadline"),
            Self::RetryAfterTooLong { wait } => {
                write!(f, "the server asked for a wait of {wait:?}")
            }
            Self::NotRepeatable => f.write_str("may have been processed and is not repeatable"),
            Self::Spent => f.write_str("already retried"),
        }
    }
}

/// One attempt that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttemptRecord {
    /// Counts every execution from 1, replays and uncharged ones included.
    pub number: u32,
    /// How long the attempt took.
    pub elapsed: Duration,
    /// The wait between the previous attempt and this one.
    pub waited_before: Duration,
    /// The failure's [`summary`](Failure::summary).
    pub summary: String,
}

/// The last error of a call, why the loop stopped, and what was tried.
#[derive(Debug)]
#[non_exhaustive]
pub struct RetryError<E> {
    /// The error of the last attempt.
    pub last: E,
    /// Why there was no further attempt.
    pub stop: Stop,
    /// Every attempt, oldest first; the last entry describes `last`.
    pub attempts: Vec<AttemptRecord>,
    /// From the start of the call to the decision to stop.
    pub elapsed: Duration,
    /// The part of `elapsed` spent waiting between attempts.
    pub waited: Duration,
}

impl<E> RetryError<E> {
    /// Replaces the error, keeping the history.
    pub fn map<F>(self, convert: impl FnOnce(E) -> F) -> RetryError<F> {
        RetryError {
            last: convert(self.last),
            stop: self.stop,
            attempts: self.attempts,
            elapsed: self.elapsed,
            waited: self.waited,
        }
    }
}

impl<E> fmt::Display for RetryError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.attempts.len();
        let plural = if count == 1 { "" } else { "s" };
        write!(f, "failed after {count} attempt{plural}: {}", self.stop)
    }
}

impl<E: Error + 'static> Error for RetryError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.last)
    }
}

/// A spent error: an outer loop gives it up at once, so nesting two loops by accident does not
/// multiply their attempts.
impl<E: Failure> Failure for RetryError<E> {
    fn class(&self) -> Class {
        self.last.class()
    }

    fn is_throttle(&self) -> bool {
        self.last.is_throttle()
    }

    fn retry_after(&self) -> Option<Duration> {
        self.last.retry_after()
    }

    fn retry_at(&self) -> Option<Instant> {
        self.last.retry_at()
    }

    fn is_spent(&self) -> bool {
        true
    }

    fn summary(&self) -> String {
        self.last.summary()
    }
}
