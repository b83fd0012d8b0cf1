//! Putting a registration together, and checking it as a whole.

use std::fmt;

use genesys_core::catalogue::EventName;
use genesys_core::{Error, ErrorKind, Result};

use super::WebhookRegistration;
use crate::target::TargetUrl;

const MAX_NAME: usize = 256;
const MAX_DESCRIPTION: usize = 1024;
const MAX_PAYLOAD: usize = 64 << 10;

/// Collects what a registration holds; [`build`](Self::build) checks it.
#[derive(Debug, Clone)]
#[must_use]
pub struct RegistrationBuilder {
    name: String,
    target: Target,
    events: Vec<Event>,
    content_type: String,
    description: Option<String>,
    enabled: bool,
    payload: Option<String>,
    /// Violations that were known before [`build`](Self::build).
    problems: Vec<&'static str>,
}

#[derive(Clone)]
enum Target {
    Text(String),
    Checked(TargetUrl),
}

/// An unchecked text may carry what must not be printed.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Text(_) => f.write_str("(unchecked)"),
            Target::Checked(target) => target.fmt(f),
        }
    }
}

#[derive(Debug, Clone)]
enum Event {
    Text(String),
    Checked(EventName),
}

impl RegistrationBuilder {
    pub(super) fn new(name: String, target: String) -> Self {
        Self {
            name,
            target: Target::Text(target),
            events: Vec::new(),
            content_type: "application/json".to_owned(),
            description: None,
            enabled: true,
            payload: None,
            problems: Vec::new(),
        }
    }

    pub(super) fn with_problem(mut self, problem: &'static str) -> Self {
        self.problems.push(problem);
        self
    }

    /// Adds an event by its name in the catalogue of [`EventName`]. At least one is needed.
    pub fn with_event(mut self, name: impl Into<String>) -> Self {
        self.events.push(Event::Text(name.into()));
        self
    }

    /// Adds an event that was made already, such as one that the catalogue does not list.
    pub fn with_event_name(mut self, name: EventName) -> Self {
        self.events.push(Event::Checked(name));
        self
    }

    /// Replaces the target by one that was checked already.
    pub fn with_target(mut self, target: TargetUrl) -> Self {
        self.target = Target::Checked(target);
        self
    }

    /// Sets the media type of deliveries: `application/json`, which is the default, or a type that ends in `+json`.
    pub fn with_content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = content_type.into();
        self
    }

    /// Says what it is for, in at most 1,024 characters.
    pub fn with_description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Sets whether events are delivered. Default true.
    pub fn with_enabled(mut self, yes: bool) -> Self {
        self.enabled = yes;
        self
    }

    /// Sets the payload's template, at most 64 KiB. It is passed on as it is: its holes are not checked here.
    pub fn with_payload(mut self, template: impl Into<String>) -> Self {
        self.payload = Some(template.into());
        self
    }

    /// Checks everything.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] with every violation: an empty or overlong name, a target that [`TargetUrl`] refuses,
    /// no event, an unknown event or one given twice, a media type that is not JSON, an overlong description, an empty or
    /// overlong payload.
    pub fn build(self) -> Result<WebhookRegistration> {
        let mut problems: Vec<String> = self.problems.into_iter().map(str::to_owned).collect();
        problems.extend(text_problem("name", &self.name, MAX_NAME));
        if let Some(text) = &self.description {
            problems.extend(text_problem("description", text, MAX_DESCRIPTION));
        }
        if !is_json_type(&self.content_type) {
            problems.push("content type: must be application/json or end in +json".to_owned());
        }
        match self.payload.as_deref() {
            Some(text) if text.trim().is_empty() => problems.push("payload: is empty".to_owned()),
            Some(text) if text.len() > MAX_PAYLOAD => {
                problems.push(format!("payload: is longer than {MAX_PAYLOAD} bytes"))
            }
            _ => {}
        }
        let events = checked_events(self.events, &mut problems);
        let target = match self.target {
            Target::Checked(target) => Some(target),
            Target::Text(text) => TargetUrl::checked(&text, false)
                .map_err(|found| {
                    problems.extend(
                        found
                            .into_iter()
                            .map(|problem| format!("target: {problem}")),
                    )
                })
                .ok(),
        };
        match target {
            Some(target) if problems.is_empty() => Ok(WebhookRegistration {
                name: self.name,
                target,
                events,
                content_type: self.content_type.to_ascii_lowercase(),
                description: self.description,
                enabled: self.enabled,
                payload: self.payload,
            }),
            _ => Err(Error::new(
                ErrorKind::InvalidRequest,
                format!("webhook: {}", problems.join("; ")),
            )),
        }
    }
}

fn checked_events(given: Vec<Event>, problems: &mut Vec<String>) -> Vec<EventName> {
    if given.is_empty() {
        problems.push("events: at least one event is needed".to_owned());
    }
    let mut events: Vec<EventName> = Vec::with_capacity(given.len());
    for event in given {
        let name = match event {
            Event::Checked(name) => name,
            Event::Text(text) => match EventName::new(text.as_str()) {
                Ok(name) => name,
                Err(_) => {
                    let shown = genesys_core::redact::external_text(&text, &[], 80);
                    problems.push(format!("events: {shown:?} is not in the catalogue"));
                    continue;
                }
            },
        };
        if events.contains(&name) {
            problems.push(format!("events: {name} is given twice"));
        } else {
            events.push(name);
        }
    }
    events
}

fn text_problem(what: &str, text: &str, max: usize) -> Option<String> {
    if text.trim().is_empty() {
        Some(format!("{what}: is empty"))
    } else if text.chars().count() > max {
        Some(format!("{what}: is longer than {max} characters"))
    } else if text.chars().any(char::is_control) {
        Some(format!("{what}: holds a control character"))
    } else {
        None
    }
}

fn is_json_type(text: &str) -> bool {
    let token = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
    };
    match text.to_ascii_lowercase().split_once('/') {
        Some((kind, subtype)) if token(kind) && token(subtype) => {
            (kind == "application" && subtype == "json") || subtype.ends_with("+json")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_violation_is_reported_in_one_error() {
        // errata INT-31, ALL-27
        let error = WebhookRegistration::builder("a\nb", "http://user:hunter2@192.168.0.1/#x")
            .with_event("integration.status.chnaged")
            .with_event("routing.queue.updated")
            .with_event("routing.queue.updated")
            .with_content_type("text/html")
            .with_description("x".repeat(2000))
            .with_payload(" ")
            .build()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        let text = error.to_string();
        for part in [
            "name: holds",
            "plain http",
            "user info",
            "fragment",
            "the address is not allowed: private",
            "chnaged",
            "given twice",
            "content type",
            "description: is longer",
            "payload: is empty",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("hunter2") && !text.contains('\n'), "{text}");
    }

    #[test]
    fn a_builder_prints_no_unchecked_target() {
        // errata ALL-16
        let builder =
            WebhookRegistration::builder("x", "https://user:hunter2@monitor.example.com/");
        assert!(!format!("{builder:?}").contains("hunter2"));
    }

    #[test]
    fn json_types_alone_are_taken() {
        for (text, ok) in [
            ("application/json", true),
            ("Application/CloudEvents+JSON", true),
            ("application/json; charset=utf-8", false),
            ("text/json\r\nx: y", false),
            ("application/", false),
            ("json", false),
        ] {
            assert_eq!(is_json_type(text), ok, "{text}");
        }
    }
}
