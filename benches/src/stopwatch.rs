//! The one place that reads the machine's clocks.
//!
//! A batch is *clean* when the thread ran all the time: its processor time is the time that went by. On a machine that
//! others use too, a batch that is not clean says how busy they are, so it is taken again a few times.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

/// How often a batch that was not clean is taken again.
const TRIES: usize = 40;
/// The part of the time that a thread must have run in a clean batch, and that threads must have run side by side.
const CLEAN: f64 = 0.85;

/// The monotonic clock.
#[allow(
    clippy::disallowed_methods,
    reason = "measurements are of real time and nothing else"
)]
pub fn now() -> Instant {
    Instant::now()
}

/// The time that the processor spent on this thread.
pub fn processor() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or(0))
}

/// One measured batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// How long it took.
    pub time: Duration,
    /// Nobody else had the processor meanwhile, and threads ran side by side.
    pub clean: bool,
}

impl Sample {
    /// A batch of which nothing is known but its time.
    pub fn clean(time: Duration) -> Self {
        Self { time, clean: true }
    }
}

/// How long `work` takes, waiting included.
pub fn wall(work: impl FnOnce()) -> Sample {
    let start = now();
    work();
    Sample::clean(now() - start)
}

/// The processor time that `work` takes on this thread, waiting not included.
pub fn own(work: impl FnOnce()) -> Sample {
    let start = processor();
    work();
    Sample::clean(processor() - start)
}

/// The mean time of `work` on `threads` threads at the same time, after `warm_up` on each of them.
pub fn threads(
    threads: usize,
    warm_up: impl Fn(usize) + Sync,
    work: impl Fn(usize) + Sync,
) -> Sample {
    let mut last = None;
    for _ in 0..TRIES {
        let sample = attempt(threads, &warm_up, &work);
        if sample.clean {
            return sample;
        }
        last = Some(sample);
    }
    last.unwrap_or(Sample {
        time: Duration::ZERO,
        clean: false,
    })
}

struct Lap {
    begun: Instant,
    ended: Instant,
    processor: Duration,
}

fn attempt(
    threads: usize,
    warm_up: &(impl Fn(usize) + Sync),
    work: &(impl Fn(usize) + Sync),
) -> Sample {
    let start = Barrier::new(threads);
    let laps: Vec<Lap> = thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|index| {
                let start = &start;
                scope.spawn(move || {
                    warm_up(index);
                    start.wait();
                    let (begun, spent) = (now(), processor());
                    work(index);
                    Lap {
                        processor: processor() - spent,
                        ended: now(),
                        begun,
                    }
                })
            })
            .collect();
        running
            .into_iter()
            .map(|thread| match thread.join() {
                Ok(lap) => lap,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    });
    let total: Duration = laps.iter().map(|lap| lap.ended - lap.begun).sum();
    let time = total / u32::try_from(threads).unwrap_or(u32::MAX);
    let begun = laps.iter().map(|lap| lap.begun).max();
    let ended = laps.iter().map(|lap| lap.ended).min();
    let together = match (begun, ended) {
        (Some(begun), Some(ended)) => ended.saturating_duration_since(begun),
        _ => Duration::ZERO,
    };
    let clean = laps.iter().all(|lap| {
        let whole = (lap.ended - lap.begun).as_secs_f64();
        lap.processor.as_secs_f64() >= CLEAN * whole && together.as_secs_f64() >= CLEAN * whole
    });
    Sample { time, clean }
}
