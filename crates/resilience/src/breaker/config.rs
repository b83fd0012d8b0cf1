//! Settings of a breaker.

use std::time::Duration;

use crate::error::{Check, ConfigError};

/// When a breaker opens, how long it stays open, and what closes it.
///
/// | setting | default | bounds |
/// | --- | --- | --- |
/// | window | 30 s | 100 ms to 1 h |
/// | failure rate | 50 % | above 0, at most 100 % |
/// | minimum volume | 10 | at least 1 |
/// | slow calls | not judged | duration above 0, rate as above |
/// | consecutive failures | not judged | at least 1 |
/// | half-open permits | 3 | 1 to 1000 |
/// | open time | 5 s, doubled up to 60 s, shortened by up to 20 % | 1 ms to 24 h, factor 1 to 100 |
/// | lease of a probe | 45 s, or its attempt deadline and 5 s | 1 ms to 24 h |
#[derive(Debug, Clone, PartialEq)]
pub struct BreakerConfig {
    pub(super) window: Duration,
    pub(super) failure_rate: Option<f64>,
    pub(super) minimum_volume: u32,
    pub(super) slow: Option<(Duration, f64)>,
    pub(super) consecutive: Option<u32>,
    pub(super) permits: u32,
    pub(super) open: Duration,
    pub(super) open_max: Duration,
    pub(super) open_factor: f64,
    pub(super) jitter: f64,
    pub(super) lease: Duration,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MIN_WINDOW: Duration = Duration::from_millis(100);
const MAX_WINDOW: Duration = Duration::from_secs(60 * 60);
const MIN_TIME: Duration = Duration::from_millis(1);
const MAX_PERMITS: u32 = 1000;
const MAX_FACTOR: f64 = 100.0;
/// Above zero, and far below one call in any window.
const MIN_RATE: f64 = 1e-9;

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(30),
            failure_rate: Some(0.5),
            minimum_volume: 10,
            slow: None,
            consecutive: None,
            permits: 3,
            open: Duration::from_secs(5),
            open_max: Duration::from_secs(60),
            open_factor: 2.0,
            jitter: 0.2,
            lease: Duration::from_secs(45),
        }
    }
}

impl BreakerConfig {
    /// How far back the rates look.
    #[must_use]
    pub fn with_window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Opens when this part of the judged calls failed; `1.0` when all did.
    #[must_use]
    pub fn with_failure_rate(mut self, rate: f64) -> Self {
        self.failure_rate = Some(rate);
        self
    }

    /// Does not look at the failure rate.
    #[must_use]
    pub fn without_failure_rate(mut self) -> Self {
        self.failure_rate = None;
        self
    }

    /// Judged calls the window must hold before a rate means anything.
    #[must_use]
    pub fn with_minimum_volume(mut self, calls: u32) -> Self {
        self.minimum_volume = calls;
        self
    }

    /// Opens when this part of the judged calls took `duration` or longer, failed or not.
    #[must_use]
    pub fn with_slow_calls(mut self, duration: Duration, rate: f64) -> Self {
        self.slow = Some((duration, rate));
        self
    }

    /// Opens after this many failures without a success between them, whatever the volume.
    #[must_use]
    pub fn with_consecutive_failures(mut self, failures: u32) -> Self {
        self.consecutive = Some(failures);
        self
    }

    /// Probes admitted in half-open. All of them must succeed to close; one that fails opens again.
    #[must_use]
    pub fn with_half_open_permits(mut self, permits: u32) -> Self {
        self.permits = permits;
        self
    }

    /// The first open time, and the longest that repeated openings grow to.
    #[must_use]
    pub fn with_open_time(mut self, first: Duration, longest: Duration) -> Self {
        self.open = first;
        self.open_max = longest;
        self
    }

    /// By how much the open time grows when a probe fails.
    #[must_use]
    pub fn with_open_factor(mut self, factor: f64) -> Self {
        self.open_factor = factor;
        self
    }

    /// The part of the open time, 0 to 1, that is random: each opening lasts between
    /// `(1 - jitter) * time` and `time`, so that clients do not probe together.
    #[must_use]
    pub fn with_jitter(mut self, jitter: f64) -> Self {
        self.jitter = jitter;
        self
    }

    /// How long a probe without an attempt deadline may stay out before it counts as failed.
    #[must_use]
    pub fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// The settings, if all are inside their bounds.
    ///
    /// # Errors
    /// Every setting that is not.
    pub fn validate(self) -> Result<Self, ConfigError> {
        let is_rate = |rate: f64| rate > 0.0 && rate <= 1.0;
        let mut check = Check::default();
        check.require(
            (MIN_WINDOW..=MAX_WINDOW).contains(&self.window),
            "window",
            "must be between 100 ms and 1 h",
        );
        check.require(
            self.failure_rate.is_none_or(is_rate),
            "failure_rate",
            "must be above 0 and at most 1",
        );
        check.require(
            self.minimum_volume >= 1,
            "minimum_volume",
            "must be at least 1",
        );
        check.require(
            self.slow
                .is_none_or(|(duration, rate)| !duration.is_zero() && is_rate(rate)),
            "slow_calls",
            "needs a duration above 0 and a rate above 0 and at most 1",
        );
        check.require(
            self.consecutive.is_none_or(|failures| failures >= 1),
            "consecutive_failures",
            "must be at least 1",
        );
        check.require(
            (1..=MAX_PERMITS).contains(&self.permits),
            "half_open_permits",
            "must be between 1 and 1000",
        );
        check.require(
            MIN_TIME <= self.open && self.open <= self.open_max && self.open_max <= DAY,
            "open_time",
            "must be between 1 ms and 24 h, the first not above the longest",
        );
        check.require(
            (1.0..=MAX_FACTOR).contains(&self.open_factor),
            "open_factor",
            "must be between 1 and 100",
        );
        check.require(
            (0.0..=1.0).contains(&self.jitter),
            "jitter",
            "must be between 0 and 1",
        );
        check.require(
            (MIN_TIME..=DAY).contains(&self.lease),
            "lease",
            "must be between 1 ms and 24 h",
        );
        check.done(self)
    }

    /// The nearest settings inside the bounds. What is not a number becomes the default.
    #[must_use]
    pub fn clamp(mut self) -> Self {
        let default = Self::default();
        let rate = |rate: f64| {
            if rate.is_nan() {
                0.5
            } else {
                rate.clamp(MIN_RATE, 1.0)
            }
        };
        self.window = self.window.clamp(MIN_WINDOW, MAX_WINDOW);
        self.failure_rate = self.failure_rate.map(rate);
        self.minimum_volume = self.minimum_volume.max(1);
        self.slow = self
            .slow
            .map(|(duration, part)| (duration.max(Duration::from_nanos(1)), rate(part)));
        self.consecutive = self.consecutive.map(|failures| failures.max(1));
        self.permits = self.permits.clamp(1, MAX_PERMITS);
        self.open = self.open.clamp(MIN_TIME, DAY);
        self.open_max = self.open_max.clamp(self.open, DAY);
        self.open_factor = if self.open_factor.is_nan() {
            default.open_factor
        } else {
            self.open_factor.clamp(1.0, MAX_FACTOR)
        };
        self.jitter = if self.jitter.is_nan() {
            default.jitter
        } else {
            self.jitter.clamp(0.0, 1.0)
        };
        self.lease = self.lease.clamp(MIN_TIME, DAY);
        self
    }

    /// The open time after `reopened` failed recoveries, before jitter.
    pub(super) fn open_time(&self, reopened: u32) -> Duration {
        let exponent = i32::try_from(reopened).unwrap_or(i32::MAX);
        let seconds = self.open.as_secs_f64() * self.open_factor.powi(exponent);
        Duration::try_from_secs_f64(seconds).map_or(self.open_max, |time| time.min(self.open_max))
    }
}
