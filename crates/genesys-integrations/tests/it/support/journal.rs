//! A journal that dies.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use genesys_core::Result;
use genesys_integrations::MemoryJournal;
use genesys_integrations::pipeline::{Journal, JournalRecord};
use tokio::sync::Notify;

/// Writes through to another journal, and hangs for ever at one write: before it, or after it. Dropping the future then is
/// the kill.
#[derive(Debug)]
pub(crate) struct Mortal {
    inner: MemoryJournal,
    writes: AtomicUsize,
    dies_at: usize,
    after: bool,
    died: Notify,
}

impl Mortal {
    pub(crate) fn new(inner: MemoryJournal, dies_at: usize, after: bool) -> Self {
        Self {
            inner,
            writes: AtomicUsize::new(0),
            dies_at,
            after,
            died: Notify::new(),
        }
    }

    async fn die(&self) {
        self.died.notify_one();
        std::future::pending::<()>().await;
    }

    /// Runs until this journal dies; none then.
    pub(crate) async fn until_death<T>(&self, run: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            outcome = run => Some(outcome),
            () = self.died.notified() => None,
        }
    }

    async fn write(&self, work: impl Future<Output = Result<()>>) -> Result<()> {
        let number = self.writes.fetch_add(1, Ordering::Relaxed) + 1;
        if number == self.dies_at && !self.after {
            self.die().await;
        }
        work.await?;
        if number == self.dies_at {
            self.die().await;
        }
        Ok(())
    }
}

#[async_trait]
impl Journal for Mortal {
    async fn load(&self) -> Result<Option<JournalRecord>> {
        self.inner.load().await
    }

    async fn save(&self, record: &JournalRecord) -> Result<()> {
        self.write(self.inner.save(record)).await
    }

    async fn clear(&self) -> Result<()> {
        self.write(self.inner.clear()).await
    }
}
