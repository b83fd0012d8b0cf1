//! Putting a route together.

use std::fmt;

use super::EventRoute;
use super::retry::DeliveryRetry;
use super::rules::{self, RouteRules};
use super::target::{EventBridgeTarget, TargetKind, WorkflowTarget};
use super::violation::RouteError;

/// Collects what a route holds; [`build`](Self::build) checks it.
///
/// | part | rule |
/// | --- | --- |
/// | name | 1 to 256 characters, no control character, no space at either end |
/// | events | at least one and at most 100, none twice, in the catalogue of [`EventName`](genesys_core::catalogue::EventName) |
/// | fields of an event | at most 100, dotted identifiers, none twice; webhook only |
/// | destinations | 1 to 10 together, none twice after normalisation |
/// | a destination | `https`, a host that can be public, at most 2,048 bytes; no user info, no fragment, no query parameter whose name says that it is a credential, no white space, no port 0 |
/// | retry | see [`DeliveryRetry`] |
/// | headers | at most 32, of valid names and values; none that belongs to the connection, and no `Authorization` or `Cookie` |
/// | workflow | see [`WorkflowTarget`]; exactly one event, which is a topic of the platform |
/// | EventBridge | see [`EventBridgeTarget`]; topics of the platform only |
///
/// Addresses are judged by their text here. Where a name leads is found out when it is probed.
#[derive(Clone)]
#[must_use]
pub struct RouteBuilder {
    pub(super) name: String,
    pub(super) target: Draft,
    pub(super) events: Vec<FilterDraft>,
    pub(super) retry: Option<DeliveryRetry>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) rules: RouteRules,
    /// Members of the JSON form that another kind of target has.
    pub(super) foreign: Vec<&'static str>,
}

/// An unchecked target.
#[derive(Clone)]
pub(super) enum Draft {
    Https {
        primary: String,
        others: Vec<String>,
    },
    Workflow(WorkflowTarget),
    EventBridge(EventBridgeTarget),
    /// A type that this version does not know.
    Unknown,
}

impl Draft {
    pub(super) fn kind(&self) -> Option<TargetKind> {
        match self {
            Self::Https { .. } => Some(TargetKind::Https),
            Self::Workflow(_) => Some(TargetKind::Workflow),
            Self::EventBridge(_) => Some(TargetKind::EventBridge),
            Self::Unknown => None,
        }
    }
}

/// An unchecked filter.
#[derive(Clone)]
pub(super) struct FilterDraft {
    pub(super) event: String,
    pub(super) fields: Vec<String>,
}

impl RouteBuilder {
    pub(super) fn new(name: String, target: Draft) -> Self {
        Self {
            name,
            target,
            events: Vec::new(),
            retry: None,
            headers: Vec::new(),
            rules: RouteRules::default(),
            foreign: Vec::new(),
        }
    }

    pub(super) fn https(name: String, primary: String) -> Self {
        let others = Vec::new();
        Self::new(name, Draft::Https { primary, others })
    }

    pub(super) fn workflow(name: String, target: WorkflowTarget) -> Self {
        Self::new(name, Draft::Workflow(target))
    }

    pub(super) fn event_bridge(name: String, target: EventBridgeTarget) -> Self {
        Self::new(name, Draft::EventBridge(target))
    }

    /// Adds one more HTTPS destination, used after those before it.
    pub fn with_uri(mut self, uri: impl Into<String>) -> Self {
        match &mut self.target {
            Draft::Https { others, .. } => others.push(uri.into()),
            _ if !self.foreign.contains(&"/uris") => self.foreign.push("/uris"),
            _ => {}
        }
        self
    }

    /// Adds an event, with all of its members.
    pub fn with_event(self, name: impl Into<String>) -> Self {
        self.with_event_fields(name, [] as [String; 0])
    }

    /// Adds an event and names the members of it that are delivered.
    pub fn with_event_fields(
        mut self,
        name: impl Into<String>,
        fields: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.events.push(FilterDraft {
            event: name.into(),
            fields: fields.into_iter().map(Into::into).collect(),
        });
        self
    }

    /// Sets how patiently a delivery is repeated.
    pub fn with_retry(mut self, retry: DeliveryRetry) -> Self {
        self.retry = Some(retry);
        self
    }

    /// Adds a header to every delivery. Without one of the same name, deliveries carry `Content-Type: application/json` and
    /// `X-Genesys-Source: event-resolver`.
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Replaces the default rules.
    pub fn with_rules(mut self, rules: RouteRules) -> Self {
        self.rules = rules;
        self
    }

    /// Checks everything.
    ///
    /// # Errors
    ///
    /// [`RouteError::Rules`] with every violation.
    pub fn build(self) -> Result<EventRoute, RouteError> {
        let rules = self.rules.clone();
        rules::check(self, &rules)
    }
}

/// What is unchecked may hold what must not be printed.
impl fmt::Debug for RouteBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouteBuilder")
            .field("kind", &self.target.kind())
            .field("events", &self.events.len())
            .field("headers", &self.headers.len())
            .finish_non_exhaustive()
    }
}
