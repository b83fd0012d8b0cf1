//! Where objects and their references come from.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use depgraph::State;
use genesys_core::Result;
use genesys_routing::read::{Consistency, ReadProgress};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::extract::{Extraction, Reference};
use crate::kind::ObjectKind;
use crate::progress::Progress;
use crate::table::ReferenceTable;

/// Objects that are handed over at a time.
const BATCH: usize = 256;

/// One place that a crawl reads: a list of the platform, the members of queues, dependency tracking, or your own.
///
/// A source hands documents to the [`Sink`], which finds the references in them by the table. What it could not read it tells as
/// gaps of its [`Coverage`]; an error means that nothing can be said about its list. Its future may be dropped at any point.
///
/// ```
/// use async_trait::async_trait;
/// use genesys_core::Result;
/// use genesys_dependencies::{Coverage, DependencySource, ObjectKind, Sink};
/// use serde_json::json;
///
/// /// Campaigns that are kept in a file of yours.
/// #[derive(Debug)]
/// struct Campaigns;
///
/// #[async_trait]
/// impl DependencySource for Campaigns {
///     fn name(&self) -> &str {
///         "campaigns"
///     }
///
///     fn kinds(&self) -> Vec<ObjectKind> {
///         vec![ObjectKind::new("campaign")]
///     }
///
///     async fn read(&self, sink: &Sink) -> Result<Coverage> {
///         let documents = [json!({"id": "c-1", "name": "Winback", "division": {"id": "d-1"}})];
///         sink.documents(&ObjectKind::new("campaign"), documents).await;
///         Ok(Coverage::complete(1))
///     }
/// }
/// ```
#[async_trait]
pub trait DependencySource: fmt::Debug + Send + Sync {
    /// A short name for reports and gaps, such as `queues`.
    fn name(&self) -> &str;

    /// The kinds of objects that it lists. What is referred to, is of such a kind and was not listed is
    /// [looked up](Self::look_up).
    fn kinds(&self) -> Vec<ObjectKind>;

    /// Reads everything. Stop when the sink says so.
    ///
    /// # Errors
    ///
    /// When nothing can be said about the list. [`PermissionDenied`](genesys_core::ErrorKind::PermissionDenied) makes what is
    /// referred to an object that may not be read.
    async fn read(&self, sink: &Sink) -> Result<Coverage>;

    /// Looks for one object that was referred to and not listed. Default: it cannot be told.
    ///
    /// # Errors
    ///
    /// Those of a call. [`PermissionDenied`](genesys_core::ErrorKind::PermissionDenied) says that the object may not be read.
    async fn look_up(&self, kind: &ObjectKind, id: &str) -> Result<LookUp> {
        let _ = (kind, id);
        Ok(LookUp::Unknown)
    }
}

/// What became of one object that was looked up.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum LookUp {
    /// It exists, and this is its document.
    Found(Box<Value>),
    /// There is no such object.
    Missing,
    /// It cannot be told.
    Unknown,
}

/// What a source read, and what not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Coverage {
    /// Objects read.
    pub objects: u64,
    /// Objects that the list says it has, if it does.
    pub total: Option<u64>,
    /// Whether what was read can be one state of the list.
    pub consistency: Consistency,
    /// What is missing: which part, and why.
    pub gaps: Vec<(String, String)>,
}

impl Coverage {
    /// Everything was read, and it cannot be in doubt.
    pub fn complete(objects: u64) -> Self {
        Self {
            objects,
            total: Some(objects),
            consistency: Consistency::Consistent,
            gaps: Vec::new(),
        }
    }

    /// Says that a part is missing, and why.
    #[must_use]
    pub fn with_gap(mut self, part: impl Into<String>, reason: impl Into<String>) -> Self {
        self.gaps.push((part.into(), reason.into()));
        self.consistency = Consistency::Inconsistent;
        self
    }

    /// Sets whether what was read can be one state of the list.
    #[must_use]
    pub fn with_consistency(mut self, consistency: Consistency) -> Self {
        self.consistency = consistency;
        self
    }

    /// Adds what another list of the same source gave.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.objects += other.objects;
        self.total = self.total.zip(other.total).map(|(a, b)| a + b);
        self.consistency = worse(self.consistency, other.consistency);
        self.gaps.extend(other.gaps);
        self
    }
}

fn worse(a: Consistency, b: Consistency) -> Consistency {
    match (a, b) {
        (Consistency::Inconsistent, _) | (_, Consistency::Inconsistent) => {
            Consistency::Inconsistent
        }
        (Consistency::Unknown, _) | (_, Consistency::Unknown) => Consistency::Unknown,
        _ => Consistency::Consistent,
    }
}

/// Takes what a source reads. It holds a source back while the graph is behind, so that memory stays bounded.
#[derive(Debug, Clone)]
pub struct Sink {
    pub(crate) table: ReferenceTable,
    pub(crate) batches: mpsc::Sender<Vec<Piece>>,
    pub(crate) full: Arc<AtomicBool>,
    pub(crate) progress: Progress,
    pub(crate) place: usize,
    pub(crate) unlisted: bool,
}

/// What a source hands over.
#[derive(Debug)]
pub(crate) enum Piece {
    Object {
        kind: ObjectKind,
        found: Extraction,
        unlisted: Vec<String>,
    },
    Reference {
        source: String,
        reference: Reference,
    },
    Mention(Mention),
}

/// Something that another place knows about an object that may not be listed.
#[derive(Debug)]
pub(crate) struct Mention {
    pub(crate) id: String,
    pub(crate) kind: ObjectKind,
    pub(crate) name: Option<String>,
    pub(crate) state: State,
}

impl Sink {
    /// Takes objects of one kind with their documents.
    ///
    /// False when the crawl takes no more, because a limit is reached.
    pub async fn documents(
        &self,
        kind: &ObjectKind,
        documents: impl IntoIterator<Item = Value>,
    ) -> bool {
        let pieces = documents.into_iter().map(|document| Piece::Object {
            kind: kind.clone(),
            found: self.table.extract(kind, &document),
            unlisted: match self.unlisted {
                true => self.table.unlisted(kind, &document),
                false => Vec::new(),
            },
        });
        self.send(pieces).await
    }

    /// Takes references that stand in no document, such as the members of a queue: of the object `source`, to what each says.
    ///
    /// False when the crawl takes no more.
    pub async fn references(
        &self,
        source: &str,
        references: impl IntoIterator<Item = Reference>,
    ) -> bool {
        let pieces = references.into_iter().map(|reference| Piece::Reference {
            source: source.to_owned(),
            reference,
        });
        self.send(pieces).await
    }

    /// Takes what is known about an object from somewhere else than its own list: used when nobody lists it.
    ///
    /// False when the crawl takes no more.
    pub async fn mention(
        &self,
        id: impl Into<String>,
        kind: ObjectKind,
        name: Option<String>,
        state: State,
    ) -> bool {
        let mention = Mention {
            id: id.into(),
            kind,
            name,
            state,
        };
        self.send([Piece::Mention(mention)]).await
    }

    /// Tells how far the reading is.
    pub fn progress(&self, read: &ReadProgress) {
        self.progress.source(self.place, |source| {
            source.objects = source.objects.max(read.items as u64);
            source.total = read.total.or(source.total);
        });
    }

    /// Tells how many further lists are read, of how many: one for each object, such as the members of each queue.
    pub fn lists(&self, done: u64, total: u64) {
        self.progress.source(self.place, |source| {
            source.lists = done;
            source.lists_total = Some(total);
        });
    }

    pub(crate) async fn send(&self, pieces: impl IntoIterator<Item = Piece>) -> bool {
        let mut pieces = pieces.into_iter();
        loop {
            if self.full.load(Ordering::Relaxed) {
                return false;
            }
            let batch: Vec<Piece> = pieces.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                return true;
            }
            if self.batches.send(batch).await.is_err() {
                return false;
            }
        }
    }
}
