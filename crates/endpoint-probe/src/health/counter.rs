//! Rise and fall.

use super::config::{HealthConfig, InitialHealth};
use super::state::{CheckResult, HealthCause, HealthProgress, HealthState};

/// HAProxy's counter: one number from 0 (down without hope) to `rise + fall - 1` (up without doubt); at `rise` and above
/// the endpoint is up. The two sides are never entered part of the way: whoever drops below `rise` is at 0, whoever reaches
/// it is at the top.
#[derive(Debug, Clone)]
pub(super) struct Counter {
    rise: u32,
    fall: u32,
    health: u32,
    degraded: bool,
    /// Results in a row that were of one side.
    streak: u32,
    streak_passed: bool,
}

/// What the checks alone say, before flap detection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Up,
    Degraded,
    Down,
}

impl Level {
    pub(super) const fn state(self) -> HealthState {
        match self {
            Self::Up => HealthState::Up,
            Self::Degraded => HealthState::Degraded,
            Self::Down => HealthState::Down,
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    from: Level,
    to: Level,
    checks: u32,
}

impl Change {
    /// True when the endpoint came up or went down. Being degraded is no flapping.
    pub(super) fn crosses(self) -> bool {
        (self.from == Level::Down) != (self.to == Level::Down)
    }

    pub(super) const fn cause(self) -> HealthCause {
        match (self.from, self.to) {
            (_, Level::Down) => HealthCause::Fell {
                checks: self.checks,
            },
            (_, Level::Degraded) => HealthCause::Degraded,
            (Level::Degraded, Level::Up) => HealthCause::Restored,
            (_, Level::Up) => HealthCause::Rose {
                checks: self.checks,
            },
        }
    }
}

impl Counter {
    pub(super) fn new(config: &HealthConfig) -> Self {
        let (rise, fall) = (config.rise, config.fall);
        Self {
            rise,
            fall,
            health: match config.initial {
                InitialHealth::FullyUp => rise + fall - 1,
                InitialHealth::Up => rise,
                InitialHealth::Down => rise - 1,
                InitialHealth::FullyDown => 0,
            },
            degraded: false,
            streak: 0,
            streak_passed: false,
        }
    }

    /// Counts one result; the change of level, if it made one.
    pub(super) fn count(&mut self, result: CheckResult) -> Option<Change> {
        let from = self.level();
        let passed = match result {
            CheckResult::Passed => true,
            CheckResult::Degraded => from != Level::Down,
            CheckResult::Failed => false,
        };
        self.streak = if passed == self.streak_passed {
            self.streak.saturating_add(1)
        } else {
            1
        };
        self.streak_passed = passed;
        if passed {
            self.health = (self.health + 1).min(self.top());
            if self.health >= self.rise {
                self.health = self.top();
            }
            self.degraded = result == CheckResult::Degraded;
        } else {
            self.health = self.health.saturating_sub(1);
            if self.health < self.rise {
                self.health = 0;
                self.degraded = false;
            }
        }
        let to = self.level();
        (from != to).then_some(Change {
            from,
            to,
            checks: self.streak,
        })
    }

    pub(super) const fn level(&self) -> Level {
        if self.health < self.rise {
            Level::Down
        } else if self.degraded {
            Level::Degraded
        } else {
            Level::Up
        }
    }

    const fn top(&self) -> u32 {
        self.rise + self.fall - 1
    }

    /// Nothing speaks against it.
    pub(super) const fn is_full(&self) -> bool {
        self.health == self.top()
    }

    /// Nothing speaks for it.
    pub(super) const fn is_empty(&self) -> bool {
        self.health == 0
    }

    pub(super) const fn progress(&self) -> HealthProgress {
        if self.health < self.rise {
            HealthProgress {
                count: self.health,
                of: self.rise,
            }
        } else {
            HealthProgress {
                count: self.health - self.rise + 1,
                of: self.fall,
            }
        }
    }
}
