//! One execution for everybody who wants the same thing at the same time.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::runtime::Handle;
use tokio::sync::watch;

/// Why a flight brought nothing back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum FlightError {
    /// The work panicked. The next caller starts it again.
    #[error("shared work panicked")]
    Panicked,
    /// The runtime stopped before the work was done.
    #[error("shared work was stopped with its runtime")]
    Stopped,
    /// The caller is not inside a tokio runtime, so nothing can be spawned.
    #[error("no tokio runtime to share work on")]
    NoRuntime,
}

/// Joins concurrent requests for the same key into one spawned task.
///
/// The task belongs to nobody: it goes on when any of its callers, the first included, is dropped, and
/// also when all are. Its result goes to everyone who waits; whoever comes later starts a new one. Give
/// the work its own time limit, because no caller's deadline ends it. Clones share the flights.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), resilience::FlightError> {
/// let flights = resilience::SingleFlight::new();
/// let (one, two) = tokio::join!(
///     flights.run("key", || async { 1 }),
///     flights.run("key", || async { 2 }),
/// );
/// assert_eq!((one?, two?), (1, 1));
/// # Ok(()) }
/// ```
pub struct SingleFlight<K, V> {
    flights: Arc<Mutex<HashMap<K, watch::Receiver<Landed<V>>>>>,
}

type Landed<V> = Option<Result<V, FlightError>>;

impl<K, V> SingleFlight<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// No flights yet.
    pub fn new() -> Self {
        Self {
            flights: Arc::default(),
        }
    }

    /// Waits for the flight of `key`, starting `work` when there is none. Only dropping the runtime
    /// stops a flight that has started.
    ///
    /// # Errors
    /// [`FlightError`], the same for everybody who waits.
    pub async fn run<F, Fut>(&self, key: K, work: F) -> Result<V, FlightError>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = V> + Send + 'static,
    {
        let mut landed = self.join(key, work)?;
        match landed.wait_for(Option::is_some).await {
            Ok(result) => result.clone().unwrap_or(Err(FlightError::Stopped)),
            Err(_) => Err(FlightError::Stopped),
        }
    }

    /// Starts `work` for `key` unless a flight is under way, and does not wait for it.
    ///
    /// # Errors
    /// [`FlightError::NoRuntime`].
    pub fn start<F, Fut>(&self, key: K, work: F) -> Result<(), FlightError>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = V> + Send + 'static,
    {
        self.join(key, work).map(drop)
    }

    /// Flights under way.
    pub fn in_flight(&self) -> usize {
        lock(&self.flights).len()
    }

    fn join<F, Fut>(&self, key: K, work: F) -> Result<watch::Receiver<Landed<V>>, FlightError>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = V> + Send + 'static,
    {
        let mut flights = lock(&self.flights);
        if let Some(landed) = flights.get(&key) {
            return Ok(landed.clone());
        }
        let runtime = Handle::try_current().map_err(|_| FlightError::NoRuntime)?;
        let (sender, landed) = watch::channel(None);
        flights.insert(key.clone(), landed.clone());
        // From here on the entry is removed by the landing alone, whatever becomes of the task. The
        // lock is free by then, also when the runtime is shutting down and drops the task at once.
        drop(flights);
        let landing = Landing {
            key,
            flights: Arc::clone(&self.flights),
            sender,
            result: None,
        };
        runtime.spawn(async move {
            let result = work().await;
            landing.land(result);
        });
        Ok(landed)
    }
}

/// Ends a flight when the task is dropped: finished, panicked or stopped.
struct Landing<K: Eq + Hash, V> {
    key: K,
    flights: Arc<Mutex<HashMap<K, watch::Receiver<Landed<V>>>>>,
    sender: watch::Sender<Landed<V>>,
    result: Option<V>,
}

impl<K: Eq + Hash, V> Landing<K, V> {
    fn land(mut self, result: V) {
        self.result = Some(result);
    }
}

impl<K: Eq + Hash, V> Drop for Landing<K, V> {
    fn drop(&mut self) {
        let result = self.result.take().ok_or(if thread::panicking() {
            FlightError::Panicked
        } else {
            FlightError::Stopped
        });
        // First out of the map, so that nobody joins a flight that is over.
        lock(&self.flights).remove(&self.key);
        self.sender.send_replace(Some(result));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K, V> Clone for SingleFlight<K, V> {
    fn clone(&self) -> Self {
        Self {
            flights: Arc::clone(&self.flights),
        }
    }
}

impl<K, V> Default for SingleFlight<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> fmt::Debug for SingleFlight<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleFlight")
            .field("in_flight", &lock(&self.flights).len())
            .finish()
    }
}
