//! A route as the cloud has it.

use std::fmt;

use genesys_core::redact;

use crate::route::{EventRoute, TargetKind};

genesys_core::id_type! {
    /// Names a route in the cloud: an outbound integration, a trigger or an integration.
    pub struct RouteId;
}

/// The longest text that is kept of what the platform says.
const MAX_TEXT: usize = 500;

/// A route as the cloud has it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DeployedRoute {
    /// Its id.
    pub id: RouteId,
    /// Its name.
    pub name: String,
    /// The kind of its target.
    pub kind: TargetKind,
    /// Its version, which the next change names. For EventBridge it is the configuration's.
    pub version: Option<u64>,
    /// What it does; none when that cannot be said as an [`EventRoute`], because somebody else made it otherwise.
    pub route: Option<EventRoute>,
    /// Whether it is meant to be on.
    pub enabled: bool,
    /// Whether the cloud says that it is on.
    pub state: RouteState,
    /// What the cloud says about its state.
    pub detail: Option<String>,
    /// A trigger's topic, which cannot change.
    pub(crate) topic: Option<String>,
}

impl DeployedRoute {
    /// A route that is on; set the other public fields as they apply. For adapters of one's own.
    pub fn new(id: RouteId, name: impl Into<String>, kind: TargetKind) -> Self {
        Self {
            id,
            name: name.into(),
            kind,
            version: None,
            route: None,
            enabled: true,
            state: RouteState::Active,
            detail: None,
            topic: None,
        }
    }

    /// True when it does what `route` says, and is meant to be on.
    pub fn matches(&self, route: &EventRoute) -> bool {
        self.enabled && self.route.as_ref() == Some(route)
    }

    pub(crate) fn with_detail(mut self, text: Option<String>) -> Self {
        self.detail = text.map(|text| redact::external_text(&text, &[], MAX_TEXT));
        self
    }
}

/// Whether a route is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RouteState {
    /// It is on.
    Active,
    /// It is being switched on or off. An EventBridge source may stay so until the AWS side has accepted it.
    Changing,
    /// It is off.
    Inactive,
    /// The cloud reports an error; see [`DeployedRoute::detail`].
    Failed,
    /// The cloud says nothing, or something that this version does not know.
    Unknown,
}

impl RouteState {
    /// The state of the platform's word for it.
    pub(crate) fn parse(code: Option<&str>) -> Self {
        match code {
            Some("ACTIVE") => Self::Active,
            Some("ACTIVATING" | "DEACTIVATING") => Self::Changing,
            Some("INACTIVE") => Self::Inactive,
            Some("ERROR") => Self::Failed,
            _ => Self::Unknown,
        }
    }

    /// A stable lower-case name for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Changing => "changing",
            Self::Inactive => "inactive",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for RouteState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
