//! The public behaviour of the graph engine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// An oracle that walks a matrix reads best with the indices in sight.
#![allow(clippy::needless_range_loop)]

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
mod query;
mod rivals;
mod snapshot;
mod view;
mod work;
