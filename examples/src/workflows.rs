//! The documents' workflows, each put together from the crates. A program prints what one of them gives.

pub mod integration;
pub mod mapping;
pub mod nodes;
pub mod routing;
pub mod widget;
