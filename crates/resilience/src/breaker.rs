//! Circuit breaker: stops sending to a server that is ill, and finds out when it is well again.

mod bulletin;
mod config;
mod core;
mod event;
mod permit;
mod registry;
mod window;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

pub use config::BreakerConfig;
pub use event::{BreakerListener, Cause, Rejected, State, Transition};
pub use permit::{Permit, PermitRef};
pub use registry::BreakerRegistry;
pub use window::Counts;

use self::core::{Core, Lane};
use crate::{Clock, Random};

/// A circuit breaker. Clones share it; use one for each upstream and keep it.
///
/// ```text
///            failure rate, slow rate or consecutive failures
///   Closed ────────────────────────────────────────────────► Open
///      ▲                                                   │    ▲
///      │ N probes succeeded                   time elapsed │    │ a probe failed
///      └───────────────────────── HalfOpen ◄───────────────┘    │ or its lease ran out
///                                     └─────────────────────────┘
/// ```
///
/// Ask for a [`Permit`] before each attempt and settle it afterwards:
///
/// - [`success`](Permit::success) and [`failure`](Permit::failure) are judged. A failure is what
///   speaks against the server: no connection, a time-out, 500, 502, 503, 504.
/// - [`ignored`](Permit::ignored) is for what speaks against the request or is pacing: other 4xx, 429.
/// - A permit that is dropped unsettled is released and not judged, because the caller walked away.
///   Dropped after its [attempt deadline](Permit::with_attempt_deadline), or by a panic, it is a
///   failure.
///
/// In the closed state a [`PermitRef`] costs two loads and one increment on memory of the current
/// thread's own, and no lock; a [`Permit`] adds a reference count. The window's cost depends neither on
/// its length nor on the number of calls. Rates are judged when a call fails or is slow, not when it
/// succeeds.
///
/// ```
/// use std::sync::Arc;
/// use resilience::{Breaker, BreakerConfig, Clock, SystemClock, ThreadRandom};
///
/// let clock = Arc::new(SystemClock);
/// let config = BreakerConfig::default().with_consecutive_failures(3);
/// let breaker = Breaker::new(config, clock.clone(), Arc::new(ThreadRandom));
/// for _ in 0..3 {
///     let permit = breaker.try_acquire(clock.now())?;
///     permit.failure(clock.now());
/// }
/// let rejected = breaker.try_acquire(clock.now()).unwrap_err();
/// assert!(rejected.retry_in <= std::time::Duration::from_secs(5));
/// # Ok::<(), resilience::Rejected>(())
/// ```
#[derive(Clone)]
pub struct Breaker {
    lanes: Arc<[Arc<Lane>]>,
}

impl Breaker {
    /// A closed breaker. Settings outside their bounds are brought inside, as
    /// [`BreakerConfig::clamp`] does.
    pub fn new(config: BreakerConfig, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self::build(config.clamp(), clock, random, Arc::from(""), Vec::new())
    }

    fn build(
        config: BreakerConfig,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        name: Arc<str>,
        listeners: Vec<Arc<dyn BreakerListener>>,
    ) -> Self {
        let core = Arc::new(Core::new(config, clock, random, name, listeners));
        Self {
            lanes: Lane::all(&core),
        }
    }

    /// Tells `listener` about every transition from now on. Several can listen.
    #[must_use]
    pub fn with_listener(self, listener: Arc<dyn BreakerListener>) -> Self {
        self.core().listen(listener);
        self
    }

    /// Asks to send one request now.
    ///
    /// # Errors
    /// [`Rejected`] while the breaker is open or all probes are out; it says when to ask again.
    #[inline]
    pub fn try_acquire(&self, now: Instant) -> Result<Permit, Rejected> {
        let lane = self.lane();
        let admission = lane.admit(now)?;
        Ok(Permit::new(Arc::clone(lane), admission))
    }

    /// As [`try_acquire`](Self::try_acquire), with a permit that borrows the breaker and costs less.
    ///
    /// # Errors
    /// [`Rejected`] while the breaker is open or all probes are out; it says when to ask again.
    #[inline]
    pub fn try_acquire_ref(&self, now: Instant) -> Result<PermitRef<'_>, Rejected> {
        let lane = self.lane();
        let admission = lane.admit(now)?;
        Ok(PermitRef::new(lane, admission))
    }

    /// The state as it was left by the last call. An open breaker whose time has elapsed stays
    /// [`State::Open`] until somebody asks for a permit.
    pub fn state(&self) -> State {
        self.core().state()
    }

    /// What the window holds at `now`.
    pub fn counts(&self, now: Instant) -> Counts {
        self.core().counts(now)
    }

    /// The name given by a [`BreakerRegistry`]; empty otherwise.
    pub fn name(&self) -> &str {
        self.core().name()
    }

    /// Rejects everything until [`reset`](Self::reset) or [`force_closed`](Self::force_closed).
    pub fn force_open(&self) {
        self.core().force(State::ForcedOpen, Cause::Forced);
    }

    /// Admits everything and judges nothing until [`reset`](Self::reset) or
    /// [`force_open`](Self::force_open).
    pub fn force_closed(&self) {
        self.core().force(State::ForcedClosed, Cause::Forced);
    }

    /// Closes the breaker with an empty window and the shortest open time.
    pub fn reset(&self) {
        self.core().force(State::Closed, Cause::Reset);
    }

    #[inline]
    fn lane(&self) -> &Arc<Lane> {
        // The number of lanes is a power of two.
        &self.lanes[window::lane_of_thread() & (self.lanes.len() - 1)]
    }

    fn core(&self) -> &Core {
        &self.lanes[0].core
    }
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breaker")
            .field("name", &self.name())
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}
