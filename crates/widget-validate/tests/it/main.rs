//! Public behaviour of the validator.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

mod bad_input;
mod effort;
mod fixes;
mod headers;
mod kinds;
mod mutation;
mod origins;
mod policies;
mod reports;
mod structure;
mod support;
