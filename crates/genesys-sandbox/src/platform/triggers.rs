//! Process-automation triggers: an event of a topic that fulfils the criteria starts a workflow.

use std::sync::Arc;

use axum::extract::{Path, State};
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::cloud::Cloud;
use crate::entry::{Object, Verb};
use crate::input::{JsonBody, Params};
use crate::platform::cursor;
use crate::platform::match_criteria::Criterion;
use crate::platform::topics::Topic;
use crate::platform::trigger_input::{Sent, read};
use crate::reply::Reply;

const PATH: &str = "/api/v2/processautomation/triggers";

/// A stored trigger.
#[derive(Debug)]
pub(crate) struct Trigger {
    pub(crate) id: String,
    pub(crate) version: u64,
    pub(crate) topic: &'static Topic,
    pub(crate) content: Content,
}

/// What a `PUT` replaces.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) name: String,
    pub(crate) enabled: bool,
    pub(crate) flow_id: String,
    pub(crate) data_format: Option<String>,
    pub(crate) criteria: Vec<Criterion>,
    pub(crate) ttl: Option<u64>,
    pub(crate) delay: Option<u64>,
    pub(crate) description: Option<String>,
}

/// The trigger as the API shows it.
pub(crate) fn view(trigger: &Trigger) -> Value {
    let content = &trigger.content;
    let criteria: Vec<&Value> = content.criteria.iter().map(|one| &one.view).collect();
    let mut target = json!({"type": "Workflow", "id": content.flow_id});
    if let Some(format) = &content.data_format {
        target["workflowTargetSettings"] = json!({"dataFormat": format});
    }
    let mut view = json!({
        "id": trigger.id,
        "name": content.name,
        "topicName": trigger.topic.name,
        "target": target,
        "version": trigger.version,
        "enabled": content.enabled,
        "matchCriteria": criteria,
        "selfUri": format!("{PATH}/{}", trigger.id),
    });
    for (name, value) in [
        ("eventTTLSeconds", content.ttl.map(Value::from)),
        ("delayBySeconds", content.delay.map(Value::from)),
        ("description", content.description.clone().map(Value::from)),
    ] {
        if let Some(value) = value {
            view[name] = value;
        }
    }
    view
}

/// `POST`: version 1.
pub(crate) async fn create(
    State(cloud): State<Arc<Cloud>>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let Sent { topic, content, .. } = read(&cloud.flows, &body, false)?;
    let trigger = Trigger {
        id: cloud.ids.uuid(),
        version: 1,
        topic,
        content,
    };
    let (id, answer) = (trigger.id.clone(), view(&trigger));
    cloud.store().triggers.insert(&id, trigger)?;
    Ok(Reply::ok(answer).with_effect(Object::Trigger, Verb::Created, &id))
}

/// `PUT /{triggerId}`: replaces everything but the topic, under the version that was read.
pub(crate) async fn put(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let mut store = cloud.store();
    let trigger = store.triggers.get_mut(&id)?;
    let sent = read(&cloud.flows, &body, true)?;
    if sent.version != Some(trigger.version) {
        return Err(ApiError::version_mismatch(
            sent.version.unwrap_or_default(),
            trigger.version,
        ));
    }
    if sent.topic.name != trigger.topic.name {
        return Err(ApiError::bad_request(
            "invalid.value",
            "The topicName of a trigger cannot change.",
        )
        .with_field("invalid.value", "topicName"));
    }
    trigger.content = sent.content;
    trigger.version += 1;
    Ok(Reply::ok(view(trigger)).with_effect(Object::Trigger, Verb::Updated, &id))
}

/// `GET`: cursor pages, filtered by the parameters of the contract.
pub(crate) async fn list(
    State(cloud): State<Arc<Cloud>>,
    params: Params,
) -> Result<Reply, ApiError> {
    let topic = params.get("topicName");
    let enabled = params.optional_flag("enabled")?;
    let delayed = params.optional_flag("hasDelayBy")?;
    let store = cloud.store();
    let views: Vec<(u64, Value)> = store
        .triggers
        .rows()
        .filter(|(_, one)| topic.is_none_or(|topic| one.topic.name == topic))
        .filter(|(_, one)| enabled.is_none_or(|enabled| one.content.enabled == enabled))
        .filter(|(_, one)| delayed.is_none_or(|delayed| one.content.delay.is_some() == delayed))
        .map(|(key, one)| (key, view(one)))
        .collect();
    cursor::page(PATH, &params, &views).map(Reply::ok)
}

/// `GET /{triggerId}`.
pub(crate) async fn get(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
) -> Result<Reply, ApiError> {
    Ok(Reply::ok(view(cloud.store().triggers.get(&id)?)))
}

/// `DELETE /{triggerId}`.
pub(crate) async fn delete(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
) -> Result<Reply, ApiError> {
    cloud.store().triggers.remove(&id)?;
    Ok(Reply::no_content().with_effect(Object::Trigger, Verb::Deleted, &id))
}
