//! Pictures as text for other programs, and as a page.

mod dot;
mod json;
mod layout;
mod mermaid;
mod page;
mod svg;

pub use page::Page;

/// Characters of a label; longer ones are cut.
const LABEL: usize = 60;
