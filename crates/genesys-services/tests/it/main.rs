//! The server and its services over real sockets.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod mapper;
mod resolver;
mod server;
mod simulator;
mod wire;
