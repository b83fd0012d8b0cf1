//! Telling infrastructure-as-code tools: the webhook, and the mapper's own message.

use std::collections::BTreeMap;
use std::time::SystemTime;

use depgraph::Total;
use futures_util::{StreamExt, stream};
use genesys_core::{Error, ErrorKind, Profile, Result};
use genesys_template::{Scope, Template};
use genesys_webhooks::{Ensured, Notification, Notifier, TargetUrl, WebhookRegistration, Webhooks};
use serde::{Deserialize, Serialize};

use crate::map::{DependencyMap, MapDrift, time};

/// The name of the webhook, by which it is found again.
pub const IAC_WEBHOOK: &str = "iac-architecture-sync";
/// The event that the mapper tells.
pub const MAPPED: &str = "architecture.dependency.mapped";
const QUEUE_UPDATED: &str = "routing.queue.updated";
/// How many receivers are told at a time.
const PARALLEL: usize = 8;

/// What an infrastructure-as-code tool is told: by the webhook, whose template is made of it, and by the mapper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct IacPayload {
    /// The organisation's id.
    pub org_id: String,
    /// The tiers of service, by configuration.
    pub service_tiers: Vec<String>,
    /// How many members the queue has that changed, or all queues together; none when no queue says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_limits: Option<u64>,
    /// When, in RFC 3339.
    pub timestamp: String,
}

impl IacPayload {
    /// The webhook's template of this payload: `{{org.id}}`, `{{queue.memberCount}}` and `{{timestamp}}` are filled in by
    /// whoever delivers it, and each can only ever be a value.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] when it does not compile, which no list of tiers makes happen up to its size limit.
    pub fn template(service_tiers: &[String]) -> Result<String> {
        let tiers = serde_json::to_string(service_tiers).map_err(|_| {
            Error::new(
                ErrorKind::InvalidRequest,
                "the tiers cannot be written as JSON",
            )
        })?;
        // A tier is a value and no placeholder, whatever it holds.
        let tiers = tiers.replace("{{", "\\u007b\\u007b");
        let text = [
            r#"{"orgId":"{{org.id}}","serviceTiers":"#,
            &tiers,
            r#","connectionLimits":{{queue.memberCount}},"timestamp":"{{timestamp}}"}"#,
        ]
        .concat();
        Template::json(&text, &Scope::webhook()).map_err(|error| {
            Error::new(
                ErrorKind::InvalidRequest,
                format!("the payload's template: {error}"),
            )
        })?;
        Ok(text)
    }
}

/// The webhook as it should be: name `iac-architecture-sync`, events `architecture.dependency.mapped` and
/// `routing.queue.updated`, and the template of [`IacPayload`].
///
/// # Errors
///
/// [`ErrorKind::InvalidRequest`] for a target that is refused.
pub fn iac_registration(
    callback: impl Into<String>,
    service_tiers: &[String],
) -> Result<WebhookRegistration> {
    WebhookRegistration::builder(IAC_WEBHOOK, callback)
        .with_description("Synchronizes dependency mapping events with external IaC tools")
        .with_event(MAPPED)
        .with_event(QUEUE_UPDATED)
        .with_payload(IacPayload::template(service_tiers)?)
        .build()
}

/// Registers the webhook, or leaves it alone when it is as it should be.
///
/// # Errors
///
/// Those of [`Webhooks::ensure`]. On the platform, which has no outgoing webhooks, [`ErrorKind::Unsupported`]: there the mapper
/// itself tells, by [`Mapper::with_iac`](crate::Mapper::with_iac), and a queue that changed shows in the audit log.
pub async fn ensure_iac_webhook(
    webhooks: &dyn Webhooks,
    registration: &WebhookRegistration,
) -> Result<Ensured> {
    if webhooks.profile() == Profile::Platform {
        let message = "the platform has no outgoing webhooks; the mapper itself tells of each mapping, and changes of queues are in \
             the audit log";
        return Err(Error::new(ErrorKind::Unsupported, message).with_operation("webhooks.ensure"));
    }
    webhooks.ensure(registration).await
}

/// The message after a mapping: the payload, and what the map says in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ArchitectureMapped {
    /// `architecture.dependency.mapped`.
    pub event: String,
    /// What the webhook has too.
    #[serde(flatten)]
    pub payload: IacPayload,
    /// `complete` or `incomplete`.
    pub status: String,
    /// True when nothing was found that the policy forbids.
    pub graph_valid: bool,
    /// Queues read.
    pub queues: usize,
    /// Objects in the graph.
    pub objects: usize,
    /// References in the graph.
    pub references: usize,
    /// Resolved by found references; none when nothing was referred to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// How much was found of each kind.
    pub findings: BTreeMap<String, Total>,
    /// What changed since the last map; none for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<ChangeCounts>,
}

/// How much changed since the last map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ChangeCounts {
    /// Objects that were added.
    pub objects_added: usize,
    /// Objects that are gone.
    pub objects_removed: usize,
    /// Objects that differ.
    pub objects_changed: usize,
    /// References that were added.
    pub references_added: usize,
    /// References that are gone.
    pub references_removed: usize,
    /// Findings that were not there.
    pub findings_new: usize,
    /// Findings that are gone.
    pub findings_gone: usize,
}

impl ArchitectureMapped {
    pub(crate) fn of(
        map: &DependencyMap,
        drift: Option<&MapDrift>,
        service_tiers: &[String],
        at: SystemTime,
    ) -> Self {
        let totals = map.report.totals.iter();
        Self {
            event: MAPPED.to_owned(),
            payload: IacPayload {
                org_id: map.organization.id.clone(),
                service_tiers: service_tiers.to_vec(),
                connection_limits: map.queue_members(),
                timestamp: time(at),
            },
            status: map.status().to_owned(),
            graph_valid: map.is_valid(),
            queues: map.queues(),
            objects: map.graph.node_count(),
            references: map.graph.edge_count(),
            accuracy: map.accuracy.ratio(),
            findings: totals
                .map(|(kind, total)| (kind.as_str().to_owned(), *total))
                .collect(),
            changes: drift.map(|drift| ChangeCounts {
                objects_added: drift.graph.nodes.added_total,
                objects_removed: drift.graph.nodes.removed_total,
                objects_changed: drift.graph.nodes.changed_total,
                references_added: drift.graph.edges.added_total,
                references_removed: drift.graph.edges.removed_total,
                findings_new: drift.findings.new.len(),
                findings_gone: drift.findings.gone.len(),
            }),
        }
    }
}

/// Whom the mapper tells, and how.
#[derive(Debug, Clone)]
pub(crate) struct Iac {
    pub(crate) notifier: Notifier,
    pub(crate) targets: Vec<TargetUrl>,
    pub(crate) service_tiers: Vec<String>,
}

/// What became of one message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Notified {
    /// Whom, without the values of the query.
    pub target: String,
    /// Whether it was taken: a 2xx.
    pub delivered: bool,
    /// The receiver's last status, when there was an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Attempts made.
    pub attempts: u32,
    /// Why it was not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Iac {
    /// Tells everybody. A failure is part of the answer: the map is what it is all the same.
    pub(crate) async fn tell(&self, message: &ArchitectureMapped) -> Vec<Notified> {
        let mut tellings = Vec::with_capacity(self.targets.len());
        for target in &self.targets {
            tellings.push(self.tell_one(target, message));
        }
        stream::iter(tellings).buffered(PARALLEL).collect().await
    }

    async fn tell_one(&self, target: &TargetUrl, message: &ArchitectureMapped) -> Notified {
        let mut told = Notified {
            target: target.to_string(),
            delivered: false,
            status: None,
            attempts: 0,
            error: None,
        };
        let sent = match Notification::json(message) {
            Ok(notification) => self.notifier.send(target, &notification).await,
            Err(error) => Err(error),
        };
        match sent {
            Ok(receipt) => {
                told.delivered = true;
                told.status = Some(receipt.status.as_u16());
                told.attempts = receipt.attempts;
            }
            Err(error) => {
                told.status = error.status().map(|status| status.as_u16());
                told.attempts = u32::try_from(error.attempts().len()).unwrap_or(u32::MAX);
                told.error = Some(error.to_string());
            }
        }
        told
    }
}
