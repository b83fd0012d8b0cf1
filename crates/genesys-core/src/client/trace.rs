//! Spans and log lines, all of them in this file; nothing at all without the feature `tracing`.

#[cfg(feature = "tracing")]
pub(super) use on::*;

#[cfg(not(feature = "tracing"))]
pub(super) use off::*;

#[cfg(feature = "tracing")]
mod on {
    use http::Method;
    use tracing::{Instrument, Span, field};

    use crate::observe::{AttemptFinished, BreakerChanged, CallFinished, Outcome, RetryScheduled};

    pub(in crate::client) fn operation(operation: &str, method: &Method, route: &str) -> Span {
        tracing::info_span!(
            "genesys.call",
            otel.kind = "client",
            operation,
            http.request.method = %method,
            http.route = route,
        )
    }

    pub(in crate::client) fn attempt(number: u32) -> Span {
        tracing::debug_span!("genesys.attempt", number, status = field::Empty)
    }

    pub(in crate::client) fn instrument<F: Future>(
        future: F,
        span: Span,
    ) -> impl Future<Output = F::Output> {
        future.instrument(span)
    }

    pub(in crate::client) fn attempt_finished(event: &AttemptFinished<'_>) {
        let status = event.status.map(|status| status.as_u16());
        Span::current().record("status", status);
        tracing::debug!(
            status,
            outcome = event.outcome.as_str(),
            wire_ms = event.wire.as_secs_f64() * 1000.0,
            correlation_id = event.correlation_id,
            "attempt finished"
        );
    }

    pub(in crate::client) fn retry_scheduled(event: &RetryScheduled<'_>) {
        tracing::warn!(
            after_attempt = event.after_attempt,
            delay_ms = event.delay.as_secs_f64() * 1000.0,
            cause = event.cause,
            "retry scheduled"
        );
    }

    pub(in crate::client) fn call_finished(event: &CallFinished<'_>) {
        let elapsed_ms = event.elapsed.as_secs_f64() * 1000.0;
        match event.outcome {
            Outcome::Success => {
                tracing::debug!(attempts = event.attempts, elapsed_ms, "call succeeded")
            }
            Outcome::Failure(kind) => {
                tracing::warn!(
                    attempts = event.attempts,
                    elapsed_ms,
                    kind = kind.as_str(),
                    "call failed"
                );
            }
            Outcome::Cancelled => {
                tracing::info!(attempts = event.attempts, elapsed_ms, "call cancelled")
            }
        }
    }

    pub(in crate::client) fn breaker_changed(event: &BreakerChanged<'_>) {
        tracing::warn!(key = event.key, from = ?event.from, to = ?event.to, cause = event.cause, "circuit breaker changed");
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use http::Method;

    use crate::observe::{AttemptFinished, BreakerChanged, CallFinished, RetryScheduled};

    pub(in crate::client) struct NoSpan;

    pub(in crate::client) fn operation(_operation: &str, _method: &Method, _route: &str) -> NoSpan {
        NoSpan
    }

    pub(in crate::client) fn attempt(_number: u32) -> NoSpan {
        NoSpan
    }

    pub(in crate::client) fn instrument<F: Future>(future: F, _span: NoSpan) -> F {
        future
    }

    pub(in crate::client) fn attempt_finished(_event: &AttemptFinished<'_>) {}

    pub(in crate::client) fn retry_scheduled(_event: &RetryScheduled<'_>) {}

    pub(in crate::client) fn call_finished(_event: &CallFinished<'_>) {}

    pub(in crate::client) fn breaker_changed(_event: &BreakerChanged<'_>) {}
}
