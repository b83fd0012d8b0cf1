#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![forbid(unsafe_code)]

mod extract;
mod kind;
mod path;
mod table;

pub use extract::{Extraction, Reference};
pub use kind::ObjectKind;
pub use path::{FieldPath, Found, Match};
pub use table::{EdgeName, ReferenceRule, ReferenceTable, Target};
