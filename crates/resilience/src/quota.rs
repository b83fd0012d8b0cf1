//! Quota gate: learns a server's fixed window and does not overrun it.

mod config;
#[cfg(feature = "tokio")]
mod courier;
mod gate;
mod ledger;
mod outbox;
mod pool;
mod queue;
mod slot;
mod store;
mod throttle;

pub use config::{QuotaConfig, QuotaError, QuotaReport};
pub use gate::Quota;
pub use pool::StoreHealth;
pub use slot::Slot;
pub use store::{AgedReport, LeaseAnswer, LeaseReport, MemoryQuotaStore, QuotaLease, QuotaStore};
