//! What should happen to events: where they go, which ones, and how patiently.

use genesys_core::catalogue::EventName;

mod builder;
mod criterion;
mod document;
mod filter;
mod retry;
mod rules;
mod target;
mod violation;

pub use builder::RouteBuilder;
pub use criterion::{Condition, MatchCriterion, MatchOperator};
pub(crate) use document::{CriterionMembers, Document};
pub use filter::EventFilter;
pub use retry::DeliveryRetry;
pub use rules::RouteRules;
pub use target::{
    DataFormat, EventBridgeTarget, HttpsTarget, RouteTarget, TargetKind, WorkflowTarget,
};
pub use violation::{RouteError, SyntaxError, Violation, ViolationCode};

/// A route for events, checked as a whole: an instance breaks no rule.
///
/// Its name is its marker: what carries the name in the cloud is this route. See [`RouteBuilder`] for the rules.
///
/// ```
/// use genesys_routing::{DeliveryRetry, EventRoute, RouteTarget};
///
/// let route = EventRoute::https("orders", "https://hooks.example.com/orders")
///     .with_uri("https://standby.example.net/orders")
///     .with_event("v2.detail.events.conversation.{id}.customer.end")
///     .with_retry(DeliveryRetry::default().with_max_retries(5))
///     .build()?;
/// let RouteTarget::Https(target) = route.target() else { unreachable!() };
/// assert_eq!(target.uris().count(), 2);
///
/// // Every violation at once, each with a JSON pointer.
/// let error = EventRoute::https("", "http://hooks.example.com/?token=1").build().unwrap_err();
/// let pointers: Vec<&str> = error.violations().iter().map(|violation| violation.pointer.as_str()).collect();
/// assert_eq!(pointers, ["/name", "/uri", "/uri", "/eventFilters"]);
/// # Ok::<(), genesys_routing::RouteError>(())
/// ```
///
/// `Serialize` and [`to_json`](Self::to_json) give the JSON form, [`parse`](Self::parse) reads it:
///
/// | member | meaning |
/// | --- | --- |
/// | `name` | 1 to 256 characters |
/// | `type` | `webhook`, `workflow` or `eventbridge`; without it `webhook` |
/// | `uri`, `uris` | webhook: the primary destination, and the others in their order |
/// | `retryPolicy` | webhook: `maxRetries`, `retryInterval` in seconds, `backoffFactor` |
/// | `headers` | webhook: sent with every delivery |
/// | `eventFilters` | `eventType`, and for a webhook `fields`, the members to send |
/// | `flowId`, `dataFormat`, `matchCriteria`, `eventTTLSeconds`, `delayBySeconds`, `description` | workflow |
/// | `awsAccountId`, `awsAccountRegion`, `eventSourceSuffix` | eventbridge |
#[derive(Debug, Clone, PartialEq)]
pub struct EventRoute {
    pub(crate) name: String,
    pub(crate) target: RouteTarget,
    pub(crate) filters: Vec<EventFilter>,
}

impl EventRoute {
    /// Starts a route to an HTTPS endpoint. Add standby endpoints with [`RouteBuilder::with_uri`].
    pub fn https(name: impl Into<String>, primary: impl Into<String>) -> RouteBuilder {
        RouteBuilder::https(name.into(), primary.into())
    }

    /// Starts a route to a published Architect workflow.
    pub fn workflow(name: impl Into<String>, target: WorkflowTarget) -> RouteBuilder {
        RouteBuilder::workflow(name.into(), target)
    }

    /// Starts a route to an Amazon EventBridge partner event source.
    pub fn event_bridge(name: impl Into<String>, target: EventBridgeTarget) -> RouteBuilder {
        RouteBuilder::event_bridge(name.into(), target)
    }

    /// Reads the JSON form under the default rules.
    ///
    /// # Errors
    ///
    /// As [`parse_with`](Self::parse_with).
    pub fn parse(json: &[u8]) -> Result<Self, RouteError> {
        Self::parse_with(json, &RouteRules::default())
    }

    /// Reads the JSON form.
    ///
    /// # Errors
    ///
    /// [`RouteError::Syntax`], with line, column and path, for malformed JSON, an unknown, repeated or missing member, a value
    /// of another type, or anything after the object; [`RouteError::Rules`] with every violation otherwise.
    pub fn parse_with(json: &[u8], rules: &RouteRules) -> Result<Self, RouteError> {
        rules::check(Document::parse(json)?.into_builder(), rules)
    }

    /// The JSON form. Equal routes give equal bytes.
    pub fn to_json(&self) -> serde_json::Value {
        Document::of(self).to_value()
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where events go.
    pub fn target(&self) -> &RouteTarget {
        &self.target
    }

    /// Which events go there, in the order of their names. At least one, without repetition.
    pub fn filters(&self) -> &[EventFilter] {
        &self.filters
    }

    /// The names of the events.
    pub fn events(&self) -> impl Iterator<Item = &EventName> {
        self.filters.iter().map(EventFilter::event)
    }

    /// The HTTPS destinations, the primary first; none for another kind of target.
    pub fn uris(&self) -> impl Iterator<Item = &url::Url> {
        match &self.target {
            RouteTarget::Https(target) => Some(target.uris()),
            RouteTarget::Workflow(_) | RouteTarget::EventBridge(_) => None,
        }
        .into_iter()
        .flatten()
    }
}

impl serde::Serialize for EventRoute {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Document::of(self).serialize(serializer)
    }
}
