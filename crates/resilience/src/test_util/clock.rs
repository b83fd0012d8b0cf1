//! Time that moves when the test says so.

use std::collections::BTreeMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant, SystemTime};

use crate::{BoxFuture, Clock};

/// How often a driven future yields before time moves on: other tasks of a single-threaded runtime get
/// that many turns to react.
const QUIET_TURNS: u32 = 32;

/// A clock that stands still until it is moved. Clones share the time.
///
/// - By hand: [`advance`](Self::advance), [`advance_to`](Self::advance_to),
///   [`advance_to_next`](Self::advance_to_next).
/// - By itself: [`drive`](Self::drive) runs a future and moves to the next timer whenever the future can
///   do nothing but wait.
///
/// The calendar time runs along with the monotonic one and can be set in both directions.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::time::Duration;
/// use resilience::{Clock, test_util::FakeClock};
///
/// let clock = FakeClock::new();
/// let start = clock.now();
/// clock.drive(clock.sleep_until(start + Duration::from_secs(3600))).await;
/// assert_eq!(clock.now() - start, Duration::from_secs(3600));
/// # }
/// ```
#[derive(Clone)]
pub struct FakeClock {
    state: Arc<Mutex<State>>,
}

struct State {
    now: Instant,
    wall: SystemTime,
    timers: BTreeMap<(Instant, u64), Waker>,
    next_timer: u64,
    /// Woken when a timer is set, because there is something to move to now.
    driver: Option<Waker>,
}

impl FakeClock {
    /// A clock whose calendar shows the first second of 2026, UTC.
    pub fn new() -> Self {
        Self {
            state: Arc::new(Mutex::new(State {
                now: origin(),
                wall: SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600),
                timers: BTreeMap::new(),
                next_timer: 0,
                driver: None,
            })),
        }
    }

    /// Moves on by `by`, waking the sleepers on the way in their order.
    pub fn advance(&self, by: Duration) {
        let now = self.now();
        self.advance_to(now.checked_add(by).unwrap_or(now));
    }

    /// Moves on to `at`; an instant in the past changes nothing.
    pub fn advance_to(&self, at: Instant) {
        loop {
            let mut state = self.lock();
            let due = state
                .timers
                .first_key_value()
                .map(|(timer, _)| *timer)
                .filter(|(due, _)| *due <= at);
            let Some(timer) = due else {
                state.move_to(at);
                return;
            };
            state.move_to(timer.0);
            let waker = state.timers.remove(&timer);
            drop(state);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    /// Moves to the next timer and wakes every sleeper of that instant. The distance, or `None` when
    /// nobody sleeps.
    pub fn advance_to_next(&self) -> Option<Duration> {
        let (from, to) = {
            let state = self.lock();
            (state.now, state.timers.first_key_value()?.0.0)
        };
        self.advance_to(to);
        Some(to.saturating_duration_since(from))
    }

    /// Sets the calendar time, forward or back. The monotonic time stays.
    pub fn set_wall(&self, wall: SystemTime) {
        self.lock().wall = wall;
    }

    /// Sleeps that were polled and are neither over nor dropped.
    pub fn pending_sleeps(&self) -> usize {
        self.lock().timers.len()
    }

    /// Runs `future`, moving to the next timer whenever neither it nor another task is busy.
    ///
    /// Exact for everything inside the future itself. For other tasks of the same single-threaded
    /// runtime it waits some turns before time moves. Do not use it around real sockets: waiting for
    /// one looks like having nothing to do.
    pub async fn drive<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let flag = Arc::new(Flag {
            woken: AtomicBool::new(true),
            outer: Mutex::new(None),
        });
        let inner = Waker::from(Arc::clone(&flag));
        let mut quiet = 0;
        poll_fn(|cx| {
            *lock(&flag.outer) = Some(cx.waker().clone());
            if flag.woken.swap(false, Ordering::AcqRel) {
                quiet = 0;
                if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&inner))
                {
                    return Poll::Ready(output);
                }
            }
            self.lock().driver = Some(cx.waker().clone());
            if quiet < QUIET_TURNS {
                quiet += 1;
                cx.waker().wake_by_ref();
            } else if self.advance_to_next().is_some() {
                quiet = 0;
                cx.waker().wake_by_ref();
            }
            Poll::Pending
        })
        .await
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "an `Instant` can come from nowhere else"
)]
fn origin() -> Instant {
    // A day away from the start of the machine's clock, so that a test may look back.
    Instant::now() + Duration::from_secs(24 * 60 * 60)
}

impl State {
    fn move_to(&mut self, at: Instant) {
        let by = at.saturating_duration_since(self.now);
        self.now += by;
        self.wall = self.wall.checked_add(by).unwrap_or(self.wall);
    }
}

impl Default for FakeClock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for FakeClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeClock")
            .field("pending_sleeps", &self.pending_sleeps())
            .finish_non_exhaustive()
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Instant {
        self.lock().now
    }

    fn wall(&self) -> SystemTime {
        self.lock().wall
    }

    fn sleep_until(&self, at: Instant) -> BoxFuture<'static, ()> {
        Box::pin(Sleep {
            clock: self.clone(),
            at,
            timer: None,
        })
    }
}

struct Sleep {
    clock: FakeClock,
    at: Instant,
    timer: Option<(Instant, u64)>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let at = self.at;
        let clock = self.clock.clone();
        let mut state = clock.lock();
        if state.now >= at {
            if let Some(timer) = self.timer.take() {
                state.timers.remove(&timer);
            }
            return Poll::Ready(());
        }
        let timer = *self.timer.get_or_insert_with(|| {
            state.next_timer += 1;
            (at, state.next_timer)
        });
        state.timers.insert(timer, cx.waker().clone());
        let driver = state.driver.take();
        drop(state);
        if let Some(driver) = driver {
            driver.wake();
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer.take() {
            self.clock.lock().timers.remove(&timer);
        }
    }
}

/// Tells whether the driven future was woken, and passes the wake on.
struct Flag {
    woken: AtomicBool,
    outer: Mutex<Option<Waker>>,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        if let Some(outer) = lock(&self.outer).take() {
            outer.wake();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
