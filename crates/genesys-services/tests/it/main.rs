//! The server and its services over real sockets.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(feature = "resolver")]
mod resolver;
mod server;
mod wire;
