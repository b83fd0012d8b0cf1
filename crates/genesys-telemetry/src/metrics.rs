//! Operation metrics: counts by name and outcome, latencies apart by outcome, wire time apart from waiting.
//!
//! [`Metrics`] listens to the event stream ([`Observer`](genesys_core::observe::Observer)); [`Metrics::snapshot`] gives a
//! [`MetricsSnapshot`], which serialises to JSON and writes itself as Prometheus text.
//!
//! - Each event is counted in constant time under a lock of its own name. Reading walks no list of samples and stops nobody
//!   for longer than it takes to sum up one name.
//! - Memory is bounded: a fixed number of names each for calls, operations and breakers. What comes under a further name is
//!   counted under [`OTHER`], and [`MetricsSnapshot::folded`] says how often.
//! - Before the first success or failure there is no rate and no percentile: the members are absent, never `NaN` and
//!   never zero.
//! - A cancelled call is counted as such. It belongs neither to the rate nor to the latencies: how long it ran says when
//!   its caller lost patience, not how fast the platform is.

mod collect;
mod histogram;
mod names;
mod prometheus;
mod snapshot;
mod tally;

pub use collect::Metrics;
pub use histogram::{LatencyHistogram, LatencySummary};
pub use names::OTHER;
pub use prometheus::CONTENT_TYPE;
pub use snapshot::{
    BreakerMetrics, CallMetrics, MetricsSnapshot, OperationMetrics, RenewalMetrics,
};
pub use tally::{Latency, Tally};
