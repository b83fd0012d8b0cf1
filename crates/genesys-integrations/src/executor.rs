//! Runs REST nodes: inject, send, check the answer, keep it.
//!
//! An [`Executor`] does the same for every call, outermost first: audit → input schema → injection → cache and single flight → total
//! deadline → retry → circuit breaker → attempt timeout → transport → response schema.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use genesys_core::{Operation, Recorder, Transport};
use resilience::{
    BreakerRegistry, Clock, FlightError, Random, RetryBudget, RetryPolicy, timeout_at,
};
use secrecy::SecretString;

mod answer;
mod attempt;
mod builder;
mod cache;
mod call;
mod error;
mod execution;
mod json;
mod node;
mod outgoing;
pub(crate) mod secrets;

pub use builder::ExecutorBuilder;
pub use cache::CacheOutcome;
pub use call::{Caller, NodeCall};
pub use error::{ExecutionError, ExecutionErrorKind};
pub use execution::{AnswerData, AttemptTrace, Execution};
pub use node::{PrepareError, PreparedNode};

use answer::{Answer, Fetched, Received};
use cache::{Cache, Place};
use outgoing::Outgoing;

/// The action that the audit trail names.
const ACTION: &str = "node_executed";

/// Runs REST nodes on a transport. Cheap to clone: clones share the cache, the retry budget and the circuit breakers.
///
/// Nodes lead where their author says, so give it a guarded transport (`genesys_core::transport::GuardedTransport`, feature `guard`
/// there).
///
/// | what | rule |
/// | --- | --- |
/// | input | held to the node's input schema, then injected by place; nothing is sent when anything is wrong |
/// | attempts | the node's retries plus one; `POST` and `PATCH` are repeated only when certainly not processed, or when the node is memoised |
/// | time | an attempt: the node's timeout, 15 s; a call: 120 s |
/// | success | 2xx with a body that fits the response schema; a schema failure is never retried, and no 4xx is a success |
/// | kept | `GET` and `HEAD` as RFC 9111 says, for the caller who asked; any method for the node's own time when it is memoised |
/// | never kept | what is not 2xx, sets a cookie, breaks the schema, says `no-store`, repeats a secret, or varies by what is not sent |
/// | a write | forgets what was kept of its URL |
///
/// Requests with bodies that are the same but for order and white space, with the same method, URL, headers and caller, are the same
/// request: of those that miss together one is sent, and all get its answer if it may be kept. A validator (`ETag`) is not used: what is past its time is fetched anew.
#[derive(Clone)]
pub struct Executor(Arc<Inner>);

struct Inner {
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    recorder: Option<Recorder>,
    credentials: Vec<(String, SecretString)>,
    retry: Option<RetryPolicy>,
    budget: RetryBudget,
    breakers: BreakerRegistry,
    total_timeout: Duration,
    input_bytes: usize,
    cache: Option<Cache>,
}

impl Executor {
    /// Starts with the defaults.
    pub fn builder(transport: Arc<dyn Transport>) -> ExecutorBuilder {
        ExecutorBuilder::new(transport)
    }

    /// Runs a node once.
    ///
    /// Dropping the future cancels the call, unless others have joined it; what was sent may still take effect.
    ///
    /// # Errors
    /// Every [`ExecutionErrorKind`], with the attempts that were made.
    pub async fn execute(
        &self,
        node: &PreparedNode,
        call: NodeCall,
    ) -> Result<Execution, ExecutionError> {
        let random = &self.0.random;
        let mut context_id = String::with_capacity(32);
        for _ in 0..2 {
            hex(&random.next_u64().to_be_bytes(), &mut context_id);
        }
        let operation = match &self.0.recorder {
            Some(recorder) => match recorder.begin(ACTION, node.name()).await {
                Ok(operation) => Some(operation),
                Err(error) => return Err(named(audit(&error), node, &context_id)),
            },
            None => None,
        };
        // On the heap: the state of an execution is large, and so would be every future that holds one.
        let result = Box::pin(self.run(node, call))
            .await
            .map(|execution| Execution {
                context_id: context_id.clone(),
                ..execution
            })
            .map_err(|error| named(error, node, &context_id));
        match operation {
            Some(operation) => record(operation, result, node, &context_id).await,
            None => result,
        }
    }

    async fn run(&self, node: &PreparedNode, call: NodeCall) -> Result<Execution, ExecutionError> {
        let inner = &*self.0;
        let started = inner.clock.now();
        let limit = call.deadline.unwrap_or(inner.total_timeout);
        let deadline = started.checked_add(limit);
        if call.input.len() > inner.input_bytes {
            let what = format!("it is longer than {} bytes", inner.input_bytes);
            return Err(ExecutionError::new(ExecutionErrorKind::Malformed, what));
        }
        let credentials = inner.credentials.iter();
        let own = |name: &str| call.secrets.iter().any(|(own, _)| own == name);
        let secrets: Vec<_> = credentials
            .filter(|(name, _)| !own(name))
            .chain(&call.secrets)
            .collect();
        let request = node.inject(&call.input, &secrets)?;
        let done = |answer: &Answer, attempts, cache| Execution {
            status: answer.status,
            data: answer.data(),
            attempts,
            cache,
            elapsed: inner.clock.now().saturating_duration_since(started),
            context_id: String::new(),
        };
        let place = match &inner.cache {
            Some(cache) => cache.place(node, &request, &call.caller).await,
            None => Err(CacheOutcome::Off),
        };
        match place {
            Ok(place) => {
                self.kept(node, request, place, started, deadline, done)
                    .await
            }
            Err(outcome) => {
                let result = inner.fetch(node, &request, started, deadline).await;
                self.forget(node, &request, &result).await;
                let received =
                    result.map_err(|error| error.change(|error| error.cache = outcome))?;
                Ok(done(&received.answer, received.attempts, outcome))
            }
        }
    }

    /// A write that took effect, or may have, makes stale what was kept of its URL.
    async fn forget(
        &self,
        node: &PreparedNode,
        request: &Outgoing,
        result: &Result<Received, ExecutionError>,
    ) {
        let Some(cache) = &self.0.cache else {
            return;
        };
        // A memoised node changes nothing, whatever its method.
        let writes = !request.method.is_safe() && node.memoise().is_none();
        let changed = match result {
            Ok(_) => true,
            // A 2xx whose body is not what it should be is a 2xx.
            Err(error) => {
                error.is_outcome_unknown() || error.status().is_some_and(|status| status < 400)
            }
        };
        if changed && writes {
            cache.invalidate(request.url.as_str()).await;
        }
    }

    /// From the cache, from a call that is under way, or by one that others may join.
    async fn kept(
        &self,
        node: &PreparedNode,
        request: Outgoing,
        place: Place,
        started: Instant,
        deadline: Option<Instant>,
        done: impl Fn(&Answer, Vec<AttemptTrace>, CacheOutcome) -> Execution,
    ) -> Result<Execution, ExecutionError> {
        let inner = &*self.0;
        let Some(cache) = &inner.cache else {
            return Err(ExecutionError::new(
                ExecutionErrorKind::Internal,
                "no cache",
            ));
        };
        let kept = cache.get(&place, &request).await;
        let stale = match kept {
            Some(kept) if kept.fresh => {
                return Ok(done(
                    &kept.answer,
                    Vec::new(),
                    CacheOutcome::Hit { age: kept.age },
                ));
            }
            kept => kept,
        };
        let landed = if place.refresh {
            // What is under way may have been asked before.
            let flown = self.fly(node, &request, &place, started, deadline).await;
            flown.map(|fetched| (fetched, true))
        } else {
            let joined = self
                .join(cache, node, request.clone(), &place, started, deadline)
                .await;
            match joined {
                // An answer that may not be kept is for the one who asked; whoever joined him asks himself.
                Ok((fetched, false)) if fetched.is_for_one() => {
                    let flown = self.fly(node, &request, &place, started, deadline).await;
                    flown.map(|fetched| (fetched, true))
                }
                joined => joined,
            }
        };
        match (landed, stale) {
            (Ok((fetched, led)), _) => {
                let outcome = match fetched.found {
                    Some(age) => CacheOutcome::Hit { age },
                    None if led => CacheOutcome::Miss {
                        stored: fetched.stored,
                    },
                    None => CacheOutcome::Joined,
                };
                Ok(done(&fetched.answer, fetched.attempts.clone(), outcome))
            }
            (Err(error), Some(stale)) if error.is_transient() && !place.refresh => {
                let outcome = CacheOutcome::Stale { age: stale.age };
                Ok(done(&stale.answer, error.attempts().to_vec(), outcome))
            }
            (Err(error), _) => Err(error.change(|error| {
                error.cache = CacheOutcome::Miss { stored: false };
            })),
        }
    }

    /// One flight for all who miss together. It belongs to nobody, so the executor's own limit ends it, and each who waits keeps to his.
    async fn join(
        &self,
        cache: &Cache,
        node: &PreparedNode,
        request: Outgoing,
        place: &Place,
        started: Instant,
        deadline: Option<Instant>,
    ) -> Result<(Arc<Fetched>, bool), ExecutionError> {
        let led = Arc::new(AtomicBool::new(false));
        let (executor, leads) = (self.clone(), Arc::clone(&led));
        let (node, target) = (node.clone(), place.clone());
        let work = move || async move {
            leads.store(true, Ordering::Relaxed);
            // A flight may have landed between this caller's miss and its take-off.
            if let Some(cache) = &executor.0.cache
                && let Some(kept) = cache.get(&target, &request).await.filter(|kept| kept.fresh)
            {
                return Ok(Fetched::found(kept.answer, kept.age));
            }
            let limit = started.checked_add(executor.0.total_timeout);
            executor.fly(&node, &request, &target, started, limit).await
        };
        let flight = cache.flights.run(Arc::clone(&place.key), work);
        let landed = match deadline {
            Some(deadline) => timeout_at(&*self.0.clock, deadline, flight).await,
            None => Ok(flight.await),
        };
        match landed {
            Ok(Ok(landed)) => landed.map(|fetched| (fetched, led.load(Ordering::Relaxed))),
            Ok(Err(failed)) => Err(stopped(failed)),
            Err(_elapsed) => Err(ExecutionError::new(ExecutionErrorKind::Deadline, "")),
        }
    }

    /// Fetches an answer and keeps it if it may be kept.
    async fn fly(
        &self,
        node: &PreparedNode,
        request: &Outgoing,
        place: &Place,
        started: Instant,
        deadline: Option<Instant>,
    ) -> cache::Landed {
        let received = self.0.fetch(node, request, started, deadline).await?;
        let stored = match &self.0.cache {
            Some(cache) if !received.echoed => {
                cache
                    .put(place, request, &received.answer, &received.headers)
                    .await
            }
            _ => false,
        };
        Ok(Arc::new(Fetched::from((received, stored))))
    }
}

/// Writes bytes as two digits each.
fn hex(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            out.push(char::from_digit(digit.into(), 16).unwrap_or('0'));
        }
    }
}

fn stopped(failed: FlightError) -> ExecutionError {
    ExecutionError::new(ExecutionErrorKind::Internal, failed.to_string())
}

fn audit(error: &genesys_core::Error) -> ExecutionError {
    ExecutionError::new(ExecutionErrorKind::Audit, error.message().to_owned())
        .change(|inner| inner.source = Some(error.clone()))
}

fn named(error: ExecutionError, node: &PreparedNode, context_id: &str) -> ExecutionError {
    error.change(|error| {
        error.node = Arc::from(node.name());
        context_id.clone_into(&mut error.context_id);
    })
}

/// Writes the outcome down. An execution that cannot be recorded has failed, whatever came of it.
async fn record(
    mut operation: Operation,
    result: Result<Execution, ExecutionError>,
    node: &PreparedNode,
    context_id: &str,
) -> Result<Execution, ExecutionError> {
    operation.set_attribute("contextId", context_id);
    let (status, attempts, cache) = match &result {
        Ok(execution) => (
            Some(execution.status),
            &*execution.attempts,
            execution.cache,
        ),
        Err(error) => {
            operation.set_attribute("kind", error.kind().as_str());
            (error.status(), error.attempts(), error.cache())
        }
    };
    if let Some(status) = status {
        operation.set_attribute("status", status);
    }
    operation.set_attribute("retries", execution::retries(attempts));
    operation.set_attribute("cache", cache.as_str());
    match result {
        Ok(execution) => match operation.succeed().await {
            Ok(()) => Ok(execution),
            Err(error) => Err(named(audit(&error), node, context_id)),
        },
        Err(error) => {
            operation.fail(error.to_core()).await;
            Err(error)
        }
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor")
            .field("cache", &self.0.cache)
            .field("total_timeout", &self.0.total_timeout)
            .finish_non_exhaustive()
    }
}
