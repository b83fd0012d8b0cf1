#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![forbid(unsafe_code)]

mod route;

pub use route::{
    Condition, DataFormat, DeliveryRetry, EventBridgeTarget, EventFilter, EventRoute, HttpsTarget,
    MatchCriterion, MatchOperator, RouteBuilder, RouteError, RouteRules, RouteTarget, SyntaxError,
    TargetKind, Violation, ViolationCode, WorkflowTarget,
};
