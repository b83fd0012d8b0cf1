//! What the platform profile sends and receives. Members that are not used are not named.

use std::time::Duration;

use genesys_core::redact;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::deployed::{DeployedRoute, RouteId, RouteState};
use crate::dry_run::EventTest;
use crate::route::{
    CriterionMembers, DataFormat, EventBridgeTarget, EventRoute, MatchCriterion, RouteRules,
    RouteTarget, TargetKind, WorkflowTarget,
};

/// The type of the integrations that EventBridge routes are.
pub(super) const TYPE_ID: &str = "amazon-eventbridge-source";
/// The most remarks that are kept of a test, and the longest.
const MAX_DETAILS: usize = 50;
const MAX_TEXT: usize = 500;

/// `POST /triggers`, and with a version `PUT /triggers/{id}`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TriggerBody<'a> {
    name: &'a str,
    topic_name: &'a str,
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    target: TargetBody<'a>,
    match_criteria: Vec<CriterionMembers>,
    #[serde(rename = "eventTTLSeconds", skip_serializing_if = "Option::is_none")]
    event_ttl_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_by_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TargetBody<'a> {
    r#type: &'static str,
    id: &'a str,
    workflow_target_settings: SettingsBody,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SettingsBody {
    data_format: &'static str,
}

impl<'a> TriggerBody<'a> {
    /// None of a route to something else than a workflow has a trigger; its body would be refused.
    pub(super) fn of(route: &'a EventRoute, version: Option<u64>) -> Option<Self> {
        let RouteTarget::Workflow(target) = route.target() else {
            return None;
        };
        Some(Self {
            name: route.name(),
            topic_name: route.events().next()?.as_str(),
            enabled: true,
            version,
            target: TargetBody {
                r#type: "Workflow",
                id: target.flow_id(),
                workflow_target_settings: SettingsBody {
                    data_format: target.data_format().as_str(),
                },
            },
            match_criteria: target
                .criteria()
                .iter()
                .map(CriterionMembers::from)
                .collect(),
            event_ttl_seconds: target.time_to_live().map(|limit| limit.as_secs()),
            delay_by_seconds: target.delay().map(|delay| delay.as_secs()),
            description: target.description(),
        })
    }
}

/// A trigger as the platform shows it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TriggerSeen {
    id: RouteId,
    #[serde(default)]
    name: String,
    topic_name: Option<String>,
    target: Option<TargetSeen>,
    version: Option<u64>,
    enabled: Option<bool>,
    match_criteria: Option<Value>,
    #[serde(rename = "eventTTLSeconds")]
    event_ttl_seconds: Option<u64>,
    delay_by_seconds: Option<u64>,
    description: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TargetSeen {
    r#type: Option<String>,
    id: Option<String>,
    workflow_target_settings: Option<SettingsSeen>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SettingsSeen {
    data_format: Option<String>,
}

impl TriggerSeen {
    pub(super) fn into_route(self) -> DeployedRoute {
        let definition = self.definition();
        let enabled = self.enabled.unwrap_or(false);
        let mut route = DeployedRoute::new(self.id, self.name, TargetKind::Workflow);
        route.version = self.version;
        route.route = definition;
        route.enabled = enabled;
        route.state = if enabled {
            RouteState::Active
        } else {
            RouteState::Inactive
        };
        route.topic = self.topic_name;
        route
    }

    /// What it does, as far as that is a route of ours.
    fn definition(&self) -> Option<EventRoute> {
        let target = self.target.as_ref()?;
        if target.r#type.as_deref() != Some("Workflow") {
            return None;
        }
        let format = target
            .workflow_target_settings
            .as_ref()
            .and_then(|settings| settings.data_format.clone());
        let criteria = match &self.match_criteria {
            None | Some(Value::Null) => Vec::new(),
            Some(members) => serde_json::from_value::<Vec<CriterionMembers>>(members.clone())
                .ok()?
                .into_iter()
                .map(MatchCriterion::from)
                .collect(),
        };
        let mut workflow = WorkflowTarget::new(target.id.clone()?);
        workflow.data_format = format.unwrap_or_else(|| DataFormat::default().as_str().to_owned());
        workflow.criteria = criteria;
        workflow.time_to_live = self.event_ttl_seconds.map(Duration::from_secs);
        workflow.delay = self.delay_by_seconds.map(Duration::from_secs);
        workflow.description.clone_from(&self.description);
        EventRoute::workflow(self.name.clone(), workflow)
            .with_event(self.topic_name.clone()?)
            .with_rules(RouteRules::lenient())
            .build()
            .ok()
    }
}

/// `POST /triggers/{id}/test`. What the platform extracted of the event is not read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TestAnswer {
    schema_validation: Option<StepSeen>,
    target_validation: Option<StepSeen>,
    json_path_validation: Option<StepSeen>,
    trigger_matches: Option<bool>,
}

/// One step. The details of the first two are texts, those of the conditions objects.
#[derive(Debug, Deserialize)]
struct StepSeen {
    matches: Option<bool>,
    #[serde(default)]
    details: Option<Vec<Value>>,
}

impl From<TestAnswer> for EventTest {
    fn from(answer: TestAnswer) -> Self {
        let matched = |step: &Option<StepSeen>| step.as_ref().and_then(|step| step.matches);
        let mut test = EventTest {
            schema_valid: matched(&answer.schema_validation),
            target_valid: matched(&answer.target_validation),
            matches: answer.trigger_matches,
            ..EventTest::default()
        };
        let steps = [
            answer.schema_validation,
            answer.target_validation,
            answer.json_path_validation,
        ];
        test.details = remarks(steps.into_iter().flatten());
        test
    }
}

fn remarks(steps: impl Iterator<Item = StepSeen>) -> Vec<String> {
    let details = steps.flat_map(|step| step.details.unwrap_or_default());
    let words = details.filter_map(|detail| match detail {
        Value::String(text) => Some(text),
        Value::Object(condition) => {
            let word = |name: &str| condition.get(name).and_then(Value::as_str).unwrap_or("?");
            let met = match condition.get("match").and_then(Value::as_bool) {
                Some(true) => "met",
                Some(false) => "not met",
                None => "not judged",
            };
            let (path, operator) = (word("jsonPath"), word("operator"));
            Some(format!("{path} {operator}: {met}"))
        }
        _ => None,
    });
    words
        .map(|text| redact::external_text(&text, &[], MAX_TEXT))
        .take(MAX_DETAILS)
        .collect()
}

/// `POST /triggers/topics/{topicName}/test`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TopicTestAnswer {
    schema_validation: Option<StepSeen>,
    trigger_match_validation: Option<MatchesSeen>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MatchesSeen {
    #[serde(default)]
    matched_triggers: Option<Vec<NamedSeen>>,
}

#[derive(Debug, Deserialize)]
struct NamedSeen {
    name: Option<String>,
}

impl From<TopicTestAnswer> for EventTest {
    fn from(answer: TopicTestAnswer) -> Self {
        let schema_valid = answer
            .schema_validation
            .as_ref()
            .and_then(|step| step.matches);
        let matched = answer
            .trigger_match_validation
            .and_then(|step| step.matched_triggers);
        EventTest {
            schema_valid,
            matched_triggers: matched
                .unwrap_or_default()
                .into_iter()
                .filter_map(|trigger| trigger.name)
                .map(|name| redact::external_text(&name, &[], MAX_TEXT))
                .collect(),
            details: remarks(answer.schema_validation.into_iter()),
            ..EventTest::default()
        }
    }
}

/// `POST /integrations`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewIntegration<'a> {
    name: &'a str,
    integration_type: TypeById,
}

#[derive(Debug, Serialize)]
struct TypeById {
    id: &'static str,
}

impl<'a> NewIntegration<'a> {
    pub(super) fn new(name: &'a str) -> Self {
        Self {
            name,
            integration_type: TypeById { id: TYPE_ID },
        }
    }
}

/// `{"intendedState": "ENABLED"}`, the one member that a PATCH may write.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EnablePatch {
    intended_state: &'static str,
}

impl Default for EnablePatch {
    fn default() -> Self {
        Self {
            intended_state: "ENABLED",
        }
    }
}

/// An integration as the platform shows it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IntegrationSeen {
    id: RouteId,
    name: Option<String>,
    integration_type: Option<TypeSeen>,
    intended_state: Option<String>,
    reported_state: Option<ReportedSeen>,
}

#[derive(Debug, Clone, Deserialize)]
struct TypeSeen {
    id: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct ReportedSeen {
    code: Option<String>,
    detail: Option<DetailSeen>,
}

#[derive(Debug, Clone, Deserialize)]
struct DetailSeen {
    message: Option<String>,
}

impl IntegrationSeen {
    pub(super) fn id(&self) -> &RouteId {
        &self.id
    }

    pub(super) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(super) fn is_of_our_type(&self) -> bool {
        let kind = self.integration_type.as_ref();
        kind.and_then(|kind| kind.id.as_deref()) == Some(TYPE_ID)
    }

    pub(super) fn into_route(self, config: Option<&Configuration>) -> DeployedRoute {
        let (code, detail) = match self.reported_state {
            Some(state) => (state.code, state.detail.and_then(|detail| detail.message)),
            None => (None, None),
        };
        let name = self.name.unwrap_or_default();
        let mut route = DeployedRoute::new(self.id, name, TargetKind::EventBridge);
        route.version = config.map(|config| config.version);
        route.route = config.and_then(|config| config.definition(&route.name));
        route.enabled = self.intended_state.as_deref() == Some("ENABLED");
        route.state = RouteState::parse(code.as_deref());
        route.with_detail(detail)
    }
}

/// `config/current`, in both directions: all six members are required on the way in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Configuration {
    #[serde(default)]
    name: String,
    pub(super) version: u64,
    #[serde(default)]
    properties: Map<String, Value>,
    #[serde(default)]
    advanced: Map<String, Value>,
    #[serde(default)]
    notes: String,
    #[serde(default)]
    credentials: Map<String, Value>,
}

impl Configuration {
    /// What it should be. The properties are the route's and no others; what a route says nothing about stays as it is.
    pub(super) fn wanted(&self, route: &EventRoute) -> Self {
        let mut wanted = self.clone();
        wanted.name = route.name().to_owned();
        wanted.properties = properties(route);
        wanted
    }

    /// True when it says what the route says. A property that the platform has filled in by itself is no difference.
    pub(super) fn is_for(&self, route: &EventRoute) -> bool {
        self.definition(route.name()).as_ref() == Some(route)
    }

    /// What it does, as far as that is a route of ours.
    fn definition(&self, name: &str) -> Option<EventRoute> {
        let text = |member: &str| self.properties.get(member).and_then(Value::as_str);
        let target = EventBridgeTarget::new(
            text("awsAccountId")?,
            text("awsAccountRegion")?,
            text("eventSourceSuffix")?,
        );
        let mut route = EventRoute::event_bridge(name, target).with_rules(RouteRules::lenient());
        for event in self.properties.get("eventFilter")?.as_array()? {
            route = route.with_event(event.as_str()?);
        }
        route.build().ok()
    }
}

fn properties(route: &EventRoute) -> Map<String, Value> {
    let mut members = Map::new();
    if let RouteTarget::EventBridge(target) = route.target() {
        members.insert("awsAccountId".to_owned(), target.account_id().into());
        members.insert("awsAccountRegion".to_owned(), target.region().into());
        members.insert("eventSourceSuffix".to_owned(), target.suffix().into());
        let events: Vec<&str> = route.events().map(|event| event.as_str()).collect();
        members.insert("eventFilter".to_owned(), events.into());
    }
    members
}
