//! What several tests need.

use std::path::{Path, PathBuf};

use genesys_core::audit::{AuditEntry, AuditPhase};
use genesys_telemetry::AuditLine;
use genesys_telemetry::audit::{read, read_all};
use tempfile::TempDir;

/// A folder of its own and the trail's name in it.
pub fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    (folder, path)
}

pub fn entry(id: impl ToString) -> AuditEntry {
    AuditEntry::new("TEST", AuditPhase::Intent, id.to_string(), "client-1")
}

pub fn lines(path: &Path) -> Vec<AuditLine> {
    read(path).unwrap().collect::<Result<_, _>>().unwrap()
}

pub fn all_lines(path: &Path) -> Vec<AuditLine> {
    read_all(path).unwrap().collect::<Result<_, _>>().unwrap()
}

pub fn ids(lines: &[AuditLine]) -> Vec<&str> {
    lines
        .iter()
        .map(|line| line.operation_id.as_str())
        .collect()
}

pub fn numbers(lines: &[AuditLine]) -> Vec<u64> {
    lines.iter().map(|line| line.seq).collect()
}
