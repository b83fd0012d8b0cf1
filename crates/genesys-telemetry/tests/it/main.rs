//! The audit trail on a real file system, and metrics on the event stream.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub
)]

mod crash;
mod file;
mod forgery;
mod metrics;
mod operations;
mod prometheus;
mod rotation;
mod support;
mod widgets;
