//! Between nodes and the platform's template language.
//!
//! Velocity escapes nothing by itself: a template says which escape a reference needs. [`lower`] writes the right one for each place of
//! a node; [`import`] reads an existing action back and tells which references lack theirs.
//!
//! | place | written |
//! | --- | --- |
//! | path segment, query name, query value | `${esc.uriEncode(${input.x})}` |
//! | header value | `${input.x}` |
//! | inside a JSON string or key | `${esc.jsonString(${input.x})}` |
//! | a JSON value that is no string | `${input.x}` |
//! | a JSON value that is a string | `"${esc.jsonString(${input.x})}"` |
//!
//! Literal `$` and `#`, and backslashes before a reference, are written `${esc.d}`, `${esc.h}` and `${esc.b}`.

mod contract;
mod escape;
mod import;
mod lower;
mod scan;

pub(super) use contract::mark_of;
pub use import::{Imported, import};
pub(super) use lower::written;
pub use lower::{Lowered, lower};
