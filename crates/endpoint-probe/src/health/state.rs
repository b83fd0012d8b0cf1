//! Results, states and transitions.

use std::fmt;
use std::time::Instant;

use serde::Serialize;

/// What one check said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum CheckResult {
    /// The endpoint answered as it should.
    Passed,
    /// The endpoint works and asks for no new work (HAProxy's `disable-on-404`, Envoy's `x-envoy-degraded`).
    Degraded,
    /// Anything else: no connection, no answer in time, the wrong answer.
    Failed,
}

/// What is believed of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum HealthState {
    /// It works.
    Up,
    /// It works, and is used only where nothing better is left.
    Degraded,
    /// It does not work, or was not checked yet.
    Down,
    /// It went up and down too often and is out until it is calm.
    Flapping,
}

impl HealthState {
    /// True for [`Up`](Self::Up) alone.
    pub const fn is_up(self) -> bool {
        matches!(self, Self::Up)
    }
}

impl fmt::Display for HealthState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Flapping => "flapping",
        })
    }
}

/// Why a state changed, with the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
#[non_exhaustive]
pub enum HealthCause {
    /// Checks passed in a row.
    Rose {
        /// How many.
        checks: u32,
    },
    /// Checks failed in a row.
    Fell {
        /// How many.
        checks: u32,
    },
    /// An endpoint that was up answered that it is degraded.
    Degraded,
    /// An endpoint that was degraded passed a check.
    Restored,
    /// It went up and down too often.
    Flapping {
        /// The changes inside the window.
        changes: u32,
    },
    /// It flapped, and has kept one state for a whole window since.
    Calm,
}

/// A change of state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HealthTransition {
    /// The state before.
    pub from: HealthState,
    /// The state since.
    pub to: HealthState,
    /// Why.
    pub cause: HealthCause,
    /// The end of the check that changed it. Not serialized: an instant means nothing to another process.
    #[serde(skip)]
    pub at: Instant,
}

/// What a check's result led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub struct HealthUpdate {
    /// The state after it.
    pub state: HealthState,
    /// The change, if there was one.
    pub transition: Option<HealthTransition>,
    /// When to check next.
    pub next_check: Instant,
}

/// How far an endpoint is from a change, in checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct HealthProgress {
    /// While up or degraded: the failed checks in a row that would take it down. While down: the passed checks in a row so far.
    pub count: u32,
    /// While up or degraded: `fall`. While down: `rise`.
    pub of: u32,
}
