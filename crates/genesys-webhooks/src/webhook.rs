//! A webhook as it is registered.

use std::fmt;
use std::time::SystemTime;

use genesys_core::catalogue::EventName;
use genesys_core::redact;
use url::Url;

use crate::registration::WebhookRegistration;

genesys_core::id_type! {
    /// Names a registered webhook.
    pub struct WebhookId;
}

/// A registered webhook, as the server describes it. Somebody else may have made it: its target is a URL and nothing more.
///
/// `Debug` leaves out the values of the target's query and the payload.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Its name.
    pub name: String,
    /// Where deliveries go.
    pub target: Url,
    /// The events it is told of.
    pub events: Vec<EventName>,
    /// The method of deliveries, when the server says.
    pub method: Option<String>,
    /// The media type of deliveries, when the server says.
    pub content_type: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether events are delivered; true when the server does not say.
    pub enabled: bool,
    /// The payload's template.
    pub payload: Option<String>,
    /// When it was made, when the server says.
    pub created_at: Option<SystemTime>,
}

impl Webhook {
    /// True when the server's description is what `registration` asks for. The order of events does not count, and a
    /// method or media type counts when the server names one.
    pub fn matches(&self, registration: &WebhookRegistration) -> bool {
        self.name == registration.name()
            && &self.target == registration.target().as_url()
            && self.enabled == registration.is_enabled()
            && self.description.as_deref().filter(|text| !text.is_empty())
                == registration.description()
            && self.payload.as_deref() == registration.payload()
            && agrees(self.method.as_deref(), registration.method().as_str())
            && agrees(self.content_type.as_deref(), registration.content_type())
            && self.events.len() == registration.events().len()
            && registration
                .events()
                .iter()
                .all(|event| self.events.contains(event))
    }
}

fn agrees(said: Option<&str>, wanted: &str) -> bool {
    said.is_none_or(|said| said.eq_ignore_ascii_case(wanted))
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("target", &redact::url(&self.target))
            .field("events", &self.events)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}
