//! The rules of the crate, in virtual time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod breaker;
mod breaker_model;
mod budget;
mod cache;
mod clock;
mod contract;
mod delay;
mod quota;
mod quota_shared;
mod quota_simulation;
mod registry;
mod retry;
mod retry_after;
mod single_flight;

#[cfg(feature = "backoff")]
mod backoff;

/// Waits on the runtime's clock, which these tests pause.
async fn pause(time: std::time::Duration) {
    use resilience::Clock;

    let clock = resilience::SystemClock;
    clock.sleep_until(clock.now() + time).await;
}
