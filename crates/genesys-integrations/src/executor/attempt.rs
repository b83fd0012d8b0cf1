//! From a request to an answer: the attempts, and what each says about the next.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use genesys_core::error::AttemptError;
use genesys_core::{Error, ErrorKind, TransportErrorKind};
use http::header::RETRY_AFTER;
use http::{HeaderValue, Response};
use resilience::{
    Attempt, Breaker, Class, Clock, Retry, RetryAfter, RetryEvent, RetryObserver, State, Stop,
    timeout_at,
};

use super::Inner;
use super::answer::{self, Received};
use super::error::{ExecutionError, ExecutionErrorKind};
use super::execution::AttemptTrace;
use super::node::PreparedNode;
use super::outgoing::Outgoing;

/// What the attempts of one execution leave behind.
#[derive(Default)]
struct Progress {
    attempts: Mutex<Vec<AttemptTrace>>,
    /// Some attempt may have been processed without an answer that says so.
    in_doubt: AtomicBool,
}

impl Progress {
    fn lock(&self) -> MutexGuard<'_, Vec<AttemptTrace>> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RetryObserver for Progress {
    fn on_retry(&self, event: &RetryEvent<'_>) {
        if let Some(last) = self.lock().last_mut() {
            last.delay = event.delay;
        }
    }
}

impl Inner {
    /// Sends until there is an answer or no further attempt makes sense, then reads the answer. What is wrong with the answer itself is
    /// never a reason to send again.
    pub(super) async fn fetch(
        &self,
        node: &PreparedNode,
        request: &Outgoing,
        started: Instant,
        deadline: Option<Instant>,
    ) -> Result<Received, ExecutionError> {
        let breaker = self.breakers.get(request.origin(), started);
        let progress = Progress::default();
        let policy = self.retry.as_ref().unwrap_or_else(|| node.retry());
        let result = Retry::new(policy, &*self.clock, &*self.random)
            .with_budget(&self.budget)
            .with_deadline(deadline)
            .with_repeatable(node.is_repeatable())
            .with_observer(&progress)
            .with_start(started)
            .run(|attempt| self.attempt(node, request, &breaker, attempt, &progress))
            .await;
        let attempts = std::mem::take(&mut *progress.lock());
        match result {
            Ok(answer) => {
                let status = answer.status().as_u16();
                match answer::read(answer, node.response(), &request.secrets) {
                    Ok(received) => Ok(Received {
                        attempts,
                        ..received
                    }),
                    Err(error) => Err(error.change(|error| {
                        error.status = Some(status);
                        error.attempts = attempts;
                    })),
                }
            }
            Err(failed) => {
                let in_doubt = !node.is_repeatable() && progress.in_doubt.load(Ordering::Relaxed);
                let why = match failed.stop {
                    Stop::Final | Stop::AttemptsSpent | Stop::NotRepeatable => None,
                    stop => Some(stop.to_string()),
                };
                let source = failed.last.into_error();
                let message = match (why, source.message()) {
                    (Some(why), _) => why,
                    (None, message) => message.to_owned(),
                };
                let error = ExecutionError::new(ExecutionErrorKind::of(&source), message);
                Err(error.change(|error| {
                    error.status = source.status().map(|status| status.as_u16());
                    error.retry_after = source.retry_after();
                    error.in_doubt = in_doubt;
                    error.attempts = attempts;
                    error.source = Some(source);
                }))
            }
        }
    }

    async fn attempt(
        &self,
        node: &PreparedNode,
        request: &Outgoing,
        breaker: &Breaker,
        attempt: Attempt,
        progress: &Progress,
    ) -> Result<Response<Bytes>, AttemptError> {
        let began = self.clock.wall();
        let result = self.exchange(node, request, breaker, attempt).await;
        let ended = self.clock.now();
        let failed = result.as_ref().err();
        if failed.is_some_and(AttemptError::leaves_doubt) {
            progress.in_doubt.store(true, Ordering::Relaxed);
        }
        let error = failed.map(AttemptError::error);
        let status = match (&result, error) {
            (Ok(answer), _) => Some(answer.status()),
            (_, error) => error.and_then(Error::status),
        };
        let kind = error.map(ExecutionErrorKind::of);
        progress.lock().push(AttemptTrace {
            number: attempt.number,
            started: began,
            latency: ended.saturating_duration_since(attempt.started),
            status: status.map(|status| status.as_u16()),
            error: kind,
            retry_after: error.and_then(Error::retry_after),
            delay: std::time::Duration::ZERO,
            sent: kind != Some(ExecutionErrorKind::BreakerOpen),
        });
        result
    }

    async fn exchange(
        &self,
        node: &PreparedNode,
        request: &Outgoing,
        breaker: &Breaker,
        attempt: Attempt,
    ) -> Result<Response<Bytes>, AttemptError> {
        let own = attempt.started.checked_add(node.node().timeout());
        let limit = match (own, attempt.deadline) {
            (Some(own), Some(call)) => Some(own.min(call)),
            (own, call) => own.or(call),
        };
        let mut permit = breaker
            .try_acquire_ref(attempt.started)
            .map_err(|rejected| {
                let error = Error::new(ErrorKind::BreakerOpen, "")
                    .with_retry_after(Some(rejected.retry_in));
                // As in every call of this workspace: an open breaker fails a call at once, and postpones one that opened it itself.
                if attempt.number == 1 || rejected.state == State::ForcedOpen {
                    return AttemptError::new(error, Class::Final);
                }
                AttemptError::new(error, Class::NotSent).with_retry_at(Some(rejected.retry_at))
            })?;
        if let Some(limit) = limit {
            permit = permit.with_attempt_deadline(limit);
        }
        let exchange = self.transport.send(request.request());
        let answer = match limit {
            Some(limit) => timeout_at(&*self.clock, limit, exchange).await,
            None => Ok(exchange.await),
        };
        let ended = self.clock.now();
        match answer {
            Ok(Ok(answer)) => {
                match answer.status().as_u16() {
                    200..=299 => permit.success(ended),
                    500 | 502 | 503 | 504 => permit.failure(ended),
                    _ => permit.ignored(),
                }
                judge(answer, &*self.clock)
            }
            Ok(Err(error)) => {
                if error.kind() == TransportErrorKind::Request {
                    permit.ignored();
                } else {
                    permit.failure(ended);
                }
                Err(AttemptError::from(error))
            }
            Err(_elapsed) => {
                permit.failure(ended);
                let over = attempt.deadline.is_some_and(|deadline| deadline <= ended);
                let kind = if over {
                    ErrorKind::Deadline
                } else {
                    ErrorKind::Timeout
                };
                let error = Error::new(kind, "").with_sent(true);
                Err(AttemptError::new(error, Class::MaybeProcessed))
            }
        }
    }
}

/// 2xx alone is an answer.
fn judge(answer: Response<Bytes>, clock: &dyn Clock) -> Result<Response<Bytes>, AttemptError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let class = match status.as_u16() {
        425 | 429 => Class::Refused,
        408 | 500 | 502 | 503 | 504 => Class::MaybeProcessed,
        _ => Class::Final,
    };
    let wait = match class {
        Class::Final => None,
        _ => {
            let values = answer.headers().get_all(RETRY_AFTER).iter();
            RetryAfter::parse(values.map(HeaderValue::as_bytes), clock.wall())
        }
    };
    let error = Error::new(ErrorKind::from_status(status), "")
        .with_status(status)
        .with_retry_after(wait);
    Err(AttemptError::new(error, class).with_throttle(class == Class::Refused))
}
