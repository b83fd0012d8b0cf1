mod closed;
mod forced;
mod half_open;
mod open;
mod threads;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

use resilience::test_util::FakeClock;
use resilience::{
    Breaker, BreakerConfig, BreakerListener, Cause, Clock, Permit, SeededRandom, State, Transition,
    timeout_at,
};

const SECOND: Duration = Duration::from_secs(1);

struct Bench {
    clock: FakeClock,
    breaker: Breaker,
    log: Arc<Log>,
}

#[derive(Debug, Default)]
struct Log(Mutex<Vec<Transition>>);

impl BreakerListener for Log {
    fn on_transition(&self, transition: &Transition) {
        self.0.lock().unwrap().push(transition.clone());
    }
}

/// Default settings without jitter.
fn config() -> BreakerConfig {
    BreakerConfig::default().with_jitter(0.0)
}

impl Bench {
    fn new(config: BreakerConfig) -> Self {
        let clock = FakeClock::new();
        let log = Arc::new(Log::default());
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let breaker =
            Breaker::new(config, shared, Arc::new(SeededRandom::new(1))).with_listener(log.clone());
        Self {
            clock,
            breaker,
            log,
        }
    }

    /// Opened by a single failure.
    fn opened(config: BreakerConfig) -> Self {
        let bench = Self::new(config.with_consecutive_failures(1));
        bench.fail();
        assert_eq!(bench.state(), State::Open);
        bench
    }

    /// Opened, and the open time is over.
    fn ready_to_probe(config: BreakerConfig) -> Self {
        let bench = Self::opened(config);
        bench.clock.advance(5 * SECOND);
        bench
    }

    fn permit(&self) -> Permit {
        self.breaker.try_acquire(self.clock.now()).unwrap()
    }

    fn is_rejected(&self) -> bool {
        self.breaker.try_acquire(self.clock.now()).is_err()
    }

    fn succeed(&self) {
        self.permit().success(self.clock.now());
    }

    fn fail(&self) {
        self.permit().failure(self.clock.now());
    }

    fn state(&self) -> State {
        self.breaker.state()
    }

    fn causes(&self) -> Vec<Cause> {
        self.log.0.lock().unwrap().iter().map(|t| t.cause).collect()
    }
}
