//! Behaviour of the crate through its public interface.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod inbox;
mod notifier;
#[cfg(feature = "receiver")]
mod receiver;
mod registration;
mod sandbox;
mod shared_looks;
mod signatures;
mod support;
mod watch;
