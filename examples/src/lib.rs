//! What the example programs share: arguments, progress, tables, exit codes. The workflows themselves stand in
//! [`workflows`], so that `tour` can run them in a row.

pub mod args;
pub mod report;
pub mod workflows;

/// The program of the repository's README, compiled by the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
