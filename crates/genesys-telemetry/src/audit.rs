#![doc = include_str!("docs/audit-format.md")]

mod bound;
mod disk;
mod fault;
mod file;
pub(crate) mod json;
mod line;
mod memory;
mod names;
mod read;
mod settings;
mod tail;
mod tee;
mod writer;

pub use file::{FileAudit, FileAuditBuilder, FileAuditStats};
pub use line::{AuditError, AuditLine, AuditOutcome, SCHEMA};
pub use memory::MemoryAudit;
pub use read::{Lines, read, read_all};
pub use settings::{Acknowledge, Rotation, SyncPolicy};
pub use tee::Tee;
