//! A list of the platform.

use std::borrow::Cow;

use async_trait::async_trait;
use genesys_core::{Client, Result};
use genesys_routing::read::{Collection, Document, Entity, ReadOptions, Snapshot};
use serde_json::Value;

use crate::kind::ObjectKind;
use crate::source::{Coverage, DependencySource, LookUp, Sink};

/// A list of objects of one kind.
///
/// ```
/// # fn sources(client: genesys_core::Client) {
/// use genesys_dependencies::{CollectionSource, ObjectKind};
/// use genesys_routing::read::Collection;
///
/// let campaigns = Collection::numbered("/api/v2/outbound/campaigns");
/// let source = CollectionSource::new("campaigns", ObjectKind::new("campaign"), campaigns, client)
///     .with_item_route("/api/v2/outbound/campaigns/{id}");
/// # let _ = source;
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct CollectionSource {
    name: Cow<'static, str>,
    kind: ObjectKind,
    list: Collection,
    item: Option<Cow<'static, str>>,
    client: Client,
    options: ReadOptions,
}

impl CollectionSource {
    /// The objects of `list` are of this kind.
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        kind: ObjectKind,
        list: Collection,
        client: Client,
    ) -> Self {
        Self {
            name: name.into(),
            kind,
            list,
            item: None,
            client,
            options: ReadOptions::default(),
        }
    }

    /// Sets the path of one object, with a hole `{id}`, by which objects are looked up. Default: none, so that nothing can be
    /// said of what is not listed.
    #[must_use]
    pub fn with_item_route(mut self, route: impl Into<Cow<'static, str>>) -> Self {
        self.item = Some(route.into());
        self
    }

    /// Sets how the list is read.
    #[must_use]
    pub fn with_options(mut self, options: ReadOptions) -> Self {
        self.options = options;
        self
    }
}

#[async_trait]
impl DependencySource for CollectionSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn kinds(&self) -> Vec<ObjectKind> {
        vec![self.kind.clone()]
    }

    async fn read(&self, sink: &Sink) -> Result<Coverage> {
        let options = reporting(&self.options, sink);
        let snapshot = self.list.read(&self.client, &options).await?;
        let coverage = coverage(&snapshot);
        let documents = snapshot.items.into_iter().map(Document::into_value);
        sink.documents(&self.kind, documents).await;
        Ok(coverage)
    }

    async fn look_up(&self, _kind: &ObjectKind, id: &str) -> Result<LookUp> {
        match &self.item {
            Some(route) => look_up(&self.client, route.clone(), id).await,
            None => Ok(LookUp::Unknown),
        }
    }
}

/// Options that tell the sink how far the reading is.
pub(super) fn reporting(options: &ReadOptions, sink: &Sink) -> ReadOptions {
    let sink = sink.clone();
    options
        .clone()
        .with_progress(move |read| sink.progress(read))
}

/// Asks for one object by a path with a hole `{id}`.
pub(super) async fn look_up(client: &Client, route: Cow<'static, str>, id: &str) -> Result<LookUp> {
    let found: Option<Value> = client.get(route).segment("id", id).json_or_none().await?;
    Ok(found.map_or(LookUp::Missing, |document| {
        LookUp::Found(Box::new(document))
    }))
}

/// What a reading gave, and what not.
pub(super) fn coverage<T: Entity>(snapshot: &Snapshot<T>) -> Coverage {
    let mut coverage =
        Coverage::complete(snapshot.items.len() as u64).with_consistency(snapshot.consistency());
    coverage.total = snapshot.total;
    for missing in &snapshot.missing {
        coverage = coverage.with_gap(missing.range.to_string(), missing.error.to_string());
    }
    let content = snapshot
        .doubts
        .iter()
        .filter(|doubt| doubt.affects_content());
    for doubt in content {
        coverage
            .gaps
            .push(("consistency".to_owned(), doubt.to_string()));
    }
    if snapshot.rejected_total > 0 {
        let reason = format!(
            "{} entries are no objects with an id",
            snapshot.rejected_total
        );
        coverage.gaps.push(("entries".to_owned(), reason));
    }
    let trimmed = snapshot
        .items
        .iter()
        .filter(|item| item.as_document().is_trimmed())
        .count();
    if trimmed > 0 {
        let reason = format!("{trimmed} documents are too large; references may be missing");
        coverage.gaps.push(("documents".to_owned(), reason));
    }
    coverage
}
