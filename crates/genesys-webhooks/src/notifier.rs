//! Signed notifications.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use genesys_core::{Client, Error, ErrorKind, Recorder, Result, Transport};
use http::{HeaderValue, StatusCode};
use resilience::{Clock, Random, Retry, RetryBudget, RetryPolicy, SystemClock, ThreadRandom};
use serde::Serialize;
use serde_json::Value;

use crate::signing::{MessageId, SigningKey};
use crate::target::TargetUrl;

mod attempt;

/// Sends signed notifications.
///
/// Each is a POST with the headers of the [Standard Webhooks](https://www.standardwebhooks.com) scheme:
///
/// | header | value |
/// | --- | --- |
/// | `webhook-id` | the message's id, the same for every attempt |
/// | `webhook-timestamp` | the attempt's time, in seconds since 1970 |
/// | `webhook-signature` | `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`; one for each key, with a space between |
///
/// | limit | default |
/// | --- | --- |
/// | whole delivery | 60 s |
/// | one attempt | 15 s |
/// | attempts | 4 |
/// | `Retry-After` waited out | up to 180 s and the deadline; beyond, the delivery fails at once and says how long |
/// | redirects | none: one is an error |
///
/// Sent again after no connection, a reset, a timeout, 408, 425, 429, 500, 502, 503 and 504: the id makes that harmless. A
/// delivery that failed may have arrived all the same; sending it later with the same id is right. 410 asks for no more:
/// the error's [`status`](Error::status) says so.
///
/// A [`TargetUrl`] is the check of a text. Where targets come from callers, give [`new`](Self::new) a
/// `genesys_core::transport::GuardedTransport` (feature `guard`): it judges every address that the name resolves to, dials
/// no other, and a target that it blocks fails at once as [`ErrorKind::InvalidRequest`].
///
/// Clones share the retry budget. Dropping the future of a delivery cancels it.
///
/// ```
/// use genesys_core::test_util::{Reply, ScriptedTransport};
/// use genesys_webhooks::{Notification, Notifier, SigningKey, TargetUrl};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let transport = ScriptedTransport::new();
/// transport.push(Reply::status(204));
/// let key = SigningKey::parse(&"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned().into())?;
/// let notifier = Notifier::new(transport.shared(), key);
///
/// let target = TargetUrl::parse("https://monitor.example.com/genesys")?;
/// let notification = Notification::json(&serde_json::json!({"event": "architecture.dependency.mapped"}))?;
/// let receipt = notifier.send(&target, &notification).await?;
/// assert_eq!((receipt.status.as_u16(), receipt.attempts), (204, 1));
/// # Ok::<(), genesys_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct Notifier {
    transport: Arc<dyn Transport>,
    keys: Vec<SigningKey>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    recorder: Option<Recorder>,
    retry: RetryPolicy,
    budget: RetryBudget,
    deadline: Duration,
    attempt_timeout: Duration,
}

impl Notifier {
    /// A notifier over a transport, signing with one key.
    pub fn new(transport: Arc<dyn Transport>, key: SigningKey) -> Self {
        Self {
            transport,
            keys: vec![key],
            clock: Arc::new(SystemClock),
            random: Arc::new(ThreadRandom),
            recorder: None,
            retry: RetryPolicy::default(),
            budget: RetryBudget::default(),
            deadline: Duration::from_secs(60),
            attempt_timeout: Duration::from_secs(15),
        }
    }

    /// A notifier that shares a client's transport, time, randomness, observer and audit trail, and none of its token.
    ///
    /// A client's transport is made for the API and goes wherever a name resolves to: for targets that are your own.
    pub fn for_client(client: &Client, key: SigningKey) -> Self {
        Self::new(Arc::clone(client.transport()), key)
            .with_clock(Arc::clone(client.clock()))
            .with_random(Arc::clone(client.random()))
            .with_recorder(client.recorder().clone())
    }

    /// Signs with one more key, for the time in which receivers change from one key to the next.
    #[must_use]
    pub fn with_key(mut self, key: SigningKey) -> Self {
        self.keys.push(key);
        self
    }

    /// Sets time. Default: the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets randomness, for waits and ids. Default: the thread's generator.
    #[must_use]
    pub fn with_random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// Records each delivery as an operation `NOTIFY`: target without the query's values, message id, size, attempts.
    #[must_use]
    pub fn with_recorder(mut self, recorder: Recorder) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// Sets how often and how patiently to repeat. Default: [`RetryPolicy::default`], 4 attempts.
    #[must_use]
    pub fn with_retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sets the limit of the whole delivery, waits included. Default 60 s.
    #[must_use]
    pub fn with_deadline(mut self, limit: Duration) -> Self {
        self.deadline = limit;
        self
    }

    /// Sets the limit of one attempt. Default 15 s.
    #[must_use]
    pub fn with_attempt_timeout(mut self, limit: Duration) -> Self {
        self.attempt_timeout = limit;
        self
    }

    /// Delivers one notification: the receiver answered 2xx.
    ///
    /// # Errors
    ///
    /// The kind of the last attempt, with the history of all: [`ErrorKind::Connect`], [`ErrorKind::Timeout`],
    /// [`ErrorKind::Redirect`], the kinds of refusing statuses, [`ErrorKind::Deadline`]; [`ErrorKind::Audit`] when the
    /// recorder cannot take the intent.
    pub async fn send(&self, target: &TargetUrl, notification: &Notification) -> Result<Receipt> {
        let id = match &notification.id {
            Some(id) => id.clone(),
            None => MessageId::random(&*self.random),
        };
        let Some(recorder) = &self.recorder else {
            return self.deliver(target, id, &notification.body).await;
        };
        let attributes = BTreeMap::from([
            ("messageId".to_owned(), Value::from(id.as_str())),
            ("bytes".to_owned(), Value::from(notification.body.len())),
        ]);
        let mut operation = recorder
            .begin_with("NOTIFY", target.to_string(), attributes)
            .await?;
        let result = self.deliver(target, id, &notification.body).await;
        match &result {
            Ok(receipt) => {
                operation.set_attribute("attempts", receipt.attempts);
                operation.set_attribute("status", receipt.status.as_u16());
            }
            Err(error) => operation.set_attribute("attempts", error.attempts().len()),
        }
        operation.finish(result).await
    }

    async fn deliver(&self, target: &TargetUrl, id: MessageId, body: &Bytes) -> Result<Receipt> {
        let started = self.clock.now();
        let sent = AtomicBool::new(false);
        let attempts = AtomicU32::new(0);
        let result = Retry::new(&self.retry, &*self.clock, &*self.random)
            .with_budget(&self.budget)
            .with_deadline(started.checked_add(self.deadline))
            .with_repeatable(true)
            .run(|attempt| {
                attempts.store(attempt.number, Ordering::Relaxed);
                self.attempt(attempt, target, &id, body, &sent)
            })
            .await;
        match result {
            Ok(status) => Ok(Receipt {
                id,
                status,
                attempts: attempts.load(Ordering::Relaxed),
                elapsed: self.clock.now().saturating_duration_since(started),
            }),
            Err(failed) => Err(failed
                .last
                .into_error()
                .with_operation("webhooks.notify")
                .with_sent(sent.load(Ordering::Relaxed))
                .with_history(failed.stop, failed.attempts, failed.elapsed)),
        }
    }
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifier")
            .field("keys", &self.keys.len())
            .field("retry", &self.retry)
            .field("deadline", &self.deadline)
            .field("attempt_timeout", &self.attempt_timeout)
            .finish_non_exhaustive()
    }
}

/// One message: JSON, and the id that stays the same however often it is sent.
///
/// `Debug` prints its size and not its content.
#[derive(Clone)]
pub struct Notification {
    id: Option<MessageId>,
    body: Bytes,
}

impl Notification {
    /// A message from a value. Its id is made when it is sent; give one by [`with_id`](Self::with_id) to send it again later.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] when the value cannot be written as JSON.
    pub fn json(value: &(impl Serialize + ?Sized)) -> Result<Self> {
        match serde_json::to_vec(value) {
            Ok(body) => Ok(Self {
                id: None,
                body: body.into(),
            }),
            Err(_) => Err(Error::new(
                ErrorKind::InvalidRequest,
                "the notification cannot be written as JSON",
            )),
        }
    }

    /// Sets the id.
    #[must_use]
    pub fn with_id(mut self, id: MessageId) -> Self {
        self.id = Some(id);
        self
    }

    /// The bytes that are signed and sent.
    pub fn body(&self) -> &Bytes {
        &self.body
    }
}

impl fmt::Debug for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notification")
            .field("id", &self.id)
            .field("body_len", &self.body.len())
            .finish()
    }
}

/// A notification arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// The message's id.
    pub id: MessageId,
    /// The receiver's status, a 2xx.
    pub status: StatusCode,
    /// Attempts made.
    pub attempts: u32,
    /// From start to end, waits included.
    pub elapsed: Duration,
}

/// Every signature of one attempt.
fn signatures(
    keys: &[SigningKey],
    id: &MessageId,
    timestamp: u64,
    body: &[u8],
) -> Option<HeaderValue> {
    let all: Vec<String> = keys
        .iter()
        .map(|key| key.sign(id, timestamp, body))
        .collect();
    HeaderValue::from_str(&all.join(" ")).ok()
}
