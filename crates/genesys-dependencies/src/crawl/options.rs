//! Limits and patience of a crawl.

use std::time::Duration;

/// Limits and patience of a crawl.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrawlOptions {
    pub(super) concurrency: usize,
    pub(super) deadline: Duration,
    pub(super) max_objects: usize,
    pub(super) max_references: usize,
    pub(super) max_text: usize,
    pub(super) max_look_ups: usize,
    pub(super) look_up_concurrency: usize,
    pub(super) listed: usize,
    pub(super) unlisted: bool,
    pub(super) strict: bool,
}

impl Default for CrawlOptions {
    fn default() -> Self {
        Self {
            concurrency: 4,
            deadline: Duration::from_secs(600),
            max_objects: 1_000_000,
            max_references: 10_000_000,
            max_text: 512 << 20,
            max_look_ups: 1_000,
            look_up_concurrency: 8,
            listed: 1_000,
            unlisted: false,
            strict: false,
        }
    }
}

impl CrawlOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how many sources are read side by side, at least 1. Default 4. The client's quota gate holds them back as it does
    /// every call.
    #[must_use]
    pub fn with_concurrency(mut self, sources: usize) -> Self {
        self.concurrency = sources.max(1);
        self
    }

    /// Sets how long reading and resolving may take. What was not read by then is a gap. Default 10 minutes.
    #[must_use]
    pub fn with_deadline(mut self, limit: Duration) -> Self {
        self.deadline = limit;
        self
    }

    /// Sets how many objects the graph takes, referenced ones included. Default one million. What is beyond is a gap.
    #[must_use]
    pub fn with_max_objects(mut self, objects: usize) -> Self {
        self.max_objects = objects;
        self
    }

    /// Sets how many references the graph takes. Default ten million. What is beyond is a gap.
    #[must_use]
    pub fn with_max_references(mut self, references: usize) -> Self {
        self.max_references = references;
        self
    }

    /// Sets how many bytes of names, places and attributes the graph takes. Default 512 MiB. What is beyond is a gap.
    #[must_use]
    pub fn with_max_text(mut self, bytes: usize) -> Self {
        self.max_text = bytes;
        self
    }

    /// Sets how many objects that were referred to and not listed are looked up, one call each. Default 1,000. The others count
    /// as not fetched.
    #[must_use]
    pub fn with_max_look_ups(mut self, objects: usize) -> Self {
        self.max_look_ups = objects;
        self
    }

    /// Sets how many of them are looked up side by side, at least 1. Default 8.
    #[must_use]
    pub fn with_look_up_concurrency(mut self, calls: usize) -> Self {
        self.look_up_concurrency = calls.max(1);
        self
    }

    /// Sets how many unresolved references are listed. Default 1,000; all are counted.
    #[must_use]
    pub fn with_listed(mut self, references: usize) -> Self {
        self.listed = references;
        self
    }

    /// Lists members that look like references and are in no row of the table. Default: no.
    #[must_use]
    pub fn with_unlisted(mut self, yes: bool) -> Self {
        self.unlisted = yes;
        self
    }

    /// Makes anything that is missing an error.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }
}
