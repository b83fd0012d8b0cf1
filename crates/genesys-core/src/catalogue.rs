//! Names of events: those of the source documents and the published topic templates.

use std::fmt;

use crate::error::{Error, ErrorKind};

/// An event name, checked against the catalogue.
///
/// ```
/// use genesys_core::catalogue::EventName;
///
/// assert!(EventName::new("integration.status.changed").is_ok());
/// // A template of the published list, with its hole filled.
/// assert!(EventName::new("v2.integrations.inbound.webhook.1f3b.invocation").is_ok());
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

/// Topic templates of the platform; `{id}` stands for one segment. None of them tells of an integration's status.
pub const TOPIC_TEMPLATES: &[&str] = &[
    "v2.architect.dependencytracking.build",
    "v2.audits.entitytype.{id}.entityid.{id}",
    "v2.integrations.inbound.webhook.{id}.invocation",
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
    /// [`ErrorKind::InvalidRequest`] when a segment is empty or holds anything but letters, digits, `-` and `_`, or the
    /// name is longer than 256 bytes.
    pub fn unlisted(name: impl Into<String>) -> Result<Self, Error> {
        let name = name.into();
        let well_formed = name.len() <= 256
            && name.split('.').all(|segment| {
                !segment.is_empty()
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
            (Some("{id}"), Some(_)) => {}
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
}
