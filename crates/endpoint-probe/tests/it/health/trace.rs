//! Random traces of check results, and what must hold in each of them.
//!
//! The oracle knows no counter: it keeps the whole history and looks for the evidence that a change needs. Also compiled
//! into the stress program, which runs a million of these.

use std::time::Duration;

use endpoint_probe::{
    CheckResult, HealthCause, HealthConfig, HealthState, HealthTracker, InitialHealth,
};
use resilience::{Clock, Random, SeededRandom, test_util::FakeClock};

/// How often each case came up.
#[derive(Debug, Default)]
pub struct Seen {
    pub checks: u64,
    counts: [u64; 12],
}

const CASES: [&str; 12] = [
    "rose",
    "fell",
    "degraded",
    "restored",
    "flapping",
    "calm",
    "fast interval",
    "down interval",
    "slow start",
    "first check up",
    "first check down",
    "clock went back",
];

impl Seen {
    fn saw(&mut self, case: &str) {
        let index = CASES.iter().position(|name| *name == case).unwrap();
        self.counts[index] += 1;
    }

    pub fn add(&mut self, other: &Self) {
        self.checks += other.checks;
        for (sum, count) in self.counts.iter_mut().zip(other.counts) {
            *sum += count;
        }
    }

    /// Cases that never came up: a run without them proves nothing about them.
    pub fn missing(&self) -> Vec<&'static str> {
        let counts = CASES.iter().zip(self.counts);
        counts
            .filter(|(_, count)| *count == 0)
            .map(|(case, _)| *case)
            .collect()
    }

    pub fn summary(&self) -> String {
        let counts = CASES.iter().zip(self.counts);
        let texts: Vec<_> = counts
            .map(|(case, count)| format!("{case} {count}"))
            .collect();
        texts.join(", ")
    }
}

struct Settings {
    rise: u32,
    fall: u32,
    interval: Duration,
    fast: Duration,
    down: Duration,
    jitter: f64,
    initial: InitialHealth,
    flap: Option<(u32, Duration)>,
    slow_start: Duration,
}

impl Settings {
    fn draw(random: &SeededRandom) -> Self {
        let interval = Duration::from_millis(below(random, 10_000) + 1);
        let initial = [
            InitialHealth::FullyUp,
            InitialHealth::Up,
            InitialHealth::Down,
            InitialHealth::FullyDown,
        ];
        Self {
            rise: below(random, 4) as u32 + 1,
            fall: below(random, 4) as u32 + 1,
            interval,
            fast: Duration::from_millis(below(random, 2_000) + 1),
            down: Duration::from_millis(below(random, 60_000) + 1),
            jitter: below(random, 6) as f64 / 10.0,
            initial: initial[below(random, 4) as usize],
            flap: (below(random, 2) == 0).then(|| {
                (
                    below(random, 4) as u32 + 2,
                    interval * (below(random, 40) as u32 + 1),
                )
            }),
            slow_start: interval * below(random, 3) as u32,
        }
    }

    fn config(&self) -> HealthConfig {
        let config = HealthConfig::new()
            .with_rise(self.rise)
            .with_fall(self.fall)
            .with_interval(self.interval)
            .with_fast_interval(self.fast)
            .with_down_interval(self.down)
            .with_jitter(self.jitter)
            .with_initial(self.initial)
            .with_slow_start(self.slow_start);
        match self.flap {
            Some((changes, window)) => config.with_flap_detection(changes, window),
            None => config,
        }
        .validate()
        .unwrap()
    }

    /// Whether the history, whose last result is new, is evidence for a change of an endpoint that is up (or not).
    fn evidence(&self, history: &[bool], up: bool) -> bool {
        let first = history.len() == 1;
        let (wanted, needed, credit) = if up {
            (false, self.fall, InitialHealth::Up)
        } else {
            (true, self.rise, InitialHealth::Down)
        };
        let row = history.iter().rev().take_while(|passed| **passed == wanted);
        let row = row.count() as u32;
        row >= needed || (first && row == 1 && self.initial == credit)
    }
}

fn below(random: &SeededRandom, limit: u64) -> u64 {
    random.next_u64() % limit
}

/// One trace. Panics when something does not hold.
pub fn run(seed: u64) -> Seen {
    let random = SeededRandom::new(seed);
    let mut seen = Seen::default();
    let settings = Settings::draw(&random);
    let clock = FakeClock::new();
    let start = clock.now();
    let mut health = HealthTracker::new(settings.config(), start, &random);
    assert!(health.next_check() >= start);
    assert!(health.next_check() <= start + settings.interval.mul_f64(settings.jitter));

    let initially_up = matches!(settings.initial, InitialHealth::FullyUp | InitialHealth::Up);
    let (mut up, mut degraded, mut flapping) = (initially_up, false, false);
    let mut state = if up {
        HealthState::Up
    } else {
        HealthState::Down
    };
    assert_eq!(health.state(), state);
    let mut history = Vec::new();
    let mut crossings = Vec::new();
    let mut now = start;
    let mut came_up = None;

    // A trace that leans one way for a while meets long rows; one that does not, flaps.
    let mut lean = below(&random, 101);
    let sticky = below(&random, 2) == 0;
    for _ in 0..below(&random, 60) + 4 {
        seen.checks += 1;
        if below(&random, 8) == 0 {
            lean = below(&random, 101);
        }
        let draw = below(&random, 100);
        let bias = if sticky {
            100 * u64::from(lean > 50)
        } else {
            lean
        };
        let result = match draw {
            _ if below(&random, 10) == 0 => CheckResult::Degraded,
            draw if draw < bias => CheckResult::Passed,
            _ => CheckResult::Failed,
        };
        let handed = match below(&random, 10) {
            0 => {
                seen.saw("clock went back");
                now - Duration::from_secs(1)
            }
            1 => now + settings.interval * 50,
            2 => now,
            _ => health.next_check(),
        };
        now = now.max(handed);

        let update = health.observe(result, handed, &random);

        // Up or down, by the evidence.
        let passed = match result {
            CheckResult::Passed => true,
            CheckResult::Degraded => up,
            CheckResult::Failed => false,
        };
        history.push(passed);
        let crossed = settings.evidence(&history, up);
        if crossed {
            up = !up;
            crossings.push(now);
            if history.len() == 1 {
                seen.saw(if up {
                    "first check up"
                } else {
                    "first check down"
                });
            }
        }
        degraded = up
            && if passed {
                result == CheckResult::Degraded
            } else {
                degraded
            };

        // Flapping, by the whole list.
        if let Some((changes, window)) = settings.flap {
            let inside = crossings.iter().filter(|at| now - **at < window).count() as u32;
            flapping = if flapping {
                inside > 0
            } else {
                inside >= changes
            };
        }
        let expected = match (flapping, up, degraded) {
            (true, ..) => HealthState::Flapping,
            (_, false, _) => HealthState::Down,
            (_, _, true) => HealthState::Degraded,
            _ => HealthState::Up,
        };
        assert_eq!(update.state, expected, "seed {seed}");
        assert_eq!(health.state(), expected);

        // Told when it changes, and only then, with the evidence.
        match update.transition {
            None => assert_eq!(state, expected, "seed {seed}: a change is not told"),
            Some(change) => {
                assert_ne!(change.from, change.to);
                assert_eq!((change.from, change.to, change.at), (state, expected, now));
                let first = history.len() == 1;
                match change.cause {
                    HealthCause::Rose { checks } => {
                        seen.saw("rose");
                        assert!(checks >= settings.rise || first && checks == 1);
                        let row = history.iter().rev().take(checks as usize);
                        assert!(row.clone().count() == checks as usize && row.clone().all(|p| *p));
                    }
                    HealthCause::Fell { checks } => {
                        seen.saw("fell");
                        assert!(checks >= settings.fall || first && checks == 1);
                        let row = history.iter().rev().take(checks as usize);
                        assert!(row.clone().count() == checks as usize && row.clone().all(|p| !*p));
                    }
                    HealthCause::Degraded => {
                        seen.saw("degraded");
                        assert_eq!(result, CheckResult::Degraded);
                        assert_eq!(change.from, HealthState::Up);
                    }
                    HealthCause::Restored => {
                        seen.saw("restored");
                        assert_eq!(result, CheckResult::Passed);
                        assert_eq!(change.from, HealthState::Degraded);
                    }
                    HealthCause::Flapping { changes } => {
                        seen.saw("flapping");
                        assert_eq!(Some(changes), settings.flap.map(|(changes, _)| changes));
                    }
                    HealthCause::Calm => {
                        seen.saw("calm");
                        assert_eq!(change.from, HealthState::Flapping);
                        let (_, window) = settings.flap.unwrap();
                        assert!(now - *crossings.last().unwrap() >= window);
                    }
                    other => panic!("an unknown cause {other:?}"),
                }
                came_up = (expected == HealthState::Up).then_some(now);
            }
        }
        state = expected;

        // The next check: in the future, in the bounds of its interval.
        let row = history.iter().rev().take_while(|p| **p == passed).count() as u32;
        let interval = match (up, passed) {
            // A passed check leaves no doubt about an endpoint that is up, nor a failed one about one that is down.
            (true, true) => settings.interval,
            (false, false) => {
                seen.saw("down interval");
                settings.down
            }
            _ => {
                seen.saw("fast interval");
                assert!(row < settings.rise.max(settings.fall));
                settings.fast
            }
        };
        let wait = update.next_check - now;
        assert_eq!(update.next_check, health.next_check());
        assert!(update.next_check > now, "seed {seed}: not in the future");
        // A nanosecond for the rounding of the product.
        let slack = Duration::from_nanos(1);
        assert!(
            wait + slack >= interval.mul_f64(1.0 - settings.jitter),
            "seed {seed}"
        );
        assert!(
            wait <= interval.mul_f64(1.0 + settings.jitter) + slack,
            "seed {seed}"
        );

        let later = now + settings.interval * below(&random, 3) as u32;
        let weight = health.weight(later);
        match came_up {
            _ if state != HealthState::Up => assert_eq!(weight, 0.0),
            Some(since) if later - since < settings.slow_start => {
                seen.saw("slow start");
                let part = (later - since).div_duration_f64(settings.slow_start);
                assert_eq!(weight, part.max(0.01));
            }
            _ => assert_eq!(weight, 1.0),
        }
    }

    // Left alone it leaves the flapping state: with the same answer again and again, by the first check after the window.
    if let Some((_, window)) = settings.flap {
        for _ in 0..settings.rise.max(settings.fall) {
            now = health.next_check();
            let _ = health.observe(CheckResult::Passed, now, &random);
        }
        let update = health.observe(CheckResult::Passed, now + window, &random);
        assert_eq!(update.state, HealthState::Up, "seed {seed}: stuck");
    }
    seen
}
