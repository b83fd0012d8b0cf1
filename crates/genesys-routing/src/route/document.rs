//! The JSON form of a route.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use genesys_core::redact::external_text;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::builder::{Draft, FilterDraft, RouteBuilder};
use super::criterion::MatchCriterion;
use super::retry::DeliveryRetry;
use super::target::{EventBridgeTarget, RouteTarget, TargetKind, WorkflowTarget};
use super::violation::{RouteError, SyntaxError};
use super::{DataFormat, EventRoute};

/// Every member of every kind, unchecked. Unknown members are refused.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Document {
    #[serde(default)]
    name: String,
    #[serde(rename = "type", default = "webhook")]
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uris: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_policy: Option<Object<RetryMembers>>,
    #[serde(default)]
    event_filters: Vec<Object<FilterMembers>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    headers: Option<Headers>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    flow_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data_format: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    match_criteria: Option<Vec<Object<CriterionMembers>>>,
    #[serde(
        default,
        rename = "eventTTLSeconds",
        skip_serializing_if = "Option::is_none"
    )]
    event_ttl_seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delay_by_seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    aws_account_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    aws_account_region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event_source_suffix: Option<String>,
}

fn webhook() -> String {
    TargetKind::Https.as_str().to_owned()
}

/// `retryPolicy`. A missing member has its default.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct RetryMembers {
    max_retries: i64,
    retry_interval: f64,
    backoff_factor: f64,
}

impl Default for RetryMembers {
    fn default() -> Self {
        Self::from(DeliveryRetry::default())
    }
}

impl From<DeliveryRetry> for RetryMembers {
    fn from(retry: DeliveryRetry) -> Self {
        Self {
            max_retries: retry.max_retries,
            retry_interval: retry.interval,
            backoff_factor: retry.backoff_factor,
        }
    }
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FilterMembers {
    #[serde(default)]
    event_type: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fields: Vec<String>,
}

/// A condition, as the platform has it too.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CriterionMembers {
    #[serde(default)]
    json_path: String,
    #[serde(default)]
    operator: String,
    /// None for a missing member; a null is a value.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    value: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    values: Option<Vec<Value>>,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl From<&MatchCriterion> for CriterionMembers {
    fn from(criterion: &MatchCriterion) -> Self {
        Self {
            json_path: criterion.json_path.clone(),
            operator: criterion.operator.clone(),
            value: criterion.value.clone(),
            values: criterion.values.clone(),
        }
    }
}

impl From<CriterionMembers> for MatchCriterion {
    fn from(members: CriterionMembers) -> Self {
        Self {
            json_path: members.json_path,
            operator: members.operator,
            value: members.value,
            values: members.values,
        }
    }
}

/// A JSON object and nothing else. A derived reader takes a list of the members' values too.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(Members(PhantomData))
    }
}

/// An object of texts that keeps names which are given twice, for the rules to see.
struct Headers(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Headers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Headers(pairs))
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Document {
    pub(super) fn parse(json: &[u8]) -> Result<Self, RouteError> {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let Object(document) =
            serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
                let path = error.path().to_string();
                let path = if path == "." { String::new() } else { path };
                syntax(path, error.inner())
            })?;
        deserializer
            .end()
            .map_err(|error| syntax(String::new(), &error))?;
        Ok(document)
    }

    /// What a server answered; none when it has another form.
    pub(crate) fn from_value(value: Value) -> Option<Self> {
        serde_json::from_value(value).ok()
    }

    pub(crate) fn into_builder(self) -> RouteBuilder {
        let given = [
            ("/uri", self.uri.is_some(), TargetKind::Https),
            ("/uris", self.uris.is_some(), TargetKind::Https),
            ("/flowId", self.flow_id.is_some(), TargetKind::Workflow),
            (
                "/dataFormat",
                self.data_format.is_some(),
                TargetKind::Workflow,
            ),
            (
                "/matchCriteria",
                self.match_criteria.is_some(),
                TargetKind::Workflow,
            ),
            (
                "/eventTTLSeconds",
                self.event_ttl_seconds.is_some(),
                TargetKind::Workflow,
            ),
            (
                "/delayBySeconds",
                self.delay_by_seconds.is_some(),
                TargetKind::Workflow,
            ),
            (
                "/description",
                self.description.is_some(),
                TargetKind::Workflow,
            ),
            (
                "/awsAccountId",
                self.aws_account_id.is_some(),
                TargetKind::EventBridge,
            ),
            (
                "/awsAccountRegion",
                self.aws_account_region.is_some(),
                TargetKind::EventBridge,
            ),
            (
                "/eventSourceSuffix",
                self.event_source_suffix.is_some(),
                TargetKind::EventBridge,
            ),
        ];
        let target = match self.kind.as_str() {
            "webhook" => Draft::Https {
                primary: self.uri.unwrap_or_default(),
                others: self.uris.unwrap_or_default(),
            },
            "workflow" => Draft::Workflow(WorkflowTarget {
                flow_id: self.flow_id.unwrap_or_default(),
                data_format: self
                    .data_format
                    .unwrap_or_else(|| DataFormat::default().as_str().to_owned()),
                criteria: self
                    .match_criteria
                    .unwrap_or_default()
                    .into_iter()
                    .map(|criterion| criterion.0.into())
                    .collect(),
                time_to_live: self.event_ttl_seconds.map(Duration::from_secs),
                delay: self.delay_by_seconds.map(Duration::from_secs),
                description: self.description,
            }),
            "eventbridge" => Draft::EventBridge(EventBridgeTarget {
                account_id: self.aws_account_id.unwrap_or_default(),
                region: self.aws_account_region.unwrap_or_default(),
                suffix: self.event_source_suffix.unwrap_or_default(),
            }),
            _ => Draft::Unknown,
        };
        let kind = target.kind();
        let mut builder = RouteBuilder::new(self.name, target);
        builder.foreign = given
            .into_iter()
            .filter(|(_, given, of)| *given && kind.is_some_and(|kind| kind != *of))
            .map(|(pointer, _, _)| pointer)
            .collect();
        builder.events = self
            .event_filters
            .into_iter()
            .map(|Object(filter)| FilterDraft {
                event: filter.event_type,
                fields: filter.fields,
            })
            .collect();
        builder.retry = self.retry_policy.map(|Object(retry)| DeliveryRetry {
            max_retries: retry.max_retries,
            interval: retry.retry_interval,
            backoff_factor: retry.backoff_factor,
        });
        builder.headers = self.headers.map(|headers| headers.0).unwrap_or_default();
        builder
    }

    pub(crate) fn of(route: &EventRoute) -> Self {
        let mut document = Self {
            name: route.name.clone(),
            kind: route.target.kind().as_str().to_owned(),
            uri: None,
            uris: None,
            retry_policy: None,
            event_filters: route
                .filters
                .iter()
                .map(|filter| {
                    Object(FilterMembers {
                        event_type: filter.event.as_str().to_owned(),
                        fields: filter.fields.clone(),
                    })
                })
                .collect(),
            headers: None,
            flow_id: None,
            data_format: None,
            match_criteria: None,
            event_ttl_seconds: None,
            delay_by_seconds: None,
            description: None,
            aws_account_id: None,
            aws_account_region: None,
            event_source_suffix: None,
        };
        match &route.target {
            RouteTarget::Https(target) => {
                document.uri = Some(target.primary.as_str().to_owned());
                let others: Vec<String> = target
                    .others
                    .iter()
                    .map(|uri| uri.as_str().to_owned())
                    .collect();
                document.uris = (!others.is_empty()).then_some(others);
                document.retry_policy = Some(Object(target.retry.into()));
                document.headers = Some(Headers(target.headers.clone()));
            }
            RouteTarget::Workflow(target) => {
                document.flow_id = Some(target.flow_id.clone());
                document.data_format = Some(target.data_format.clone());
                let criteria: Vec<Object<CriterionMembers>> = target
                    .criteria
                    .iter()
                    .map(|criterion| Object(criterion.into()))
                    .collect();
                document.match_criteria = (!criteria.is_empty()).then_some(criteria);
                document.event_ttl_seconds = target.time_to_live.map(|limit| limit.as_secs());
                document.delay_by_seconds = target.delay.map(|delay| delay.as_secs());
                document.description.clone_from(&target.description);
            }
            RouteTarget::EventBridge(target) => {
                document.aws_account_id = Some(target.account_id.clone());
                document.aws_account_region = Some(target.region.clone());
                document.event_source_suffix = Some(target.suffix.clone());
            }
        }
        document
    }

    pub(crate) fn to_value(&self) -> Value {
        // Texts, finite numbers and JSON values always have a JSON form.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// The longest text of a message.
const MAX_MESSAGE: usize = 200;

fn syntax(path: String, error: &serde_json::Error) -> RouteError {
    let text = error.to_string();
    let text = match text.rfind(" at line ") {
        Some(end) => &text[..end],
        None => &text,
    };
    // What stands there instead may be a secret; what was expected is ours.
    let text = match text.rfind(", expected ") {
        Some(at) if text.starts_with("invalid ") => &text[at + 2..],
        _ => text,
    };
    RouteError::Syntax(SyntaxError {
        line: error.line(),
        column: error.column(),
        path: external_text(&path, &[], MAX_MESSAGE),
        message: external_text(text, &[], MAX_MESSAGE),
    })
}
