//! What a gate has to tell its store, one entry a lease.

use std::time::{Duration, Instant};

use super::pool::Errand;
use super::slot::Fate;
use super::{AgedReport, LeaseReport, QuotaReport};

/// How old news may get while calls are made.
const NEWS: Duration = Duration::from_millis(50);

/// The most leases with news. Beyond, the store has to learn by expiry.
const MAX_ENTRIES: usize = 64;

/// Servers report whole seconds.
const GRAIN: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Outbox {
    entries: Vec<Entry>,
    /// When the oldest news came.
    since: Option<Instant>,
    throttled: Option<Instant>,
}

#[derive(Debug)]
struct Entry {
    lease: u64,
    counted: u32,
    silent: u32,
    lost: u32,
    newest: Option<Answer>,
}

#[derive(Debug, Clone, Copy)]
struct Answer {
    report: QuotaReport,
    sent: Instant,
    heard: Instant,
}

impl Answer {
    /// Which of two tells more: the one of the later window, and in the same window the larger count.
    fn newer(self, other: Self) -> Self {
        if self.is_of_later_window(other) {
            self
        } else if other.is_of_later_window(self) || other.report.count > self.report.count {
            other
        } else {
            self
        }
    }

    /// The window of an answer ends between its sending and its coming, plus the reset that it named.
    fn is_of_later_window(self, other: Self) -> bool {
        let earliest = self.sent.checked_add(self.report.reset);
        let latest = other.heard.checked_add(other.report.reset);
        matches!((earliest, latest), (Some(earliest), Some(latest))
            if earliest.saturating_duration_since(latest) > GRAIN)
    }

    fn aged(self, now: Instant) -> AgedReport {
        AgedReport::new(
            self.report,
            now.saturating_duration_since(self.sent),
            now.saturating_duration_since(self.heard),
        )
    }
}

impl Outbox {
    pub(super) fn add(&mut self, lease: u64, fate: Fate, sent: Instant, now: Instant) {
        let known = self.entries.iter().position(|entry| entry.lease == lease);
        let index = known.unwrap_or_else(|| {
            if self.entries.len() >= MAX_ENTRIES {
                self.entries.remove(0);
            }
            self.entries.push(Entry::new(lease));
            self.entries.len() - 1
        });
        if let Some(entry) = self.entries.get_mut(index) {
            entry.add(fate, sent, now);
            self.since.get_or_insert(now);
        }
    }

    pub(super) fn throttled(&mut self, until: Instant) {
        self.throttled = self.throttled.max(Some(until));
    }

    /// True when the news should be told: soon when somebody goes to the store anyway, else when they get old.
    pub(super) fn is_due(&self, soon: bool, now: Instant) -> bool {
        let old = |since: Instant| now.saturating_duration_since(since) >= NEWS;
        self.throttled.is_some() || self.since.is_some_and(|since| soon || old(since))
    }

    /// Everything there is to tell.
    pub(super) fn take(&mut self, now: Instant) -> Errand {
        self.since = None;
        let entries = self.entries.drain(..);
        Errand {
            throttled: self.throttled.take(),
            reports: entries.map(|entry| entry.aged(now)).collect(),
            returns: Vec::new(),
            want: 0,
            begun: now,
        }
    }
}

impl Entry {
    const fn new(lease: u64) -> Self {
        Self {
            lease,
            counted: 0,
            silent: 0,
            lost: 0,
            newest: None,
        }
    }

    fn add(&mut self, fate: Fate, sent: Instant, heard: Instant) {
        let number = match fate {
            Fate::Reported(report) => {
                let answer = Answer {
                    report,
                    sent,
                    heard,
                };
                let newest = self.newest.map_or(answer, |newest| answer.newer(newest));
                self.newest = Some(newest);
                &mut self.counted
            }
            Fate::Silent => &mut self.silent,
            Fate::Lost => &mut self.lost,
            Fate::Unused => return,
        };
        *number = number.saturating_add(1);
    }

    fn aged(&self, now: Instant) -> (u64, LeaseReport) {
        let report = LeaseReport {
            counted: self.counted,
            silent: self.silent,
            lost: self.lost,
            newest: self.newest.map(|answer| answer.aged(now)),
        };
        (self.lease, report)
    }
}
