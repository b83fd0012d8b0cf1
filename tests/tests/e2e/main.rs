//! End to end: the SDK against the embedded cloud, over real sockets. The sandbox's ledger decides.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs
)]

mod contract;
mod crash;
mod deployment;
mod faults;
mod literals;
mod reads;
mod routes;
mod secrets;
mod support;
mod tokens;
