//! The one place that reads the machine's clock.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

/// The monotonic clock.
#[allow(
    clippy::disallowed_methods,
    reason = "measurements are of real time and nothing else"
)]
pub fn now() -> Instant {
    Instant::now()
}

/// How long `work` takes.
pub fn time(work: impl FnOnce()) -> Duration {
    let start = now();
    work();
    now() - start
}

/// Runs `work` on `threads` threads at the same time, after `warm_up` on each of them, and gives the mean of their times.
pub fn time_threads(
    threads: usize,
    warm_up: impl Fn(usize) + Sync,
    work: impl Fn(usize) + Sync,
) -> Duration {
    let start = Barrier::new(threads);
    let total: Duration = thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|index| {
                let (start, warm_up, work) = (&start, &warm_up, &work);
                scope.spawn(move || {
                    warm_up(index);
                    start.wait();
                    time(|| work(index))
                })
            })
            .collect();
        running
            .into_iter()
            .map(|thread| match thread.join() {
                Ok(time) => time,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .sum()
    });
    total / u32::try_from(threads).unwrap_or(u32::MAX)
}
