//! Nodes that run: on a scripted transport and a clock that stands still, but for `wire`.

mod answers;
mod caching;
mod crossing;
mod secrets;
mod sending;
pub(crate) mod support;
mod wire;
