//! The guide profile: what the source documents put on the wire.

pub(crate) mod definitions;
mod headers;
mod node_input;
pub(crate) mod nodes;
pub(crate) mod outbound;
mod outbound_input;
mod placeholder;
pub(crate) mod status;
pub(crate) mod webhooks;
pub(crate) mod widgets;
