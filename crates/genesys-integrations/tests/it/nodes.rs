//! REST nodes.

mod definition;
mod document;
