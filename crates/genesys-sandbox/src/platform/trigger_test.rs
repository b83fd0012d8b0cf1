//! Dry runs: what a trigger, or every trigger of a topic, would make of an event. Nothing changes and nothing starts.

use std::sync::Arc;

use axum::extract::{FromRequest, Path, Request, State};
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::cloud::Cloud;
use crate::input::{JsonBody, is_empty};
use crate::platform::topics::{self, Topic};
use crate::platform::triggers::{self, Trigger};
use crate::reply::Reply;
use crate::schema;

/// The event of a dry run. The contract has it as a string that holds JSON; the JSON itself is taken too, and no
/// body at all is an event without members.
#[derive(Debug)]
pub(crate) struct Event(Value);

impl<S: Send + Sync> FromRequest<S> for Event {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if is_empty(&request) {
            return Ok(Self(json!({})));
        }
        match JsonBody::from_request(request, state).await?.0 {
            Value::String(text) => serde_json::from_str(&text).map(Self).map_err(|error| {
                ApiError::bad_request(
                    "invalid.json",
                    format!(
                        "The event is not valid JSON at line {}, column {}.",
                        error.line(),
                        error.column()
                    ),
                )
            }),
            event => Ok(Self(event)),
        }
    }
}

/// `POST /{triggerId}/test`.
pub(crate) async fn trigger(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
    Event(event): Event,
) -> Result<Reply, ApiError> {
    let store = cloud.store();
    let trigger = store.triggers.get(&id)?;
    let (schema, fits) = check_schema(trigger.topic, &event);
    let refusal = cloud.flows.refusal(&trigger.content.flow_id);
    let details: Vec<Value> = trigger
        .content
        .criteria
        .iter()
        .map(|one| one.explain(&event))
        .collect();
    let matches = is_match(trigger, &event);
    Ok(Reply::ok(json!({
        "schemaValidation": schema,
        "targetValidation": {
            "name": "Target validation",
            "step": 2,
            "matches": refusal.is_none(),
            "details": refusal.map(|rule| format!("target.id {rule}")).into_iter().collect::<Vec<_>>(),
        },
        "jsonPathValidation": {
            "name": "JSONPath validation",
            "step": 3,
            "matches": matches,
            "details": details,
        },
        "triggerMatches": fits && refusal.is_none() && matches,
    })))
}

/// `POST /topics/{topicName}/test`: the triggers of the topic, sorted by whether they match. Disabled ones are among
/// them and say so.
pub(crate) async fn topic(
    State(cloud): State<Arc<Cloud>>,
    Path(name): Path<String>,
    Event(event): Event,
) -> Result<Reply, ApiError> {
    let topic = topics::find(&name).ok_or_else(|| ApiError::unknown("topic", &name))?;
    let (schema, fits) = check_schema(topic, &event);
    let store = cloud.store();
    let of_topic = store
        .triggers
        .iter()
        .filter(|trigger| trigger.topic.name == topic.name);
    let (matched, unmatched): (Vec<&Trigger>, Vec<&Trigger>) =
        of_topic.partition(|trigger| fits && is_match(trigger, &event));
    let brief = |list: Vec<&Trigger>| -> Vec<Value> { list.into_iter().map(brief).collect() };
    Ok(Reply::ok(json!({
        "schemaValidation": schema,
        "triggerMatchValidation": {
            "name": "Trigger match validation",
            "step": 2,
            "matchedTriggers": brief(matched),
            "unmatchedTriggers": brief(unmatched),
        },
    })))
}

fn is_match(trigger: &Trigger, event: &Value) -> bool {
    let mut criteria = trigger.content.criteria.iter();
    criteria.all(|one| one.is_match(event))
}

fn check_schema(topic: &Topic, event: &Value) -> (Value, bool) {
    let violations = schema::violations(&topic.schema(), event);
    let fits = violations.is_empty();
    let step = json!({
        "name": "Schema validation",
        "step": 1,
        "matches": fits,
        "details": violations,
    });
    (step, fits)
}

fn brief(trigger: &Trigger) -> Value {
    let view = triggers::view(trigger);
    json!({
        "id": trigger.id,
        "name": trigger.content.name,
        "enabled": trigger.content.enabled,
        "selfUri": view["selfUri"],
    })
}
