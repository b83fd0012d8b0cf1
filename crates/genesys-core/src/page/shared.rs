//! One read of a list for everybody who looks for something in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_core::Stream;
use futures_util::TryStreamExt;
use resilience::{SingleFlight, timeout_at};
use tokio::sync::Mutex;

use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};

/// Shares the reads of one list between the callers who look for something in it at the same time. Clones share the reads.
///
/// **A caller gets a read that began after it asked, never one under way.** Absence means nothing otherwise: a read that
/// began before a creation was sent may miss what was created, and to believe it is to create it twice. So a creation whose
/// answer was lost is looked for by a read that began after it was sent, and an `ensure` that follows another one sees what
/// that one made. Whoever asks while a read is under way shares the next one with everybody else who does; it begins when
/// the one under way has ended. However many ask, there is one read at a time, and whoever asks waits for two at most.
///
/// A read goes on when the caller who started it is dropped, because others may wait for it, and ends at its own limit.
///
/// ```no_run
/// # use std::time::Duration;
/// # use genesys_core::page::SharedRead;
/// # async fn run(client: genesys_core::Client) -> genesys_core::Result<()> {
/// # #[derive(serde::Deserialize)] struct Queue { name: String }
/// let queues = SharedRead::<Queue>::default();
/// // However many look at the same time, the list is read once.
/// let list = client.get("/api/v2/routing/queues").numbered_pages();
/// let all = queues.all(&client, Duration::from_secs(60), list).await?;
/// let support = all.iter().find(|queue| queue.name == "Support");
/// # let _ = support;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct SharedRead<T> {
    flights: SingleFlight<u64, Result<Arc<[T]>>>,
    /// The number of the read that has not begun yet: the one to join.
    next: Arc<AtomicU64>,
    /// Held by the read under way.
    turn: Arc<Mutex<()>>,
}

impl<T: Send + Sync + 'static> Default for SharedRead<T> {
    fn default() -> Self {
        Self {
            flights: SingleFlight::default(),
            next: Arc::default(),
            turn: Arc::default(),
        }
    }
}

impl<T: Send + Sync + 'static> SharedRead<T> {
    /// The whole list. `items` reads it within `limit`, unless somebody else's read of it is shared.
    ///
    /// # Errors
    ///
    /// Those of the read, the same for everybody who shares it; [`Deadline`](ErrorKind::Deadline) at its limit.
    pub async fn all<S>(&self, client: &Client, limit: Duration, items: S) -> Result<Arc<[T]>>
    where
        S: Stream<Item = Result<T>> + Send + 'static,
    {
        // Read number `n` makes `next` larger than `n` before it sends anything: who sees `n` asked before.
        let number = self.next.load(Ordering::SeqCst);
        let (next, turn) = (Arc::clone(&self.next), Arc::clone(&self.turn));
        let clock = Arc::clone(client.clock());
        let read = move || async move {
            let _turn = turn.lock().await;
            next.fetch_max(number.saturating_add(1), Ordering::SeqCst);
            let items = items.try_collect::<Vec<T>>();
            let items = match clock.now().checked_add(limit) {
                Some(until) => timeout_at(&*clock, until, items)
                    .await
                    .unwrap_or_else(|_elapsed| Err(not_in_time())),
                None => items.await,
            };
            items.map(Arc::from)
        };
        self.flights
            .run(number, read)
            .await
            .unwrap_or_else(|why| Err(Error::new(ErrorKind::Transport, "").with_source(why)))
    }
}

fn not_in_time() -> Error {
    Error::new(
        ErrorKind::Deadline,
        "the list was not read to its end in time",
    )
}
