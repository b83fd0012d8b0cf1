#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![forbid(unsafe_code)]

mod builder;
mod csr;
mod error;
mod freeze;
mod graph;
mod id;
mod input;
mod intern;
mod kind;
mod limits;
mod merge;
mod scc;
mod topology;
mod work;

pub use builder::GraphBuilder;
pub use error::{Error, ErrorKind};
pub use graph::{Conflict, EdgeView, Gap, Graph, Memory};
pub use id::{EdgeId, Id, NodeId};
pub use input::{Edge, Node};
pub use kind::{EdgeKind, NodeKind, State, UNKNOWN_KIND};
pub use limits::Limits;
pub use topology::{Component, Topology};
pub use work::Work;
