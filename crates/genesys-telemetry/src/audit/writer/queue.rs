//! What passes between callers and the writer.

use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::audit::fault::Fault;
use crate::audit::line::AuditLine;

/// Where a caller waits for its answer.
pub(in crate::audit) type Reply = oneshot::Sender<Result<(), Fault>>;

/// What the thread is asked to do. The permit is the place in the queue; it is given back when the work is done.
pub(in crate::audit) struct Message {
    pub(in crate::audit) job: Job,
    pub(in crate::audit) reply: Option<Reply>,
    pub(in crate::audit) permit: OwnedSemaphorePermit,
}

#[expect(
    clippy::large_enum_variant,
    reason = "nearly every job is an entry; boxing it would cost an allocation each"
)]
pub(in crate::audit) enum Job {
    Entry(AuditLine),
    Flush,
}

/// What callers and the thread both see.
#[derive(Debug, Default)]
pub(in crate::audit) struct Shared {
    pub(in crate::audit) written: AtomicU64,
    pub(in crate::audit) refused: AtomicU64,
    pub(in crate::audit) lost: AtomicU64,
    pub(in crate::audit) rotations: AtomicU64,
    /// A failure that no caller has been told yet.
    failure: Mutex<Option<Fault>>,
}

impl Shared {
    pub(in crate::audit) fn take_failure(&self) -> Option<Fault> {
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    pub(super) fn keep_failure(&self, fault: Fault) {
        // The first one is nearest to the cause.
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(fault);
    }
}
