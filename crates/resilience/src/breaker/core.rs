//! The state machine. One word says state and generation; it is read without a lock and written only
//! under one.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::bulletin::Bulletin;
use super::config::BreakerConfig;
use super::event::{BreakerListener, Cause, Rejected, State, Transition};
use super::permit::Admission;
use super::window::{Counts, Window, lane_count};
use crate::sync::{AtomicU32, AtomicU64, Mutex, MutexGuard};
use crate::{Clock, Random};

/// `generation | state`.
const STATE_BITS: u32 = 3;
/// How soon to ask again while the probes are out.
const HALF_OPEN_RETRY: Duration = Duration::from_secs(1);
/// What a probe gets on top of its attempt deadline before it is given up.
const LEASE_SLACK: Duration = Duration::from_secs(5);

fn state_of(word: u64) -> State {
    State::from_code(word & ((1 << STATE_BITS) - 1))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Success,
    Failure,
}

/// A way to the core for the threads of one lane. Permits hold it instead of the core, so that the
/// reference count they share is their lane's own.
#[repr(align(128))]
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) core: Arc<Core>,
    index: usize,
}

impl Lane {
    pub(super) fn all(core: &Arc<Core>) -> Arc<[Arc<Self>]> {
        (0..lane_count())
            .map(|index| {
                Arc::new(Self {
                    core: Arc::clone(core),
                    index,
                })
            })
            .collect()
    }

    #[inline]
    pub(super) fn admit(&self, now: Instant) -> Result<Admission, Rejected> {
        match self.core.passable() {
            Some(word) => Ok(Admission {
                word,
                probe: 0,
                started: now,
            }),
            None => self.core.admit(now),
        }
    }

    #[inline]
    pub(super) fn settle(&self, admission: Admission, outcome: Outcome, now: Instant) {
        self.core.settle(self.index, admission, outcome, now);
    }
}

#[derive(Debug)]
pub(super) struct Core {
    word: AtomicU64,
    /// Failures since the last success.
    consecutive: AtomicU32,
    /// End of the open time, so that a rejection needs no lock.
    open_until: AtomicU64,
    origin: Instant,
    config: BreakerConfig,
    window: Window,
    slow: Mutex<Slow>,
    bulletin: Bulletin,
    name: Arc<str>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

/// What only the slow path touches.
#[derive(Debug, Default)]
struct Slow {
    /// Openings since the breaker was last closed.
    opened: u32,
    /// Probes that are out, with the end of their lease.
    probes: Vec<(u64, Instant)>,
    succeeded: u32,
    last_probe: u64,
}

impl Core {
    pub(super) fn new(
        config: BreakerConfig,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        name: Arc<str>,
        listeners: Vec<Arc<dyn BreakerListener>>,
    ) -> Self {
        Self {
            word: AtomicU64::new(State::Closed.code()),
            consecutive: AtomicU32::new(0),
            open_until: AtomicU64::new(0),
            origin: clock.now(),
            window: Window::new(config.window, lane_count()),
            config,
            slow: Mutex::default(),
            bulletin: Bulletin::new(listeners),
            name,
            clock,
            random,
        }
    }

    pub(super) fn now(&self) -> Instant {
        self.clock.now()
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn state(&self) -> State {
        state_of(self.word.load(Ordering::Acquire))
    }

    pub(super) fn counts(&self, now: Instant) -> Counts {
        self.window.counts(self.nanos(now))
    }

    pub(super) fn listen(&self, listener: Arc<dyn BreakerListener>) {
        self.bulletin.listen(listener);
    }

    /// The state word, if it lets everything through.
    #[inline]
    pub(super) fn passable(&self) -> Option<u64> {
        let word = self.word.load(Ordering::Acquire);
        matches!(state_of(word), State::Closed | State::ForcedClosed).then_some(word)
    }

    #[cold]
    pub(super) fn admit(&self, now: Instant) -> Result<Admission, Rejected> {
        if self.state() == State::Open {
            self.check_open(now)?;
        }
        let mut slow = self.lock();
        let verdict = self.admit_locked(&mut slow, now);
        drop(slow);
        self.bulletin.deliver();
        verdict
    }

    fn admit_locked(&self, slow: &mut Slow, now: Instant) -> Result<Admission, Rejected> {
        match self.state() {
            State::Closed | State::ForcedClosed => {
                let word = self.word.load(Ordering::Relaxed);
                return Ok(Admission {
                    word,
                    probe: 0,
                    started: now,
                });
            }
            State::ForcedOpen => {
                return Err(rejected(State::ForcedOpen, now, self.config.open_max));
            }
            State::Open => {
                self.check_open(now)?;
                self.change(slow, State::HalfOpen, Cause::OpenElapsed, now);
            }
            State::HalfOpen => {
                if slow.probes.iter().any(|(_, lease)| *lease <= now) {
                    self.change(slow, State::Open, Cause::LeaseExpired, now);
                    self.check_open(now)?;
                }
            }
        }
        let out = slow.probes.len() + slow.succeeded as usize;
        if out >= self.config.permits as usize {
            let next_lease = slow.probes.iter().map(|(_, lease)| *lease).min();
            let wait = next_lease.map_or(HALF_OPEN_RETRY, |lease| {
                lease.saturating_duration_since(now).min(HALF_OPEN_RETRY)
            });
            return Err(rejected(State::HalfOpen, now, wait));
        }
        slow.last_probe += 1;
        slow.probes
            .push((slow.last_probe, later(now, self.config.lease)));
        let word = self.word.load(Ordering::Relaxed);
        Ok(Admission {
            word,
            probe: slow.last_probe,
            started: now,
        })
    }

    fn check_open(&self, now: Instant) -> Result<(), Rejected> {
        let until = self.open_until.load(Ordering::Acquire);
        let nanos = self.nanos(now);
        if nanos < until {
            let wait = Duration::from_nanos(until - nanos);
            return Err(rejected(State::Open, now, wait));
        }
        Ok(())
    }

    pub(super) fn extend_lease(&self, admission: Admission, deadline: Instant) {
        if admission.probe != 0 {
            let mut slow = self.lock();
            if let Some((_, lease)) = find(&mut slow.probes, admission.probe) {
                *lease = later(deadline, LEASE_SLACK);
            }
        }
    }

    #[inline]
    fn settle(&self, lane: usize, admission: Admission, outcome: Outcome, now: Instant) {
        if self.word.load(Ordering::Acquire) != admission.word {
            return;
        }
        if outcome == Outcome::Success
            && self.config.slow.is_none()
            && state_of(admission.word) == State::Closed
        {
            self.window.success(lane, self.nanos(now));
            self.end_streak();
            return;
        }
        self.settle_slow(lane, admission, outcome, now);
    }

    #[cold]
    fn settle_slow(&self, lane: usize, admission: Admission, outcome: Outcome, now: Instant) {
        let slow = self
            .config
            .slow
            .is_some_and(|(limit, _)| now.saturating_duration_since(admission.started) >= limit);
        match (state_of(admission.word), outcome) {
            (State::Closed, Outcome::Success) if !slow => {
                self.window.success(lane, self.nanos(now));
                self.end_streak();
            }
            (State::Closed, _) => self.judge(lane, admission, outcome, slow, now),
            (State::HalfOpen, _) => {
                self.settle_probe(admission, outcome == Outcome::Success && !slow, now);
            }
            _ => {}
        }
    }

    #[inline]
    fn end_streak(&self) {
        if self.consecutive.load(Ordering::Relaxed) != 0 {
            self.consecutive.store(0, Ordering::Relaxed);
        }
    }

    /// A failure or a slow call in the closed state: the only calls that can open the breaker.
    #[cold]
    fn judge(&self, lane: usize, admission: Admission, outcome: Outcome, slow: bool, now: Instant) {
        let nanos = self.nanos(now);
        let mut streak = 0;
        if outcome == Outcome::Failure {
            self.window.failure(lane, nanos, slow);
            streak = self.consecutive.fetch_add(1, Ordering::Relaxed) + 1;
        } else {
            self.window.slow_success(lane, nanos);
            self.end_streak();
        }
        let Some(cause) = self.verdict(streak, nanos) else {
            return;
        };
        let mut state = self.lock();
        if self.word.load(Ordering::Relaxed) == admission.word {
            self.change(&mut state, State::Open, cause, now);
        }
        drop(state);
        self.bulletin.deliver();
    }

    fn verdict(&self, streak: u32, nanos: u64) -> Option<Cause> {
        if self.config.consecutive.is_some_and(|limit| streak >= limit) {
            return Some(Cause::ConsecutiveFailures { failures: streak });
        }
        let counts = self.window.counts(nanos);
        let total = counts.total();
        if total < u64::from(self.config.minimum_volume) {
            return None;
        }
        // The rounding of `rate * total` must not put a threshold out of reach.
        let reached = |part: u64, rate: f64| part as f64 + 1e-6 >= rate * total as f64;
        if counts.failures > 0
            && self
                .config
                .failure_rate
                .is_some_and(|rate| reached(counts.failures, rate))
        {
            return Some(Cause::FailureRate {
                failures: counts.failures,
                total,
            });
        }
        self.config
            .slow
            .filter(|(_, rate)| counts.slow > 0 && reached(counts.slow, *rate))
            .map(|_| Cause::SlowRate {
                slow: counts.slow,
                total,
            })
    }

    #[cold]
    fn settle_probe(&self, admission: Admission, succeeded: bool, now: Instant) {
        let mut slow = self.lock();
        if self.word.load(Ordering::Relaxed) != admission.word
            || !remove(&mut slow.probes, admission)
        {
            return;
        }
        if !succeeded {
            self.change(&mut slow, State::Open, Cause::ProbeFailed, now);
        } else {
            slow.succeeded += 1;
            if slow.succeeded >= self.config.permits {
                self.change(&mut slow, State::Closed, Cause::ProbesSucceeded, now);
            }
        }
        drop(slow);
        self.bulletin.deliver();
    }

    /// Gives a probe back without a verdict.
    pub(super) fn release(&self, admission: Admission) {
        let mut slow = self.lock();
        if self.word.load(Ordering::Relaxed) == admission.word {
            remove(&mut slow.probes, admission);
        }
    }

    pub(super) fn force(&self, to: State, cause: Cause) {
        let now = self.now();
        let mut slow = self.lock();
        slow.opened = 0;
        self.change(&mut slow, to, cause, now);
        drop(slow);
        self.bulletin.deliver();
    }

    fn change(&self, slow: &mut Slow, to: State, cause: Cause, now: Instant) {
        let word = self.word.load(Ordering::Relaxed);
        let generation = (word >> STATE_BITS) + 1;
        slow.probes.clear();
        slow.succeeded = 0;
        match to {
            State::Open => {
                let time = self.config.open_time(slow.opened);
                let kept = 1.0 - self.config.jitter * self.random.unit();
                let until = later(now, time.mul_f64(kept));
                self.open_until.store(self.nanos(until), Ordering::Release);
                slow.opened = slow.opened.saturating_add(1);
            }
            State::Closed => {
                slow.opened = 0;
                self.window.clear();
                self.consecutive.store(0, Ordering::Relaxed);
            }
            State::HalfOpen | State::ForcedOpen | State::ForcedClosed => {}
        }
        self.bulletin.post(Transition {
            name: Arc::clone(&self.name),
            from: state_of(word),
            to,
            cause,
            at: now,
            generation,
        });
        let word = (generation << STATE_BITS) | to.code();
        self.word.store(word, Ordering::Release);
    }

    #[inline]
    fn nanos(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.origin);
        since
            .as_secs()
            .saturating_mul(1_000_000_000)
            .saturating_add(u64::from(since.subsec_nanos()))
    }

    fn lock(&self) -> MutexGuard<'_, Slow> {
        self.slow.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn rejected(state: State, now: Instant, wait: Duration) -> Rejected {
    Rejected {
        retry_in: wait,
        retry_at: later(now, wait),
        state,
    }
}

/// Every wait of a breaker is bounded by a day, so the fallback is for the last day of the clock.
fn later(at: Instant, by: Duration) -> Instant {
    at.checked_add(by).unwrap_or(at)
}

fn find(probes: &mut [(u64, Instant)], probe: u64) -> Option<&mut (u64, Instant)> {
    probes.iter_mut().find(|(number, _)| *number == probe)
}

fn remove(probes: &mut Vec<(u64, Instant)>, admission: Admission) -> bool {
    let before = probes.len();
    probes.retain(|(number, _)| *number != admission.probe);
    probes.len() < before
}
