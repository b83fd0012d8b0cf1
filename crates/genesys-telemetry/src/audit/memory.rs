//! A trail in memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use genesys_core::Result;
use genesys_core::audit::{AuditEntry, AuditSink};
use resilience::{Clock, SystemClock};

use super::bound::ATTRIBUTE_LIMIT;
use super::line::AuditLine;

/// Keeps the last lines in memory, for tests and for reports of a short program. Clones share the lines.
///
/// When it is full, the oldest line makes room: it never waits and never refuses. The lines are what a
/// [`FileAudit`](super::FileAudit) would have written, numbered and bounded alike.
#[derive(Debug, Clone)]
pub struct MemoryAudit {
    clock: Arc<dyn Clock>,
    capacity: usize,
    lines: Arc<Mutex<Ring>>,
}

#[derive(Debug, Default)]
struct Ring {
    lines: VecDeque<AuditLine>,
    recorded: u64,
}

impl MemoryAudit {
    /// Keeps the last `capacity` lines.
    pub fn new(capacity: usize) -> Self {
        Self {
            clock: Arc::new(SystemClock),
            capacity,
            lines: Arc::default(),
        }
    }

    /// Takes the lines' times from `clock`.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The lines kept now, oldest first.
    pub fn entries(&self) -> Vec<AuditLine> {
        self.with_ring(|ring| ring.lines.iter().cloned().collect())
    }

    /// How many lines made room for newer ones.
    pub fn dropped(&self) -> u64 {
        self.with_ring(|ring| ring.recorded - ring.lines.len() as u64)
    }

    fn with_ring<T>(&self, f: impl FnOnce(&mut Ring) -> T) -> T {
        f(&mut self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Default for MemoryAudit {
    /// The last 1,024 lines.
    fn default() -> Self {
        Self::new(1024)
    }
}

#[async_trait]
impl AuditSink for MemoryAudit {
    async fn record(&self, entry: AuditEntry) -> Result<()> {
        self.try_record(entry)
    }

    fn try_record(&self, entry: AuditEntry) -> Result<()> {
        let mut line = AuditLine::new(entry, self.clock.wall(), ATTRIBUTE_LIMIT);
        self.with_ring(|ring| {
            ring.recorded += 1;
            line.seq = ring.recorded;
            ring.lines.push_back(line);
            if ring.lines.len() > self.capacity {
                ring.lines.pop_front();
            }
        });
        Ok(())
    }

    async fn flush(&self) -> Result<()> {
        Ok(())
    }
}
