//! What the platform half stores.

use std::collections::BTreeMap;
use std::time::Instant;

use secrecy::SecretString;
use serde_json::Value;

use crate::activation::Activation;
use crate::platform::types::TypeInfo;

/// A stored credential. Its fields go in and never come out.
#[derive(Debug)]
pub(crate) struct Credential {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) fields: BTreeMap<String, SecretString>,
    pub(crate) created: String,
    pub(crate) modified: String,
}

/// The current configuration of an integration.
#[derive(Debug)]
pub(crate) struct Configuration {
    pub(crate) version: u64,
    pub(crate) properties: Value,
    pub(crate) advanced: Value,
    pub(crate) notes: String,
    /// Credential ids by slot.
    pub(crate) credentials: BTreeMap<String, String>,
}

/// Where an integration is on its way to the intended state.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reported {
    Settled {
        active: bool,
    },
    Moving {
        active: bool,
        left: Left,
        failure: Option<String>,
    },
    Failed(String),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Left {
    Polls(u32),
    Until(Instant),
}

/// An integration of the platform.
#[derive(Debug)]
pub(crate) struct Installed {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: &'static TypeInfo,
    pub(crate) enabled: bool,
    pub(crate) reported: Reported,
    pub(crate) changed: String,
    pub(crate) config: Configuration,
    /// The token of an incoming webhook, from its first activation on.
    pub(crate) webhook_token: Option<String>,
}

impl Installed {
    /// Sets out for a state.
    pub(crate) fn head_for(&mut self, active: bool, (pace, failure): (Activation, Option<String>)) {
        self.enabled = active;
        self.reported = match pace {
            Activation::Polls(polls) => Reported::Moving {
                active,
                left: Left::Polls(polls),
                failure,
            },
            Activation::After(time) => Reported::Moving {
                active,
                left: Left::Until(crate::time::instant() + time),
                failure,
            },
        };
        if pace == Activation::Polls(0) {
            self.poll();
        }
    }

    /// One look at this integration: what time or looks have brought about, happens.
    pub(crate) fn poll(&mut self) {
        let Reported::Moving {
            active,
            left,
            failure,
        } = &mut self.reported
        else {
            return;
        };
        match left {
            Left::Polls(0) => {}
            Left::Polls(polls) => {
                *polls -= 1;
                return;
            }
            Left::Until(time) if crate::time::instant() >= *time => {}
            Left::Until(_) => return,
        }
        self.reported = match failure.take() {
            Some(message) => Reported::Failed(message),
            None => Reported::Settled { active: *active },
        };
    }

    /// The reported state's code.
    pub(crate) fn code(&self) -> &'static str {
        match self.reported {
            Reported::Settled { active: true } => "ACTIVE",
            Reported::Settled { active: false } => "INACTIVE",
            Reported::Moving { active: true, .. } => "ACTIVATING",
            Reported::Moving { active: false, .. } => "DEACTIVATING",
            Reported::Failed(_) => "ERROR",
        }
    }
}

/// One version of an action's content.
#[derive(Debug, Clone)]
pub(crate) struct ActionVersion {
    pub(crate) version: u64,
    pub(crate) name: String,
    pub(crate) category: String,
    pub(crate) secure: bool,
    pub(crate) input_schema: Value,
    pub(crate) success_schema: Value,
    pub(crate) config: Value,
}

/// A data action: a published version, a draft, or both.
#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) id: String,
    /// Comes with its integration and cannot be changed.
    pub(crate) built_in: bool,
    pub(crate) integration_id: String,
    pub(crate) published: Option<ActionVersion>,
    pub(crate) draft: Option<ActionVersion>,
}
