//! For tests of your own: a clock that is moved by hand, and the suites that every store passes.

mod clock;
mod contract;

pub use clock::FakeClock;
pub use contract::{cache_store, dedupe_store, quota_store};
