//! Behaviour of the crate through its public interface.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod document;
mod event_bridge;
mod guide;
mod read;
#[cfg(feature = "resolver")]
mod resolver;
mod support;
mod triggers;
