//! How to read a list.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The largest page that any list of the platform gives.
const LARGEST_PAGE: u32 = 500;
const LARGEST_WIDTH: usize = 32;

type Watcher = dyn Fn(&ReadProgress) + Send + Sync;

/// How patiently to read a list, and how much of it to keep.
///
/// ```
/// use std::time::Duration;
/// use genesys_routing::read::ReadOptions;
///
/// let options = ReadOptions::default()
///     .with_page_size(500)
///     .with_concurrency(8)
///     .with_deadline(Duration::from_secs(60));
/// # let _ = options;
/// ```
#[derive(Clone)]
#[must_use]
pub struct ReadOptions {
    pub(super) page_size: u32,
    pub(super) concurrency: usize,
    pub(super) max_pages: u32,
    pub(super) max_items: usize,
    pub(super) largest_document: usize,
    pub(super) rereads: u32,
    pub(super) strict: bool,
    pub(super) deadline: Option<Duration>,
    pub(super) progress: Option<Arc<Watcher>>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            page_size: 100,
            concurrency: 4,
            max_pages: 10_000,
            max_items: 1_000_000,
            largest_document: 256 * 1_024,
            rereads: 1,
            strict: false,
            deadline: None,
            progress: None,
        }
    }
}

impl ReadOptions {
    /// Sets how many objects to ask for a page, 1 to 500. Default 100. A list that gives fewer at most is asked for
    /// those; see [`Collection::with_largest_page`](super::Collection::with_largest_page).
    pub fn with_page_size(mut self, objects: u32) -> Self {
        self.page_size = objects.clamp(1, LARGEST_PAGE);
        self
    }

    /// Sets how many pages may be asked for side by side, 1 to 32. Default 4. The client's quota gate holds them back as
    /// it does every call. A list by cursor, and one that does not say how long it is, is read one page at a time.
    pub fn with_concurrency(mut self, pages: usize) -> Self {
        self.concurrency = pages.clamp(1, LARGEST_WIDTH);
        self
    }

    /// Sets after how many pages a list counts as endless, at least 1. Default 10,000.
    pub fn with_max_pages(mut self, pages: u32) -> Self {
        self.max_pages = pages.max(1);
        self
    }

    /// Sets how many objects are kept, at least 1. Default 1,000,000.
    pub fn with_max_items(mut self, objects: usize) -> Self {
        self.max_items = objects.max(1);
        self
    }

    /// Sets how large a document may be in bytes. Of a larger one only `id`, `name`, `division` and `type` are kept. Default
    /// 256 KiB.
    pub fn with_largest_document(mut self, bytes: usize) -> Self {
        self.largest_document = bytes;
        self
    }

    /// Sets how often a list is read again that changed while it was read, at most 10. Default once.
    pub fn with_rereads(mut self, times: u32) -> Self {
        self.rereads = times.min(10);
        self
    }

    /// Makes anything but a complete and consistent snapshot an error.
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Sets how long the whole reading may take. What was not read by then is missing from the snapshot. Default none; each
    /// call has its own limit.
    pub fn with_deadline(mut self, limit: Duration) -> Self {
        self.deadline = Some(limit);
        self
    }

    /// Tells how far the reading is after every page.
    pub fn with_progress(mut self, watch: impl Fn(&ReadProgress) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(watch));
        self
    }
}

impl fmt::Debug for ReadOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadOptions")
            .field("page_size", &self.page_size)
            .field("concurrency", &self.concurrency)
            .field("max_pages", &self.max_pages)
            .field("max_items", &self.max_items)
            .field("rereads", &self.rereads)
            .field("strict", &self.strict)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// How far a reading is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadProgress {
    /// The name of the operation, such as `queues.list`.
    pub operation: String,
    /// Which reading of the list this is, from 1.
    pub pass: u32,
    /// Pages read, those that failed included.
    pub pages: u32,
    /// Pages that the list is expected to have; none when it does not say.
    pub expected: Option<u32>,
    /// Objects kept.
    pub items: usize,
    /// Objects that the list says it has.
    pub total: Option<u64>,
}
