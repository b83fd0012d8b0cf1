//! What the end-to-end tests share: a transport that keeps every exchange, and the published contract to hold it against.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod contract;
pub mod recording;
