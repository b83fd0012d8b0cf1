//! Quota gate: learns a server's fixed window and does not overrun it.

mod config;
mod gate;
mod ledger;
mod slot;
mod store;
mod throttle;

pub use config::{QuotaConfig, QuotaError, QuotaReport};
pub use gate::Quota;
pub use slot::Slot;
pub use store::{LeaseAnswer, MemoryQuotaStore, QuotaLease, QuotaStore};
