//! Time as a parameter.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Instant, SystemTime};

/// A boxed future that can move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where time comes from.
///
/// Everything in this crate that measures, compares or waits takes its time from a clock, so that a
/// test can run an hour in a millisecond. `SystemClock` (feature `tokio`) is the real one;
/// `FakeClock` (feature `test-util`) is moved by hand.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The monotonic time. It never goes back; every deadline is expressed in it.
    fn now(&self) -> Instant;

    /// The calendar time, which may jump in both directions. Used only to read dates that somebody
    /// else wrote, such as the date in a `Retry-After` header.
    fn wall(&self) -> SystemTime;

    /// A future that is ready at `at` or later, never earlier. An instant in the past is ready at
    /// the first poll. Dropping the future cancels the wait and leaves nothing behind.
    fn sleep_until(&self, at: Instant) -> BoxFuture<'static, ()>;
}

/// The machine's clock, with waits on the tokio timer.
///
/// `now` follows tokio's own notion of time, so a test with `start_paused = true` drives it.
/// Polling a [`sleep_until`](Clock::sleep_until) future outside a tokio runtime with the time driver
/// panics, as every tokio timer does.
#[cfg(feature = "tokio")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[cfg(feature = "tokio")]
#[allow(
    clippy::disallowed_methods,
    reason = "the one place that reads the machine's clocks"
)]
impl Clock for SystemClock {
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep_until(&self, at: Instant) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let at = tokio::time::Instant::from_std(at);
            // The timer is documented to have millisecond granularity; a wait that is a hair short
            // would send a request before the instant a server named.
            while tokio::time::Instant::now() < at {
                tokio::time::sleep_until(at).await;
            }
        })
    }
}

/// The deadline passed before the future was ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("deadline passed")]
pub struct Elapsed;

/// Runs `future` until `at`. Works on any runtime, because the wait is the clock's.
///
/// The future is polled first: one that is ready wins over a deadline that has already passed.
///
/// # Errors
/// [`Elapsed`] when `at` comes first; the future is dropped then.
pub async fn timeout_at<F: Future>(
    clock: &dyn Clock,
    at: Instant,
    future: F,
) -> Result<F::Output, Elapsed> {
    let mut future = pin!(future);
    let mut sleep = None;
    poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        sleep
            .get_or_insert_with(|| clock.sleep_until(at))
            .as_mut()
            .poll(cx)
            .map(|()| Err(Elapsed))
    })
    .await
}
