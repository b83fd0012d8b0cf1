//! What the example programs share: arguments, progress, tables, exit codes. The workflows themselves stand in
//! [`workflows`], so that `tour` can run them in a row.

pub mod args;
pub mod callback;
pub mod collector;
pub mod input;
pub mod report;
pub mod workflows;

/// The program of the repository's README, compiled by the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The program of document 000's page.
#[cfg(doctest)]
#[doc = include_str!("../../docs/documents/000-integration-definitions.md")]
struct Document000;

/// The program of document 001's page.
#[cfg(doctest)]
#[doc = include_str!("../../docs/documents/001-agent-widgets.md")]
struct Document001;

/// The program of document 002's page.
#[cfg(doctest)]
#[doc = include_str!("../../docs/documents/002-event-routing.md")]
struct Document002;

/// The program of document 003's page.
#[cfg(doctest)]
#[doc = include_str!("../../docs/documents/003-rest-nodes.md")]
struct Document003;

/// The program of document 004's page.
#[cfg(doctest)]
#[doc = include_str!("../../docs/documents/004-dependency-mapping.md")]
struct Document004;

/// The programs of the testing page.
#[cfg(doctest)]
#[doc = include_str!("../../docs/testing.md")]
struct Testing;
