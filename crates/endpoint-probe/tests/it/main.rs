//! The guard and its client: logic against scripted names and connections, wires against raw listeners on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub
)]

mod addresses;
mod client;
mod drill;
mod failover;
mod guard;
mod health;
mod pki;
mod policy;
mod probe;
mod redirects;
mod secure;
mod server;
mod tls;
