//! The sources of this crate.

mod collection;
mod each;
mod email;
#[cfg(feature = "probe")]
mod endpoints;
mod integrations;
mod queues;
mod standard;
mod tracking;

pub use collection::CollectionSource;
pub use email::EmailSource;
#[cfg(feature = "probe")]
#[cfg_attr(docsrs, doc(cfg(feature = "probe")))]
pub use endpoints::EndpointSource;
pub use integrations::IntegrationSource;
pub use queues::QueueSource;
pub use standard::standard_sources;
pub use tracking::TrackingSource;
