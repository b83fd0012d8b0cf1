//! The public behaviour of the crate: both wire forms on a scripted transport, and the pipeline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(feature = "executor")]
mod executor;
mod file_journal;
mod guide;
mod nodes;
mod pipeline;
mod platform;
mod sandbox;
#[cfg(feature = "executor")]
mod schema;
mod shared_looks;
#[cfg(feature = "simulator")]
mod simulator;
mod support;
mod widgets;
