//! What a failure says about a retry.

use std::time::{Duration, Instant};

/// What is known about the request when an attempt failed. Decides whether it may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// The request never left: connection refused, no permit. Any request may be repeated.
    NotSent,
    /// The server refused it without processing: 425, 429. Any request may be repeated.
    Refused,
    /// The server refused it for a reason that the caller has just repaired, such as an expired
    /// token. Repeated at once, at most one time a call, charged neither as an attempt nor to the
    /// budget. The second one in a call is final.
    Replay,
    /// It may have been processed: connection lost after the request left, time-out, 5xx. Repeated
    /// only when the call is repeatable.
    MaybeProcessed,
    /// Repeating it would fail again.
    Final,
}

/// An error that the retry loop can judge.
pub trait Failure {
    /// What is known about the request.
    fn class(&self) -> Class;

    /// True when the server asked for less load. Selects the longer, throttle back-off.
    fn is_throttle(&self) -> bool {
        false
    }

    /// How long the server asked to wait, counted from now and not capped. See
    /// [`RetryAfter`](crate::RetryAfter).
    fn retry_after(&self) -> Option<Duration> {
        None
    }

    /// The instant before which trying is pointless, such as a breaker's next probe. A failure that
    /// is [`NotSent`](Class::NotSent) and names such an instant is not charged as an attempt.
    fn retry_at(&self) -> Option<Instant> {
        None
    }

    /// True when an inner loop has already retried. Such an error is never retried again, so nested
    /// loops cannot multiply.
    fn is_spent(&self) -> bool {
        false
    }

    /// One line for the attempt history: no payload, no secret.
    fn summary(&self) -> String;
}
