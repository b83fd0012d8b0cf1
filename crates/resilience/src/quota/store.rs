//! The quota of a token shared between processes.

use std::fmt;
use std::time::Duration;

use super::QuotaReport;
use crate::StoreError;

mod memory;

pub use memory::MemoryQuotaStore;

/// Slots lent to one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuotaLease {
    /// Names the lease in [`QuotaStore::report`] and [`QuotaStore::give_back`]. At least 1.
    pub id: u64,
    /// Requests that may be sent under it, at least 1.
    pub slots: u32,
    /// How long they may be sent. Afterwards the store counts every slot that was neither reported nor returned as spent,
    /// until the answer to a later request says otherwise.
    pub expires_in: Duration,
}

impl QuotaLease {
    /// A lease of `slots` requests for `expires_in`.
    pub const fn new(id: u64, slots: u32, expires_in: Duration) -> Self {
        Self {
            id,
            slots,
            expires_in,
        }
    }
}

/// What a store answers to a request for slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeaseAnswer {
    /// Some slots, perhaps fewer than were wanted.
    Granted(QuotaLease),
    /// The window is spent or the server refuses the token: none before this time has passed.
    Spent(Duration),
    /// Somebody else holds what is left. Some may come back at any time; ask again after this one.
    Busy(Duration),
}

/// What became of requests that were sent under one lease, since the last report of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct LeaseReport {
    /// Requests whose answers carried the server's count.
    pub counted: u32,
    /// Requests whose answers said nothing about quota.
    pub silent: u32,
    /// Requests without an answer, which the server may have counted.
    pub lost: u32,
    /// What the newest answer said. Always there when `counted` is not 0.
    pub newest: Option<AgedReport>,
}

impl LeaseReport {
    /// `requests` answers, of which the newest said `newest`.
    pub const fn counted(requests: u32, newest: AgedReport) -> Self {
        Self {
            counted: requests,
            silent: 0,
            lost: 0,
            newest: Some(newest),
        }
    }

    /// The same, and `requests` whose answers said nothing.
    #[must_use]
    pub const fn with_silent(mut self, requests: u32) -> Self {
        self.silent = requests;
        self
    }

    /// The same, and `requests` without an answer.
    #[must_use]
    pub const fn with_lost(mut self, requests: u32) -> Self {
        self.lost = requests;
        self
    }

    /// The slots of the lease that it settles.
    pub const fn slots(&self) -> u32 {
        self.counted
            .saturating_add(self.silent)
            .saturating_add(self.lost)
    }
}

/// What an answer said, and how long ago. Two processes share no clock, so only durations cross.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AgedReport {
    /// What the answer said when it came.
    pub report: QuotaReport,
    /// How long ago the request was sent.
    pub sent_ago: Duration,
    /// How long ago the answer came; the window ends in `report.reset` minus this.
    pub answered_ago: Duration,
}

impl AgedReport {
    /// An answer that came `answered_ago` to a request that was sent `sent_ago`.
    pub const fn new(report: QuotaReport, sent_ago: Duration, answered_ago: Duration) -> Self {
        Self {
            report,
            sent_ago,
            answered_ago,
        }
    }
}

/// The quota of a token, shared by everyone who uses it. `key` names the token and is no secret.
///
/// `Quota::with_store` (feature `tokio`) builds a gate on one. What such a gate relies on, and `test_util::quota_store`
/// (feature `test-util`) checks:
///
/// - All leases of a key together never exceed what is left of the window, as far as reports told.
/// - The id of a lease never names another one later, not even after the store lost its memory.
/// - A lease that expires frees its slots as soon as the answer to a later request shows that they were not
///   counted, and at the latest with the window.
/// - A report or a return may come late: after the lease expired, after the window turned, or to a store that does not know
///   the lease. It settles nothing then, and that is no error. What such a report says is still learned, for the window
///   that it speaks of.
/// - Leases outlive the window in which they were granted; their slots count in the next one.
#[async_trait::async_trait]
pub trait QuotaStore: fmt::Debug + Send + Sync {
    /// Asks for up to `want` slots; 0 is read as 1.
    ///
    /// # Errors
    /// When the store cannot answer. The caller then goes on with its own share.
    async fn lease(&self, key: &str, want: u32) -> Result<LeaseAnswer, StoreError>;

    /// Settles slots of a lease with what became of their requests. A `lease` of 0 names none: there is only something to
    /// learn.
    ///
    /// # Errors
    /// When the store cannot take it.
    async fn report(&self, key: &str, lease: u64, report: LeaseReport) -> Result<(), StoreError>;

    /// Returns slots that were not used. More than the lease holds is cut to it.
    ///
    /// # Errors
    /// When the store cannot take them.
    async fn give_back(&self, key: &str, lease: u64, slots: u32) -> Result<(), StoreError>;

    /// Notes that the server refuses the whole token for `wait`.
    ///
    /// # Errors
    /// When the store cannot take it.
    async fn throttled(&self, key: &str, wait: Duration) -> Result<(), StoreError>;
}
