//! The time window: a ring of buckets for each lane of threads.
//!
//! A bucket is two words. The healthy path touches one of them with a load and an increment; every
//! word carries the number of its turn, so a stale one is recognised instead of swept.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::sync::AtomicU64;

const BUCKETS: usize = 16;
const MAX_LANES: usize = 16;

/// `turn | calls that did not fail`.
const GOOD_BITS: u32 = 40;
/// `turn | failures | slow calls`.
const BAD_BITS: u32 = 20;
const BAD_MAX: u64 = (1 << BAD_BITS) - 1;
const TURN_BITS: u32 = 24;
const TURN_MAX: u64 = (1 << TURN_BITS) - 1;

/// Calls in the window of a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counts {
    /// Calls that succeeded, slow ones included.
    pub successes: u64,
    /// Calls that failed.
    pub failures: u64,
    /// Calls that were slow, failed or not. Zero unless slow calls are judged.
    pub slow: u64,
}

impl Counts {
    /// All judged calls.
    pub fn total(&self) -> u64 {
        self.successes + self.failures
    }
}

/// How many lanes a breaker has: a power of two, at least one for each core.
pub(super) fn lane_count() -> usize {
    static LANES: OnceLock<usize> = OnceLock::new();
    *LANES.get_or_init(|| {
        thread::available_parallelism()
            .map_or(1, |cores| cores.get())
            .next_power_of_two()
            .min(MAX_LANES)
    })
}

/// A number for the current thread, to be reduced to a lane.
#[inline]
pub(super) fn lane_of_thread() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    thread_local! {
        static LANE: Cell<usize> = const { Cell::new(0) };
    }
    LANE.with(|lane| {
        if lane.get() == 0 {
            lane.set(NEXT.fetch_add(1, Ordering::Relaxed).max(1));
        }
        lane.get()
    })
}

/// Two cache lines, because neighbouring lines are fetched in pairs.
#[repr(align(128))]
#[derive(Debug)]
struct Lane {
    good: [AtomicU64; BUCKETS],
    bad: [AtomicU64; BUCKETS],
}

#[derive(Debug)]
pub(super) struct Window {
    lanes: Box<[Lane]>,
    /// Fixed-point inverse of a bucket's length: a multiplication in place of a division.
    inverse: u128,
}

impl Window {
    pub(super) fn new(length: Duration, lanes: usize) -> Self {
        let bucket = (length.as_nanos() / BUCKETS as u128).max(1);
        Self {
            lanes: (0..lanes)
                .map(|_| Lane {
                    good: Default::default(),
                    bad: Default::default(),
                })
                .collect(),
            inverse: (1_u128 << 64).div_ceil(bucket),
        }
    }

    /// The running number of the bucket of an instant, given in nanoseconds.
    #[inline]
    fn number(&self, nanos: u64) -> u64 {
        ((u128::from(nanos) * self.inverse) >> 64) as u64
    }

    #[inline]
    pub(super) fn success(&self, lane: usize, nanos: u64) {
        let number = self.number(nanos);
        let slot = &self.lanes[lane].good[place(number)];
        let turn = turn(number);
        if slot.load(Ordering::Relaxed) >> GOOD_BITS == turn {
            slot.fetch_add(1, Ordering::Relaxed);
        } else {
            first_of_turn(slot, GOOD_BITS, turn, |count| count + 1);
        }
    }

    pub(super) fn failure(&self, lane: usize, nanos: u64, slow: bool) {
        self.bad(lane, nanos, true, slow);
    }

    pub(super) fn slow_success(&self, lane: usize, nanos: u64) {
        self.success(lane, nanos);
        self.bad(lane, nanos, false, true);
    }

    fn bad(&self, lane: usize, nanos: u64, failed: bool, slow: bool) {
        let number = self.number(nanos);
        let slot = &self.lanes[lane].bad[place(number)];
        first_of_turn(slot, 2 * BAD_BITS, turn(number), |word| {
            let failures = (word >> BAD_BITS) + u64::from(failed);
            let slow = (word & BAD_MAX) + u64::from(slow);
            (failures.min(BAD_MAX) << BAD_BITS) | slow.min(BAD_MAX)
        });
    }

    /// The sum over the last 16 buckets, the current one included.
    pub(super) fn counts(&self, nanos: u64) -> Counts {
        let last = self.number(nanos);
        let mut counts = Counts::default();
        for number in last.saturating_sub(BUCKETS as u64 - 1)..=last {
            let (place, turn) = (place(number), turn(number));
            for lane in &self.lanes {
                let good = lane.good[place].load(Ordering::Relaxed);
                if good >> GOOD_BITS == turn {
                    counts.successes += good & ((1 << GOOD_BITS) - 1);
                }
                let bad = lane.bad[place].load(Ordering::Relaxed);
                if bad >> (2 * BAD_BITS) == turn {
                    counts.failures += (bad >> BAD_BITS) & BAD_MAX;
                    counts.slow += bad & BAD_MAX;
                }
            }
        }
        counts
    }

    pub(super) fn clear(&self) {
        for lane in &self.lanes {
            for slot in lane.good.iter().chain(&lane.bad) {
                slot.store(0, Ordering::Relaxed);
            }
        }
    }
}

#[inline]
const fn place(number: u64) -> usize {
    (number % BUCKETS as u64) as usize
}

/// Which time round the ring, from 1: zero marks a word that was never written.
#[inline]
const fn turn(number: u64) -> u64 {
    (number / BUCKETS as u64 + 1) & TURN_MAX
}

/// Applies `change` to the counts of `turn`, which start at zero. A word of a later turn is left as it
/// is: the caller's clock reading is older than the whole window.
#[cold]
fn first_of_turn(slot: &AtomicU64, bits: u32, turn: u64, change: impl Fn(u64) -> u64) {
    // The closure gives up only on a later turn, and then there is nothing to do.
    let _ = slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
        let seen = word >> bits;
        if seen > turn {
            return None;
        }
        let counts = if seen == turn {
            word & ((1 << bits) - 1)
        } else {
            0
        };
        Some((turn << bits) | change(counts))
    });
}
