//! Telling others that a route changed.

use std::time::Instant;

use futures_util::{StreamExt, stream};
use genesys_webhooks::{Notification, Notifier, TargetUrl};
use jiff::Timestamp;
use resilience::{Clock, timeout_at};
use serde::Serialize;
use serde_json::{Value, json};

use super::report::ResolveReport;

/// The event that mesh callbacks get.
const EVENT: &str = "event_route.resolved";
/// How many callbacks are told at a time.
const PARALLEL: usize = 8;

/// A notifier and whom it tells.
#[derive(Debug, Clone)]
pub(super) struct Mesh {
    notifier: Notifier,
    targets: Vec<TargetUrl>,
}

/// What became of one notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
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

impl Mesh {
    pub(super) fn new(notifier: Notifier, targets: impl IntoIterator<Item = TargetUrl>) -> Self {
        Self {
            notifier,
            targets: targets.into_iter().collect(),
        }
    }

    /// Tells everybody, until the deadline. A failure is part of the answer: the route is what it should be all the same.
    pub(super) async fn tell(
        &self,
        report: &ResolveReport,
        clock: &dyn Clock,
        until: Option<Instant>,
    ) -> Vec<Notified> {
        let body = message(report, clock);
        let mut tellings = Vec::with_capacity(self.targets.len());
        for target in &self.targets {
            tellings.push(self.tell_one(target, &body, clock, until));
        }
        stream::iter(tellings).buffered(PARALLEL).collect().await
    }

    async fn tell_one(
        &self,
        target: &TargetUrl,
        body: &Value,
        clock: &dyn Clock,
        until: Option<Instant>,
    ) -> Notified {
        let mut told = Notified {
            target: target.to_string(),
            delivered: false,
            status: None,
            attempts: 0,
            error: None,
        };
        let sending = async {
            let notification = Notification::json(body)?;
            self.notifier.send(target, &notification).await
        };
        let sent = match until {
            Some(until) => timeout_at(clock, until, sending).await,
            None => Ok(sending.await),
        };
        match sent {
            Ok(Ok(receipt)) => {
                told.delivered = true;
                told.status = Some(receipt.status.as_u16());
                told.attempts = receipt.attempts;
            }
            Ok(Err(error)) => {
                told.status = error.status().map(|status| status.as_u16());
                told.attempts = u32::try_from(error.attempts().len()).unwrap_or(u32::MAX);
                told.error = Some(error.to_string());
            }
            Err(_elapsed) => {
                told.error = Some("the deadline of the resolve passed".to_owned());
            }
        }
        told
    }
}

fn message(report: &ResolveReport, clock: &dyn Clock) -> Value {
    let endpoints: Vec<Value> = report
        .endpoints
        .iter()
        .map(|one| {
            let latency = one.latency.map(|latency| latency.as_secs_f64() * 1_000.0);
            json!({"uri": one.uri, "reachable": one.reachable, "latencyMs": latency})
        })
        .collect();
    json!({
        "event": EVENT,
        "route": {"id": report.id, "name": report.name, "version": report.version},
        "outcome": report.outcome.as_str(),
        "endpoints": endpoints,
        "timestamp": Timestamp::try_from(clock.wall()).ok().map(|at| at.to_string()),
    })
}
