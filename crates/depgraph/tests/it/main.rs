//! The public behaviour of the graph engine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

mod builder;
mod deep;
mod drift;
mod failure;
mod findings;
mod oracle;
mod permutations;
#[cfg(feature = "petgraph")]
mod petgraph_conversion;
mod rivals;
mod query;
mod snapshot;
mod view;
mod work;
