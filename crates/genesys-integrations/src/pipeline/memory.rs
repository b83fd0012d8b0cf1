//! A journal that does not survive the process.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use genesys_core::Result;

use super::journal::{Journal, JournalRecord};

/// Keeps the record in memory, for deployments that are not worth resuming in another process. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemoryJournal(Arc<Mutex<Option<JournalRecord>>>);

impl MemoryJournal {
    /// An empty journal.
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn load(&self) -> Result<Option<JournalRecord>> {
        Ok(self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone())
    }

    async fn save(&self, record: &JournalRecord) -> Result<()> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(record.clone());
        Ok(())
    }

    async fn clear(&self) -> Result<()> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }
}
