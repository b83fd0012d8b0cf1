//! The topics that can start a trigger, and the schemas of their events.

use std::sync::Arc;

use axum::extract::State;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::cloud::Cloud;
use crate::input::Params;
use crate::platform::cursor;
use crate::reply::Reply;

const PATH: &str = "/api/v2/processautomation/triggers/topics";

/// One topic. A trigger names it with its `{id}` as it stands here.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) name: &'static str,
    schema: fn() -> Value,
}

impl Topic {
    /// What an event of this topic must look like.
    pub(crate) fn schema(&self) -> Value {
        (self.schema)()
    }
}

/// The topic with this name.
pub(crate) fn find(name: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.name == name)
}

/// `GET /triggers/topics`: names alone, in cursor pages.
pub(crate) async fn list(State(_): State<Arc<Cloud>>, params: Params) -> Result<Reply, ApiError> {
    let names: Vec<(u64, Value)> = (1..)
        .zip(TOPICS.iter().map(|topic| json!(topic.name)))
        .collect();
    cursor::page(PATH, &params, &names).map(Reply::ok)
}

/// Other members than those named are allowed: the platform adds some from time to time.
fn open(required: &[&str], properties: Value) -> Value {
    let mut schema = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn conversation() -> Value {
    let text = json!({"type": "string"});
    open(
        &["eventTime", "conversationId"],
        json!({
            "eventTime": {"type": "integer"},
            "conversationId": text,
            "participantId": text,
            "sessionId": text,
            "mediaType": text,
            "direction": text,
            "provider": text,
            "queueId": text,
            "userId": text,
            "divisionId": text,
            "ani": text,
            "dnis": text,
            "addressFrom": text,
            "addressTo": text,
            "disconnectType": text,
            "wrapupCode": text,
            "attributes": {"type": "object"},
        }),
    )
}

fn audit() -> Value {
    let text = json!({"type": "string"});
    open(
        &["id", "action"],
        json!({"id": text, "action": text, "serviceName": text, "entityType": text, "entity": {"type": "object"}}),
    )
}

fn build() -> Value {
    open(&["status"], json!({"status": {"type": "string"}}))
}

fn campaign() -> Value {
    let text = json!({"type": "string"});
    open(
        &["contactId"],
        json!({"contactId": text, "contactListId": text, "campaignId": text}),
    )
}

fn with_user() -> Value {
    open(&["id"], json!({"id": {"type": "string"}}))
}

/// What callers from outside send is theirs alone.
fn anything() -> Value {
    open(&[], json!({}))
}

static TOPICS: [Topic; 23] = [
    Topic {
        name: "v2.architect.dependencytracking.build",
        schema: build,
    },
    Topic {
        name: "v2.audits.entitytype.{id}.entityid.{id}",
        schema: audit,
    },
    Topic {
        name: "v2.detail.events.conversation.{id}.acd.end",
        schema: conversation,
    },
    Topic {
        name: "v2.detail.events.conversation.{id}.acd.start",
        schema: conversation,
    },
    Topic {
        name: "v2.detail.events.conversation.{id}.acw",
        schema: conversation,
    },
    Topic {
        name: "v2.detail.events.conversation.{id}.attributes",
        schema: conversation,
    },
    Topic {
        name: "v2.detail.events.conversation.{id}.customer.end",
        schema: conversation,
    },
    Topic {
        name: "v2.detail.events.conversation.{id}.customer.start",
        schema: conversation,
    },
    Topic {
        name: "v2.detail.events.conversation.{id}.flow.end",
        schema: conversation,
    },
    Topic {
        name: "v2.detail.events.conversation.{id}.flow.start",
        schema: conversation,
    },
    Topic {
        name: "v2.detail.events.conversation.{id}.outbound",
        schema: conversation,
    },
    Topic {
        name: "v2.detail.events.conversation.{id}.user.end",
        schema: conversation,
    },
    Topic {
        name: "v2.detail.events.conversation.{id}.user.start",
        schema: conversation,
    },
    Topic {
        name: "v2.detail.events.conversation.{id}.voicemail.end",
        schema: conversation,
    },
    Topic {
        name: "v2.detail.events.conversation.{id}.voicemail.start",
        schema: conversation,
    },
    Topic {
        name: "v2.detail.events.conversation.{id}.wrapup",
        schema: conversation,
    },
    Topic {
        name: "v2.integrations.inbound.webhook.{id}.invocation",
        schema: anything,
    },
    Topic {
        name: "v2.operations.events.{id}",
        schema: anything,
    },
    Topic {
        name: "v2.outbound.email.campaigns.contact.postContact",
        schema: campaign,
    },
    Topic {
        name: "v2.outbound.messaging.campaigns.contact.postContact",
        schema: campaign,
    },
    Topic {
        name: "v2.quality.evaluations",
        schema: anything,
    },
    Topic {
        name: "v2.users.{id}.activity",
        schema: with_user,
    },
    Topic {
        name: "v2.users.{id}.integrationpresence",
        schema: with_user,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_every_schema_can_be_used() {
        let mut names: Vec<&str> = TOPICS.iter().map(|topic| topic.name).collect();
        names.dedup();
        assert_eq!(names.len(), TOPICS.len());
        assert!(
            TOPICS
                .iter()
                .all(|topic| crate::schema::fault(&topic.schema()).is_none())
        );
    }
}
