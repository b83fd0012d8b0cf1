//! The sandbox over real sockets: every rule that a client can meet.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(feature = "platform")]
mod contract;
mod support;

mod admin;
mod api_rules;
mod delivery;
#[cfg(feature = "tls")]
mod destinations;
mod faults;
#[cfg(feature = "generators")]
mod generate;
mod guide;
mod login;
mod nodes;
mod organisation;
mod outbound;
#[cfg(feature = "platform")]
mod platform;
#[cfg(feature = "program")]
mod program;
mod receiver;
mod resources;
