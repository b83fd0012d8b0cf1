//! An integration as the cloud reports it, and the states it can be in.

use std::fmt;
use std::time::Duration;

use genesys_core::{Error, ErrorKind, redact};
use jiff::Timestamp;

use crate::ids::IntegrationId;

/// An integration as the cloud reports it. What a profile does not say is none.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Integration {
    /// Its id.
    pub id: IntegrationId,
    /// Its name; empty where the platform gave none.
    pub name: String,
    /// What it was last seen doing.
    pub state: IntegrationState,
    /// What it was last told to do. The guide profile does not tell it apart from the state.
    pub intended: Option<IntendedState>,
    /// What the platform adds to the state, such as why it is an error.
    pub detail: Option<String>,
    /// When it was made. The platform profile does not say.
    pub created_at: Option<Timestamp>,
}

impl Integration {
    /// An integration with everything optional left out.
    pub fn new(id: IntegrationId, name: impl Into<String>, state: IntegrationState) -> Self {
        Self {
            id,
            name: name.into(),
            state,
            intended: None,
            detail: None,
            created_at: None,
        }
    }
}

/// What an integration is doing, as reported. The set is open: a state that this version does not know keeps its text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IntegrationState {
    /// It works.
    Active,
    /// On its way to [`Active`](Self::Active).
    Activating,
    /// It is switched off.
    Inactive,
    /// On its way to [`Inactive`](Self::Inactive).
    Deactivating,
    /// It could not reach the intended state.
    Error,
    /// A state that this version does not know.
    Other(String),
    /// The platform did not say.
    Unknown,
}

impl IntegrationState {
    /// Reads a state in either profile's spelling.
    pub(crate) fn parse(text: Option<&str>) -> Self {
        let Some(text) = text else {
            return Self::Unknown;
        };
        match text.to_ascii_lowercase().as_str() {
            "active" => Self::Active,
            "activating" => Self::Activating,
            "inactive" => Self::Inactive,
            "deactivating" => Self::Deactivating,
            "error" => Self::Error,
            _ => Self::Other(redact::external_text(text, &[], 64)),
        }
    }

    /// The lower-case name, or the text of an unknown one.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Active => "active",
            Self::Activating => "activating",
            Self::Inactive => "inactive",
            Self::Deactivating => "deactivating",
            Self::Error => "error",
            Self::Other(text) => text,
            Self::Unknown => "unknown",
        }
    }

    /// True when this is what `intended` leads to.
    pub fn fulfils(&self, intended: IntendedState) -> bool {
        match intended {
            IntendedState::Enabled => *self == Self::Active,
            IntendedState::Disabled => *self == Self::Inactive,
        }
    }
}

impl fmt::Display for IntegrationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an integration is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IntendedState {
    /// Work.
    Enabled,
    /// Be switched off.
    Disabled,
}

impl IntendedState {
    /// `enabled` or `disabled`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        }
    }
}

impl fmt::Display for IntendedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A change of state that was waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateChange {
    /// What was asked for.
    pub intended: IntendedState,
    /// What the platform reports, which fulfils it.
    pub reported: IntegrationState,
    /// From the request to that report.
    pub waited: Duration,
}

impl StateChange {
    /// A change that took `waited`.
    pub fn new(intended: IntendedState, reported: IntegrationState, waited: Duration) -> Self {
        Self {
            intended,
            reported,
            waited,
        }
    }
}

/// The source of an [`ErrorKind::State`] error: an integration did not reach the intended state.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateNotReached {
    /// What was asked for.
    pub intended: IntendedState,
    /// What the platform reported last.
    pub reported: IntegrationState,
    /// Its reason, if it gave one.
    pub detail: Option<String>,
    /// How long it was waited for.
    pub waited: Duration,
}

impl fmt::Display for StateNotReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.waited.as_secs_f64();
        write!(
            f,
            "{} was asked for, {} is reported after {seconds:.1} s",
            self.intended, self.reported
        )?;
        match &self.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for StateNotReached {}

impl From<StateNotReached> for Error {
    fn from(cause: StateNotReached) -> Self {
        Error::new(ErrorKind::State, cause.to_string())
            .with_sent(true)
            .with_source(cause)
    }
}
