//! Members of the two documented shapes.

use std::time::SystemTime;

use genesys_core::catalogue::EventName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::registration::{WebhookRegistration, WebhookShape};
use crate::webhook::{Webhook, WebhookId};

/// A registration on its way out.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Body<'a> {
    StatusEvent(StatusEvent<'a>),
    Template(Template<'a>),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusEvent<'a> {
    name: &'a str,
    target_url: &'a str,
    http_method: &'static str,
    event: &'a str,
    content_type: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Template<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    enabled: bool,
    r#type: &'static str,
    url: &'a str,
    method: &'static str,
    content_type: &'a str,
    events: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a str>,
}

impl<'a> Body<'a> {
    pub(super) fn of(registration: &'a WebhookRegistration) -> Self {
        let url = registration.target().as_url().as_str();
        let mut events = registration.events().iter().map(EventName::as_str);
        match (registration.shape(), events.next()) {
            (WebhookShape::StatusEvent, Some(event)) => Body::StatusEvent(StatusEvent {
                name: registration.name(),
                target_url: url,
                http_method: "POST",
                event,
                content_type: registration.content_type(),
            }),
            (_, first) => Body::Template(Template {
                name: registration.name(),
                description: registration.description(),
                enabled: registration.is_enabled(),
                r#type: "REST",
                url,
                method: "POST",
                content_type: registration.content_type(),
                events: first.into_iter().chain(events).collect(),
                payload: registration.payload(),
            }),
        }
    }
}

/// A webhook as the server describes it, in either shape.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Members")]
pub(super) struct Answer(pub(super) Webhook);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members {
    id: WebhookId,
    name: String,
    #[serde(alias = "targetUrl")]
    url: Url,
    #[serde(default, alias = "httpMethod")]
    method: Option<String>,
    #[serde(default)]
    event: Option<String>,
    #[serde(default)]
    events: Option<Vec<String>>,
    #[serde(default)]
    content_type: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    enabled: Option<bool>,
    #[serde(default)]
    payload: Option<Value>,
    #[serde(default)]
    created_at: Option<String>,
}

impl TryFrom<Members> for Answer {
    type Error = String;

    fn try_from(members: Members) -> Result<Self, String> {
        let names = members
            .event
            .into_iter()
            .chain(members.events.unwrap_or_default());
        // The server may know events that this version does not list.
        let events = names
            .map(|name| EventName::unlisted(name).map_err(|_| "event".to_owned()))
            .collect::<Result<Vec<_>, _>>()?;
        if events.is_empty() {
            return Err("missing field `event` or `events`".to_owned());
        }
        let created_at = members
            .created_at
            .map(|text| {
                text.parse::<Timestamp>()
                    .map_err(|_| "createdAt".to_owned())
            })
            .transpose()?;
        Ok(Self(Webhook {
            id: members.id,
            name: members.name,
            target: members.url,
            events,
            method: members.method,
            content_type: members.content_type,
            description: members.description,
            enabled: members.enabled.unwrap_or(true),
            payload: members.payload.map(|payload| match payload {
                Value::String(text) => text,
                other => other.to_string(),
            }),
            created_at: created_at.map(SystemTime::from),
        }))
    }
}
