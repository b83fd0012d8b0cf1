//! Check results to a verdict: the state machine of one endpoint, and the choice among several.
//!
//! Nothing here opens a socket, reads a clock or draws a number: results, instants and randomness come in, a state and the
//! instant of the next check come out.

mod config;
mod counter;
mod flap;
mod pool;
mod state;

use std::time::Instant;

use resilience::Random;

pub use config::{HealthConfig, HealthConfigError, HealthProblem, InitialHealth};
pub use pool::{PoolMode, PoolPolicy, PoolSelection, WhenAllDown};
pub use state::{
    CheckResult, HealthCause, HealthProgress, HealthState, HealthTransition, HealthUpdate,
};

use config::spread;
use counter::{Counter, Level};
use flap::FlapWindow;

/// The least weight of an endpoint that has just come up: slow start begins here, not at nothing, so that it is tried at all.
const FIRST_WEIGHT: f64 = 0.01;

/// The health of one endpoint, from the results of its checks.
///
/// The rules are HAProxy's, which the project's own checks compare with a running HAProxy:
///
/// - an endpoint that is **down** comes up after `rise` passed checks in a row; a failed one starts the count again;
/// - an endpoint that is **up** goes down after `fall` failed checks in a row; a passed one starts the count again;
/// - a **degraded** answer ("I work, but send me nothing new") counts as passed while the endpoint is up or degraded, and
///   as failed while it is down: who asks to be left alone is no evidence of recovery;
/// - the next check is `interval` away while all is well, `fast_interval` while the state is in doubt, and
///   `down_interval` while the endpoint is down without a sign of recovery, each ± jitter.
///
/// Beyond HAProxy, an endpoint that goes up and down too often is **flapping** and stays out until it has kept one state for
/// a whole window ([`HealthConfig::with_flap_detection`]).
///
/// ```
/// use std::time::Duration;
/// use endpoint_probe::{CheckResult, HealthConfig, HealthState, HealthTracker};
/// use resilience::{Clock, SeededRandom, test_util::FakeClock};
///
/// let clock = FakeClock::new();
/// let random = SeededRandom::new(1);
/// let config = HealthConfig::new().with_rise(2).with_fall(3).validate()?;
/// let mut health = HealthTracker::new(config, clock.now(), &random);
/// assert_eq!(health.state(), HealthState::Down); // Not trusted before the first check.
///
/// let mut answers = [true, true, false, false, false].into_iter();
/// let mut seen = Vec::new();
/// while let Some(passed) = answers.next() {
///     clock.advance_to(health.next_check()); // A program waits here, and then asks the endpoint.
///     let result = if passed { CheckResult::Passed } else { CheckResult::Failed };
///     let update = health.observe(result, clock.now(), &random);
///     seen.extend(update.transition.map(|transition| transition.to));
/// }
/// assert_eq!(seen, [HealthState::Up, HealthState::Down]);
/// # Ok::<(), endpoint_probe::HealthConfigError>(())
/// ```
#[derive(Debug, Clone)]
pub struct HealthTracker {
    config: HealthConfig,
    counter: Counter,
    flaps: Option<FlapWindow>,
    state: HealthState,
    /// The last instant that was handed in. Time that goes back is taken as standing still.
    now: Instant,
    next_check: Instant,
    /// When slow start began; `None` for an endpoint that was up from the start.
    up_since: Option<Instant>,
}

impl HealthTracker {
    /// The health of an endpoint that was not checked yet, at `now`.
    ///
    /// The first check is due at once, or up to `jitter × interval` later, so that many endpoints that are created together
    /// are not checked together. Settings outside their bounds are moved inside ([`HealthConfig::clamp`]).
    pub fn new(config: HealthConfig, now: Instant, random: &dyn Random) -> Self {
        let config = config.clamp();
        let counter = Counter::new(&config);
        let delay = random.duration_up_to(config.interval.mul_f64(config.jitter));
        Self {
            state: counter.level().state(),
            flaps: config.flap.map(FlapWindow::new),
            counter,
            now,
            next_check: now.checked_add(delay).unwrap_or(now),
            up_since: None,
            config,
        }
    }

    /// Takes the result of one check that ended at `now`; gives the state, what changed and when to check next.
    ///
    /// Results may come earlier or later than [`next_check`](Self::next_check): only their order counts.
    pub fn observe(
        &mut self,
        result: CheckResult,
        now: Instant,
        random: &dyn Random,
    ) -> HealthUpdate {
        self.now = self.now.max(now);
        let change = self.counter.count(result);
        let (state, cause) = self.judge(change);
        let transition = (state != self.state).then_some(HealthTransition {
            from: self.state,
            to: state,
            cause,
            at: self.now,
        });
        if state == HealthState::Up && transition.is_some() {
            self.up_since = Some(self.now);
        }
        self.state = state;
        let wait = spread(self.interval(), self.config.jitter, random);
        self.next_check = self.now.checked_add(wait).unwrap_or(self.now);
        HealthUpdate {
            state,
            transition,
            next_check: self.next_check,
        }
    }

    /// The state that the world is told, and why if it is a new one.
    fn judge(&mut self, change: Option<counter::Change>) -> (HealthState, HealthCause) {
        let level = self.counter.level();
        let crossed = change.is_some_and(|change| change.crosses());
        let plain = || {
            let cause = change.map_or(HealthCause::Calm, |change| change.cause());
            (level.state(), cause)
        };
        let Some(flaps) = &mut self.flaps else {
            return plain();
        };
        let was_flapping = flaps.is_flapping();
        match flaps.note(crossed, self.now) {
            Some(changes) => (HealthState::Flapping, HealthCause::Flapping { changes }),
            None if was_flapping => (level.state(), HealthCause::Calm),
            None => plain(),
        }
    }

    fn interval(&self) -> std::time::Duration {
        let config = &self.config;
        match self.counter.level() {
            _ if self.counter.is_full() => config.interval,
            Level::Down if self.counter.is_empty() => {
                config.down_interval.unwrap_or(config.interval)
            }
            _ => config.fast_interval.unwrap_or(config.interval),
        }
    }

    /// The present verdict.
    pub fn state(&self) -> HealthState {
        self.state
    }

    /// When the next check is due.
    pub fn next_check(&self) -> Instant {
        self.next_check
    }

    /// True when the next check is due at `now` or was before.
    pub fn is_due(&self, now: Instant) -> bool {
        self.next_check <= now
    }

    /// How far the endpoint is from its next change of state.
    pub fn progress(&self) -> HealthProgress {
        self.counter.progress()
    }

    /// How much traffic to send at `now`, from 0 to 1.
    ///
    /// 1 for an endpoint that is up; while it starts slowly ([`HealthConfig::with_slow_start`]) the part of that time that has
    /// passed, at least 0.01. 0 in every other state: whether a degraded or flapping endpoint is used after all is the
    /// pool's decision ([`PoolPolicy`]). As in HAProxy, an endpoint that was up from the start does not start slowly.
    pub fn weight(&self, now: Instant) -> f64 {
        if self.state != HealthState::Up {
            return 0.0;
        }
        match self.up_since {
            Some(since) if !self.config.slow_start.is_zero() => {
                let age = now.saturating_duration_since(since);
                age.div_duration_f64(self.config.slow_start)
                    .clamp(FIRST_WEIGHT, 1.0)
            }
            _ => 1.0,
        }
    }

    /// The settings, as they are used.
    pub fn config(&self) -> &HealthConfig {
        &self.config
    }
}
