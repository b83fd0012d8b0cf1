#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![forbid(unsafe_code)]

mod api;
mod converge;
mod deployed;
mod dry_run;
mod guide;
mod platform;
#[cfg(feature = "resolver")]
#[cfg_attr(docsrs, doc(cfg(feature = "resolver")))]
pub mod resolver;
mod route;

pub use api::{Change, Ensured, EventRoutes, for_profile};
pub use deployed::{DeployedRoute, RouteId, RouteState};
pub use dry_run::{DryRun, EventTest};
pub use guide::GuideRoutes;
pub use platform::PlatformRoutes;
pub use route::{
    Condition, DataFormat, DeliveryRetry, EventBridgeTarget, EventFilter, EventRoute, HttpsTarget,
    MatchCriterion, MatchOperator, RouteBuilder, RouteError, RouteRules, RouteTarget, SyntaxError,
    TargetKind, Violation, ViolationCode, WorkflowTarget,
};
