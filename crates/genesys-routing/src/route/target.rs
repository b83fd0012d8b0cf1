//! Where events go.

use std::fmt;
use std::time::Duration;

use genesys_core::redact;
use url::Url;

use super::criterion::MatchCriterion;
use super::retry::DeliveryRetry;

/// Where events go. Which of these an adapter can do depends on its profile: it answers
/// [`Unsupported`](genesys_core::ErrorKind::Unsupported) for the others, before anything is sent.
#[derive(Debug, Clone, PartialEq)]
pub enum RouteTarget {
    /// HTTPS endpoints, in the wire form of the source documents.
    Https(HttpsTarget),
    /// A published Architect workflow, started by a process-automation trigger.
    Workflow(WorkflowTarget),
    /// An Amazon EventBridge partner event source.
    EventBridge(EventBridgeTarget),
}

impl RouteTarget {
    /// Which kind it is.
    pub fn kind(&self) -> TargetKind {
        match self {
            Self::Https(_) => TargetKind::Https,
            Self::Workflow(_) => TargetKind::Workflow,
            Self::EventBridge(_) => TargetKind::EventBridge,
        }
    }
}

/// The kinds of targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TargetKind {
    /// [`RouteTarget::Https`].
    Https,
    /// [`RouteTarget::Workflow`].
    Workflow,
    /// [`RouteTarget::EventBridge`].
    EventBridge,
}

impl TargetKind {
    /// The word of the JSON form: `webhook`, `workflow` or `eventbridge`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Https => "webhook",
            Self::Workflow => "workflow",
            Self::EventBridge => "eventbridge",
        }
    }
}

impl fmt::Display for TargetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One primary HTTPS endpoint and others in the order in which they are used, 10 at most, none twice.
///
/// `Debug` prints neither the values of headers nor those of queries.
#[derive(Clone, PartialEq)]
pub struct HttpsTarget {
    pub(crate) primary: Url,
    pub(crate) others: Vec<Url>,
    pub(crate) retry: DeliveryRetry,
    pub(crate) headers: Vec<(String, String)>,
}

impl HttpsTarget {
    /// The endpoint that is used first.
    pub fn primary(&self) -> &Url {
        &self.primary
    }

    /// The others, in their order.
    pub fn others(&self) -> &[Url] {
        &self.others
    }

    /// All of them, the primary first.
    pub fn uris(&self) -> impl Iterator<Item = &Url> {
        std::iter::once(&self.primary).chain(&self.others)
    }

    /// How patiently the cloud repeats a delivery.
    pub fn retry(&self) -> &DeliveryRetry {
        &self.retry
    }

    /// Headers of every delivery, by name, with lower-case and upper-case letters as they were given.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }
}

impl fmt::Debug for HttpsTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let uris: Vec<String> = self.uris().map(redact::url).collect();
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("HttpsTarget")
            .field("uris", &uris)
            .field("retry", &self.retry)
            .field("headers", &names)
            .finish()
    }
}

/// In which form a workflow gets the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DataFormat {
    /// The whole event, as one JSON variable.
    Json,
    /// Its members at the top that are no objects or lists, a variable each.
    #[default]
    TopLevelPrimitives,
}

impl DataFormat {
    /// The platform's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "Json",
            Self::TopLevelPrimitives => "TopLevelPrimitives",
        }
    }

    /// The format of this word, compared without case.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Json, Self::TopLevelPrimitives]
            .into_iter()
            .find(|format| format.as_str().eq_ignore_ascii_case(word))
    }
}

/// A published Architect workflow that is started for an event.
///
/// | setting | default | allowed |
/// | --- | --- | --- |
/// | data format | `TopLevelPrimitives` | |
/// | criteria | none: every event | all must hold |
/// | time to live | the platform's | 10 s or more, whole seconds, and no delay |
/// | delay | none | 60 to 900 s, whole seconds, and no time to live |
/// | description | none | 512 characters |
///
/// Nothing is checked here: a route's [`build`](crate::RouteBuilder::build) does that.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkflowTarget {
    pub(crate) flow_id: String,
    /// The word, so that an unknown one reaches the rules.
    pub(crate) data_format: String,
    pub(crate) criteria: Vec<MatchCriterion>,
    pub(crate) time_to_live: Option<Duration>,
    pub(crate) delay: Option<Duration>,
    pub(crate) description: Option<String>,
}

impl WorkflowTarget {
    /// The workflow of this id.
    pub fn new(flow_id: impl Into<String>) -> Self {
        Self {
            flow_id: flow_id.into(),
            data_format: DataFormat::default().as_str().to_owned(),
            criteria: Vec::new(),
            time_to_live: None,
            delay: None,
            description: None,
        }
    }

    /// Sets the form in which the workflow gets the event.
    #[must_use]
    pub fn with_data_format(mut self, format: DataFormat) -> Self {
        self.data_format = format.as_str().to_owned();
        self
    }

    /// Adds a condition. All must hold.
    #[must_use]
    pub fn with_criterion(mut self, criterion: MatchCriterion) -> Self {
        self.criteria.push(criterion);
        self
    }

    /// Sets how long an event waits for its workflow before it is dropped.
    #[must_use]
    pub fn with_time_to_live(mut self, limit: Duration) -> Self {
        self.time_to_live = Some(limit);
        self
    }

    /// Sets how long after the event the workflow is started.
    #[must_use]
    pub fn with_delay(mut self, delay: Duration) -> Self {
        self.delay = Some(delay);
        self
    }

    /// Says what it is for.
    #[must_use]
    pub fn with_description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// The workflow's id.
    pub fn flow_id(&self) -> &str {
        &self.flow_id
    }

    /// The form in which the workflow gets the event.
    pub fn data_format(&self) -> DataFormat {
        DataFormat::parse(&self.data_format).unwrap_or_default()
    }

    /// The conditions.
    pub fn criteria(&self) -> &[MatchCriterion] {
        &self.criteria
    }

    /// How long an event waits for its workflow before it is dropped.
    pub fn time_to_live(&self) -> Option<Duration> {
        self.time_to_live
    }

    /// How long after the event the workflow is started.
    pub fn delay(&self) -> Option<Duration> {
        self.delay
    }

    /// What it is for.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }
}

/// A partner event source of an AWS account, from which EventBridge rules take the events.
///
/// Whoever owns the account has to accept the partner source before anything arrives. Nothing is checked here: a route's
/// [`build`](crate::RouteBuilder::build) does that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventBridgeTarget {
    pub(crate) account_id: String,
    pub(crate) region: String,
    pub(crate) suffix: String,
}

impl EventBridgeTarget {
    /// The event source of the AWS account (12 digits), in the AWS region, whose name ends with the suffix (1 to 64 letters,
    /// digits, `.`, `-` and `_`).
    pub fn new(
        account_id: impl Into<String>,
        region: impl Into<String>,
        suffix: impl Into<String>,
    ) -> Self {
        Self {
            account_id: account_id.into(),
            region: region.into(),
            suffix: suffix.into(),
        }
    }

    /// The AWS account, 12 digits.
    pub fn account_id(&self) -> &str {
        &self.account_id
    }

    /// The AWS region, such as `eu-west-1`.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The end of the event source's name.
    pub fn suffix(&self) -> &str {
        &self.suffix
    }
}
