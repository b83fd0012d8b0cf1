//! Scripted names and connections: test guards, clients and probes without a network.

mod connector;
mod resolver;
mod switch;

pub use connector::{Dialled, FarEnd, ScriptedConnector};
pub use resolver::ScriptedResolver;
pub use switch::FakeSwitch;
