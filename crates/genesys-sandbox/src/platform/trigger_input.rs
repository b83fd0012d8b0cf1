//! What a trigger may hold: every rule, and every violation in one refusal.

use serde_json::Value;

use crate::api_error::ApiError;
use crate::members::Members;
use crate::platform::flows::Flows;
use crate::platform::match_criteria;
use crate::platform::topics::{self, Topic};
use crate::platform::triggers::Content;

/// The longest description in characters.
const DESCRIPTION: usize = 512;

/// A body that keeps the rules.
#[derive(Debug)]
pub(super) struct Sent {
    /// Always there on a replacement; a create ignores it, as it does `id` and `selfUri`.
    pub(super) version: Option<u64>,
    pub(super) topic: &'static Topic,
    pub(super) content: Content,
}

/// Reads a body whole and names everything that is wrong with it. A replacement must name the version it replaces.
pub(super) fn read(flows: &Flows, body: &Value, replacement: bool) -> Result<Sent, ApiError> {
    let known = [
        "id",
        "selfUri",
        "version",
        "name",
        "topicName",
        "target",
        "enabled",
        "matchCriteria",
        "eventTTLSeconds",
        "delayBySeconds",
        "description",
    ];
    let mut members = Members::of(body, &known)?;
    if replacement {
        members.required("version");
    }
    let version = members.optional_number("version", 0..=u64::MAX);
    let name = members.text("name", 256);
    let topic = read_topic(&mut members);
    members.required("enabled");
    let enabled = members.optional_flag("enabled");
    let target = read_target(flows, &mut members);
    let known = ["jsonPath", "operator", "value", "values"];
    let criteria = members.optional_array("matchCriteria", &known, match_criteria::read);
    let ttl = members.optional_number("eventTTLSeconds", 10..=u64::from(u32::MAX));
    let delay = members.optional_number("delayBySeconds", 60..=900);
    if members.get("eventTTLSeconds").is_some() && members.get("delayBySeconds").is_some() {
        members.problem(
            "invalid.value",
            "delayBySeconds",
            "cannot be given together with eventTTLSeconds",
        );
    }
    let description = read_description(&mut members);
    members.finish()?;
    let (Some(topic), Some((flow_id, data_format))) = (topic, target) else {
        return Err(ApiError::bad_request(
            "bad.request",
            "The request is not valid.",
        ));
    };
    Ok(Sent {
        version,
        topic,
        content: Content {
            name: name.unwrap_or_default().to_owned(),
            enabled: enabled.unwrap_or_default(),
            flow_id,
            data_format,
            criteria: criteria.into_iter().flatten().collect(),
            ttl,
            delay,
            description,
        },
    })
}

fn read_topic(members: &mut Members<'_>) -> Option<&'static Topic> {
    let name = members.text("topicName", 256)?;
    let topic = topics::find(name);
    if topic.is_none() {
        members.problem("invalid.value", "topicName", "is not a topic that exists");
    }
    topic
}

/// The flow's id and the data format.
fn read_target(flows: &Flows, members: &mut Members<'_>) -> Option<(String, Option<String>)> {
    let known = ["type", "id", "workflowTargetSettings"];
    let read = members.object("target", &known, |inner| {
        inner.one_of("type", &["Workflow"]);
        let id = inner.text("id", 256);
        if let Some(rule) = id.and_then(|id| flows.refusal(id)) {
            inner.problem("invalid.value", "id", rule);
        }
        let format = inner
            .optional_object("workflowTargetSettings", &["dataFormat"], |settings| {
                settings.optional_one_of("dataFormat", &["Json", "TopLevelPrimitives"])
            })
            .flatten();
        Some((id?.to_owned(), format.map(str::to_owned)))
    });
    read.flatten()
}

/// Unlike other texts, a description may be empty.
fn read_description(members: &mut Members<'_>) -> Option<String> {
    let value = members.get("description")?;
    match value.as_str() {
        None => members.problem("invalid.type", "description", "must be a string"),
        Some(text) if text.chars().count() > DESCRIPTION => members.problem(
            "invalid.length",
            "description",
            &format!("must not be longer than {DESCRIPTION} characters"),
        ),
        Some(text) => return Some(text.to_owned()),
    }
    None
}
