//! Randomness as a parameter.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Where jitter comes from. Not for secrets.
pub trait Random: fmt::Debug + Send + Sync {
    /// The next 64 random bits.
    fn next_u64(&self) -> u64;

    /// A number in `[0, 1)` with 53 random bits.
    fn unit(&self) -> f64 {
        // 2^-53: every f64 in [0, 1) on that grid is exact.
        (self.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A duration in `[0, max]`, both ends included, in steps of a nanosecond.
    fn duration_up_to(&self, max: Duration) -> Duration {
        match u64::try_from(max.as_nanos()) {
            Ok(nanos) => {
                let span = u128::from(nanos) + 1;
                Duration::from_nanos(((u128::from(self.next_u64()) * span) >> 64) as u64)
            }
            // Beyond 584 years a step of a second is fine enough.
            Err(_) => {
                let span = u128::from(max.as_secs()) + 1;
                let secs = ((u128::from(self.next_u64()) * span) >> 64) as u64;
                Duration::from_secs(secs).min(max)
            }
        }
    }
}

/// The thread's own generator. Fast, seeded by the process, not reproducible.
#[derive(Debug, Clone, Copy, Default)]
pub struct ThreadRandom;

impl Random for ThreadRandom {
    fn next_u64(&self) -> u64 {
        fastrand::u64(..)
    }
}

/// A reproducible sequence: the same seed gives the same numbers on every machine.
///
/// SplitMix64 over a shared counter. With several threads the set of numbers stays the same, and only
/// who gets which differs.
#[derive(Debug)]
pub struct SeededRandom {
    state: AtomicU64,
}

impl SeededRandom {
    /// Starts the sequence of `seed`.
    pub const fn new(seed: u64) -> Self {
        Self {
            state: AtomicU64::new(seed),
        }
    }
}

impl Random for SeededRandom {
    fn next_u64(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self
            .state
            .fetch_add(STEP, Ordering::Relaxed)
            .wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
