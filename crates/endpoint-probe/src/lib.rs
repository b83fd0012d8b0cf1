#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![forbid(unsafe_code)]

mod connect;
mod resolve;

pub use connect::{Connector, Stream, TcpConnector};
pub use resolve::{Resolution, ResolveError, Resolver, SystemResolver};
