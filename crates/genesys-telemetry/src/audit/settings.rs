//! What a file trail can be told.

use std::time::Duration;

/// When the trail is forced from the operating system's memory to the disk.
///
/// Whatever the policy, each entry is handed to the operating system at once, so the death of the process loses nothing
/// that was written; the policy decides what a power cut may lose. [`close`](super::FileAudit::close),
/// [`flush`](genesys_core::audit::AuditSink::flush), rotation and drop always force it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyncPolicy {
    /// Before an entry counts as written. Entries that wait together share one sync. Milliseconds an entry on a disk.
    EveryEntry,
    /// At most this long after an entry was written.
    Interval(Duration),
    /// Only at a flush, a rotation and the end.
    OnFlush,
}

impl Default for SyncPolicy {
    /// An interval of one second.
    fn default() -> Self {
        SyncPolicy::Interval(Duration::from_secs(1))
    }
}

/// What `record` waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Acknowledge {
    /// Until the entry is written (with [`SyncPolicy::EveryEntry`]: on the disk). `record` itself reports a failure, so an
    /// operation starts only after its intent is in the file. Costs a hand-over to the writer thread, some microseconds.
    #[default]
    Written,
    /// Until the entry has a place in the queue. Fast; a failure is reported by the next `record` or `flush`, and a process
    /// that is killed loses what is queued.
    Queued,
}

/// When a trail starts a new file, and how many old ones stay.
///
/// The current file keeps its name. A full one becomes `NAME.SEQ` with the sequence number of its first line in twelve
/// digits, and never changes its name again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    pub(super) max_bytes: Option<u64>,
    pub(super) max_age: Option<Duration>,
    pub(super) kept: Option<usize>,
}

impl Default for Rotation {
    /// A new file after 64 MiB, at any age; every old file stays.
    fn default() -> Self {
        Self {
            max_bytes: Some(64 * 1024 * 1024),
            ..Self::never()
        }
    }
}

impl Rotation {
    /// One file for ever.
    pub fn never() -> Self {
        Self {
            max_bytes: None,
            max_age: None,
            kept: None,
        }
    }

    /// Starts a new file before one would exceed this size. A file has one line at least, however long.
    #[must_use]
    pub fn with_max_bytes(mut self, max: u64) -> Self {
        self.max_bytes = Some(max);
        self
    }

    /// Starts a new file with the first entry that comes this long after the file's first one. Nothing is rotated while no
    /// entry comes.
    #[must_use]
    pub fn with_max_age(mut self, max: Duration) -> Self {
        self.max_age = Some(max);
        self
    }

    /// Deletes the oldest files beyond this number, the current one not counted. Without it nothing is ever deleted.
    #[must_use]
    pub fn with_kept_files(mut self, kept: usize) -> Self {
        self.kept = Some(kept);
        self
    }
}
