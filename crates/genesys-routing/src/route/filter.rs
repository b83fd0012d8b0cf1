//! Which events, and which of their members.

use genesys_core::catalogue::EventName;

/// One kind of event that a route takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventFilter {
    pub(crate) event: EventName,
    pub(crate) fields: Vec<String>,
}

impl EventFilter {
    /// The event.
    pub fn event(&self) -> &EventName {
        &self.event
    }

    /// The members of it that are delivered; all of them when there is none.
    pub fn fields(&self) -> &[String] {
        &self.fields
    }
}
