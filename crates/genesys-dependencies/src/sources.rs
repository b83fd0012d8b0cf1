//! The sources of this crate.

mod collection;
mod queues;
mod standard;
mod tracking;

pub use collection::CollectionSource;
pub use queues::QueueSource;
pub use standard::standard_sources;
pub use tracking::TrackingSource;
