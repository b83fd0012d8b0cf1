//! What a webhook should be: one model behind both wire shapes.

use genesys_core::catalogue::EventName;
use http::Method;

use crate::target::TargetUrl;

mod builder;

pub use builder::RegistrationBuilder;

/// The event that tells of an integration's status.
pub(crate) const STATUS_CHANGED: &str = "integration.status.changed";

/// A webhook as it should be, checked.
///
/// ```
/// use genesys_webhooks::{WebhookRegistration, WebhookShape};
///
/// let status = WebhookRegistration::for_status_of("int-1", "https://monitor.example.com/genesys").build()?;
/// assert_eq!(status.name(), "integration-status-int-1");
/// assert_eq!(status.shape(), WebhookShape::StatusEvent);
///
/// let sync = WebhookRegistration::builder("iac-architecture-sync", "https://iac.example.com/sync")
///     .with_event("architecture.dependency.mapped")
///     .with_event("routing.queue.updated")
///     .with_payload(r#"{"orgId":"{{org.id}}","timestamp":"{{timestamp}}"}"#)
///     .build()?;
/// assert_eq!(sync.shape(), WebhookShape::Template);
///
/// // Every violation at once.
/// let why = WebhookRegistration::builder("", "http://10.0.0.1/").build().unwrap_err().to_string();
/// assert!(why.contains("name") && why.contains("https") && why.contains("private") && why.contains("event"));
/// # Ok::<(), genesys_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookRegistration {
    name: String,
    target: TargetUrl,
    events: Vec<EventName>,
    content_type: String,
    description: Option<String>,
    enabled: bool,
    payload: Option<String>,
}

/// Which of the two wire shapes a registration takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WebhookShape {
    /// `name`, `targetUrl`, `httpMethod`, `event`, `contentType`: one event, delivered as it is.
    StatusEvent,
    /// `name`, `description`, `enabled`, `type`, `url`, `method`, `contentType`, `events`, `payload`: any number of events,
    /// delivered through a template.
    Template,
}

impl WebhookRegistration {
    /// Starts a registration. `name` is the stable marker by which it is found again; `target` is checked by the rules of
    /// [`TargetUrl`] when it is built.
    pub fn builder(name: impl Into<String>, target: impl Into<String>) -> RegistrationBuilder {
        RegistrationBuilder::new(name.into(), target.into())
    }

    /// Starts the registration that tells `target` of an integration's status: name `integration-status-{id}`, event
    /// `integration.status.changed`. An empty id is a violation.
    pub fn for_status_of(
        integration_id: impl AsRef<str>,
        target: impl Into<String>,
    ) -> RegistrationBuilder {
        let id = integration_id.as_ref();
        let builder =
            Self::builder(format!("integration-status-{id}"), target).with_event(STATUS_CHANGED);
        if id.trim().is_empty() {
            builder.with_problem("the integration's id is empty")
        } else {
            builder
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where deliveries go.
    pub fn target(&self) -> &TargetUrl {
        &self.target
    }

    /// How deliveries are sent: always POST.
    pub fn method(&self) -> Method {
        Method::POST
    }

    /// The events, in the order given; at least one, none twice.
    pub fn events(&self) -> &[EventName] {
        &self.events
    }

    /// The media type of deliveries.
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// What it is for.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// False to register it without deliveries.
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// The payload's template, as opaque text.
    pub fn payload(&self) -> Option<&str> {
        self.payload.as_deref()
    }

    /// The shape that can hold it: [`StatusEvent`](WebhookShape::StatusEvent) for a single event of an enabled webhook
    /// without description and payload, [`Template`](WebhookShape::Template) for everything else.
    pub fn shape(&self) -> WebhookShape {
        let plain = self.events.len() == 1
            && self.enabled
            && self.description.is_none()
            && self.payload.is_none();
        if plain {
            WebhookShape::StatusEvent
        } else {
            WebhookShape::Template
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://monitor.example.com/genesys";

    #[test]
    fn the_shape_follows_from_what_it_holds() {
        let plain = WebhookRegistration::builder("x", URL).with_event(STATUS_CHANGED);
        assert_eq!(
            plain.clone().build().unwrap().shape(),
            WebhookShape::StatusEvent
        );
        for fuller in [
            plain.clone().with_event("routing.queue.updated"),
            plain.clone().with_enabled(false),
            plain.clone().with_description("d"),
            plain.with_payload("{}"),
        ] {
            assert_eq!(fuller.build().unwrap().shape(), WebhookShape::Template);
        }
    }

    #[test]
    fn a_status_webhook_needs_its_integration() {
        // errata ALL-17
        for id in ["", " "] {
            let error = WebhookRegistration::for_status_of(id, URL)
                .build()
                .unwrap_err();
            assert_eq!(error.kind(), genesys_core::ErrorKind::InvalidRequest);
            assert!(error.to_string().contains("integration's id"), "{error}");
        }
        let named = WebhookRegistration::for_status_of("i-1", URL)
            .build()
            .unwrap();
        assert_eq!(named.name(), "integration-status-i-1");
    }
}
