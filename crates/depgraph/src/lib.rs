#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![forbid(unsafe_code)]

mod builder;
mod csr;
mod cycle;
mod depth;
mod diff;
mod dominators;
mod error;
mod escape;
mod failover;
mod failure;
mod feedback;
mod finding;
mod fingerprint;
mod freeze;
mod graph;
mod id;
mod input;
mod intern;
mod kind;
mod limits;
mod local;
mod merge;
mod pack;
#[cfg(feature = "petgraph")]
mod petgraph;
mod policy;
mod query;
mod reach;
mod reduction;
mod render;
mod scc;
mod set;
mod single_points;
mod snapshot;
mod sort;
mod topology;
mod validate;
mod view;
mod work;

pub use builder::GraphBuilder;
pub use depth::Heights;
pub use diff::{Changes, Drift, EdgeChange, FieldChange, FindingsDrift, NodeChange};
pub use dominators::Dominators;
pub use error::{Error, ErrorKind};
pub use failover::Failover;
pub use failure::{Affected, Impact, Selector};
pub use finding::{
    Cut, Cycle, Detail, EdgeRef, Finding, FindingKind, NodeRef, Report, Severity, StateName, Total,
};
pub use graph::{Conflict, EdgeView, Gap, Graph, Memory};
pub use id::{EdgeId, Id, NodeId};
pub use input::{Edge, Node};
pub use kind::{EdgeKind, NodeKind, State, UNKNOWN_KIND};
pub use limits::Limits;
pub use policy::{Policy, Rule};
pub use query::{Answer, Query};
pub use reach::{Direction, Reach};
pub use render::Page;
pub use set::NodeSet;
pub use single_points::{SinglePoint, SinglePoints};
pub use topology::{Component, Topology};
pub use view::{Arc, Collapse, LeftOut, Picture, Vertex, View};
pub use work::Work;
