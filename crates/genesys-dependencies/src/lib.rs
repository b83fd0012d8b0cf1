#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![forbid(unsafe_code)]

mod accuracy;
mod analysis;
mod crawl;
mod endpoint;
mod error;
mod extract;
mod iac;
mod kind;
mod map;
mod mapper;
mod metrics;
mod path;
mod policy;
mod progress;
mod source;
mod sources;
mod store;
mod table;

pub use accuracy::{Accuracy, Unresolved};
pub use analysis::{Analysis, FailoverCheck, Protected, SinglePointOfFailure};
pub use crawl::{Crawl, CrawlOptions, Crawler, SourceReport, Unlisted};
pub use endpoint::{Endpoint, EndpointResult};
pub use error::{MapError, MapErrorKind};
pub use extract::{Extraction, Reference};
pub use iac::{
    ArchitectureMapped, ChangeCounts, IAC_WEBHOOK, IacPayload, MAPPED, Notified,
    ensure_iac_webhook, iac_registration,
};
pub use kind::ObjectKind;
pub use map::{DependencyMap, MapDrift, NotAMap, OrganizationRef, PhaseTime};
pub use mapper::{MapOutcome, Mapper, Run};
pub use metrics::{MapMetrics, MetricsSnapshot};
pub use path::{FieldPath, Found, Match};
pub use policy::standard_policy;
pub use progress::{Phase, Progress, ProgressSnapshot, ProgressWatch, SourceProgress, SourceState};
pub use source::{Coverage, DependencySource, LookUp, Sink};
#[cfg(feature = "probe")]
#[cfg_attr(docsrs, doc(cfg(feature = "probe")))]
pub use sources::EndpointSource;
pub use sources::{
    CollectionSource, EmailSource, IntegrationSource, QueueSource, TrackingSource, standard_sources,
};
pub use store::{SnapshotStore, Stored};
pub use table::{EdgeName, ReferenceRule, ReferenceTable, Target};
