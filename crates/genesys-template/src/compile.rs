//! From text to program: what stands around a placeholder says what it may take.

mod header;
mod json;
mod url;

pub(crate) use header::{header, is_text as is_header_text};
pub(crate) use json::json;
pub(crate) use url::url;

use crate::Problem;
use crate::program::Program;

type Compiled = Result<Program, Vec<Problem>>;
