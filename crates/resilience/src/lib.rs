// Without the runtime, the README's links to what needs one lead to its table of features.
#![cfg_attr(
    not(feature = "tokio"),
    doc = "[`SystemClock`]: #features\n[`SingleFlight`]: #features\n[`FillCache`]: #features\n[`Quota::with_store`]: #features\n\n"
)]
#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![forbid(unsafe_code)]

mod breaker;
mod budget;
mod cache;
mod clock;
mod dedupe;
mod delay;
mod error;
mod quota;
mod random;
mod retry;
mod retry_after;
#[cfg(feature = "tokio")]
mod single_flight;
mod sync;

#[cfg(feature = "backoff")]
#[cfg_attr(docsrs, doc(cfg(feature = "backoff")))]
pub mod backoff_compat;

pub use breaker::{
    Breaker, BreakerConfig, BreakerListener, BreakerRegistry, Cause, Counts, Permit, PermitRef,
    Rejected, State, Transition,
};
pub use budget::RetryBudget;
pub use cache::{CacheLimits, CacheStore, MemoryCacheStore, TtlCache};
#[cfg(feature = "tokio")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
pub use cache::{FillCache, FillError, Fresh};
#[cfg(feature = "tokio")]
pub use clock::SystemClock;
pub use clock::{BoxFuture, Clock, Elapsed, timeout_at};
pub use dedupe::{Claim, DedupeStore, MemoryDedupeStore};
pub use delay::{Backoff, Delays, Jitter};
pub use error::{ConfigError, Problem, StoreError, StoreErrorKind};
pub use quota::{
    AgedReport, LeaseAnswer, LeaseReport, MemoryQuotaStore, Quota, QuotaConfig, QuotaError,
    QuotaLease, QuotaReport, QuotaStore, Slot, StoreHealth,
};
pub use random::{Random, SeededRandom, ThreadRandom};
pub use retry::{
    Attempt, AttemptRecord, Class, Failure, Retry, RetryError, RetryEvent, RetryObserver,
    RetryPolicy, Stop,
};
pub use retry_after::RetryAfter;
#[cfg(feature = "tokio")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
pub use single_flight::{FlightError, SingleFlight};

#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub mod test_util;
