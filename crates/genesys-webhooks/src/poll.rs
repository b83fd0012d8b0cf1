//! Watching by asking for the reported state.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::stream;
use genesys_core::{Client, Error, ErrorKind, Result};
use serde::Deserialize;

use crate::status::{Status, StatusChange, StatusSource};
use crate::watch::{StatusChanges, Watch};

/// [`Watch`] on the published API contract, which has no event for an integration's status: it asks for
/// `GET /api/v2/integrations/{id}` and compares `reportedState.code`.
///
/// | setting | default |
/// | --- | --- |
/// | interval between polls | 5 s, spread by a tenth in either direction |
/// | failed polls in a row that are tolerated, if transient | 5 |
///
/// - The first poll is made by [`changes`](Watch::changes) and gives the status that later ones are compared with; its
///   failure is the answer of `changes`.
/// - Two changes between two polls are seen as one, or, when the second undoes the first, not at all.
/// - Each poll is a call with the client's own retries, breaker and quota. One that fails all the same counts as failed;
///   the next one waits for the interval, or as long as the server asked to.
/// - A failure that is not transient, such as a 404, ends the stream at once.
#[derive(Debug, Clone)]
pub struct PlatformWatch {
    client: Client,
    interval: Duration,
    tolerance: u32,
}

impl PlatformWatch {
    /// A watch with the defaults.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            interval: Duration::from_secs(5),
            tolerance: 5,
        }
    }

    /// Sets the time between polls, at least 100 ms.
    #[must_use]
    pub fn with_interval(mut self, interval: Duration) -> Self {
        self.interval = interval.max(Duration::from_millis(100));
        self
    }

    /// Sets how many polls in a row may fail with a transient error before the stream ends with it.
    #[must_use]
    pub fn with_tolerance(mut self, failures: u32) -> Self {
        self.tolerance = failures;
        self
    }

    async fn ask(&self, integration_id: &str) -> Result<Status> {
        let answer: Answer = self
            .client
            .get("/api/v2/integrations/{id}")
            .segment("id", integration_id)
            .operation("integrations.status")
            .json()
            .await?;
        Ok(Status::parse(&answer.reported_state.code))
    }

    /// When to ask next: the interval, spread, and not before the server allows it.
    fn next_poll(&self, retry_after: Option<Duration>) -> Option<Instant> {
        let spread = self.client.random().duration_up_to(self.interval / 5);
        let wait = (self.interval - self.interval / 10).saturating_add(spread);
        let wait = wait.max(retry_after.unwrap_or_default());
        self.client.clock().now().checked_add(wait)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    reported_state: ReportedState,
}

#[derive(Deserialize)]
struct ReportedState {
    code: String,
}

#[async_trait]
impl Watch for PlatformWatch {
    async fn changes(&self, integration_id: &str) -> Result<StatusChanges> {
        let last = self.ask(integration_id).await?;
        let state = Some(Polling {
            watch: self.clone(),
            integration_id: integration_id.to_owned(),
            last,
            next: self.next_poll(None),
            failures: 0,
        });
        Ok(StatusChanges::new(stream::unfold(
            state,
            |state| async move {
                let mut polling = state?;
                match polling.change().await {
                    Ok(change) => Some((Ok(change), Some(polling))),
                    Err(error) => Some((Err(error), None)),
                }
            },
        )))
    }
}

/// Where a watch stands between two items.
struct Polling {
    watch: PlatformWatch,
    integration_id: String,
    last: Status,
    next: Option<Instant>,
    failures: u32,
}

impl Polling {
    /// Polls until the status is another one.
    async fn change(&mut self) -> Result<StatusChange> {
        loop {
            let Some(next) = self.next else {
                return Err(Error::new(
                    ErrorKind::Config,
                    "the poll interval reaches beyond all time",
                ));
            };
            self.watch.client.clock().sleep_until(next).await;
            let status = match self.watch.ask(&self.integration_id).await {
                Ok(status) => status,
                Err(error) => {
                    self.failures = self.failures.saturating_add(1);
                    if !error.is_transient() || self.failures > self.watch.tolerance {
                        return Err(error);
                    }
                    self.next = self.watch.next_poll(error.retry_after());
                    continue;
                }
            };
            self.failures = 0;
            self.next = self.watch.next_poll(None);
            if status != self.last {
                return Ok(StatusChange {
                    integration_id: self.integration_id.clone(),
                    old: std::mem::replace(&mut self.last, status.clone()),
                    new: status,
                    at: self.watch.client.clock().wall(),
                    source: StatusSource::Poll,
                });
            }
        }
    }
}
