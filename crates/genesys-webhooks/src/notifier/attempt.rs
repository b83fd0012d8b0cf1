//! One attempt to deliver, and what its answer means.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use genesys_core::error::AttemptError;
use genesys_core::{Error, ErrorKind};
use http::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use resilience::{Attempt, Class, Clock, RetryAfter, timeout_at};

use super::{Notifier, signatures};
use crate::signing::MessageId;
use crate::target::TargetUrl;
use crate::verifier::{ID, SIGNATURE, TIMESTAMP};

const AGENT: &str = concat!("genesys-webhooks/", env!("CARGO_PKG_VERSION"));

impl Notifier {
    pub(super) async fn attempt(
        &self,
        attempt: Attempt,
        target: &TargetUrl,
        id: &MessageId,
        body: &Bytes,
        sent: &AtomicBool,
    ) -> Result<StatusCode, AttemptError> {
        let request = self.request(target, id, body)?;
        let own = attempt.started.checked_add(self.attempt_timeout);
        let limit = match (own, attempt.deadline) {
            (Some(own), Some(whole)) => Some(own.min(whole)),
            (own, whole) => own.or(whole),
        };
        let exchange = self.transport.send(request);
        let answer = match limit {
            Some(limit) => timeout_at(&*self.clock, limit, exchange).await,
            None => Ok(exchange.await),
        };
        match answer {
            Ok(Ok(answer)) => {
                sent.store(true, Ordering::Relaxed);
                judge(&answer, &*self.clock)
            }
            Ok(Err(error)) => {
                if error.may_have_been_sent() {
                    sent.store(true, Ordering::Relaxed);
                }
                Err(AttemptError::from(error))
            }
            Err(_elapsed) => {
                sent.store(true, Ordering::Relaxed);
                let over = attempt
                    .deadline
                    .is_some_and(|deadline| deadline <= self.clock.now());
                let kind = if over {
                    ErrorKind::Deadline
                } else {
                    ErrorKind::Timeout
                };
                Err(AttemptError::new(
                    Error::new(kind, "the receiver did not answer in time"),
                    Class::MaybeProcessed,
                ))
            }
        }
    }

    /// Built anew for each attempt: the timestamp is the attempt's, so that a late retry is not taken for a replay.
    fn request(
        &self,
        target: &TargetUrl,
        id: &MessageId,
        body: &Bytes,
    ) -> Result<Request<Bytes>, AttemptError> {
        let refused = |what: &'static str| {
            AttemptError::new(Error::new(ErrorKind::InvalidRequest, what), Class::Final)
        };
        let timestamp = self
            .clock
            .wall()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let id_value = HeaderValue::from_str(id.as_str())
            .map_err(|_| refused("the message id cannot be sent"))?;
        let signature = signatures(&self.keys, id, timestamp, body)
            .ok_or_else(|| refused("the signature cannot be sent"))?;
        let mut request = Request::new(body.clone());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = target
            .as_url()
            .as_str()
            .parse()
            .map_err(|_| refused("the target cannot be sent to"))?;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(ID, id_value);
        headers.insert(TIMESTAMP, HeaderValue::from(timestamp));
        headers.insert(SIGNATURE, signature);
        Ok(request)
    }
}

/// 2xx alone is a delivery.
fn judge(answer: &Response<Bytes>, clock: &dyn Clock) -> Result<StatusCode, AttemptError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(status);
    }
    let class = match status.as_u16() {
        425 | 429 => Class::Refused,
        408 | 500 | 502 | 503 | 504 => Class::MaybeProcessed,
        _ => Class::Final,
    };
    let wait = match class {
        Class::Final => None,
        _ => RetryAfter::parse(
            answer
                .headers()
                .get_all(RETRY_AFTER)
                .iter()
                .map(HeaderValue::as_bytes),
            clock.wall(),
        ),
    };
    let message = if status == StatusCode::GONE {
        "the receiver wants no more"
    } else {
        ""
    };
    let error = Error::new(ErrorKind::from_status(status), message)
        .with_status(status)
        .with_retry_after(wait);
    Err(AttemptError::new(error, class).with_throttle(class == Class::Refused))
}
