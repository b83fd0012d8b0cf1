//! One attempt: token, quota, permit, wire, and what its answer means.

use std::borrow::Cow;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, Entry, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use resilience::{Attempt, Class, PermitRef, QuotaReport, RetryAfter, Slot, State, timeout_at};
use secrecy::ExposeSecret;

use super::call::{Call, Progress};
use super::response::correlation_id;
use super::{Inner, trace};
use crate::error::{AttemptError, Error, ErrorKind, PlatformError};
use crate::observe::{AttemptFinished, Event, Outcome};
use crate::token::Token;
use crate::transport::TransportErrorKind;

impl Call {
    pub(super) async fn attempt(
        &self,
        inner: &Inner,
        attempt: Attempt,
        progress: &Progress,
    ) -> Result<http::Response<Bytes>, AttemptError> {
        let span = trace::attempt(attempt.number);
        trace::instrument(self.attempt_inner(inner, attempt, progress), span).await
    }

    async fn attempt_inner(
        &self,
        inner: &Inner,
        attempt: Attempt,
        progress: &Progress,
    ) -> Result<http::Response<Bytes>, AttemptError> {
        let token = self.token(inner, &attempt).await?;
        let mut slot = self.slot(inner, &attempt, &token).await?;
        let request = self.request(inner, &token);
        let started = match &slot {
            Some(slot) => slot.given_at(),
            None => inner.clock.now(),
        };
        let own_limit = started.checked_add(self.attempt_timeout);
        let limit = match (own_limit, attempt.deadline) {
            (Some(own), Some(call)) => Some(own.min(call)),
            (own, call) => own.or(call),
        };
        let mut permit = self.breaker.try_acquire_ref(started).map_err(|rejected| {
            if let Some(slot) = slot.take() {
                slot.unused();
            }
            let error =
                Error::new(ErrorKind::BreakerOpen, "").with_retry_after(Some(rejected.retry_in));
            // A call that finds the breaker open fails at once. One whose own failures opened it waits for the next probe,
            // if that comes before its deadline.
            if attempt.number == 1 || rejected.state == State::ForcedOpen {
                return AttemptError::new(error, Class::Final);
            }
            AttemptError::new(error, Class::NotSent).with_retry_at(Some(rejected.retry_at))
        })?;
        if let Some(limit) = limit {
            permit = permit.with_attempt_deadline(limit);
        }

        progress.attempts.fetch_add(1, Ordering::Relaxed);
        progress.sent.store(true, Ordering::Relaxed);
        let answer = match limit {
            Some(limit) => timeout_at(&*inner.clock, limit, inner.transport.send(request)).await,
            None => Ok(inner.transport.send(request).await),
        };
        let ended = inner.clock.now();
        let wire = ended.saturating_duration_since(started);
        progress.wire.fetch_add(
            u64::try_from(wire.as_nanos()).unwrap_or(u64::MAX),
            Ordering::Relaxed,
        );

        let result = match answer {
            Ok(Ok(answer)) => self.judge(inner, answer, permit, slot, &token, ended).await,
            Ok(Err(error)) => {
                if let Some(slot) = slot.filter(|_| !error.may_have_been_sent()) {
                    slot.unused();
                }
                if error.kind() == TransportErrorKind::Request {
                    permit.ignored();
                } else {
                    permit.failure(ended);
                }
                Err(AttemptError::from(error))
            }
            Err(_elapsed) => {
                permit.failure(ended);
                let kind = if attempt.deadline.is_some_and(|deadline| deadline <= ended) {
                    ErrorKind::Deadline
                } else {
                    ErrorKind::Timeout
                };
                let message = format!("no answer within {:.1} s", wire.as_secs_f64());
                Err(AttemptError::new(
                    Error::new(kind, message),
                    Class::MaybeProcessed,
                ))
            }
        };
        let in_doubt = result
            .as_ref()
            .err()
            .is_some_and(AttemptError::leaves_doubt);
        if in_doubt {
            progress.maybe_processed.store(true, Ordering::Relaxed);
        }
        self.report(inner, &attempt, &result, wire);
        result
    }

    async fn token(
        &self,
        inner: &Inner,
        attempt: &Attempt,
    ) -> Result<std::sync::Arc<Token>, AttemptError> {
        let token = inner.tokens.token();
        let token = match attempt.deadline {
            Some(deadline) => timeout_at(&*inner.clock, deadline, token)
                .await
                .unwrap_or_else(|_elapsed| {
                    Err(Error::new(
                        ErrorKind::Deadline,
                        "no token before the deadline",
                    ))
                }),
            None => token.await,
        };
        token.map_err(|error| match error.retry_after() {
            // The login asks to come back later: that postpones the call and costs no attempt.
            Some(wait) if error.kind() == ErrorKind::LoginThrottled => {
                let at = inner.clock.now().checked_add(wait);
                AttemptError::new(error, Class::NotSent).with_retry_at(at)
            }
            // The source has retried what it may: a second loop around it would multiply its requests.
            _ => AttemptError::new(error, Class::Final),
        })
    }

    async fn slot(
        &self,
        inner: &Inner,
        attempt: &Attempt,
        token: &Token,
    ) -> Result<Option<Slot>, AttemptError> {
        let Some(quota) = inner.quotas.gate(token) else {
            return Ok(None);
        };
        match quota.acquire(&self.route, attempt.deadline).await {
            Ok(slot) => Ok(Some(slot)),
            Err(exhausted) => {
                let error = Error::new(
                    ErrorKind::RateLimited,
                    "the quota is spent beyond the deadline",
                )
                .with_retry_after(Some(exhausted.wait));
                Err(AttemptError::new(error, Class::Final))
            }
        }
    }

    fn request(&self, inner: &Inner, token: &Token) -> Request<Bytes> {
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        let mut headers = self.headers.clone();
        headers.insert(USER_AGENT, inner.user_agent.clone());
        headers.insert(AUTHORIZATION, token.authorization().clone());
        if let Entry::Vacant(accept) = headers.entry(ACCEPT) {
            accept.insert(HeaderValue::from_static("application/json"));
        }
        *request.headers_mut() = headers;
        request
    }

    /// Settles the permit and the slot, and turns every status that is not 2xx into an error with its class.
    async fn judge(
        &self,
        inner: &Inner,
        answer: http::Response<Bytes>,
        permit: PermitRef<'_>,
        slot: Option<Slot>,
        token: &Token,
        now: Instant,
    ) -> Result<http::Response<Bytes>, AttemptError> {
        let status = answer.status();
        // A refusal says nothing about the service's health; throttling is pacing, not illness.
        match status.as_u16() {
            200..=299 => permit.success(now),
            500 | 502 | 503 | 504 => permit.failure(now),
            _ => permit.ignored(),
        }
        if let Some(slot) = slot {
            match quota_report(answer.headers()) {
                Some(report) => slot.report(report, now),
                None => slot.silent(now),
            }
        }
        if status.is_success() {
            return Ok(answer);
        }

        let mut error = self.status_error(&answer, token);
        let mut class = class_of(status);
        let throttled = matches!(status.as_u16(), 425 | 429);
        if throttled {
            let wait = RetryAfter::parse(retry_after_values(answer.headers()), inner.clock.wall());
            error = error.with_retry_after(wait);
            if let (Some(quota), Some(wait)) = (inner.quotas.gate(token), wait) {
                let key = error
                    .platform()
                    .and_then(|body| body.limit.as_ref())
                    .and_then(|limit| limit.key.clone());
                quota.throttled(key.as_deref(), &self.route, wait, now);
            }
        } else if matches!(class, Class::MaybeProcessed) {
            let wait = RetryAfter::parse(retry_after_values(answer.headers()), inner.clock.wall());
            error = error.with_retry_after(wait);
        }
        if status == StatusCode::UNAUTHORIZED {
            inner.tokens.invalidate(token).await;
        }
        if error
            .platform()
            .is_some_and(PlatformError::is_version_mismatch)
        {
            error = error.with_kind(ErrorKind::Conflict);
            class = Class::Final;
        }
        Err(AttemptError::new(error, class).with_throttle(throttled))
    }

    fn status_error(&self, answer: &http::Response<Bytes>, token: &Token) -> Error {
        let mut secrets: Vec<&str> = self
            .secrets
            .iter()
            .map(|secret| secret.expose_secret())
            .collect();
        secrets.push(token.secret().expose_secret());
        let body = PlatformError::parse(answer.body(), &secrets);
        let id = correlation_id(answer.headers())
            .map(Cow::into_owned)
            .or_else(|| body.as_ref().and_then(|body| body.context_id.clone()));
        let message = match (&body, answer.body().is_empty()) {
            (None, false) => "the body is no platform error",
            _ => "",
        };
        let error = Error::new(ErrorKind::from_status(answer.status()), message)
            .with_status(answer.status())
            .with_correlation_id(id);
        match body {
            Some(body) => error.with_platform(body),
            None => error,
        }
    }

    fn report(
        &self,
        inner: &Inner,
        attempt: &Attempt,
        result: &Result<http::Response<Bytes>, AttemptError>,
        wire: Duration,
    ) {
        let (status, outcome, id) = match result {
            Ok(answer) => (
                Some(answer.status()),
                Outcome::Success,
                correlation_id(answer.headers()),
            ),
            Err(failed) => (
                failed.error().status(),
                Outcome::Failure(failed.error().kind()),
                failed.error().correlation_id().map(Cow::Borrowed),
            ),
        };
        let mut event = AttemptFinished::new(&self.operation, attempt.number, outcome);
        event.status = status;
        event.wire = wire;
        event.correlation_id = id.as_deref();
        trace::attempt_finished(&event);
        inner.observer.on_event(&Event::AttemptFinished(&event));
    }
}

fn class_of(status: StatusCode) -> Class {
    match status.as_u16() {
        401 => Class::Replay,
        425 | 429 => Class::Refused,
        408 | 500 | 502 | 503 | 504 => Class::MaybeProcessed,
        _ => Class::Final,
    }
}

fn retry_after_values(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    headers
        .get_all(RETRY_AFTER)
        .iter()
        .map(HeaderValue::as_bytes)
}

/// The three rate headers; none unless all are there and are numbers.
fn quota_report(headers: &HeaderMap) -> Option<QuotaReport> {
    let (mut count, mut allowed, mut reset) = (None, None, None);
    // One pass costs less than three look-ups of names that the map has to hash.
    for (name, value) in headers {
        let field = match name.as_str().strip_prefix("inin-ratelimit-") {
            Some("count") => &mut count,
            Some("allowed") => &mut allowed,
            Some("reset") => &mut reset,
            _ => continue,
        };
        *field = value.to_str().ok()?.trim_ascii().parse::<u64>().ok();
    }
    Some(QuotaReport::new(
        count?,
        allowed?,
        Duration::from_secs(reset?),
    ))
}
