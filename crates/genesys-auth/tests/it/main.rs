//! Public behaviour: the cache and the exchange on a scripted transport in virtual time, and the wire on real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub
)]

mod client;
mod concurrency;
mod exchange;
mod failure;
mod lifetime;
mod secrets;
mod sharing;
mod support;
mod wire;
