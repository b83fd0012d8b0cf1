//! One call: deadline, retry, and exactly one closing event.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use resilience::{
    Breaker, BreakerListener, Clock, Retry, RetryEvent, RetryObserver, RetryPolicy, Transition,
};
use secrecy::SecretString;

use super::{Client, Inner, Response, trace};
use crate::error::Result;
use crate::observe::{BreakerChanged, CallFinished, Event, Observer, Outcome, RetryScheduled};

/// Everything a call needs, owned and immutable: each attempt builds its request from it anew.
pub(super) struct Call {
    pub(super) operation: Cow<'static, str>,
    pub(super) method: Method,
    pub(super) route: Cow<'static, str>,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) secrets: Vec<SecretString>,
    pub(super) idempotent: bool,
    pub(super) started: Instant,
    pub(super) total_timeout: Duration,
    pub(super) attempt_timeout: Duration,
    pub(super) retry: RetryPolicy,
    pub(super) breaker: Breaker,
}

/// What the attempts of one call add up to.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Attempts that reached the transport.
    pub(super) attempts: AtomicU32,
    /// Bytes of some attempt may have reached the server.
    pub(super) sent: AtomicBool,
    /// Some attempt may have been processed without an answer that says so.
    pub(super) maybe_processed: AtomicBool,
    /// Nanoseconds on the wire.
    pub(super) wire: AtomicU64,
}

impl Call {
    pub(super) async fn run(self: Box<Self>, client: &Client) -> Result<Response> {
        let span = trace::operation(&self.operation, &self.method, &self.route);
        trace::instrument(self.run_inner(&client.inner), span).await
    }

    async fn run_inner(self: Box<Self>, inner: &Inner) -> Result<Response> {
        let progress = Progress::default();
        let closing = Closing {
            call: &self,
            observer: &*inner.observer,
            clock: &*inner.clock,
            progress: &progress,
            done: false,
        };
        let events = RetryEvents {
            operation: &self.operation,
            observer: &*inner.observer,
        };
        let result = Retry::new(&self.retry, &*inner.clock, &*inner.random)
            .with_budget(&inner.budget)
            .with_deadline(self.started.checked_add(self.total_timeout))
            .with_repeatable(self.idempotent)
            .with_observer(&events)
            .with_start(self.started)
            .run(|attempt| self.attempt(inner, attempt, &progress))
            .await;
        match result {
            Ok(answer) => {
                closing.finish(Outcome::Success);
                Ok(Response::new(self.operation, answer))
            }
            Err(failed) => {
                let mut error = failed
                    .last
                    .into_error()
                    .with_operation(self.operation.clone())
                    .with_sent(progress.sent.load(Ordering::Relaxed))
                    .with_history(failed.stop, failed.attempts, failed.elapsed);
                // Once an attempt may have been processed, no later refusal proves that nothing happened.
                if !self.method.is_safe() && progress.maybe_processed.load(Ordering::Relaxed) {
                    error = error.into_outcome_unknown();
                }
                closing.finish(Outcome::Failure(error.kind()));
                Err(error)
            }
        }
    }
}

/// Sends the closing event exactly once, as cancelled when the call's future is dropped.
struct Closing<'a> {
    call: &'a Call,
    observer: &'a dyn Observer,
    clock: &'a dyn Clock,
    progress: &'a Progress,
    done: bool,
}

impl Closing<'_> {
    fn finish(mut self, outcome: Outcome) {
        self.emit(outcome);
    }

    fn emit(&mut self, outcome: Outcome) {
        if std::mem::replace(&mut self.done, true) {
            return;
        }
        let mut event = CallFinished::new(
            &self.call.operation,
            self.call.method.clone(),
            &self.call.route,
            outcome,
        );
        event.attempts = self.progress.attempts.load(Ordering::Relaxed);
        event.elapsed = self
            .clock
            .now()
            .saturating_duration_since(self.call.started);
        event.wire = Duration::from_nanos(self.progress.wire.load(Ordering::Relaxed));
        trace::call_finished(&event);
        self.observer.on_event(&Event::CallFinished(&event));
    }
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.emit(Outcome::Cancelled);
    }
}

struct RetryEvents<'a> {
    operation: &'a str,
    observer: &'a dyn Observer,
}

impl RetryObserver for RetryEvents<'_> {
    fn on_retry(&self, event: &RetryEvent<'_>) {
        let event = RetryScheduled::new(self.operation, event.attempt, event.delay, event.summary);
        trace::retry_scheduled(&event);
        self.observer.on_event(&Event::RetryScheduled(&event));
    }
}

/// Hands the breakers' transitions to the observer.
#[derive(Debug)]
pub(super) struct BreakerEvents(pub(super) Arc<dyn Observer>);

impl BreakerListener for BreakerEvents {
    fn on_transition(&self, transition: &Transition) {
        let cause = format!("{:?}", transition.cause);
        let event = BreakerChanged::new(&transition.name, transition.from, transition.to, &cause);
        trace::breaker_changed(&event);
        self.0.on_event(&Event::BreakerChanged(&event));
    }
}
