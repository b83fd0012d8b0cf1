//! The request path: logic against a scripted transport in virtual time, wires against raw listeners in real time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub
)]

mod calls;
mod guarded;
mod logs;
mod operations;
mod pages;
mod quota;
mod support;
mod wire;
