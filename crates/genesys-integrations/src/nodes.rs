//! REST nodes: calls of external systems that a flow makes, with typed places for the flow's variables.
//!
//! A [`RestNode`] is a definition that was checked before any call: templates that cannot be injected, schemas that fit them, secrets
//! that are no inputs. [`lint`] reports on its document, [`Nodes`] registers it in the cloud, [`velocity`] turns it into a data action
//! and back.

mod action;
mod api;
mod builder;
mod document;
mod finding;
mod guide;
mod lint;
mod node;
mod platform;
mod retry;
mod rules;
mod schema;
mod secrets;
mod spans;
pub mod velocity;

pub use action::{
    ActionConfig, ActionContract, ActionInput, ActionOutput, ActionRequest, ActionResponse,
    DataAction,
};
pub use api::{ContractChange, NodePlan, Nodes, PlannedStep, Registered, RegisteredNode, deploy};
pub use builder::RestNodeBuilder;
pub use finding::{NodeError, NodeFinding, NodeRule};
pub use guide::GuideNodes;
pub use lint::{NodeHole, NodeLimit, NodeReport, lint};
pub use node::RestNode;
pub use platform::{DraftRefused, PlatformNodes};
pub use retry::NodeRetry;
// What a caller names to build a node or to read a finding.
pub use genesys_core::vocabulary::Method;
pub use widget_validate::Severity;

/// The node of the source document, in its JSON form and with its fault: the token of `Authorization` is an input there.
/// [`RestNode::from_document`] makes it a credential.
pub const EXAMPLE_DOCUMENT: &str = include_str!("nodes/example.json");

fn several(many: usize) -> genesys_core::Error {
    let why = format!("{many} nodes have this name");
    genesys_core::Error::new(genesys_core::ErrorKind::Conflict, why)
}
