//! Interning: each different id or text gets a small number.

mod slots;
mod text;
mod uuid;

pub(crate) use text::Texts;
pub(crate) use uuid::{BATCH, Uuids};
