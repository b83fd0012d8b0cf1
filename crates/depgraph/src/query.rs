//! Questions in one line: sets of objects, combined.

mod evaluate;
mod parse;

pub use evaluate::Answer;
pub use parse::Query;
