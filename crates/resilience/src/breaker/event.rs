//! States, rejections and transition events.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The state of a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Everything is admitted and judged.
    Closed,
    /// Nothing is admitted until the open time has elapsed.
    Open,
    /// A few probes are admitted; they decide.
    HalfOpen,
    /// Nothing is admitted, by an operator's word.
    ForcedOpen,
    /// Everything is admitted and nothing is judged, by an operator's word.
    ForcedClosed,
}

impl State {
    pub(super) const fn code(self) -> u64 {
        match self {
            Self::Closed => 0,
            Self::Open => 1,
            Self::HalfOpen => 2,
            Self::ForcedOpen => 3,
            Self::ForcedClosed => 4,
        }
    }

    pub(super) const fn from_code(code: u64) -> Self {
        match code {
            0 => Self::Closed,
            1 => Self::Open,
            2 => Self::HalfOpen,
            3 => Self::ForcedOpen,
            _ => Self::ForcedClosed,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
            Self::ForcedOpen => "forced open",
            Self::ForcedClosed => "forced closed",
        })
    }
}

/// The breaker did not admit a request. Nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("circuit breaker is {state}, ask again in {retry_in:?}")]
#[non_exhaustive]
pub struct Rejected {
    /// The time until `retry_at`.
    pub retry_in: Duration,
    /// The next chance: the end of the open time; in half-open a short while, because a probe is
    /// expected to settle. A forced-open breaker has none of its own and names its longest open time.
    pub retry_at: Instant,
    /// The state that rejected.
    pub state: State,
}

/// Why a breaker changed its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// Too large a part of the window failed.
    FailureRate {
        /// Failures in the window.
        failures: u64,
        /// Judged calls in the window.
        total: u64,
    },
    /// Too large a part of the window was slow.
    SlowRate {
        /// Slow calls in the window.
        slow: u64,
        /// Judged calls in the window.
        total: u64,
    },
    /// Too many failures without a success between them.
    ConsecutiveFailures {
        /// How many.
        failures: u32,
    },
    /// The open time is over.
    OpenElapsed,
    /// Every probe succeeded.
    ProbesSucceeded,
    /// A probe failed, was slow, or panicked.
    ProbeFailed,
    /// A probe neither settled nor was dropped before its lease ran out.
    LeaseExpired,
    /// An operator forced the state.
    Forced,
    /// An operator reset the breaker.
    Reset,
}

/// A breaker changed its state.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transition {
    /// The breaker's key in its registry; empty without one.
    pub name: Arc<str>,
    /// The state before.
    pub from: State,
    /// The state after.
    pub to: State,
    /// Why.
    pub cause: Cause,
    /// When.
    pub at: Instant,
    /// Counts the transitions of this breaker from 1.
    pub generation: u64,
}

/// Hears about transitions, in their order.
///
/// Called on the thread of the request that caused the transition, with no lock of the breaker's state
/// held: the listener may use the breaker. A panic in it is contained.
pub trait BreakerListener: fmt::Debug + Send + Sync {
    /// The breaker changed its state.
    fn on_transition(&self, transition: &Transition);
}
