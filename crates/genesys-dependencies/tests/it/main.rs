//! Behaviour of the crate through its public interface.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod crawl;
#[cfg(feature = "probe")]
mod endpoints;
mod extraction;
mod generated;
mod iac;
mod mapper;
mod paths;
mod sandbox;
mod store;
mod support;
