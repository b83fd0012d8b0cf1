//! What was counted, as a table.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// What became of the writes of one kind.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Row {
    /// Answered as done.
    pub(crate) ok: u64,
    /// Failed for certain.
    pub(crate) definite: u64,
    /// Unknown, of which those that had taken effect.
    pub(crate) unknown: u64,
    pub(crate) unknown_applied: u64,
    /// Unknown, and settled by ensuring the same again.
    pub(crate) settled: u64,
    /// Definite failures of several parts that left some behind, which the next call finished.
    pub(crate) left_parts: u64,
}

impl Row {
    pub(crate) fn writes(&self) -> u64 {
        self.ok + self.definite + self.unknown
    }

    fn add(&mut self, other: Self) {
        self.ok += other.ok;
        self.definite += other.definite;
        self.unknown += other.unknown;
        self.unknown_applied += other.unknown_applied;
        self.settled += other.settled;
        self.left_parts += other.left_parts;
    }
}

/// Writes that took effect after their answer was given up.
#[derive(Debug, Default)]
pub(crate) struct Late {
    /// Writes.
    pub(crate) writes: u64,
    /// There once: a later look found it.
    pub(crate) absorbed: u64,
    /// There twice: all looks came too early, and it was sent again.
    pub(crate) doubled: u64,
    /// What was said that is not so.
    pub(crate) violations: Vec<String>,
}

/// Everything.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    rows: BTreeMap<&'static str, Row>,
    faults: BTreeMap<String, u64>,
    pub(crate) requests: u64,
    pub(crate) late: Late,
    pub(crate) violations: Vec<String>,
    pub(crate) elapsed: Duration,
}

impl Tally {
    pub(crate) fn row(&mut self, kind: &'static str) -> &mut Row {
        self.rows.entry(kind).or_default()
    }

    pub(crate) fn add_fault(&mut self, kind: String, struck: u64) {
        *self.faults.entry(kind).or_default() += struck;
    }

    pub(crate) fn add(&mut self, other: Self) {
        for (kind, row) in other.rows {
            self.row(kind).add(row);
        }
        for (kind, struck) in other.faults {
            self.add_fault(kind, struck);
        }
        self.requests += other.requests;
        self.violations.extend(other.violations);
    }

    /// The rows together.
    pub(crate) fn total(&self) -> Row {
        let mut total = Row::default();
        self.rows.values().for_each(|row| total.add(*row));
        total
    }

    pub(crate) fn faults(&self) -> u64 {
        self.faults.values().sum()
    }

    /// True when no rule was broken.
    pub(crate) fn holds(&self) -> bool {
        self.violations.is_empty() && self.late.violations.is_empty()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<34} {:>8} {:>8} {:>8} {:>8} {:>9} {:>8} {:>11}",
            "write", "writes", "ok", "definite", "unknown", "(applied)", "settled", "left parts"
        )?;
        let total = ("all", self.total());
        for (kind, row) in self
            .rows
            .iter()
            .map(|(kind, row)| (*kind, *row))
            .chain([total])
        {
            writeln!(
                f,
                "{kind:<34} {:>8} {:>8} {:>8} {:>8} {:>9} {:>8} {:>11}",
                row.writes(),
                row.ok,
                row.definite,
                row.unknown,
                row.unknown_applied,
                row.settled,
                row.left_parts
            )?;
        }
        let faults: Vec<String> = self
            .faults
            .iter()
            .map(|(kind, struck)| format!("{kind} {struck}"))
            .collect();
        writeln!(
            f,
            "{} requests over sockets, {} faults: {}",
            self.requests,
            self.faults(),
            faults.join(", ")
        )?;
        writeln!(
            f,
            "late application, reported and not judged: {} writes, {} there once, {} there twice (a conflict to the next call, \
             settled by purge and ensure)",
            self.late.writes, self.late.absorbed, self.late.doubled
        )?;
        let violations = self.violations.iter().chain(&self.late.violations);
        for violation in violations.clone().take(20) {
            writeln!(f, "VIOLATION {violation}")?;
        }
        writeln!(
            f,
            "{} violations in {:.1} s",
            violations.count(),
            self.elapsed.as_secs_f64()
        )
    }
}
