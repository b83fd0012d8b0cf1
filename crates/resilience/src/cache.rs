//! Bounded cache with a time to live.

#[cfg(feature = "tokio")]
mod fill;
mod store;
mod ttl;

#[cfg(feature = "tokio")]
pub use fill::{FillCache, FillError, Fresh};
pub use store::{CacheStore, MemoryCacheStore};
pub use ttl::{CacheLimits, TtlCache};
