#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![forbid(unsafe_code)]

mod accuracy;
mod crawl;
mod error;
mod extract;
mod kind;
mod path;
mod progress;
mod source;
mod sources;
mod table;

pub use accuracy::{Accuracy, Unresolved};
pub use crawl::{Crawl, CrawlOptions, Crawler, SourceReport, Unlisted};
pub use error::{MapError, MapErrorKind};
pub use extract::{Extraction, Reference};
pub use kind::ObjectKind;
pub use path::{FieldPath, Found, Match};
pub use progress::{Phase, Progress, ProgressSnapshot, ProgressWatch, SourceProgress, SourceState};
pub use source::{Coverage, DependencySource, LookUp, Sink};
pub use sources::{CollectionSource, QueueSource, TrackingSource, standard_sources};
pub use table::{EdgeName, ReferenceRule, ReferenceTable, Target};
