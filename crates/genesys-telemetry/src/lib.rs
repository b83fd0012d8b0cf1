#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![forbid(unsafe_code)]

pub mod audit;
pub mod metrics;
pub mod widgets;

pub use audit::{
    Acknowledge, AuditLine, FileAudit, FileAuditBuilder, MemoryAudit, Rotation, SyncPolicy, Tee,
};
pub use metrics::{LatencyHistogram, LatencySummary, Metrics, MetricsSnapshot};
pub use widgets::{WidgetAudit, WidgetReport};
