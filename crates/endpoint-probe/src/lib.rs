#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![forbid(unsafe_code)]

mod address;
#[cfg(feature = "client")]
mod client;
mod connect;
mod drill;
mod error;
mod failover;
mod guard;
mod health;
#[cfg(feature = "probe")]
mod probe;
mod resolve;
mod serial;
#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub mod test_util;
#[cfg(feature = "probe")]
mod tls;

pub use address::{AddressClass, Network, NetworkError, classify};
#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use client::{GuardedClient, GuardedClientBuilder};
pub use connect::{Connector, Stream, TcpConnector};
pub use drill::{
    Drill, DrillAction, DrillOutcome, DrillPlan, DrillProblem, DrillRefused, DrillReport,
    DrillStep, StepReport, StepResult, Switch, SwitchError,
};
pub use error::{Error, ErrorKind, Result};
pub use failover::{
    CertificateIdentity, EndpointFacts, FailoverPolicy, FailoverReport, FateKind, Independence,
    Readiness, ReadinessAspect, ReadinessFinding, ReadinessReason, Requirement, ResponseShape,
    ShapeDifference, ShapeMismatch, SharedFate, SharedPair, TlsFacts,
};
pub use guard::{
    Blocked, CheckedAddress, Destination, EgressPolicy, Guard, HostPattern, HostPatternError,
};
pub use health::{
    CheckResult, HealthCause, HealthConfig, HealthConfigError, HealthProblem, HealthProgress,
    HealthState, HealthTracker, HealthTransition, HealthUpdate, InitialHealth, PoolMode,
    PoolPolicy, PoolSelection, WhenAllDown,
};
#[cfg(feature = "probe")]
#[cfg_attr(docsrs, doc(cfg(feature = "probe")))]
pub use probe::{
    AddressMode, AddressReport, BodyMatcher, DnsReport, HttpReport, Percentiles, PhaseTimings,
    Probe, ProbeMethod, ProbeReport, ProbeSeries, ProbeVerdict, Reason, ReasonKind, Severity,
    StatusMatcher, StatusMatcherError,
};
pub use resolve::{Resolution, ResolveError, Resolver, SystemResolver};
#[cfg(feature = "probe")]
#[cfg_attr(docsrs, doc(cfg(feature = "probe")))]
pub use tls::{
    CertificateFacts, ExpiryLevel, ExpiryLevels, Inspection, Roots, RootsError, TlsFinding,
    TlsInspector, TlsReport, TlsVerdict,
};
