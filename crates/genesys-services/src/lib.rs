#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![forbid(unsafe_code)]

mod bearer;
mod body;
mod limits;
mod problem;
mod server;

pub use body::JsonBody;
pub use limits::Limits;
pub use problem::Problem;
pub use server::{Bound, ServeError, Server};
