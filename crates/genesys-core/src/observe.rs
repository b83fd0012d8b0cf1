//! The one stream of events that tracing, metrics and audit listen to.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};

use crate::error::ErrorKind;

/// How an operation or a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// It did what was asked.
    Success,
    /// It failed with this kind.
    Failure(ErrorKind),
    /// Its future was dropped before it ended.
    Cancelled,
}

impl Outcome {
    /// `success`, `failure` or `cancelled`: a label of low cardinality.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Success => "success",
            Outcome::Failure(_) => "failure",
            Outcome::Cancelled => "cancelled",
        }
    }
}

/// One thing that happened. New kinds and new fields may be added: match with a wildcard.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// One attempt of a call ended.
    AttemptFinished(&'a AttemptFinished<'a>),
    /// A further attempt was scheduled.
    RetryScheduled(&'a RetryScheduled<'a>),
    /// A call ended; sent exactly once a call, also when its future is dropped.
    CallFinished(&'a CallFinished<'a>),
    /// An operation of several calls ended; sent exactly once an operation.
    OperationFinished(&'a OperationFinished<'a>),
    /// A circuit breaker changed its state.
    BreakerChanged(&'a BreakerChanged<'a>),
    /// A token was renewed, or a renewal failed.
    TokenRenewal(&'a TokenRenewal<'a>),
}

/// One attempt of a call ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AttemptFinished<'a> {
    /// The operation, such as `integrations.create`.
    pub operation: &'a str,
    /// From 1.
    pub number: u32,
    /// The status, when an answer arrived.
    pub status: Option<StatusCode>,
    /// How it ended.
    pub outcome: Outcome,
    /// Time on the wire: from handing the request to the transport to having its answer.
    pub wire: Duration,
    /// The platform's id of the request.
    pub correlation_id: Option<&'a str>,
}

/// A further attempt was scheduled.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RetryScheduled<'a> {
    /// The operation.
    pub operation: &'a str,
    /// The attempt that failed, from 1.
    pub after_attempt: u32,
    /// How long the call waits now.
    pub delay: Duration,
    /// The status or cause of the failed attempt.
    pub cause: &'a str,
}

/// A call ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CallFinished<'a> {
    /// The operation.
    pub operation: &'a str,
    /// The method.
    pub method: Method,
    /// The path with its holes, such as `/api/v2/integrations/{id}`: a label of low cardinality.
    pub route: &'a str,
    /// How it ended.
    pub outcome: Outcome,
    /// Attempts that were started.
    pub attempts: u32,
    /// From start to end.
    pub elapsed: Duration,
    /// Time on the wire, all attempts together.
    pub wire: Duration,
}

/// An operation of several calls ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OperationFinished<'a> {
    /// Its name, such as `CREATE`.
    pub operation: &'a str,
    /// How it ended.
    pub outcome: Outcome,
    /// From start to end.
    pub elapsed: Duration,
}

/// A circuit breaker changed its state.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BreakerChanged<'a> {
    /// What it protects: a host.
    pub key: &'a str,
    /// The former state.
    pub from: resilience::State,
    /// The new state.
    pub to: resilience::State,
    /// Why.
    pub cause: &'a str,
}

/// A token was renewed, or a renewal failed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TokenRenewal<'a> {
    /// How it ended.
    pub outcome: Outcome,
    /// From start to end.
    pub elapsed: Duration,
    /// The generation that was made, on success.
    pub generation: Option<u64>,
    /// What went wrong, on failure.
    pub cause: Option<&'a str>,
}

macro_rules! constructors {
    ($($event:ident($($arg:ident: $type:ty),*) { $($field:ident: $value:expr),* $(,)? })*) => {
        $(impl<'a> $event<'a> {
            /// An event with everything else empty; set the public fields that apply.
            pub fn new($($arg: $type),*) -> Self {
                Self { $($arg,)* $($field: $value),* }
            }
        })*
    };
}

constructors! {
    AttemptFinished(operation: &'a str, number: u32, outcome: Outcome) { status: None, wire: Duration::ZERO, correlation_id: None }
    RetryScheduled(operation: &'a str, after_attempt: u32, delay: Duration, cause: &'a str) {}
    CallFinished(operation: &'a str, method: Method, route: &'a str, outcome: Outcome) { attempts: 0, elapsed: Duration::ZERO, wire: Duration::ZERO }
    OperationFinished(operation: &'a str, outcome: Outcome, elapsed: Duration) {}
    BreakerChanged(key: &'a str, from: resilience::State, to: resilience::State, cause: &'a str) {}
    TokenRenewal(outcome: Outcome, elapsed: Duration) { generation: None, cause: None }
}

/// Listens to events. It runs on the call path: return at once, never block.
pub trait Observer: fmt::Debug + Send + Sync {
    /// Takes one event.
    fn on_event(&self, event: &Event<'_>);
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn on_event(&self, _event: &Event<'_>) {}
}

/// Hands each event to several observers, in order.
#[derive(Debug, Clone, Default)]
pub struct Observers(Vec<Arc<dyn Observer>>);

impl Observers {
    /// No observer yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one more.
    #[must_use]
    pub fn with(mut self, observer: Arc<dyn Observer>) -> Self {
        self.0.push(observer);
        self
    }
}

impl Observer for Observers {
    fn on_event(&self, event: &Event<'_>) {
        for observer in &self.0 {
            observer.on_event(event);
        }
    }
}
