//! The breaker against a slow and obvious model of itself: every record kept in a list, every rule
//! written out. Random sequences of calls, results, drops, panics, hangs, time and force.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use resilience::test_util::FakeClock;
use resilience::{Breaker, BreakerConfig, Clock, Permit, Rejected, SeededRandom, State};

const SECOND: Duration = Duration::from_secs(1);
const BUCKETS: u128 = 16;

struct Settings {
    window: Duration,
    rate: f64,
    volume: u64,
    slow: Duration,
    consecutive: u32,
    permits: usize,
    open: Duration,
    open_max: Duration,
    lease: Duration,
}

impl Settings {
    fn draw(random: &mut fastrand::Rng) -> Self {
        let open = random.u32(1..6) * SECOND;
        Self {
            window: random.u32(2..60) * SECOND,
            rate: f64::from(random.u32(1..=10)) / 10.0,
            volume: random.u64(1..20),
            slow: Duration::from_millis(random.u64(100..3_000)),
            consecutive: random.u32(2..12),
            permits: random.usize(1..5),
            open,
            open_max: open * random.u32(1..20),
            lease: random.u32(5..60) * SECOND,
        }
    }

    fn config(&self) -> BreakerConfig {
        BreakerConfig::default()
            .with_window(self.window)
            .with_failure_rate(self.rate)
            .with_minimum_volume(self.volume as u32)
            .with_slow_calls(self.slow, self.rate)
            .with_consecutive_failures(self.consecutive)
            .with_half_open_permits(self.permits as u32)
            .with_open_time(self.open, self.open_max)
            .with_jitter(0.0)
            .with_lease(self.lease)
    }
}

struct Model {
    settings: Settings,
    origin: Instant,
    state: State,
    generation: u64,
    opened: u32,
    open_until: Instant,
    probes: Vec<(u64, Instant)>,
    succeeded: usize,
    last_probe: u64,
    streak: u32,
    records: Vec<Record>,
}

struct Record {
    bucket: u128,
    failed: bool,
    slow: bool,
}

/// What the model knows of a permit.
#[derive(Clone, Copy)]
struct Ticket {
    generation: u64,
    probe: Option<u64>,
    started: Instant,
    deadline: Option<Instant>,
}

impl Model {
    fn bucket(&self, at: Instant) -> u128 {
        (at - self.origin).as_nanos() / (self.settings.window.as_nanos() / BUCKETS)
    }

    fn change(&mut self, to: State, now: Instant) {
        self.generation += 1;
        self.probes.clear();
        self.succeeded = 0;
        self.state = to;
        match to {
            State::Open => {
                let time = (0..self.opened).fold(self.settings.open, |time, _| {
                    (2 * time).min(self.settings.open_max)
                });
                self.open_until = now + time.min(self.settings.open_max);
                self.opened += 1;
            }
            State::Closed => {
                self.opened = 0;
                self.streak = 0;
                self.records.clear();
            }
            _ => {}
        }
    }

    fn force(&mut self, to: State, now: Instant) {
        self.opened = 0;
        self.change(to, now);
    }

    fn acquire(&mut self, now: Instant) -> Option<Ticket> {
        let mut ticket = Ticket {
            generation: self.generation,
            probe: None,
            started: now,
            deadline: None,
        };
        if self.state == State::Open && now >= self.open_until {
            self.change(State::HalfOpen, now);
        } else if self.state == State::HalfOpen && self.probes.iter().any(|(_, end)| *end <= now) {
            self.change(State::Open, now);
        }
        match self.state {
            State::Closed | State::ForcedClosed => {}
            State::HalfOpen if self.probes.len() + self.succeeded < self.settings.permits => {
                self.last_probe += 1;
                ticket.probe = Some(self.last_probe);
                self.probes
                    .push((self.last_probe, now + self.settings.lease));
            }
            _ => return None,
        }
        ticket.generation = self.generation;
        Some(ticket)
    }

    fn extend(&mut self, ticket: &mut Ticket, deadline: Instant) {
        ticket.deadline = Some(deadline);
        for (probe, end) in &mut self.probes {
            if ticket.generation == self.generation && ticket.probe == Some(*probe) {
                *end = deadline + 5 * SECOND;
            }
        }
    }

    fn settle(&mut self, ticket: &Ticket, failed: bool, now: Instant) {
        if ticket.generation != self.generation {
            return;
        }
        let slow = now - ticket.started >= self.settings.slow;
        match (self.state, ticket.probe) {
            (State::Closed, _) => self.judge(failed, slow, now),
            (State::HalfOpen, Some(probe)) => {
                self.probes.retain(|(other, _)| *other != probe);
                if failed || slow {
                    self.change(State::Open, now);
                    return;
                }
                self.succeeded += 1;
                if self.succeeded == self.settings.permits {
                    self.change(State::Closed, now);
                }
            }
            _ => {}
        }
    }

    fn judge(&mut self, failed: bool, slow: bool, now: Instant) {
        let bucket = self.bucket(now);
        self.records.push(Record {
            bucket,
            failed,
            slow,
        });
        self.records
            .retain(|record| record.bucket + BUCKETS > bucket);
        self.streak = if failed { self.streak + 1 } else { 0 };
        if !failed && !slow {
            return;
        }
        let count = |test: fn(&Record) -> bool| self.records.iter().filter(|r| test(r)).count();
        let total = self.records.len() as f64;
        let reached = |part: usize| part > 0 && part as f64 / total >= self.settings.rate - 1e-9;
        let enough = self.records.len() as u64 >= self.settings.volume;
        if self.streak >= self.settings.consecutive
            || enough && (reached(count(|r| r.failed)) || reached(count(|r| r.slow)))
        {
            self.change(State::Open, now);
        }
    }

    fn release(&mut self, ticket: &Ticket) {
        if ticket.generation == self.generation {
            self.probes
                .retain(|(probe, _)| ticket.probe != Some(*probe));
        }
    }
}

struct Run {
    clock: FakeClock,
    breaker: Breaker,
    model: Model,
    held: Vec<(Permit, Ticket)>,
    random: fastrand::Rng,
    seen: [u32; 5],
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let settings = Settings::draw(&mut random);
        let clock = FakeClock::new();
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let breaker = Breaker::new(settings.config(), shared, Arc::new(SeededRandom::new(seed)));
        let now = clock.now();
        let model = Model {
            settings,
            origin: now,
            state: State::Closed,
            generation: 0,
            opened: 0,
            open_until: now,
            probes: Vec::new(),
            succeeded: 0,
            last_probe: 0,
            streak: 0,
            records: Vec::new(),
        };
        Self {
            clock,
            breaker,
            model,
            held: Vec::new(),
            random,
            seen: [0; 5],
        }
    }

    fn step(&mut self) {
        let now = self.clock.now();
        match self.random.u32(0..1000) {
            0..450 => self.acquire(),
            450..850 => self.settle(),
            850..960 => self
                .clock
                .advance(Duration::from_millis(self.random.u64(0..500))),
            960..994 => self
                .clock
                .advance(Duration::from_millis(self.random.u64(0..20_000))),
            994..996 => self.clock.advance(self.random.u32(0..1_000) * SECOND),
            996 => {
                self.breaker.force_open();
                self.model.force(State::ForcedOpen, now);
            }
            997 => {
                self.breaker.force_closed();
                self.model.force(State::ForcedClosed, now);
            }
            _ => {
                self.breaker.reset();
                self.model.force(State::Closed, now);
            }
        }
        assert_eq!(self.breaker.state(), self.model.state);
        self.seen[self.model.state as usize] += 1;
        let bucket = self.model.bucket(self.clock.now());
        let records = &self.model.records;
        let live = records.iter().filter(|r| r.bucket + BUCKETS > bucket);
        assert_eq!(
            self.breaker.counts(self.clock.now()).total(),
            live.count() as u64
        );
    }

    fn acquire(&mut self) {
        let now = self.clock.now();
        let expected = self.model.acquire(now);
        match (self.breaker.try_acquire(now), expected) {
            (Ok(permit), Some(mut ticket)) => {
                assert_eq!(permit.is_probe(), ticket.probe.is_some());
                let permit = if self.random.bool() {
                    let deadline = now + Duration::from_millis(self.random.u64(0..10_000));
                    self.model.extend(&mut ticket, deadline);
                    permit.with_attempt_deadline(deadline)
                } else {
                    permit
                };
                self.held.push((permit, ticket));
            }
            (
                Err(Rejected {
                    retry_at, retry_in, ..
                }),
                None,
            ) => assert_eq!(retry_at, now + retry_in),
            (got, expected) => panic!("{got:?}, expected a permit: {}", expected.is_some()),
        }
        let probes = self.model.probes.len();
        assert!(probes <= self.model.settings.permits);
    }

    fn settle(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let now = self.clock.now();
        let index = self.random.usize(0..self.held.len());
        let (permit, ticket) = self.held.swap_remove(index);
        match self.random.u8(0..20) {
            0..9 => {
                permit.success(now);
                self.model.settle(&ticket, false, now);
            }
            9..15 => {
                permit.failure(now);
                self.model.settle(&ticket, true, now);
            }
            15 | 16 => {
                permit.ignored();
                self.model.release(&ticket);
            }
            17 => {
                let _ = catch_unwind(AssertUnwindSafe(move || {
                    let _permit = permit;
                    // Unwinds without the noise of the panic hook.
                    std::panic::resume_unwind(Box::new(()));
                }));
                self.model.settle(&ticket, true, now);
            }
            18 => {
                drop(permit);
                if ticket.deadline.is_some_and(|deadline| deadline <= now) {
                    self.model.settle(&ticket, true, now);
                } else {
                    self.model.release(&ticket);
                }
            }
            // A hang: held until something else picks it much later.
            _ => self.held.push((permit, ticket)),
        }
    }

    /// Whatever happened before: with a healthy server it closes.
    fn recovers(&mut self) {
        if matches!(self.model.state, State::ForcedOpen | State::ForcedClosed) {
            self.breaker.reset();
        }
        for _ in 0..self.model.settings.permits + 2 {
            self.clock.advance(86_400 * SECOND);
            if let Ok(permit) = self.breaker.try_acquire(self.clock.now()) {
                permit.success(self.clock.now());
            }
        }
        assert_eq!(self.breaker.state(), State::Closed, "stuck");
    }
}

/// Runs `steps` operations for each seed; how often each state was met. `stress_breaker` of this workspace's `benches` runs it
/// with larger numbers.
pub(crate) fn agree(seeds: std::ops::Range<u64>, steps: u32) -> [u32; 5] {
    let mut seen = [0_u32; 5];
    for seed in seeds {
        let mut run = Run::new(seed);
        for _ in 0..steps {
            run.step();
        }
        run.recovers();
        for (total, state) in seen.iter_mut().zip(run.seen) {
            *total += state;
        }
    }
    seen
}

#[test]
fn a_hundred_thousand_random_operations_agree_with_the_model() {
    let seen = agree(0..100, 1_000);
    assert!(
        seen.iter().all(|n| *n > 1_000),
        "every state was visited: {seen:?}"
    );
}
