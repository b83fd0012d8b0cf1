//! From an organisation to its map: crawl, check, keep, tell.

use std::path::PathBuf;
use std::sync::Arc;

use depgraph::Policy;
use genesys_core::{Client, Profile, Recorder};
use genesys_routing::read::ReadOptions;
use genesys_routing::{Directory, Organization};
use genesys_webhooks::{Notifier, TargetUrl};
use resilience::Clock;

use crate::analysis::Protected;
use crate::crawl::Crawler;
use crate::error::{MapError, MapErrorKind};
use crate::iac::{Iac, Notified};
use crate::map::{DependencyMap, MapDrift, PhaseTime};
use crate::metrics::MapMetrics;
use crate::policy::standard_policy;
use crate::progress::Phase;
use crate::sources::standard_sources;
use crate::store::SnapshotStore;

mod pipeline;
mod run;

pub use run::Run;
use run::State;

/// Maps organisations, one mapping at a time.
///
/// | phase | what happens | on failure |
/// | --- | --- | --- |
/// | connect | signs in and asks which organisation it is | no map |
/// | read, resolve, build | [`Crawler::crawl`] | what is missing is a gap; with [`strict`](crate::CrawlOptions::strict), no map |
/// | validate | the graph is checked against the policy | findings are part of the map; beyond its budget, no map |
/// | analyse | single points of failure, protected paths, what changed since the last map | left out when it exceeds its budget, and that is said |
/// | store | the map is written to disk | told in the outcome |
/// | notify | infrastructure-as-code tools get a signed message | told in the outcome |
///
/// A mapping runs in a task of its own. Whoever asks while one runs joins it. It ends when nobody holds the mapper or one of its
/// [`Run`]s any more, or when it is [stopped](Run::cancel). When one fails, the last map stays. Each is audited as `mapping`, its
/// check as `validation`, and counted once, however it ends.
///
/// Clones share everything but what is set afterwards.
#[derive(Debug, Clone)]
pub struct Mapper {
    pipeline: Arc<Pipeline>,
    state: Arc<State>,
}

/// What a mapping is made of.
#[derive(Debug, Clone)]
struct Pipeline {
    organization: Arc<dyn Organization>,
    crawler: Crawler,
    policy: Policy,
    protected: Vec<Protected>,
    recorder: Recorder,
    clock: Arc<dyn Clock>,
    metrics: MapMetrics,
    store: Option<SnapshotStore>,
    iac: Option<Iac>,
    listed: usize,
    validation_steps: u64,
    analysis_steps: u64,
}

/// What a mapping brought back, and what became of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct MapOutcome {
    /// The map.
    pub map: Arc<DependencyMap>,
    /// What changed since the last map of the same organisation; none without one.
    pub drift: Option<MapDrift>,
    /// Where it was stored, or why not; none without a store.
    pub stored: Option<Result<PathBuf, MapError>>,
    /// Whom it was told to.
    pub notified: Vec<Notified>,
    /// How long each phase took, those after the map included.
    pub timings: Vec<PhaseTime>,
}

impl Mapper {
    /// A mapper of what `crawler` reads. Time, audit and observer are the client's.
    pub fn new(client: &Client, organization: Arc<dyn Organization>, crawler: Crawler) -> Self {
        let pipeline = Pipeline {
            organization,
            crawler,
            policy: standard_policy(),
            protected: Vec::new(),
            recorder: client.recorder().clone(),
            clock: Arc::clone(client.clock()),
            metrics: MapMetrics::default(),
            store: None,
            iac: None,
            listed: 100,
            validation_steps: 100_000_000_000,
            analysis_steps: 20_000_000_000,
        };
        Self {
            pipeline: Arc::new(pipeline),
            state: Arc::default(),
        }
    }

    /// A mapper of everything that this crate knows how to read in a profile.
    pub fn for_profile(profile: Profile, client: &Client, options: &ReadOptions) -> Self {
        let sources = standard_sources(profile, client, options);
        let crawler = Crawler::new(sources, Arc::clone(client.clock()));
        Self::new(client, Arc::new(Directory::new(profile, client)), crawler)
    }

    fn with(mut self, change: impl FnOnce(&mut Pipeline)) -> Self {
        change(Arc::make_mut(&mut self.pipeline));
        self
    }

    /// Changes what is read, such as `|crawler| crawler.with_source(…)`.
    #[must_use]
    pub fn with_crawler(self, change: impl FnOnce(Crawler) -> Crawler) -> Self {
        self.with(|pipeline| pipeline.crawler = change(pipeline.crawler.clone()))
    }

    /// Sets what counts as a finding. Default: [`standard_policy`].
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        self.with(|pipeline| pipeline.policy = policy)
    }

    /// Checks that a path survives failures.
    #[must_use]
    pub fn with_protected(self, protected: Protected) -> Self {
        self.with(|pipeline| pipeline.protected.push(protected))
    }

    /// Keeps maps on disk. [`restore`](Self::restore) reads the last one.
    #[must_use]
    pub fn with_store(self, store: SnapshotStore) -> Self {
        self.with(|pipeline| pipeline.store = Some(store))
    }

    /// Tells infrastructure-as-code tools after each mapping, in either profile, with a signed
    /// [`ArchitectureMapped`](crate::ArchitectureMapped). Give the notifier a transport that is guarded
    /// (`genesys_core::transport::GuardedTransport`), because the targets are somebody's input.
    #[must_use]
    pub fn with_iac(
        self,
        notifier: Notifier,
        targets: impl IntoIterator<Item = TargetUrl>,
        service_tiers: impl IntoIterator<Item = String>,
    ) -> Self {
        let iac = Iac {
            notifier,
            targets: targets.into_iter().collect(),
            service_tiers: service_tiers.into_iter().collect(),
        };
        self.with(|pipeline| pipeline.iac = Some(iac))
    }

    /// Sets how long lists in the map are: single points, changes. Default 100; totals are always complete. The policy sets it
    /// for findings, and [`CrawlOptions`](crate::CrawlOptions) for unresolved references.
    #[must_use]
    pub fn with_listed(self, items: usize) -> Self {
        self.with(|pipeline| pipeline.listed = items)
    }

    /// Sets how many steps, of some nanoseconds each, the check of the graph may take. Beyond, the mapping fails as
    /// [`TooLarge`](MapErrorKind::TooLarge): half a check would call a graph valid. What costs is the advice for circles of
    /// thousands of objects. Default 100 billion.
    #[must_use]
    pub fn with_validation_steps(self, steps: u64) -> Self {
        self.with(|pipeline| pipeline.validation_steps = steps)
    }

    /// Sets how many steps, of some nanoseconds each, the analysis may take. Default 20 billion.
    #[must_use]
    pub fn with_analysis_steps(self, steps: u64) -> Self {
        self.with(|pipeline| pipeline.analysis_steps = steps)
    }

    /// Starts a mapping, or joins the one that runs.
    ///
    /// # Errors
    ///
    /// [`MapErrorKind::Internal`] outside of a tokio runtime.
    pub fn start(&self) -> Result<Run, MapError> {
        self.state.start(&self.pipeline)
    }

    /// Maps, or waits for the mapping that runs. Dropping the future stops nothing.
    ///
    /// # Errors
    ///
    /// [`MapError`]; the last map stays.
    pub async fn map(&self) -> Result<Arc<MapOutcome>, MapError> {
        self.start()?.wait().await
    }

    /// The mapping that runs.
    pub fn running(&self) -> Option<Run> {
        self.state.running()
    }

    /// The last map.
    pub fn last(&self) -> Option<Arc<DependencyMap>> {
        self.state.last()
    }

    /// The last map, and what became of it; none when it was [restored](Self::restore).
    pub fn last_outcome(&self) -> Option<Arc<MapOutcome>> {
        self.state.last_outcome()
    }

    /// The map before the last.
    pub fn previous(&self) -> Option<Arc<DependencyMap>> {
        self.state.previous()
    }

    /// Reads the newest map that is on disk and can be read, and takes it for the last one unless there is one already.
    ///
    /// # Errors
    ///
    /// Those of [`SnapshotStore::last`].
    pub async fn restore(&self) -> Result<Option<Arc<DependencyMap>>, MapError> {
        let Some(store) = self.pipeline.store.clone() else {
            return Ok(None);
        };
        let read = tokio::task::spawn_blocking(move || store.last()).await;
        let stored = read.map_err(|_| {
            MapError::new(
                MapErrorKind::Internal,
                Phase::Store,
                "reading a map was stopped",
            )
        })??;
        Ok(stored.map(|stored| self.state.restore(Arc::new(stored.map))))
    }

    /// What was counted so far.
    pub fn metrics(&self) -> &MapMetrics {
        &self.pipeline.metrics
    }
}
