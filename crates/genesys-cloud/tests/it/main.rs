//! What the facade chooses, and how its step is done and undone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod choice;
#[cfg(feature = "sandbox")]
mod status_step;
#[cfg(feature = "sandbox")]
mod widgets;
