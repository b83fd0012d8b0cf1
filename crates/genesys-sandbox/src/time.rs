//! The one place where the sandbox reads clocks and waits. It serves real sockets, so its time is the machine's.

use std::time::{Duration, Instant};

/// Waits; the caller ends the wait by dropping it.
#[allow(
    clippy::disallowed_methods,
    reason = "a server on real sockets runs in real time"
)]
pub(crate) async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

/// A reading of the monotonic clock.
#[allow(
    clippy::disallowed_methods,
    reason = "a server on real sockets runs in real time"
)]
pub(crate) fn instant() -> Instant {
    Instant::now()
}

/// The time of day as the time since the start of 1970.
#[cfg(feature = "tls")]
#[allow(
    clippy::disallowed_methods,
    reason = "a server on real sockets runs in real time"
)]
pub(crate) fn since_epoch() -> Duration {
    jiff::Timestamp::now()
        .duration_since(jiff::Timestamp::UNIX_EPOCH)
        .unsigned_abs()
}

/// The time of day, RFC 3339 in UTC with milliseconds.
#[allow(
    clippy::disallowed_methods,
    reason = "a server on real sockets runs in real time"
)]
pub(crate) fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

/// The time of day after this much time as an HTTP date, which has whole seconds; rounded up, so that it is no earlier.
#[allow(
    clippy::disallowed_methods,
    reason = "a server on real sockets runs in real time"
)]
pub(crate) fn http_date(after: Duration) -> String {
    let now = jiff::Timestamp::now();
    let whole = now.as_second() + i64::from(now.subsec_nanosecond() > 0);
    let seconds = i64::try_from(after.as_secs()).unwrap_or(i64::MAX);
    let then = jiff::Timestamp::from_second(whole.saturating_add(seconds)).unwrap_or(now);
    then.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
