//! Which of several endpoints are used.

use serde::Serialize;

use super::state::HealthState;

/// What a pool does when no member works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum WhenAllDown {
    /// Use all of them: when everything looks ill, the checks are the likelier culprit. What load balancers do that serve
    /// users.
    FailOpen,
    /// Use none, and say so. The default: what is delivered to an endpoint that does not work may be lost.
    #[default]
    FailClosed,
}

/// Chooses among the members of a pool by their health.
///
/// The members that are up share the traffic by their weights. When none is up, those that are degraded share it equally; when
/// none is either, [`WhenAllDown`] decides. A flapping member counts as down.
///
/// ```
/// use endpoint_probe::{HealthState, PoolMode, PoolPolicy, WhenAllDown};
///
/// let policy = PoolPolicy::new().with_when_all_down(WhenAllDown::FailOpen);
/// // The second has just come up and starts slowly.
/// let mixed = policy.select([(HealthState::Up, 1.0), (HealthState::Up, 0.25), (HealthState::Down, 0.0)]);
/// assert_eq!(mixed.shares, [0.8, 0.2, 0.0]);
///
/// let none = policy.select([(HealthState::Down, 0.0), (HealthState::Flapping, 0.0)]);
/// assert_eq!((none.mode, none.shares), (PoolMode::FailOpen, vec![0.5, 0.5]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[must_use]
pub struct PoolPolicy {
    when_all_down: WhenAllDown,
}

/// Which rule chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum PoolMode {
    /// At least one member is up.
    Normal,
    /// None is up, and at least one is degraded.
    Degraded,
    /// None works; all are used.
    FailOpen,
    /// None works, or there is none; none is used.
    FailClosed,
}

/// The part of the traffic that each member gets.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PoolSelection {
    /// Which rule chose.
    pub mode: PoolMode,
    /// For each member, in the order they were given, 0 to 1. Their sum is 1, or 0 in [`PoolMode::FailClosed`].
    pub shares: Vec<f64>,
}

impl PoolPolicy {
    /// Fails closed.
    pub fn new() -> Self {
        Self::default()
    }

    /// What to do when no member works.
    pub fn with_when_all_down(mut self, when_all_down: WhenAllDown) -> Self {
        self.when_all_down = when_all_down;
        self
    }

    /// Divides the traffic among members with these states and weights
    /// ([`HealthTracker::weight`](super::HealthTracker::weight), times a weight of your own if you have one).
    ///
    /// Only ratios between weights count. One that is negative, infinite or not a number counts as 0; when all that are up
    /// have 0, they share equally.
    pub fn select(&self, members: impl IntoIterator<Item = (HealthState, f64)>) -> PoolSelection {
        let members: Vec<(HealthState, f64)> = members.into_iter().collect();
        let part_of = |state: HealthState| {
            move |(member, _): &(HealthState, f64)| f64::from(u8::from(*member == state))
        };
        let any = |state: HealthState| members.iter().any(|(member, _)| *member == state);
        let (mode, parts): (_, Vec<f64>) = if any(HealthState::Up) {
            let largest = members
                .iter()
                .map(|member| weight(*member))
                .fold(0.0, f64::max);
            if largest > 0.0 {
                // By the largest first: the sum of very large weights would be infinite.
                let scaled = members.iter().map(|member| weight(*member) / largest);
                (PoolMode::Normal, scaled.collect())
            } else {
                let equal = members.iter().map(part_of(HealthState::Up));
                (PoolMode::Normal, equal.collect())
            }
        } else if any(HealthState::Degraded) {
            let equal = members.iter().map(part_of(HealthState::Degraded));
            (PoolMode::Degraded, equal.collect())
        } else if self.when_all_down == WhenAllDown::FailOpen && !members.is_empty() {
            (PoolMode::FailOpen, vec![1.0; members.len()])
        } else {
            (PoolMode::FailClosed, vec![0.0; members.len()])
        };
        let sum: f64 = parts.iter().sum();
        let shares = if sum > 0.0 {
            parts.into_iter().map(|part| part / sum).collect()
        } else {
            parts
        };
        PoolSelection { mode, shares }
    }
}

/// The weight of a member that is up; 0 for every other.
fn weight((state, weight): (HealthState, f64)) -> f64 {
    if state == HealthState::Up && weight.is_finite() && weight > 0.0 {
        weight
    } else {
        0.0
    }
}
