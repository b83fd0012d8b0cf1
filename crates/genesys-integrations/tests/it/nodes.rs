//! REST nodes.

mod actions;
mod definition;
mod document;
mod lowering;
mod registered;
mod velocity;
mod world;
