#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![forbid(unsafe_code)]

mod compile;
mod document;
mod error;
mod escape;
mod hole;
mod json;
mod limits;
mod placeholder;
mod program;
mod render;
mod rendered;
mod request;
mod schema;
mod scope;
mod template;
mod values;
mod variable;

pub use error::{Error, ErrorKind, Part, Problem};
pub use hole::{Hole, Piece, Position};
pub use limits::Limits;
pub use rendered::{Rendered, Span};
pub use request::{RenderedHeader, RenderedRequest, RequestTemplate, RequestTemplateBuilder};
pub use schema::{Disagreement, DisagreementKind};
pub use scope::{Missing, Scope};
pub use template::Template;
pub use values::Values;
pub use variable::{NotAVariable, Variable};
