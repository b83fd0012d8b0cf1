//! REST nodes.

mod actions;
mod definition;
mod document;
mod lint;
mod lowering;
mod registered;
mod velocity;
mod world;
