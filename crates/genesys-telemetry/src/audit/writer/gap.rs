//! What a trail misses, said in the trail itself.

use std::time::SystemTime;

use genesys_core::ErrorKind;
use genesys_core::audit::{AuditEntry, AuditPhase};
use genesys_core::observe::Outcome;

use crate::audit::line::AuditLine;

/// Counts of what is missing since the last line that said so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Gap {
    /// Bytes of a line that a crash cut off; they stand before the note.
    pub(super) torn_bytes: u64,
    /// Entries that found the queue full and could not wait.
    pub(super) refused: u64,
    /// Entries whose write failed.
    pub(super) lost: u64,
}

impl Gap {
    pub(super) fn is_empty(self) -> bool {
        self == Self::default()
    }

    pub(super) fn subtract(&mut self, told: Self) {
        self.torn_bytes = self.torn_bytes.saturating_sub(told.torn_bytes);
        self.refused = self.refused.saturating_sub(told.refused);
        self.lost = self.lost.saturating_sub(told.lost);
    }

    /// The line that says it.
    pub(super) fn line(self, time: SystemTime) -> AuditLine {
        let mut entry = AuditEntry::new("AUDIT_GAP", AuditPhase::Outcome, "", "genesys-telemetry");
        entry.outcome = Some(Outcome::Failure(ErrorKind::Audit));
        entry.error = Some((
            ErrorKind::Audit,
            "the trail is incomplete before this line".to_owned(),
        ));
        entry.attributes = [
            ("lost", self.lost),
            ("refused", self.refused),
            ("torn_bytes", self.torn_bytes),
        ]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| (name.to_owned(), count.into()))
        .collect();
        AuditLine::new(entry, time, usize::MAX)
    }
}
