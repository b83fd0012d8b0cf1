//! One mapping at a time, and who waits for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::{MapOutcome, Pipeline};
use crate::error::{MapError, MapErrorKind};
use crate::map::DependencyMap;
use crate::progress::{Phase, Progress};

type Landed = Option<Result<Arc<MapOutcome>, MapError>>;

/// A mapping that runs, or has ended. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Run {
    flight: Arc<Flight>,
    joined: bool,
}

#[derive(Debug)]
struct Flight {
    id: u64,
    progress: Progress,
    landed: watch::Receiver<Landed>,
    task: AbortHandle,
    cancelled: AtomicBool,
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Run {
    /// Its number, from 1; the same for everybody who joined it.
    pub fn id(&self) -> u64 {
        self.flight.id
    }

    /// True when it ran already.
    pub fn is_joined(&self) -> bool {
        self.joined
    }

    /// True when it has ended.
    pub fn is_done(&self) -> bool {
        self.flight.landed.borrow().is_some() || self.flight.landed.has_changed().is_err()
    }

    /// How far it is.
    pub fn progress(&self) -> &Progress {
        &self.flight.progress
    }

    /// Stops it, for everybody who waits.
    pub fn cancel(&self) {
        self.flight.cancelled.store(true, Ordering::SeqCst);
        self.flight.task.abort();
    }

    /// Waits for its end. Dropping the future stops nothing.
    ///
    /// # Errors
    ///
    /// [`MapError`], the same for everybody who waits.
    pub async fn wait(&self) -> Result<Arc<MapOutcome>, MapError> {
        let mut landed = self.flight.landed.clone();
        let result = landed
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|result| result.clone());
        result.unwrap_or_else(|| Err(self.lost()))
    }

    /// The task ended without a result.
    fn lost(&self) -> MapError {
        let phase = self.flight.progress.snapshot().phase;
        match self.flight.cancelled.load(Ordering::SeqCst) {
            true => MapError::new(MapErrorKind::Cancelled, phase, "the mapping was stopped"),
            false => MapError::new(
                MapErrorKind::Internal,
                phase,
                "the mapping panicked, or the runtime stopped",
            ),
        }
    }
}

/// What clones of a mapper share.
#[derive(Debug, Default)]
pub(super) struct State(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    runs: u64,
    current: Option<Arc<Flight>>,
    outcome: Option<Arc<MapOutcome>>,
    last: Option<Arc<DependencyMap>>,
    previous: Option<Arc<DependencyMap>>,
}

impl State {
    pub(super) fn start(self: &Arc<Self>, pipeline: &Arc<Pipeline>) -> Result<Run, MapError> {
        let mut inner = self.lock();
        if let Some(flight) = inner
            .current
            .as_ref()
            .filter(|flight| !flight.cancelled.load(Ordering::SeqCst))
        {
            return Ok(Run {
                flight: Arc::clone(flight),
                joined: true,
            });
        }
        let runtime = Handle::try_current().map_err(|_| {
            MapError::new(
                MapErrorKind::Internal,
                Phase::Connect,
                "a mapping needs a tokio runtime",
            )
        })?;
        inner.runs += 1;
        let (sender, landed) = watch::channel(None);
        let progress = Progress::new();
        let landing = Landing {
            id: inner.runs,
            state: Arc::downgrade(self),
        };
        let (pipeline, last) = (Arc::clone(pipeline), inner.last.clone());
        let watched = progress.clone();
        // The task holds neither the mapper nor a run, so that it ends when nobody does any more.
        let task = runtime.spawn(async move {
            let result = pipeline.run(last, &watched).await.map(Arc::new);
            landing.land(result.as_ref().ok());
            watched.phase(Phase::Done);
            let _ = sender.send(Some(result));
        });
        let flight = Arc::new(Flight {
            id: inner.runs,
            progress,
            landed,
            task: task.abort_handle(),
            cancelled: AtomicBool::new(false),
        });
        inner.current = Some(Arc::clone(&flight));
        Ok(Run {
            flight,
            joined: false,
        })
    }

    pub(super) fn running(&self) -> Option<Run> {
        let flight = self.lock().current.clone()?;
        Some(Run {
            flight,
            joined: true,
        })
    }

    pub(super) fn last(&self) -> Option<Arc<DependencyMap>> {
        self.lock().last.clone()
    }

    pub(super) fn previous(&self) -> Option<Arc<DependencyMap>> {
        self.lock().previous.clone()
    }

    pub(super) fn last_outcome(&self) -> Option<Arc<MapOutcome>> {
        self.lock().outcome.clone()
    }

    pub(super) fn restore(&self, map: Arc<DependencyMap>) -> Arc<DependencyMap> {
        Arc::clone(self.lock().last.get_or_insert(map))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes room for the next mapping when the task ends, however it ends.
struct Landing {
    id: u64,
    state: Weak<State>,
}

impl Landing {
    /// Keeps the map before anybody is told that there is one.
    fn land(self, outcome: Option<&Arc<MapOutcome>>) {
        if let (Some(state), Some(outcome)) = (self.state.upgrade(), outcome) {
            let mut inner = state.lock();
            let before = inner.last.replace(Arc::clone(&outcome.map));
            inner.previous = before;
            inner.outcome = Some(Arc::clone(outcome));
        }
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        let Some(state) = self.state.upgrade() else {
            return;
        };
        let ended = {
            let mut inner = state.lock();
            inner.current.take_if(|flight| flight.id == self.id)
        };
        // Not under the lock: the last owner of a flight aborts its task.
        drop(ended);
    }
}
