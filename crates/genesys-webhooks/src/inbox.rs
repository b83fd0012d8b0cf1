//! Watching by deliveries.

use std::fmt;
use std::time::SystemTime;

use async_trait::async_trait;
use futures_util::stream;
use genesys_core::{Error, ErrorKind, Result};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use serde::Deserialize;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::registration::STATUS_CHANGED;
use crate::rejected::{Rejected, RejectedKind};
use crate::status::{Status, StatusChange, StatusSource};
use crate::verifier::Verifier;
use crate::watch::{StatusChanges, Watch};

/// Largest delivery accepted, in bytes: 64 KiB.
pub const MAX_DELIVERY: usize = 64 << 10;

/// Takes deliveries of status events and hands them to everyone who watches.
///
/// It is the part behind an HTTP endpoint, which belongs to the caller: read at most [`MAX_DELIVERY`] bytes, call
/// [`accept`](Inbox::accept), answer 200 or [`Rejected::status`]. `StatusReceiver` (feature `receiver`) is such an endpoint on
/// loopback.
///
/// Memory is bounded: each watcher may lag behind by 256 changes; one that lags further is told so by an error that ends its
/// stream, and the others are not held up. Changes that nobody watches are dropped. A delivery that is repeated is handed out
/// again. Clones share the inbox; the streams end when the last one is gone.
///
/// ```
/// use futures_util::StreamExt;
/// use genesys_webhooks::{Inbox, Status, Watch};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let inbox = Inbox::new();
/// let mut changes = inbox.changes("int-1").await?;
///
/// let headers = http::HeaderMap::from_iter([("content-type".parse()?, "application/json".parse()?)]);
/// let body = br#"{"event":"integration.status.changed","integrationId":"int-1",
///     "oldStatus":"inactive","newStatus":"active","timestamp":"2026-01-31T12:00:00Z"}"#;
/// inbox.accept(&headers, body)?;
///
/// let change = changes.next().await.expect("one change")?;
/// assert_eq!((change.old, change.new), (Status::Inactive, Status::Active));
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct Inbox {
    sender: broadcast::Sender<StatusChange>,
    verifier: Option<Verifier>,
}

impl Inbox {
    /// An inbox that takes unsigned deliveries, as the sandbox sends them. Whoever reaches its endpoint can make changes
    /// up: keep that on loopback, or use [`with_verifier`](Self::with_verifier).
    pub fn new() -> Self {
        Self {
            sender: broadcast::Sender::new(256),
            verifier: None,
        }
    }

    /// Takes only deliveries that this verifier accepts.
    #[must_use]
    pub fn with_verifier(mut self, verifier: Verifier) -> Self {
        self.verifier = Some(verifier);
        self
    }

    /// Takes one delivery. The change, or none for an event of another name, which is taken and not looked at.
    ///
    /// Checked in this order: size, content type, signature, form. Unknown members are ignored.
    ///
    /// # Errors
    ///
    /// [`Rejected`] of every kind; nothing is handed out then.
    pub fn accept(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Option<StatusChange>, Rejected> {
        if body.len() > MAX_DELIVERY {
            return Err(Rejected::new(
                RejectedKind::TooLarge,
                format!("more than {MAX_DELIVERY} bytes"),
            ));
        }
        if !is_json(headers) {
            return Err(Rejected::new(
                RejectedKind::ContentType,
                "must be application/json",
            ));
        }
        if let Some(verifier) = &self.verifier {
            verifier.verify(headers, body)?;
        }
        let Named { event } = parse(body)?;
        if event != STATUS_CHANGED {
            return Ok(None);
        }
        let change = parse::<Delivery>(body)?.into_change()?;
        // An error says that nobody watches.
        let _ = self.sender.send(change.clone());
        Ok(Some(change))
    }
}

impl Default for Inbox {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("watchers", &self.sender.receiver_count())
            .field("verifier", &self.verifier)
            .finish()
    }
}

#[async_trait]
impl Watch for Inbox {
    async fn changes(&self, integration_id: &str) -> Result<StatusChanges> {
        if integration_id.is_empty() {
            return Err(Error::new(
                ErrorKind::InvalidRequest,
                "the integration's id is empty",
            ));
        }
        let state = Some((self.sender.subscribe(), integration_id.to_owned()));
        Ok(StatusChanges::new(stream::unfold(
            state,
            |state| async move {
                let (mut receiver, id) = state?;
                loop {
                    match receiver.recv().await {
                        Ok(change) if change.integration_id == id => {
                            return Some((Ok(change), Some((receiver, id))));
                        }
                        Ok(_) => {}
                        Err(RecvError::Lagged(missed)) => {
                            let message = format!(
                                "{missed} deliveries were missed: this watcher is too slow"
                            );
                            return Some((Err(Error::new(ErrorKind::Io, message)), None));
                        }
                        Err(RecvError::Closed) => return None,
                    }
                }
            },
        )))
    }
}

#[derive(Deserialize)]
struct Named {
    event: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delivery {
    integration_id: String,
    old_status: String,
    new_status: String,
    timestamp: String,
}

impl Delivery {
    fn into_change(self) -> Result<StatusChange, Rejected> {
        let malformed = |path: &'static str| Rejected::new(RejectedKind::Malformed, path);
        if self.integration_id.is_empty() {
            return Err(malformed("empty `integrationId`"));
        }
        let at: Timestamp = self
            .timestamp
            .parse()
            .map_err(|_| malformed("`timestamp` is no RFC 3339 time"))?;
        Ok(StatusChange {
            integration_id: self.integration_id,
            old: Status::parse(&self.old_status),
            new: Status::parse(&self.new_status),
            at: SystemTime::from(at),
            source: StatusSource::Delivery,
        })
    }
}

/// Decodes one JSON value with nothing after it. A failure names the path and never the value.
fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Rejected> {
    let malformed = |message: String| Rejected::new(RejectedKind::Malformed, message);
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let text = error.into_inner().to_string();
        // The names of missing members are ours; everything else may quote the body.
        match text.split_once(" at line ") {
            Some((missing, _)) if missing.starts_with("missing field") => {
                malformed(missing.to_owned())
            }
            _ => malformed(format!("at {path}")),
        }
    })?;
    reader
        .end()
        .map_err(|_| malformed("more than one JSON value".to_owned()))?;
    Ok(value)
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split(';').next())
        .map(|essence| essence.trim().to_ascii_lowercase())
        .is_some_and(|essence| essence == "application/json" || essence.ends_with("+json"))
}
