//! The retry loop.

mod class;
mod error;
mod policy;
mod run;

pub use class::{Class, Failure};
pub use error::{AttemptRecord, RetryError, Stop};
pub use policy::RetryPolicy;
pub use run::{Attempt, Retry, RetryEvent, RetryObserver};
