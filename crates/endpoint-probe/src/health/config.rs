//! Settings of a health tracker.

use std::fmt;
use std::time::Duration;

use resilience::Random;

use super::flap::FlapRule;

const MAX_CHECKS: u32 = 1000;
const MIN_INTERVAL: Duration = Duration::from_millis(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MAX_JITTER: f64 = 0.5;

/// What an endpoint is before its first check, in HAProxy's four steps (its `init-state`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum InitialHealth {
    /// Up; `fall` failed checks take it down.
    FullyUp,
    /// Up; one failed check takes it down. What HAProxy does by default.
    Up,
    /// Down; one passed check brings it up. The default here: nothing is trusted before it was checked.
    #[default]
    Down,
    /// Down; `rise` passed checks bring it up.
    FullyDown,
}

/// How many checks a verdict takes, and how far apart they are.
///
/// | setting | default | bounds |
/// | --- | --- | --- |
/// | rise | 2 checks | 1 to 1000 |
/// | fall | 3 checks | 1 to 1000 |
/// | interval | 2 s | 1 ms to 24 h |
/// | fast interval | the interval | 1 ms to 24 h |
/// | down interval | the interval | 1 ms to 24 h |
/// | jitter | ± 10 % | 0 to 50 % |
/// | initial state | [`InitialHealth::Down`] | |
/// | flap detection | off | 2 to 1000 changes in 1 ms to 24 h |
/// | slow start | off | up to 24 h |
///
/// ```
/// use std::time::Duration;
/// use endpoint_probe::HealthConfig;
///
/// let wrong = HealthConfig::new().with_rise(0).with_jitter(f64::NAN).validate();
/// let fields: Vec<_> = wrong.unwrap_err().problems().iter().map(|problem| problem.field).collect();
/// assert_eq!(fields, ["rise", "jitter"]);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct HealthConfig {
    pub(super) rise: u32,
    pub(super) fall: u32,
    pub(super) interval: Duration,
    pub(super) fast_interval: Option<Duration>,
    pub(super) down_interval: Option<Duration>,
    pub(super) jitter: f64,
    pub(super) initial: InitialHealth,
    pub(super) flap: Option<FlapRule>,
    pub(super) slow_start: Duration,
}

impl Default for HealthConfig {
    fn default() -> Self {
        Self {
            rise: 2,
            fall: 3,
            interval: Duration::from_secs(2),
            fast_interval: None,
            down_interval: None,
            jitter: 0.1,
            initial: InitialHealth::Down,
            flap: None,
            slow_start: Duration::ZERO,
        }
    }
}

impl HealthConfig {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Passed checks in a row that bring an endpoint up.
    pub fn with_rise(mut self, checks: u32) -> Self {
        self.rise = checks;
        self
    }

    /// Failed checks in a row that take an endpoint down.
    pub fn with_fall(mut self, checks: u32) -> Self {
        self.fall = checks;
        self
    }

    /// The time between the end of a check and the next one, while nothing is in doubt.
    pub fn with_interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// The time between checks while the endpoint is up with failures, or down with successes. Shorter than the interval, it
    /// brings the verdict sooner.
    pub fn with_fast_interval(mut self, interval: Duration) -> Self {
        self.fast_interval = Some(interval);
        self
    }

    /// The time between checks while the endpoint is down without a sign of recovery.
    pub fn with_down_interval(mut self, interval: Duration) -> Self {
        self.down_interval = Some(interval);
        self
    }

    /// The part by which each interval is made longer or shorter at random: 0.1 for ± 10 %.
    pub fn with_jitter(mut self, part: f64) -> Self {
        self.jitter = part;
        self
    }

    /// What the endpoint is before its first check.
    pub fn with_initial(mut self, initial: InitialHealth) -> Self {
        self.initial = initial;
        self
    }

    /// Takes an endpoint out that changes between up and down `changes` times inside `window`.
    ///
    /// A change is inside the window while it is younger than the window. The endpoint is [`Flapping`](super::HealthState::Flapping)
    /// from the check that completes the number until the first check at which the window is empty: it has kept one state for
    /// that long, and gets that state. Checks go on meanwhile with the same intervals. The step from the initial state counts
    /// as a change; becoming degraded does not.
    pub fn with_flap_detection(mut self, changes: u32, window: Duration) -> Self {
        self.flap = Some(FlapRule { changes, window });
        self
    }

    /// Lets the weight of an endpoint that has come up grow from 0.01 to 1 over `time`.
    pub fn with_slow_start(mut self, time: Duration) -> Self {
        self.slow_start = time;
        self
    }

    /// The settings, if all are inside their bounds.
    ///
    /// # Errors
    /// Every setting that is not.
    pub fn validate(self) -> Result<Self, HealthConfigError> {
        const INTERVAL: &str = "must be between 1 ms and 24 h";
        let is_interval = |time: Duration| (MIN_INTERVAL..=DAY).contains(&time);
        let is_checks = |checks: u32| (1..=MAX_CHECKS).contains(&checks);
        let rules = [
            (
                is_checks(self.rise),
                "rise",
                "must be between 1 and 1000 checks",
            ),
            (
                is_checks(self.fall),
                "fall",
                "must be between 1 and 1000 checks",
            ),
            (is_interval(self.interval), "interval", INTERVAL),
            (
                self.fast_interval.is_none_or(is_interval),
                "fast_interval",
                INTERVAL,
            ),
            (
                self.down_interval.is_none_or(is_interval),
                "down_interval",
                INTERVAL,
            ),
            (
                (0.0..=MAX_JITTER).contains(&self.jitter),
                "jitter",
                "must be between 0 and 0.5",
            ),
            (
                self.flap.is_none_or(|rule| {
                    (2..=MAX_CHECKS).contains(&rule.changes) && is_interval(rule.window)
                }),
                "flap_detection",
                "needs 2 to 1000 changes and a window between 1 ms and 24 h",
            ),
            (self.slow_start <= DAY, "slow_start", "must be at most 24 h"),
        ];
        let problems: Vec<_> = rules
            .into_iter()
            .filter(|(holds, ..)| !holds)
            .map(|(_, field, reason)| HealthProblem { field, reason })
            .collect();
        if problems.is_empty() {
            Ok(self)
        } else {
            Err(HealthConfigError { problems })
        }
    }

    /// The nearest settings inside the bounds. A jitter that is not a number becomes the default.
    pub fn clamp(mut self) -> Self {
        let interval = |time: Duration| time.clamp(MIN_INTERVAL, DAY);
        self.rise = self.rise.clamp(1, MAX_CHECKS);
        self.fall = self.fall.clamp(1, MAX_CHECKS);
        self.interval = interval(self.interval);
        self.fast_interval = self.fast_interval.map(interval);
        self.down_interval = self.down_interval.map(interval);
        self.jitter = if self.jitter.is_nan() {
            Self::default().jitter
        } else {
            self.jitter.clamp(0.0, MAX_JITTER)
        };
        self.flap = self.flap.map(|rule| FlapRule {
            changes: rule.changes.clamp(2, MAX_CHECKS),
            window: interval(rule.window),
        });
        self.slow_start = self.slow_start.min(DAY);
        self
    }
}

impl HealthConfig {
    pub(crate) fn starts_up(&self) -> bool {
        matches!(self.initial, InitialHealth::FullyUp | InitialHealth::Up)
    }
}

/// `interval`, longer or shorter by up to `jitter` of it.
pub(super) fn spread(interval: Duration, jitter: f64, random: &dyn Random) -> Duration {
    if jitter == 0.0 {
        return interval;
    }
    interval.mul_f64(1.0 - jitter + 2.0 * jitter * random.unit())
}

/// A setting that cannot work.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HealthProblem {
    /// The setting, by its name.
    pub field: &'static str,
    /// What is wrong with it and which values work.
    pub reason: &'static str,
}

/// A [`HealthConfig`] was refused. Holds every problem, not only the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthConfigError {
    problems: Vec<HealthProblem>,
}

impl HealthConfigError {
    /// Every problem, in the order of the settings.
    pub fn problems(&self) -> &[HealthProblem] {
        &self.problems
    }
}

impl fmt::Display for HealthConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid health settings")?;
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { ": " } else { "; " };
            write!(f, "{separator}{} {}", problem.field, problem.reason)?;
        }
        Ok(())
    }
}

impl std::error::Error for HealthConfigError {}
