#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![forbid(unsafe_code)]

mod api;
mod converge;
mod deployed;
mod directory;
mod dry_run;
mod guide;
mod locations;
mod members;
mod organization;
mod platform;
mod queues;
pub mod read;
#[cfg(feature = "resolver")]
#[cfg_attr(docsrs, doc(cfg(feature = "resolver")))]
pub mod resolver;
mod route;

pub use api::{Change, Ensured, EventRoutes, for_profile};
pub use deployed::{DeployedRoute, RouteId, RouteState};
pub use directory::Directory;
pub use dry_run::{DryRun, EventTest};
pub use guide::GuideRoutes;
pub use locations::{Location, LocationId, LocationState, Locations};
pub use members::{Member, MemberBy, QueueMembers, UserId};
pub use organization::{Organization, OrganizationDetails, OrganizationId};
pub use platform::PlatformRoutes;
pub use queues::{Division, DivisionId, Queue, QueueId, Queues};
pub use route::{
    Condition, DataFormat, DeliveryRetry, EventBridgeTarget, EventFilter, EventRoute, HttpsTarget,
    MatchCriterion, MatchOperator, RouteBuilder, RouteError, RouteRules, RouteTarget, SyntaxError,
    TargetKind, Violation, ViolationCode, WorkflowTarget,
};
