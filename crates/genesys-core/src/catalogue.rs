//! Names of events: those of the source documents and the published topic templates.

use std::fmt;

use crate::error::{Error, ErrorKind};

/// What stands for one segment in a template.
const HOLE: &str = "{id}";

/// An event name, checked against the catalogue.
///
/// ```
/// use genesys_core::catalogue::EventName;
///
/// assert!(EventName::new("integration.status.changed").is_ok());
/// // A template of the published list, with its hole filled, or as it is: that stands for every object.
/// assert!(EventName::new("v2.integrations.inbound.webhook.1f3b.invocation").is_ok());
/// assert!(EventName::new("v2.detail.events.conversation.{id}.customer.end").is_ok());
/// assert!(EventName::new("integration.status.chnaged").is_err());
/// // The platform may know more than this version does.
/// assert!(EventName::unlisted("v2.something.new").is_ok());
/// # Ok::<(), genesys_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventName(String);

/// Names that the source documents use; the sandbox emits them.
pub const GUIDE_EVENTS: &[&str] = &[
    "architecture.dependency.mapped",
    "integration.status.changed",
    "routing.queue.updated",
];

/// Topic templates of the platform that a process-automation trigger or an Amazon EventBridge integration can name; `{id}`
/// stands for one segment. None of them tells of an integration's status.
///
/// The platform's own list is longer, and differs by organisation: `GET /api/v2/processautomation/triggers/topics` and
/// `GET /api/v2/notifications/availabletopics` tell it. Topics that carry only a user's own settings are left out.
pub const TOPIC_TEMPLATES: &[&str] = &[
    "v2.analytics.flow.{id}.aggregates",
    "v2.analytics.flowoutcome.{id}.aggregates",
    "v2.analytics.queues.{id}.observations",
    "v2.analytics.users.{id}.aggregates",
    "v2.architect.dependencytracking.build",
    "v2.architect.prompts.{id}",
    "v2.audits.entitytype.{id}.entityid.{id}",
    "v2.conversations.{id}.transcription",
    "v2.detail.events.conversation.{id}.acd.end",
    "v2.detail.events.conversation.{id}.acd.start",
    "v2.detail.events.conversation.{id}.acw",
    "v2.detail.events.conversation.{id}.attributes",
    "v2.detail.events.conversation.{id}.customer.end",
    "v2.detail.events.conversation.{id}.customer.start",
    "v2.detail.events.conversation.{id}.flow.end",
    "v2.detail.events.conversation.{id}.flow.start",
    "v2.detail.events.conversation.{id}.outbound",
    "v2.detail.events.conversation.{id}.user.end",
    "v2.detail.events.conversation.{id}.user.start",
    "v2.detail.events.conversation.{id}.voicemail.end",
    "v2.detail.events.conversation.{id}.voicemail.start",
    "v2.flows.outcomes.{id}",
    "v2.flows.{id}",
    "v2.integrations.inbound.webhook.{id}.invocation",
    "v2.outbound.campaigns.{id}",
    "v2.outbound.campaigns.{id}.progress",
    "v2.outbound.contactlists.{id}.importstatus",
    "v2.outbound.dnclists.{id}.importstatus",
    "v2.outbound.messagingcampaigns.{id}",
    "v2.quality.evaluations",
    "v2.routing.queues.{id}.conversations",
    "v2.routing.queues.{id}.conversations.callbacks",
    "v2.routing.queues.{id}.conversations.calls",
    "v2.routing.queues.{id}.conversations.chats",
    "v2.routing.queues.{id}.conversations.emails",
    "v2.routing.queues.{id}.conversations.messages",
    "v2.routing.queues.{id}.users",
    "v2.telephony.providers.edges.{id}",
    "v2.telephony.providers.edges.trunks.{id}",
    "v2.users.{id}.activity",
    "v2.users.{id}.conversations",
    "v2.users.{id}.presence",
    "v2.users.{id}.routingStatus",
    "v2.webdeployments.configurations.{id}",
    "v2.webdeployments.deployments.{id}",
];

impl EventName {
    /// A name that the catalogue has.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] for any other one.
    pub fn new(name: impl Into<String>) -> Result<Self, Error> {
        let name = Self::unlisted(name)?;
        let listed = GUIDE_EVENTS.contains(&name.as_str())
            || TOPIC_TEMPLATES
                .iter()
                .any(|template| fits(template, &name.0));
        if listed {
            Ok(name)
        } else {
            Err(Error::new(
                ErrorKind::InvalidRequest,
                format!(
                    "unknown event {:?}",
                    crate::redact::external_text(&name.0, &[], 80)
                ),
            ))
        }
    }

    /// Any name of dotted segments, for events that this version does not list.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] when a segment is empty or holds anything but letters, digits, `-` and `_`, and is not
    /// `{id}` either, or the name is longer than 256 bytes.
    pub fn unlisted(name: impl Into<String>) -> Result<Self, Error> {
        let name = name.into();
        let well_formed = name.len() <= 256
            && name.split('.').all(|segment| {
                segment == HOLE
                    || !segment.is_empty()
                        && segment
                            .bytes()
                            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            });
        if well_formed {
            Ok(Self(name))
        } else {
            Err(Error::new(
                ErrorKind::InvalidRequest,
                "an event name is made of dotted segments",
            ))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True for a name of the platform's topics, which begin with a version: `v2.…`. Names of the source documents have none,
    /// and the platform emits no such event.
    pub fn is_topic(&self) -> bool {
        self.0
            .strip_prefix('v')
            .and_then(|rest| rest.split_once('.'))
            .is_some_and(|(version, _)| {
                !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit())
            })
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn fits(template: &str, name: &str) -> bool {
    let (mut left, mut right) = (template.split('.'), name.split('.'));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return true,
            (Some(HOLE), Some(_)) => {}
            (Some(want), Some(have)) if want == have => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_takes_one_segment_a_hole() {
        assert!(EventName::new("v2.audits.entitytype.queue.entityid.abc-1").is_ok());
        for bad in [
            "v2.audits.entitytype.queue.entityid",
            "v2.audits.entitytype.a.b.entityid.c",
            "",
            "a..b",
            "a b",
        ] {
            assert!(EventName::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_template_stands_for_itself_and_every_listed_name_is_well_formed() {
        // errata EVR-13
        for name in GUIDE_EVENTS.iter().chain(TOPIC_TEMPLATES) {
            let name = EventName::new(*name).unwrap();
            assert_eq!(name.is_topic(), name.as_str().starts_with("v2."));
        }
        assert!(EventName::new("v2.detail.events.conversation.c-1.customer.end").is_ok());
        for bad in [
            "v2.detail.events.conversation.{id}.customer.ends",
            "v2.detail.events.conversation.{ID}.customer.end",
            "{id}",
            "v2.{id}.x",
        ] {
            assert!(EventName::new(bad).is_err(), "{bad}");
        }
        assert!(!EventName::unlisted("v.x").unwrap().is_topic());
    }
}
