#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![forbid(unsafe_code)]

mod api;
mod definition;
#[cfg(feature = "executor")]
#[cfg_attr(docsrs, doc(cfg(feature = "executor")))]
pub mod executor;
mod guide;
mod ids;
mod integration;
mod limits;
pub mod nodes;
pub mod pipeline;
mod platform;
mod probe;
mod reconcile;
mod report;
#[cfg(feature = "executor")]
#[cfg_attr(docsrs, doc(cfg(feature = "executor")))]
pub mod schema;
#[cfg(feature = "simulator")]
#[cfg_attr(docsrs, doc(cfg(feature = "simulator")))]
pub mod simulator;
mod wait;
pub mod widgets;

pub use api::{Change, Ensured, Integrations, Listing, for_profile};
pub use definition::{
    Authentication, DataMapping, DefinitionBuilder, DefinitionError, Fingerprint,
    IntegrationDefinition, Transformation, UnknownTransformation, Violation, ViolationCode,
};
pub use guide::GuideIntegrations;
pub use ids::{ActionId, CredentialId, IntegrationId, NodeId};
pub use integration::{Integration, IntegrationState, IntendedState, StateChange, StateNotReached};
pub use limits::Limits;
pub use nodes::{GuideNodes, NodeError, NodeRetry, Nodes, PlatformNodes, RestNode};
pub use pipeline::{
    Deployment, FileJournal, Journal, MemoryJournal, OnFailure, Pipeline, PipelineError,
};
pub use platform::PlatformIntegrations;
pub use report::{TestReport, TestRequest, TestStatus, TestStep};
pub use widgets::{GuideWidgets, PlatformWidgets, Widget, WidgetError, WidgetKind, Widgets};
