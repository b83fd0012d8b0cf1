//! The guide profile: what the source documents put on the wire.

pub(crate) mod definitions;
pub(crate) mod outbound;
mod outbound_input;
pub(crate) mod status;
pub(crate) mod webhooks;
pub(crate) mod widgets;
