//! An integration's status, in one vocabulary for both profiles.

use std::fmt;
use std::time::SystemTime;

use genesys_core::redact;
use jiff::Timestamp;

/// Longest text kept of a status that this version does not know, in characters.
const MAX_TEXT: usize = 64;

/// What an integration is doing. Both wire forms' spellings are read without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// It runs.
    Active,
    /// It is being started.
    Activating,
    /// It does not run.
    Inactive,
    /// It is being stopped.
    Deactivating,
    /// It should run and cannot.
    Error,
    /// A word that this version does not know, in lower case and at most 64 characters.
    Other(String),
}

impl Status {
    /// Reads a word of either profile; never fails.
    ///
    /// ```
    /// use genesys_webhooks::Status;
    ///
    /// assert_eq!(Status::parse("ACTIVE"), Status::parse("active"));
    /// assert_eq!(Status::parse("Paused").to_string(), "paused");
    /// ```
    pub fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "active" => Status::Active,
            "activating" => Status::Activating,
            "inactive" => Status::Inactive,
            "deactivating" => Status::Deactivating,
            "error" => Status::Error,
            other => Status::Other(redact::external_text(other, &[], MAX_TEXT)),
        }
    }

    /// The word in lower case.
    pub fn as_str(&self) -> &str {
        match self {
            Status::Active => "active",
            Status::Activating => "activating",
            Status::Inactive => "inactive",
            Status::Deactivating => "deactivating",
            Status::Error => "error",
            Status::Other(text) => text,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where the news of a change came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StatusSource {
    /// The reported state was asked for. Changes between two polls are seen as one.
    Poll,
    /// An event was delivered.
    Delivery,
}

/// An integration went from one status to another.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatusChange {
    /// The integration.
    pub integration_id: String,
    /// The former status.
    pub old: Status,
    /// The new status.
    pub new: Status,
    /// When: the event's own time for a delivery, the time of noticing for a poll.
    pub at: SystemTime,
    /// How it became known.
    pub source: StatusSource,
}

/// `int-1: inactive -> active at 2026-01-31T12:00:00Z`.
impl fmt::Display for StatusChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = redact::external_text(&self.integration_id, &[], 100);
        write!(f, "{id}: {} -> {}", self.old, self.new)?;
        match Timestamp::try_from(self.at) {
            Ok(at) => write!(f, " at {at}"),
            Err(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn an_unknown_status_is_kept_bounded_and_printable() {
        // errata ALL-15, ALL-21
        let status = Status::parse(&format!("PAUSED\n{}", "x".repeat(500)));
        assert!(
            status.as_str().starts_with("paused\u{fffd}")
                && status.as_str().chars().count() <= MAX_TEXT + 1
        );
    }

    #[test]
    fn a_change_prints_as_one_line() {
        let change = StatusChange {
            integration_id: "int-1".into(),
            old: Status::Inactive,
            new: Status::Active,
            at: UNIX_EPOCH + Duration::from_secs(1_700_000_000),
            source: StatusSource::Poll,
        };
        assert_eq!(
            change.to_string(),
            "int-1: inactive -> active at 2023-11-14T22:13:20Z"
        );
    }
}
