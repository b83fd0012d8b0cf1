#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![forbid(unsafe_code)]

mod check;
mod code;
mod coverage;
pub mod csp;
mod date;
mod embedder;
mod finding;
mod framing;
mod json;
mod kind;
mod origin;
mod patch;
mod policy;
mod report;
mod response;
mod sandbox;
#[cfg(feature = "jsonschema")]
mod schema;
mod severity;
mod similar;
mod span;
mod tally;
mod validator;

/// The codes, one constant each, by family.
pub mod codes {
    pub use crate::code::{
        cors, csp, frame, headers, permissions, placeholders, policy, sandbox, structure, url,
    };
}

pub use code::{Code, Rule, explain, reference_markdown};
pub use coverage::{Area, Checked, Coverage};
pub use date::Date;
pub use embedder::{Embedder, Placeholder};
pub use finding::{Finding, Source};
pub use framing::{Embedding, embedding};
pub use kind::Kind;
pub use origin::{Location, Origin, OriginPattern};
pub use patch::{Operation, Patch, PatchError, PatchErrorKind};
pub use policy::{Limits, Policy, PolicyBuilder, PolicyError, Suppression};
pub use report::{Artifact, Report, Suppressed, to_sarif};
pub use response::HeaderSet;
#[cfg(feature = "jsonschema")]
#[cfg_attr(docsrs, doc(cfg(feature = "jsonschema")))]
pub use schema::{Schema, SchemaError};
pub use severity::{Level, RuleSet, Severity};
pub use span::Span;
pub use validator::{Fixed, Subject, Validator};
