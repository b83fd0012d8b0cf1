//! How long to wait between attempts.

use std::sync::Arc;
use std::time::Duration;

use crate::Random;
use crate::error::{Check, ConfigError};

/// How a delay is spread below its bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Jitter {
    /// Anywhere between nothing and the bound. Keeps callers that failed together from coming back
    /// together.
    #[default]
    Full,
    /// Exactly the bound. For tests, and where one caller alone waits.
    None,
}

/// Exponential delays: `min(cap, base * factor^n)`, then jitter.
///
/// ```
/// use std::time::Duration;
/// use resilience::{Backoff, Jitter, SeededRandom};
///
/// let backoff = Backoff::new(Duration::from_millis(100), 2.0, Duration::from_secs(1), Jitter::None)?;
/// let random = SeededRandom::new(7);
/// let delays: Vec<_> = (0..5).map(|n| backoff.delay(n, &random).as_millis()).collect();
/// assert_eq!(delays, [100, 200, 400, 800, 1000]);
/// assert_eq!(backoff.delay(u32::MAX, &random), Duration::from_secs(1));
/// # Ok::<(), resilience::ConfigError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    base: Duration,
    factor: f64,
    cap: Duration,
    jitter: Jitter,
}

impl Backoff {
    /// The shortest base: one microsecond.
    pub const MIN_BASE: Duration = Duration::from_micros(1);
    /// The longest cap: one day.
    pub const MAX_CAP: Duration = Duration::from_secs(24 * 60 * 60);
    /// The largest factor.
    pub const MAX_FACTOR: f64 = 100.0;

    /// Delays that start at `base`, grow by `factor` and stop growing at `cap`.
    ///
    /// # Errors
    /// All of: `base` below [`MIN_BASE`](Self::MIN_BASE), `factor` not finite or outside
    /// `[1, MAX_FACTOR]`, `cap` below `base` or above [`MAX_CAP`](Self::MAX_CAP).
    pub fn new(
        base: Duration,
        factor: f64,
        cap: Duration,
        jitter: Jitter,
    ) -> Result<Self, ConfigError> {
        let mut check = Check::default();
        check.require(base >= Self::MIN_BASE, "base", "must be at least 1 µs");
        check.require(
            (1.0..=Self::MAX_FACTOR).contains(&factor),
            "factor",
            "must be between 1 and 100",
        );
        check.require(cap >= base, "cap", "must not be below base");
        check.require(cap <= Self::MAX_CAP, "cap", "must be at most one day");
        check.done(Self {
            base,
            factor,
            cap,
            jitter,
        })
    }

    /// The nearest delays that work: `base` is raised to [`MIN_BASE`](Self::MIN_BASE) and lowered to
    /// [`MAX_CAP`](Self::MAX_CAP), `factor` is brought into `[1, MAX_FACTOR]` (2 when it is not a
    /// number), `cap` is brought between `base` and `MAX_CAP`.
    pub const fn clamp(base: Duration, factor: f64, cap: Duration, jitter: Jitter) -> Self {
        let base = clamp_duration(base, Self::MIN_BASE, Self::MAX_CAP);
        Self {
            base,
            factor: if factor.is_nan() {
                2.0
            } else {
                factor.clamp(1.0, Self::MAX_FACTOR)
            },
            cap: clamp_duration(cap, base, Self::MAX_CAP),
            jitter,
        }
    }

    /// The same delays with another jitter.
    #[must_use]
    pub const fn with_jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// The bound of the delay before retry number `index`, which counts from 0. Defined for every
    /// `index`: the arithmetic stops at the cap instead of overflowing.
    pub fn bound(&self, index: u32) -> Duration {
        let exponent = i32::try_from(index).unwrap_or(i32::MAX);
        let seconds = self.base.as_secs_f64() * self.factor.powi(exponent);
        // Infinity and anything beyond the range of a duration end here.
        Duration::try_from_secs_f64(seconds).map_or(self.cap, |grown| grown.min(self.cap))
    }

    /// The delay before retry number `index`, which counts from 0.
    pub fn delay(&self, index: u32, random: &dyn Random) -> Duration {
        let bound = self.bound(index);
        match self.jitter {
            Jitter::Full => random.duration_up_to(bound),
            Jitter::None => bound,
        }
    }

    /// The delays one after the other, without end: `take` as many as there are retries.
    ///
    /// Any retry helper that takes an `Iterator<Item = Duration>` can use it; `backon` does so as is.
    pub fn delays(&self, random: Arc<dyn Random>) -> Delays {
        Delays {
            backoff: *self,
            random,
            index: 0,
        }
    }
}

/// Base 100 ms, doubled up to 20 s, full jitter.
impl Default for Backoff {
    fn default() -> Self {
        Self::clamp(
            Duration::from_millis(100),
            2.0,
            Duration::from_secs(20),
            Jitter::Full,
        )
    }
}

const fn clamp_duration(value: Duration, low: Duration, high: Duration) -> Duration {
    if value.as_nanos() < low.as_nanos() {
        low
    } else if value.as_nanos() > high.as_nanos() {
        high
    } else {
        value
    }
}

/// Iterator over the delays of a [`Backoff`], made by [`Backoff::delays`].
#[derive(Debug, Clone)]
pub struct Delays {
    backoff: Backoff,
    random: Arc<dyn Random>,
    index: u32,
}

impl Delays {
    /// Starts again with the first delay.
    pub fn reset(&mut self) {
        self.index = 0;
    }
}

impl Iterator for Delays {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let delay = self.backoff.delay(self.index, &*self.random);
        self.index = self.index.saturating_add(1);
        Some(delay)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

impl std::iter::FusedIterator for Delays {}
