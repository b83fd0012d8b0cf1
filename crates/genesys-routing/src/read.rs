//! Reading whole lists: in pages, side by side, with an honest account of what was not read.
//!
//! [`Collection`] names a list and how it is cut into pages, [`ReadOptions`] says how patiently to read it, and a
//! [`Snapshot`] is what came of it: each object once with its JSON document, the pages that failed, the objects that have
//! no id, and whether all of it can be one state of the list.

mod collection;
mod doubt;
mod engine;
mod entity;
mod options;
mod page;
mod snapshot;

pub use collection::Collection;
pub use doubt::Doubt;
pub use entity::{Document, Entity, RejectReason, Rejected};
pub use options::{ReadOptions, ReadProgress};
pub use snapshot::{Consistency, Duplicate, FailedRange, Range, Snapshot};
