//! The verdict on a standby, with every reason.

use std::fmt;
use std::time::SystemTime;

use serde::Serialize;

use super::shape::ShapeDifference;
use super::shared::SharedFate;
use crate::health::HealthState;
use crate::serial;

/// What readiness looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ReadinessAspect {
    /// The standby has addresses.
    Dns,
    /// Its TLS is as it should be.
    Tls,
    /// Its checks pass.
    Health,
    /// It answers in the same form and has the same settings as the primary.
    Parity,
    /// Its certificate lasts, and does not end together with the primary's.
    Expiry,
    /// It shares no fate with the primary.
    Independence,
}

/// One thing that speaks against a standby.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
#[non_exhaustive]
pub enum ReadinessFinding {
    /// Nobody looked, so nobody knows.
    NotChecked {
        /// At what, such as `health of the standby`.
        what: &'static str,
    },
    /// The host has no address.
    NoAddress,
    /// TLS cannot be used.
    TlsProblem {
        /// What is wrong.
        problem: String,
    },
    /// Its checks do not pass, or not all of them.
    NotUp {
        /// What they say.
        state: HealthState,
    },
    /// The statuses differ.
    StatusDiffers {
        /// The primary's.
        primary: u16,
        /// The standby's.
        standby: u16,
    },
    /// The media types differ.
    MediaTypeDiffers {
        /// The primary's.
        primary: String,
        /// The standby's.
        standby: String,
    },
    /// The bodies have different forms.
    BodyDiffers {
        /// The first 20 members that differ, by path.
        members: Vec<ShapeDifference>,
        /// How many differ.
        total: usize,
    },
    /// A setting differs, or only one of them has it. The values stay out of the report.
    AttributeDiffers {
        /// The setting's name.
        name: String,
    },
    /// The certificate's life, or that of one it depends on, is over.
    Expired {
        /// Since when.
        #[serde(serialize_with = "serial::timestamp")]
        not_after: SystemTime,
    },
    /// The certificate, or one it depends on, ends soon.
    ExpiresSoon {
        /// When.
        #[serde(serialize_with = "serial::timestamp")]
        not_after: SystemTime,
        /// Whole days until then.
        days_left: u64,
    },
    /// The certificates of both end nearly together: one renewal that fails takes both down.
    ExpireTogether {
        /// The seconds between the two ends.
        gap_seconds: u64,
    },
    /// One thing can take both down.
    SharedFate {
        /// Which.
        fate: SharedFate,
    },
}

/// A finding, and what it means for the verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ReadinessReason {
    /// What it is about.
    pub aspect: ReadinessAspect,
    /// True when the standby is not ready because of it; else it is a warning.
    pub blocking: bool,
    /// What was found.
    #[serde(flatten)]
    pub finding: ReadinessFinding,
}

/// Whether something can take down primary and standby at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "verdict", content = "fates")]
#[non_exhaustive]
pub enum Independence {
    /// Nothing of what was compared.
    Independent,
    /// All of these.
    Shared(Vec<SharedFate>),
    /// Nothing was found, and not everything could be compared.
    Unknown,
}

/// Whether one standby would take over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Readiness {
    /// The standby.
    pub standby: String,
    /// True when no reason is blocking.
    pub ready: bool,
    /// Whether it shares a fate with the primary, whatever the policy makes of it.
    pub independence: Independence,
    /// The end of the standby's certificate less that of the primary's, in seconds; negative when the standby's ends first.
    pub expiry_gap_seconds: Option<i64>,
    /// Everything that speaks against it, by aspect.
    pub reasons: Vec<ReadinessReason>,
}

impl Readiness {
    /// The reasons for which it is not ready.
    pub fn blocking(&self) -> impl Iterator<Item = &ReadinessReason> {
        self.reasons.iter().filter(|reason| reason.blocking)
    }

    /// The reasons that do not decide.
    pub fn warnings(&self) -> impl Iterator<Item = &ReadinessReason> {
        self.reasons.iter().filter(|reason| !reason.blocking)
    }
}

/// Two standbys that something can take down at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SharedPair {
    /// One of them.
    pub one: String,
    /// The other.
    pub other: String,
    /// What they share.
    pub fates: Vec<SharedFate>,
}

/// A primary with all its standbys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FailoverReport {
    /// The primary.
    pub primary: String,
    /// Every standby, in the order they were given.
    pub standbys: Vec<Readiness>,
    /// How many of them are ready.
    pub ready: usize,
    /// Standbys that share a fate with each other: two of them may be worth one.
    pub shared_standbys: Vec<SharedPair>,
}

impl FailoverReport {
    /// True when at least one standby is ready.
    pub fn is_covered(&self) -> bool {
        self.ready > 0
    }
}

impl fmt::Display for ReadinessFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotChecked { what } => write!(f, "not checked: {what}"),
            Self::NoAddress => f.write_str("the host has no address"),
            Self::TlsProblem { problem } => write!(f, "TLS: {problem}"),
            Self::NotUp { state } => write!(f, "health is {state}"),
            Self::StatusDiffers { primary, standby } => {
                write!(f, "status {standby}, the primary's is {primary}")
            }
            Self::MediaTypeDiffers { primary, standby } => {
                write!(f, "media type {standby}, the primary's is {primary}")
            }
            Self::BodyDiffers { members, total } => {
                write!(f, "members of the answer that differ: {total}")?;
                for (index, member) in members.iter().take(3).enumerate() {
                    let separator = if index == 0 { " (" } else { ", " };
                    write!(f, "{separator}{member}")?;
                }
                let more = if *total > 3 { ", ..." } else { "" };
                write!(f, "{more})")
            }
            Self::AttributeDiffers { name } => write!(f, "setting {name} differs"),
            Self::Expired { .. } => f.write_str("the certificate has expired"),
            Self::ExpiresSoon { days_left, .. } => {
                write!(f, "the certificate ends in {days_left} days")
            }
            Self::ExpireTogether { gap_seconds } => {
                write!(
                    f,
                    "the certificates end within {gap_seconds} s of each other"
                )
            }
            Self::SharedFate { fate } => fate.fmt(f),
        }
    }
}
