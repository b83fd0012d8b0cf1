//! Would a standby really take over? From plain data about both, and nothing else.
//!
//! Gathering the facts is somebody else's work: a probe's report turns into them, and so may any monitoring system's data.

mod facts;
#[cfg(feature = "probe")]
mod observed;
mod policy;
mod report;
mod shape;
mod shared;

pub use facts::{CertificateIdentity, EndpointFacts, TlsFacts};
pub use policy::{FailoverPolicy, Requirement};
pub use report::{
    FailoverReport, Independence, Readiness, ReadinessAspect, ReadinessFinding, ReadinessReason,
    SharedPair,
};
pub use shape::{ResponseShape, ShapeDifference, ShapeMismatch};
pub use shared::{FateKind, SharedFate};
