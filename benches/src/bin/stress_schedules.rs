//! The breaker under a scheduler that tries interleavings: threads that ask for permits at the same time, settle them in
//! every way, drop them, panic with them and hang with them, while time jumps.
//!
//! What must hold in every schedule: never more than N probes are out, every transition is announced once and in order,
//! the breaker closes only after N successful probes, and afterwards it is not stuck.
//!
//! The breaker's own sources are compiled here over the scheduler's primitives, which `resilience::sync` makes possible.
//! A panic is played by what the breaker sees of one, because the scheduler does not go on after a real one.

#![allow(
    clippy::print_stdout,
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a stress program reports on stdout and fails by a panic"
)]
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "the breaker's module is made for another crate, which re-exports more of it than is used here"
)]

#[path = "../../../crates/resilience/src"]
mod sources {
    pub(crate) mod breaker;
    pub(crate) mod error;
}

/// The scheduler's counterpart of `resilience::sync`.
mod sync {
    use std::cell::Cell;

    pub(crate) use shuttle::sync::atomic::{AtomicU32, AtomicU64};
    pub(crate) use shuttle::sync::{Mutex, MutexGuard, RwLock, TryLockError};

    shuttle::thread_local! {
        static PANICKING: Cell<bool> = Cell::new(false);
    }

    pub(crate) fn panicking() -> bool {
        PANICKING.with(Cell::get)
    }

    /// Runs `work` as a destructor that runs because of a panic.
    pub(crate) fn while_panicking(work: impl FnOnce()) {
        PANICKING.with(|panicking| panicking.set(true));
        work();
        PANICKING.with(|panicking| panicking.set(false));
    }
}

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

// The paths that the breaker's sources use.
pub(crate) use sources::{breaker, error};

use breaker::{Breaker, BreakerConfig, BreakerListener, Cause, State, Transition};
pub(crate) use breaker::{Permit, Rejected};
use genesys_benches::seed::{count, seed};
use resilience::test_util::FakeClock;
pub(crate) use resilience::{Clock, Random, SeededRandom};
use shuttle::rand::Rng as _;
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};

const PROBES: u32 = 2;
const CONSECUTIVE: u32 = 2;
const CALLERS: usize = 3;
const OPEN: Duration = Duration::from_secs(5);
const LEASE: Duration = Duration::from_secs(45);

/// What is checked while a schedule runs. Its locks are the machine's: checking must add no interleavings.
#[derive(Debug, Default)]
struct Watch {
    /// Goes up with every jump of time.
    epoch: AtomicU64,
    /// Probes out, by the epoch in which they were given. Within one epoch no lease runs out and no open time ends.
    out: Mutex<HashMap<u64, u32>>,
    transitions: Mutex<Vec<Transition>>,
    /// Probes that were reported successful before the transition that they could cause.
    successes: AtomicU64,
}

impl Watch {
    fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    fn given(&self, epoch: u64) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let out = out.entry(epoch).or_default();
        *out += 1;
        assert!(*out <= PROBES, "{out} probes are out");
    }

    /// Called before a probe is settled, so that the count is never too high.
    fn taken(&self, epoch: u64) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        *out.entry(epoch).or_default() -= 1;
    }
}

impl BreakerListener for Watch {
    fn on_transition(&self, transition: &Transition) {
        self.transitions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(transition.clone());
    }
}

/// How often each thing happened in all schedules: a stress that never met a case proves nothing about it.
static SEEN: [AtomicU64; 8] = [const { AtomicU64::new(0) }; 8];
const NAMES: [&str; 8] = [
    "success",
    "failure",
    "ignored",
    "dropped",
    "dropped late",
    "panicked",
    "hung",
    "rejected",
];

fn saw(what: usize) {
    SEEN[what].fetch_add(1, Ordering::Relaxed);
}

fn call(breaker: &Breaker, clock: &FakeClock, watch: &Watch, hung: &mut Vec<Permit>) {
    let before = watch.epoch();
    let Ok(permit) = breaker.try_acquire(clock.now()) else {
        saw(7);
        return;
    };
    // Given while time jumped: it belongs to neither epoch, and is left out of the count.
    let epoch = (permit.is_probe() && watch.epoch() == before).then_some(before);
    if let Some(epoch) = epoch {
        watch.given(epoch);
    }
    let done = || {
        if let Some(epoch) = epoch {
            watch.taken(epoch);
        }
    };
    let way = shuttle::rand::thread_rng().gen_range(0..10);
    match way {
        0..=3 => {
            saw(0);
            if permit.is_probe() {
                watch.successes.fetch_add(1, Ordering::SeqCst);
            }
            done();
            permit.success(clock.now());
        }
        4 => {
            saw(1);
            done();
            permit.failure(clock.now());
        }
        5 => {
            saw(2);
            done();
            permit.ignored();
        }
        6 => {
            saw(3);
            done();
            drop(permit);
        }
        7 => {
            saw(4);
            let permit = permit.with_attempt_deadline(clock.now());
            done();
            drop(permit);
        }
        8 => {
            saw(5);
            done();
            sync::while_panicking(|| drop(permit));
        }
        _ => {
            saw(6);
            done();
            hung.push(permit);
        }
    }
}

fn schedule() {
    let clock = FakeClock::new();
    let watch = Arc::new(Watch::default());
    let config = BreakerConfig::default()
        .with_half_open_permits(PROBES)
        .with_consecutive_failures(CONSECUTIVE)
        .with_open_time(OPEN, OPEN)
        .with_jitter(0.0)
        .with_lease(LEASE);
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
    let breaker =
        Breaker::new(config, shared, Arc::new(SeededRandom::new(1))).with_listener(watch.clone());

    // Half of the schedules begin one failure before the breaker opens, the others at the first chance of a probe.
    let failures = shuttle::rand::thread_rng().gen_range(1..=CONSECUTIVE);
    for _ in 0..failures {
        let permit = breaker.try_acquire(clock.now()).expect("closed");
        permit.failure(clock.now());
    }
    clock.advance(OPEN);

    let mut threads: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (breaker, clock, watch) = (breaker.clone(), clock.clone(), watch.clone());
            shuttle::thread::spawn(move || {
                let mut hung = Vec::new();
                for _ in 0..4 {
                    call(&breaker, &clock, &watch, &mut hung);
                }
                hung
            })
        })
        .collect();
    threads.push({
        let (clock, watch) = (clock.clone(), watch.clone());
        shuttle::thread::spawn(move || {
            for jump in [OPEN, LEASE, OPEN] {
                shuttle::thread::yield_now();
                // Nothing can happen between the two: only the scheduler's own primitives switch threads.
                watch.epoch.fetch_add(1, Ordering::SeqCst);
                clock.advance(jump);
            }
            Vec::new()
        })
    });
    // They hang until the end: nobody gives their probes back.
    let hung: Vec<Permit> = threads
        .into_iter()
        .flat_map(|thread| thread.join().expect("no thread panics"))
        .collect();
    recovers(&breaker, &clock);
    announced(&watch);
    drop(hung);
    assert_eq!(
        breaker.state(),
        State::Closed,
        "what hung says nothing about the present"
    );
}

/// With a server that is well again it closes, whatever happened before.
fn recovers(breaker: &Breaker, clock: &FakeClock) {
    for _ in 0..PROBES + 2 {
        clock.advance(OPEN + LEASE);
        if let Ok(permit) = breaker.try_acquire(clock.now()) {
            permit.success(clock.now());
        }
    }
    assert_eq!(breaker.state(), State::Closed, "stuck");
}

fn announced(watch: &Watch) {
    let transitions = watch
        .transitions
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let mut state = State::Closed;
    for (number, transition) in (1..).zip(transitions.iter()) {
        assert_eq!(transition.generation, number, "announced once and in order");
        assert_eq!(transition.from, state, "no transition is missing");
        assert_ne!(transition.to, state, "no transition comes twice");
        state = transition.to;
    }
    assert_eq!(state, State::Closed);
    let closings = transitions
        .iter()
        .filter(|transition| transition.cause == Cause::ProbesSucceeded);
    let last = u64::from(PROBES);
    // Those of `recovers` count nowhere else.
    let needed = (closings.count() as u64).saturating_sub(1) * last;
    assert!(
        watch.successes.load(Ordering::SeqCst) >= needed,
        "closed without its probes"
    );
}

fn explore(scheduler: impl Scheduler + 'static) {
    let mut config = shuttle::Config::new();
    config.silence_warnings = true;
    shuttle::Runner::new(scheduler, config).run(schedule);
}

fn main() {
    let seed = seed("stress_schedules");
    let schedules = usize::try_from(count("STRESS_SCHEDULES", 100_000)).expect("a count");
    explore(RandomScheduler::new_from_seed(seed, schedules / 2));
    // Few switches, but at the worst places.
    explore(PctScheduler::new_from_seed(
        seed,
        3,
        schedules - schedules / 2,
    ));
    let seen: Vec<String> = NAMES
        .iter()
        .zip(&SEEN)
        .map(|(name, seen)| format!("{name} {}", seen.load(Ordering::Relaxed)))
        .collect();
    println!(
        "{schedules} schedules: at most {PROBES} probes, never stuck; {}",
        seen.join(", ")
    );
    assert!(
        SEEN.iter().all(|seen| seen.load(Ordering::Relaxed) > 0),
        "every case was met"
    );
}
