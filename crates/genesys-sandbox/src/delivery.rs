//! Delivery of status events to webhooks and outbound integrations, on loopback alone.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use url::Url;

use crate::error::{SandboxError, SandboxErrorKind};
use crate::input::is_loopback;
use crate::loopback::post;
use crate::store::{EventFilter, Outbound, Store, Webhook};
use crate::template;
use crate::time::now;

/// Deliveries remembered; older ones are forgotten.
pub const DELIVERY_LOG_CAPACITY: usize = 1_000;
/// Events that may wait; more are recorded as dropped.
const QUEUE: usize = 1_000;
/// Pauses between the attempts of a delivery to a webhook.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];
/// The longest pause between two rounds of an outbound integration, whatever its policy says: events wait for each other.
const LONGEST_PAUSE: f64 = 0.4;
/// The longest time of one attempt.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);
/// The longest time of one delivery; past it no further attempt begins.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);

/// The one event that the guide profile's integrations cause.
pub(crate) const STATUS_CHANGED: &str = "integration.status.changed";
/// The event of a queue that was changed, or whose members were.
const QUEUE_UPDATED: &str = "routing.queue.updated";

/// How a delivery ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
#[non_exhaustive]
pub enum DeliveryOutcome {
    /// The target answered 2xx.
    Delivered {
        /// The status.
        status: u16,
    },
    /// Every attempt failed; the last one for this reason.
    Failed {
        /// A status that is not 2xx, or what happened to the connection.
        reason: String,
    },
    /// Not delivered: not loopback. The sandbox calls no other machine.
    NotLoopback,
    /// Not delivered: the target is https, and the sandbox has no certificate to trust on loopback.
    NotPlain,
    /// Not delivered: too many events were waiting.
    Dropped,
}

/// One event for one webhook or outbound integration, after its last attempt.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Delivery {
    /// Position in the order of ending, from 1.
    pub sequence: u64,
    /// The webhook or the outbound integration.
    pub webhook_id: String,
    /// The event's name.
    pub event: String,
    /// The target that was tried last, without user information and query; the first one if none was.
    pub target: String,
    /// What was sent, or would have been.
    pub payload: Value,
    /// Attempts made.
    pub attempts: u32,
    /// How it ended.
    pub outcome: DeliveryOutcome,
}

impl Delivery {
    /// True when the target took it.
    #[must_use]
    pub fn is_delivered(&self) -> bool {
        matches!(self.outcome, DeliveryOutcome::Delivered { .. })
    }
}

#[derive(Debug)]
struct Job {
    webhook_id: String,
    event: &'static str,
    /// Tried in order in each round.
    targets: Vec<Url>,
    headers: HeaderMap,
    payload: Value,
    /// Before each round but the first.
    pauses: Vec<Duration>,
}

impl Job {
    fn ended(self, last: usize, attempts: u32, outcome: DeliveryOutcome) -> Delivery {
        let target = self.targets.into_iter().nth(last);
        let target = target.map(|mut target| {
            // Registration refuses user information, so there is none to remove.
            target.set_query(None);
            String::from(target)
        });
        Delivery {
            sequence: 0,
            webhook_id: self.webhook_id,
            event: self.event.to_owned(),
            target: target.unwrap_or_default(),
            payload: self.payload,
            attempts,
            outcome,
        }
    }
}

#[derive(Debug)]
struct Log {
    entries: Mutex<VecDeque<Delivery>>,
    written: watch::Sender<u64>,
}

impl Log {
    fn write(&self, mut delivery: Delivery) {
        let mut entries = self.lock();
        if entries.len() == DELIVERY_LOG_CAPACITY {
            entries.pop_front();
        }
        self.written.send_modify(|sequence| {
            *sequence += 1;
            delivery.sequence = *sequence;
        });
        entries.push_back(delivery);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Delivery>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The queue of events and the log of what became of them.
#[derive(Debug)]
pub(crate) struct Deliveries {
    queue: mpsc::Sender<Job>,
    log: Arc<Log>,
}

/// The other end of the queue; its owner runs it.
#[derive(Debug)]
pub(crate) struct Courier {
    queue: mpsc::Receiver<Job>,
    log: Arc<Log>,
}

/// Makes both ends.
pub(crate) fn deliveries() -> (Deliveries, Courier) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let log = Arc::new(Log {
        entries: Mutex::default(),
        written: watch::Sender::new(0),
    });
    (
        Deliveries {
            queue: sender,
            log: Arc::clone(&log),
        },
        Courier {
            queue: receiver,
            log,
        },
    )
}

impl Deliveries {
    /// Hands the change of an integration's status to everyone who asked for it.
    pub(crate) fn status_changed(&self, store: &Store, integration_id: &str, old: &str, new: &str) {
        let timestamp = now();
        let event = json!({
            "event": STATUS_CHANGED,
            "integrationId": integration_id,
            "oldStatus": old,
            "newStatus": new,
            "timestamp": timestamp,
        });
        let values = json!({
            "integration": {"id": integration_id, "oldStatus": old, "status": new},
            "timestamp": timestamp,
        });
        self.happened(store, STATUS_CHANGED, &event, &values);
    }

    /// Hands the change of a queue to everyone who asked for it.
    pub(crate) fn queue_updated(&self, store: &Store, queue: &Value, organisation: &str) {
        let timestamp = now();
        let event = json!({
            "event": QUEUE_UPDATED,
            "orgId": organisation,
            "queueId": queue["id"],
            "name": queue["name"],
            "memberCount": queue["memberCount"],
            "timestamp": timestamp,
        });
        let values = json!({
            "org": {"id": organisation},
            "queue": {"id": queue["id"], "name": queue["name"], "memberCount": queue["memberCount"]},
            "timestamp": timestamp,
        });
        self.happened(store, QUEUE_UPDATED, &event, &values);
    }

    fn happened(&self, store: &Store, name: &'static str, event: &Value, values: &Value) {
        for webhook in store.webhooks.iter() {
            if webhook.enabled && webhook.events.iter().any(|wanted| wanted == name) {
                self.hand_over(for_webhook(webhook, name, event, values));
            }
        }
        for route in store.outbound.iter() {
            let filter = route.filters.iter().find(|filter| filter.event == name);
            if let Some(filter) = filter {
                self.hand_over(for_route(route, filter, name, event));
            }
        }
    }

    fn hand_over(&self, job: Job) {
        if let Err(refused) = self.queue.try_send(job) {
            self.log
                .write(refused.into_inner().ended(0, 0, DeliveryOutcome::Dropped));
        }
    }

    pub(crate) fn entries(&self) -> Vec<Delivery> {
        self.log.lock().iter().cloned().collect()
    }

    /// Waits for a delivery that matches, ended before or during the wait.
    pub(crate) async fn wait(
        &self,
        mut matches: impl FnMut(&Delivery) -> bool,
        timeout: Duration,
    ) -> Result<Delivery, SandboxError> {
        let mut written = self.log.written.subscribe();
        let found = async {
            let mut seen = 0;
            loop {
                written.mark_unchanged();
                for delivery in self.entries() {
                    if delivery.sequence <= seen {
                        continue;
                    }
                    seen = delivery.sequence;
                    if matches(&delivery) {
                        return delivery;
                    }
                }
                if written.changed().await.is_err() {
                    // The log outlives this borrow of it, so its sender cannot be gone.
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::time::timeout(timeout, found).await.map_err(|_| {
            SandboxError::new(
                SandboxErrorKind::Timeout,
                format!("no such delivery within {timeout:?}"),
            )
        })
    }
}

impl Courier {
    /// Delivers in order until the sandbox stops. One at a time, so that a receiver sees states in their order.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            let job = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                job = self.queue.recv() => match job { Some(job) => job, None => return },
            };
            let delivery = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                delivery = deliver(job) => delivery,
            };
            self.log.write(delivery);
        }
    }
}

fn for_webhook(webhook: &Webhook, name: &'static str, event: &Value, values: &Value) -> Job {
    Job {
        webhook_id: webhook.id.clone(),
        event: name,
        targets: vec![webhook.target.clone()],
        headers: HeaderMap::new(),
        payload: webhook.payload.as_ref().map_or_else(
            || event.clone(),
            |payload| template::payload(payload, values),
        ),
        pauses: PAUSES.to_vec(),
    }
}

/// The members that the filter names, and the event's name in any case.
fn for_route(route: &Outbound, filter: &EventFilter, name: &'static str, event: &Value) -> Job {
    let mut payload = event.clone();
    if let Some(members) = payload.as_object_mut()
        && !filter.fields.is_empty()
    {
        members.retain(|name, _| name == "event" || filter.fields.contains(name));
    }
    Job {
        webhook_id: route.id.clone(),
        event: name,
        targets: route.destinations.clone(),
        headers: route.headers.clone(),
        payload,
        pauses: route
            .retries
            .pauses()
            .map(|pause| Duration::from_secs_f64(pause.min(LONGEST_PAUSE)))
            .collect(),
    }
}

/// Tries the targets in order, the primary first, until one takes it; then again after each pause. Targets that
/// cannot be dialled are passed over.
async fn deliver(job: Job) -> Delivery {
    let dialled: Vec<usize> = (0..job.targets.len())
        .filter(|index| refusal(&job.targets[*index]).is_none())
        .collect();
    if dialled.is_empty() {
        let outcome = job.targets.first().and_then(refusal);
        return job.ended(0, 0, outcome.unwrap_or(DeliveryOutcome::NotLoopback));
    }
    let begun = crate::time::instant();
    let body = job.payload.to_string();
    let mut pauses = job.pauses.clone().into_iter();
    let mut attempts = 0;
    loop {
        let mut failure = (0, String::new());
        for index in &dialled {
            attempts += 1;
            let post = post(&job.targets[*index], &job.headers, body.clone());
            let reason = match tokio::time::timeout(ATTEMPT_TIMEOUT, post).await {
                Ok(Ok(status)) if (200..300).contains(&status) => {
                    return job.ended(*index, attempts, DeliveryOutcome::Delivered { status });
                }
                Ok(Ok(status)) => format!("the target answered {status}"),
                Ok(Err(error)) => error.to_string(),
                Err(_) => "the target did not answer in time".to_owned(),
            };
            failure = (*index, reason);
            if begun.elapsed() >= DELIVERY_TIMEOUT {
                break;
            }
        }
        match pauses.next().filter(|_| begun.elapsed() < DELIVERY_TIMEOUT) {
            Some(pause) => crate::time::pause(pause).await,
            None => {
                let (index, reason) = failure;
                return job.ended(index, attempts, DeliveryOutcome::Failed { reason });
            }
        }
    }
}

/// Why a target is not dialled.
fn refusal(target: &Url) -> Option<DeliveryOutcome> {
    if !is_loopback(target) {
        Some(DeliveryOutcome::NotLoopback)
    } else if target.scheme() != "http" {
        Some(DeliveryOutcome::NotPlain)
    } else {
        None
    }
}
