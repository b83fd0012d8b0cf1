//! Reading every source into one graph.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use depgraph::{Graph, Limits, Work};
use futures_util::{StreamExt, stream};
use genesys_core::{Error, ErrorKind};
use genesys_routing::read::Consistency;
use resilience::{Clock, timeout_at};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::accuracy::Accuracy;
use crate::error::{MapError, MapErrorKind};
use crate::extract::cut;
use crate::map::OrganizationRef;
use crate::progress::{Phase, Progress, SourceState};
use crate::source::{Coverage, DependencySource, Sink};
use crate::table::ReferenceTable;

mod assembly;
mod options;
mod resolve;

use assembly::Assembly;
pub use options::CrawlOptions;

/// Batches on their way to the graph; a source that is further ahead waits.
const BATCHES: usize = 32;

/// Reads sources side by side and packs what they give into a graph.
///
/// What cannot be read is a gap of the graph and not the end of all: a failed page, a source that may not be read, a limit. What
/// is referred to and not listed is looked up one by one, so that the graph tells what was deleted from what may not be read
/// and what was not read. Dropping the future of a crawl ends it.
#[derive(Debug, Clone)]
pub struct Crawler {
    sources: Vec<Arc<dyn DependencySource>>,
    table: ReferenceTable,
    options: CrawlOptions,
    clock: Arc<dyn Clock>,
}

/// What a crawl brought back.
#[derive(Debug)]
#[non_exhaustive]
pub struct Crawl {
    /// The graph. Its gaps say what is missing.
    pub graph: Graph,
    /// What each source gave, in the order given.
    pub sources: Vec<SourceReport>,
    /// How many references lead to something.
    pub accuracy: Accuracy,
    /// Members that look like references and are in no row of the table, when that was
    /// [asked for](CrawlOptions::with_unlisted).
    pub unlisted: Vec<Unlisted>,
    /// How long reading, resolving and building took.
    pub timings: Vec<(Phase, Duration)>,
}

/// What one source gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SourceReport {
    /// Its name.
    pub name: String,
    /// Objects read.
    pub objects: u64,
    /// Objects that the list says it has, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// True when nothing is missing.
    pub complete: bool,
    /// `consistent`, `unknown` or `inconsistent`: whether what was read can be one state of the list.
    pub consistency: String,
    /// Why nothing at all was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub elapsed_ms: f64,
}

/// A member that looks like a reference and is in no row of the table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Unlisted {
    /// The kind of objects that have it.
    pub kind: String,
    /// Where it stands, as a [`FieldPath`](crate::FieldPath).
    pub path: String,
    /// How often.
    pub times: u64,
}

/// How the reading of one source ended.
struct Ended {
    coverage: Result<Coverage, Error>,
    elapsed: Duration,
}

impl Crawler {
    /// A crawl of these sources, with the default table and options.
    pub fn new(
        sources: impl IntoIterator<Item = Arc<dyn DependencySource>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            sources: sources.into_iter().collect(),
            table: ReferenceTable::default(),
            options: CrawlOptions::default(),
            clock,
        }
    }

    /// Adds a source.
    #[must_use]
    pub fn with_source(mut self, source: Arc<dyn DependencySource>) -> Self {
        self.sources.push(source);
        self
    }

    /// Sets the table of references.
    #[must_use]
    pub fn with_table(mut self, table: ReferenceTable) -> Self {
        self.table = table;
        self
    }

    /// Sets limits and patience.
    #[must_use]
    pub fn with_options(mut self, options: CrawlOptions) -> Self {
        self.options = options;
        self
    }

    /// The sources.
    pub fn sources(&self) -> &[Arc<dyn DependencySource>] {
        &self.sources
    }

    /// Reads everything.
    ///
    /// # Errors
    ///
    /// [`Incomplete`](MapErrorKind::Incomplete) with [`strict`](CrawlOptions::strict) when anything is missing. Without it, the
    /// error of the first source when not one could be read, and what the graph refuses.
    pub async fn crawl(&self, progress: &Progress) -> Result<Crawl, MapError> {
        let assembly = Assembly::new(self.table.clone(), &self.options);
        self.fill(assembly, progress).await
    }

    /// As [`crawl`](Self::crawl), of a graph that says whose it is.
    pub(crate) async fn crawl_for(
        &self,
        organization: &OrganizationRef,
        progress: &Progress,
    ) -> Result<Crawl, MapError> {
        let mut assembly = Assembly::new(self.table.clone(), &self.options);
        assembly.property("organization", &organization.id);
        if let Some(name) = &organization.name {
            assembly.property("organizationName", cut(name));
        }
        self.fill(assembly, progress).await
    }

    async fn fill(&self, mut assembly: Assembly, progress: &Progress) -> Result<Crawl, MapError> {
        let started = self.clock.now();
        let until = started.checked_add(self.options.deadline);

        progress.sources(self.sources.iter().map(|source| source.name()));
        progress.phase(Phase::Read);
        let ended = self.read(&mut assembly, progress, until).await;
        self.judge(&ended)?;
        let read = self.clock.now();

        progress.phase(Phase::Resolve);
        self.resolve(&mut assembly, &ended, until).await;
        let resolved = self.clock.now();

        progress.phase(Phase::Build);
        for (source, ended) in self.sources.iter().zip(&ended) {
            for (part, reason) in gaps(ended) {
                let scope = match part {
                    "" => source.name().to_owned(),
                    part => format!("{}: {part}", source.name()),
                };
                assembly.gap(scope, reason);
            }
        }
        let (graph, accuracy, unlisted) = build(assembly, self.options.listed).await?;
        if self.options.strict
            && let Some(gap) = graph.gaps().first()
        {
            let message = format!("{}: {}", gap.scope, gap.reason);
            return Err(MapError::new(
                MapErrorKind::Incomplete,
                Phase::Build,
                message,
            ));
        }
        let built = self.clock.now();
        let reports = self.sources.iter().zip(&ended);
        Ok(Crawl {
            graph,
            accuracy,
            unlisted,
            sources: reports
                .map(|(source, ended)| report(source.name(), ended))
                .collect(),
            timings: vec![
                (Phase::Read, read.saturating_duration_since(started)),
                (Phase::Resolve, resolved.saturating_duration_since(read)),
                (Phase::Build, built.saturating_duration_since(resolved)),
            ],
        })
    }

    async fn read(
        &self,
        assembly: &mut Assembly,
        progress: &Progress,
        until: Option<Instant>,
    ) -> Vec<Ended> {
        let (sender, mut batches) = mpsc::channel(BATCHES);
        let sink = Sink {
            table: self.table.clone(),
            batches: sender,
            full: Arc::new(AtomicBool::new(false)),
            progress: progress.clone(),
            place: 0,
            unlisted: self.options.unlisted,
        };
        let full = Arc::clone(&sink.full);
        // Made by a loop: of a closure over references the compiler cannot tell that its future is `Send`.
        let mut reads = Vec::with_capacity(self.sources.len());
        for (place, source) in self.sources.iter().enumerate() {
            let sink = Sink {
                place,
                ..sink.clone()
            };
            reads.push(self.read_one(&**source, sink, until));
        }
        // The last sender goes with the last source, and then the batches end.
        drop(sink);
        let mut reads = stream::iter(reads).buffered(self.options.concurrency);
        let reading = async {
            let mut ended = Vec::with_capacity(self.sources.len());
            while let Some(one) = reads.next().await {
                ended.push(one);
            }
            drop(reads);
            ended
        };
        let taking = async {
            while let Some(batch) = batches.recv().await {
                assembly.take(batch);
                if assembly.is_full() {
                    full.store(true, Ordering::Relaxed);
                }
                let (objects, references) = assembly.counts();
                progress.graph(objects, references);
            }
        };
        futures_util::future::join(reading, taking).await.0
    }

    async fn read_one(
        &self,
        source: &dyn DependencySource,
        sink: Sink,
        until: Option<Instant>,
    ) -> Ended {
        let started = self.clock.now();
        sink.progress
            .source(sink.place, |now| now.state = SourceState::Reading);
        let reading = source.read(&sink);
        let coverage = match until {
            Some(until) => timeout_at(&*self.clock, until, reading)
                .await
                .unwrap_or_else(|_elapsed| {
                    Err(Error::new(
                        ErrorKind::Deadline,
                        "the crawl's deadline passed",
                    ))
                }),
            None => reading.await,
        };
        sink.progress.source(sink.place, |now| match &coverage {
            Ok(coverage) => {
                now.state = SourceState::Read;
                now.objects = coverage.objects;
                now.total = coverage.total;
            }
            Err(_) => now.state = SourceState::Failed,
        });
        Ended {
            coverage,
            elapsed: self.clock.now().saturating_duration_since(started),
        }
    }

    /// When not one source could be read, there is no map.
    fn judge(&self, ended: &[Ended]) -> Result<(), MapError> {
        let mut errors = ended.iter().filter_map(|one| one.coverage.as_ref().err());
        match errors.next() {
            Some(first) if errors.count() + 1 == ended.len() => {
                Err(MapError::call(Phase::Read, first.clone()))
            }
            _ => Ok(()),
        }
    }
}

/// What one source did not give, and why.
fn gaps(ended: &Ended) -> Vec<(&str, String)> {
    match &ended.coverage {
        Ok(coverage) => coverage
            .gaps
            .iter()
            .map(|(part, reason)| (part.as_str(), reason.clone()))
            .collect(),
        Err(error) => vec![("", error.to_string())],
    }
}

fn report(name: &str, ended: &Ended) -> SourceReport {
    let coverage = ended.coverage.as_ref();
    let consistency = coverage.map_or(Consistency::Inconsistent, |coverage| coverage.consistency);
    SourceReport {
        name: name.to_owned(),
        objects: coverage.map_or(0, |coverage| coverage.objects),
        total: coverage.ok().and_then(|coverage| coverage.total),
        complete: coverage.is_ok_and(|coverage| coverage.gaps.is_empty()),
        consistency: consistency.as_str().to_owned(),
        error: coverage.err().map(ToString::to_string),
        elapsed_ms: ended.elapsed.as_secs_f64() * 1_000.0,
    }
}

/// Packs the graph on a thread for work that takes long. It stops when nobody waits any more.
async fn build(
    assembly: Assembly,
    listed: usize,
) -> Result<(Graph, Accuracy, Vec<Unlisted>), MapError> {
    blocking(Phase::Build, None, move |mut work| {
        let (builder, unreadable, unlisted) = assembly.finish()?;
        let graph = builder.freeze_with(&mut work)?;
        let accuracy = Accuracy::of(&graph, &unreadable, listed);
        Ok((graph, accuracy, unlisted))
    })
    .await
}

/// Does work on the graph, of so many steps at most, on a thread of its own; it is cancelled when the future is dropped.
pub(crate) async fn blocking<T: Send + 'static>(
    phase: Phase,
    steps: Option<u64>,
    job: impl FnOnce(Work) -> Result<T, depgraph::Error> + Send + 'static,
) -> Result<T, MapError> {
    struct Stop(Arc<AtomicBool>);
    impl Drop for Stop {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let flag = Arc::new(AtomicBool::new(false));
    let work = steps.map_or_else(Work::unlimited, Work::steps);
    let work = work.with_cancel(Arc::clone(&flag));
    let stop = Stop(flag);
    let done = tokio::task::spawn_blocking(move || job(work)).await;
    drop(stop);
    match done {
        Ok(result) => result.map_err(|error| MapError::graph(phase, error)),
        Err(_) => Err(MapError::new(
            MapErrorKind::Internal,
            phase,
            "the work on the graph panicked or was stopped",
        )),
    }
}

/// The graph's own bounds, from those of the crawl.
fn limits(options: &CrawlOptions) -> Limits {
    Limits::default()
        .with_nodes(options.max_objects)
        .with_edges(options.max_references)
        .with_total_text(options.max_text)
}
