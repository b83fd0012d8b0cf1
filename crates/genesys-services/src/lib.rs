#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![forbid(unsafe_code)]

mod bearer;
mod body;
#[cfg(feature = "mapper")]
mod form;
mod limits;
#[cfg(feature = "mapper")]
mod mapper;
#[cfg(any(feature = "mapper", feature = "resolver"))]
mod metrics;
mod problem;
#[cfg(feature = "resolver")]
mod resolver;
mod server;
mod signal;
#[cfg(feature = "simulator")]
mod simulator;

pub use body::JsonBody;
pub use limits::Limits;
#[cfg(feature = "mapper")]
#[cfg_attr(docsrs, doc(cfg(feature = "mapper")))]
pub use mapper::MapperService;
pub use problem::Problem;
#[cfg(feature = "resolver")]
#[cfg_attr(docsrs, doc(cfg(feature = "resolver")))]
pub use resolver::ResolverService;
pub use server::{Bound, ServeError, Server};
pub use signal::shutdown_signal;
#[cfg(feature = "simulator")]
#[cfg_attr(docsrs, doc(cfg(feature = "simulator")))]
pub use simulator::SimulatorService;
