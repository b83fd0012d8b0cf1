//! A list of the platform, by its path.

use std::borrow::Cow;

use genesys_core::{Client, RequestBuilder, Result};

use super::engine::Reading;
use super::{Document, ReadOptions, Snapshot};

/// A list of the platform: where it is and how it is cut into pages.
///
/// Reading it has the same guarantees for every list: it ends, whatever the server says; pages are asked for side by side
/// where the list says how long it is; each object is there once; a failed page is a named gap and not the end of all; a list
/// that changed meanwhile is read again; and the snapshot says whether it can be one state of the list.
///
/// ```no_run
/// # async fn run(client: genesys_core::Client) -> genesys_core::Result<()> {
/// use genesys_routing::read::{Collection, ReadOptions};
///
/// let flows = Collection::numbered("/api/v2/flows")
///     .with_query("type", "inboundcall")
///     .read(&client, &ReadOptions::default())
///     .await?;
/// for flow in &flows.items {
///     println!("{} {}", flow.id(), flow.value()["publishedVersion"]["id"]);
/// }
/// for gap in &flows.missing {
///     eprintln!("not read: {gap}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Collection {
    pub(super) path: Cow<'static, str>,
    pub(super) paging: Paging,
    largest_page: u32,
    segments: Vec<(&'static str, String)>,
    query: Vec<(Cow<'static, str>, String)>,
    operation: Option<Cow<'static, str>>,
}

/// How a list is cut into pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paging {
    Numbered,
    Cursor,
    Whole,
}

impl Collection {
    fn new(path: Cow<'static, str>, paging: Paging, largest_page: u32) -> Self {
        Self {
            path,
            paging,
            largest_page,
            segments: Vec::new(),
            query: Vec::new(),
            operation: None,
        }
    }

    /// A list by page numbers from 1 (`pageNumber`, `pageSize`; `entities`, `pageCount`, `total`). A page holds up to 100
    /// objects.
    pub fn numbered(path: impl Into<Cow<'static, str>>) -> Self {
        Self::new(path.into(), Paging::Numbered, 100)
    }

    /// A list by cursor (`after`, `pageSize`; `entities`, `nextUri`). A page holds up to 100 objects.
    pub fn cursor(path: impl Into<Cow<'static, str>>) -> Self {
        Self::new(path.into(), Paging::Cursor, 100)
    }

    /// A list that comes as a whole, without parameters (`entities`).
    pub fn whole(path: impl Into<Cow<'static, str>>) -> Self {
        Self::new(path.into(), Paging::Whole, u32::MAX)
    }

    /// Sets how many objects a page of this list holds at most. Default 100; queues give 500.
    pub fn with_largest_page(mut self, objects: u32) -> Self {
        self.largest_page = objects.max(1);
        self
    }

    /// Fills the hole `{name}` of the path.
    pub fn with_segment(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.segments.push((name, value.into()));
        self
    }

    /// Adds a query parameter to every request; the same name may be added several times.
    pub fn with_query(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
    ) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Names the operation in errors, spans and metrics. Default: method and path.
    pub fn with_operation(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.operation = Some(name.into());
        self
    }

    /// Its path, holes included.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Reads all of it.
    ///
    /// # Errors
    ///
    /// The error of the first page, without which nothing is known: [`PermissionDenied`](genesys_core::ErrorKind::PermissionDenied)
    /// names the permission that is missing. A later page that cannot be read is a gap in the snapshot; with
    /// [`strict`](ReadOptions::strict) it is an error, and so is a list that contradicts itself.
    pub async fn read(&self, client: &Client, options: &ReadOptions) -> Result<Snapshot<Document>> {
        let snapshot = Reading::of(self, client, options).all().await?;
        self.finish(snapshot, options)
    }

    /// Reads what is missing from a snapshot of this list and adds it. The page size is that of the snapshot. Objects that
    /// moved in the list meanwhile may still be missed or come twice; then the result says that it is not consistent.
    ///
    /// # Errors
    ///
    /// With [`strict`](ReadOptions::strict) as for [`read`](Self::read). Otherwise what still cannot be read stays missing.
    pub async fn resume(
        &self,
        client: &Client,
        options: &ReadOptions,
        snapshot: Snapshot<Document>,
    ) -> Result<Snapshot<Document>> {
        let snapshot = Reading::of(self, client, options).rest(snapshot).await;
        self.finish(snapshot, options)
    }

    fn finish(
        &self,
        snapshot: Snapshot<Document>,
        options: &ReadOptions,
    ) -> Result<Snapshot<Document>> {
        if options.strict {
            snapshot.into_strict(&self.name())
        } else {
            Ok(snapshot)
        }
    }

    pub(super) fn name(&self) -> Cow<'_, str> {
        match &self.operation {
            Some(name) => Cow::Borrowed(name),
            None => Cow::Owned(format!("GET {}", self.path)),
        }
    }

    pub(super) fn page_size(&self, options: &ReadOptions) -> u32 {
        options.page_size.min(self.largest_page)
    }

    pub(super) fn request(&self, client: &Client) -> RequestBuilder {
        let mut request = client.get(self.path.clone());
        if let Some(operation) = &self.operation {
            request = request.operation(operation.clone());
        }
        for (name, value) in &self.segments {
            request = request.segment(name, value);
        }
        for (name, value) in &self.query {
            request = request.query(name.clone(), value);
        }
        request
    }
}
