//! The phases of a mapping, audited and counted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use depgraph::{Graph, Report};
use genesys_core::Operation;
use serde_json::Value;

use super::{MapOutcome, Pipeline};
use crate::accuracy::Accuracy;
use crate::analysis::{Analysis, analyse};
use crate::crawl::blocking;
use crate::error::{MapError, MapErrorKind};
use crate::iac::ArchitectureMapped;
use crate::map::{DependencyMap, MapDrift, OrganizationRef, PhaseTime, millis};
use crate::metrics::Ending;
use crate::progress::{Phase, Progress};

/// The names of the audited operations.
const MAPPING: &str = "mapping";
const VALIDATION: &str = "validation";
/// The status of an operation that found nothing wrong.
const SUCCESS: &str = "success";

impl Pipeline {
    /// One count and one audit entry, whatever becomes of it.
    pub(super) async fn run(
        &self,
        last: Option<Arc<DependencyMap>>,
        progress: &Progress,
    ) -> Result<MapOutcome, MapError> {
        let started = self.clock.now();
        let count = self.metrics.begin(Arc::clone(&self.clock), started);
        let begun = self.recorder.begin(MAPPING, "organization").await;
        let mut operation = match begun {
            Ok(operation) => operation,
            Err(error) => {
                count.finish(Ending::Failed, self.since(started));
                return Err(MapError::call(Phase::Connect, error));
            }
        };
        // What a dropped future leaves behind.
        operation.set_attribute("status", MapErrorKind::Cancelled.as_str());
        let result = self.phases(last, progress, started, &mut operation).await;
        let elapsed = self.since(started);
        operation.set_attribute("latencyMs", millis(elapsed));
        let result = match result {
            Ok(outcome) => {
                operation.set_attribute("status", SUCCESS);
                outcome.describe(&mut operation);
                operation
                    .succeed()
                    .await
                    .map(|()| outcome)
                    .map_err(|error| MapError::call(Phase::Done, error))
            }
            Err(error) => {
                operation.set_attribute("status", error.kind().as_str());
                operation.set_attribute("phase", error.phase().as_str());
                let _ = operation.fail(error.error().clone()).await;
                Err(error)
            }
        };
        count.finish(
            if result.is_ok() {
                Ending::Succeeded
            } else {
                Ending::Failed
            },
            elapsed,
        );
        result
    }

    async fn phases(
        &self,
        last: Option<Arc<DependencyMap>>,
        progress: &Progress,
        started: Instant,
        operation: &mut Operation,
    ) -> Result<MapOutcome, MapError> {
        let mut timings = Timings::new(self, progress, started);
        let taken_at = self.clock.wall();
        timings.phase(Phase::Connect);
        let found = self.organization.organization().await;
        let found = found.map_err(|error| MapError::call(Phase::Connect, error))?;
        let organization = OrganizationRef {
            id: found.id.as_str().to_owned(),
            name: found.name,
        };
        operation.set_target(organization.id.clone());
        operation.set_attribute("orgId", organization.id.clone());

        timings.end();
        let crawl = self.crawler.crawl_for(&organization, progress).await?;
        for (phase, elapsed) in &crawl.timings {
            timings.add(*phase, *elapsed);
        }

        timings.phase(Phase::Validate);
        let graph = Arc::new(crawl.graph);
        let report = self
            .validate(&graph, &organization, &crawl.accuracy)
            .await?;
        timings.phase(Phase::Analyse);
        let analysis = self.analyse(&graph).await?;
        let mut map = DependencyMap {
            organization,
            taken_at,
            elapsed: Duration::ZERO,
            graph,
            report,
            accuracy: crawl.accuracy,
            analysis,
            sources: crawl.sources,
            unlisted: crawl.unlisted,
            timings: Vec::new(),
        };
        let drift = match last.filter(|last| last.organization.id == map.organization.id) {
            Some(last) => Some(self.compare(&map, last).await?),
            None => None,
        };
        timings.end();
        map.elapsed = self.since(started);
        map.timings = timings.list.clone();
        self.metrics.mapped(&map);
        let map = Arc::new(map);

        let mut outcome = MapOutcome {
            map: Arc::clone(&map),
            drift,
            stored: None,
            notified: Vec::new(),
            timings: Vec::new(),
        };
        if let Some(store) = self.store.clone() {
            timings.phase(Phase::Store);
            let kept = Arc::clone(&map);
            let written = tokio::task::spawn_blocking(move || store.save(&kept)).await;
            let stopped = |_| {
                MapError::new(
                    MapErrorKind::Internal,
                    Phase::Store,
                    "writing the map was stopped",
                )
            };
            outcome.stored = Some(written.map_err(stopped).and_then(|written| written));
        }
        if let Some(iac) = &self.iac {
            timings.phase(Phase::Notify);
            let at = self.clock.wall();
            let message =
                ArchitectureMapped::of(&map, outcome.drift.as_ref(), &iac.service_tiers, at);
            outcome.notified = iac.tell(&message).await;
        }
        timings.end();
        outcome.timings = timings.list;
        Ok(outcome)
    }

    /// Checks the graph, and audits what the check says: each kind of finding by its own name.
    async fn validate(
        &self,
        graph: &Arc<Graph>,
        organization: &OrganizationRef,
        accuracy: &Accuracy,
    ) -> Result<Report, MapError> {
        let started = self.clock.now();
        let known = BTreeMap::from([("orgId".to_owned(), Value::from(organization.id.as_str()))]);
        let begun = self
            .recorder
            .begin_with(VALIDATION, organization.id.clone(), known)
            .await;
        let mut operation = begun.map_err(|error| MapError::call(Phase::Validate, error))?;
        let (graph, policy) = (Arc::clone(graph), self.policy.clone());
        let steps = Some(self.validation_steps);
        let result = blocking(Phase::Validate, steps, move |mut work| {
            graph.validate(&policy, &mut work)
        })
        .await;
        operation.set_attribute("latencyMs", millis(self.since(started)));
        if let Some(ratio) = accuracy.ratio() {
            operation.set_attribute("accuracy", ratio);
        }
        match result {
            Ok(report) => {
                let mut errors = report.totals.iter().filter(|(_, total)| total.errors > 0);
                operation.set_attribute(
                    "status",
                    errors.next().map_or(SUCCESS, |(kind, _)| kind.as_str()),
                );
                let found = report.totals.iter().filter(|(_, total)| total.found() > 0);
                let found = found
                    .map(|(kind, total)| (kind.as_str().to_owned(), Value::from(total.found())));
                operation.set_attribute("findings", Value::Object(found.collect()));
                operation
                    .succeed()
                    .await
                    .map_err(|error| MapError::call(Phase::Validate, error))?;
                Ok(report)
            }
            Err(error) => {
                operation.set_attribute("status", error.kind().as_str());
                let _ = operation.fail(error.error().clone()).await;
                Err(error)
            }
        }
    }

    async fn analyse(&self, graph: &Arc<Graph>) -> Result<Analysis, MapError> {
        let (graph, policy) = (Arc::clone(graph), self.policy.clone());
        let (protected, listed) = (self.protected.clone(), self.listed);
        let steps = Some(self.analysis_steps);
        blocking(Phase::Analyse, steps, move |mut work| {
            match analyse(&graph, &policy, &protected, listed, &mut work) {
                Err(error) if error.kind() == depgraph::ErrorKind::BudgetSpent => {
                    Ok(Analysis::left_out(error))
                }
                result => result,
            }
        })
        .await
    }

    async fn compare(
        &self,
        map: &DependencyMap,
        last: Arc<DependencyMap>,
    ) -> Result<MapDrift, MapError> {
        let (now, listed) = (map.clone(), self.listed);
        blocking(Phase::Analyse, None, move |mut work| {
            now.drift_from(&last, listed, &mut work)
        })
        .await
    }

    fn since(&self, started: Instant) -> Duration {
        self.clock.now().saturating_duration_since(started)
    }
}

impl MapOutcome {
    /// What the audit trail tells about it.
    fn describe(&self, operation: &mut Operation) {
        if let Some(ratio) = self.map.accuracy.ratio() {
            operation.set_attribute("accuracy", ratio);
        }
        operation.set_attribute("complete", self.map.is_complete());
        operation.set_attribute("objects", self.map.graph.node_count());
        operation.set_attribute("references", self.map.graph.edge_count());
        if let Some(stored) = &self.stored {
            operation.set_attribute("stored", stored.is_ok());
            if let Err(error) = stored {
                operation.set_attribute("storeError", error.to_string());
            }
        }
        if !self.notified.is_empty() {
            let delivered = self.notified.iter().filter(|one| one.delivered).count();
            operation.set_attribute("notified", delivered);
            operation.set_attribute("notNotified", self.notified.len() - delivered);
        }
    }
}

/// How long each phase took.
struct Timings<'a> {
    pipeline: &'a Pipeline,
    progress: &'a Progress,
    list: Vec<PhaseTime>,
    current: Option<Phase>,
    since: Instant,
}

impl<'a> Timings<'a> {
    fn new(pipeline: &'a Pipeline, progress: &'a Progress, started: Instant) -> Self {
        Self {
            pipeline,
            progress,
            list: Vec::new(),
            current: None,
            since: started,
        }
    }

    fn phase(&mut self, phase: Phase) {
        self.end();
        self.current = Some(phase);
        self.progress.phase(phase);
    }

    fn add(&mut self, phase: Phase, elapsed: Duration) {
        self.list.push(PhaseTime::new(phase, elapsed));
        self.since = self.pipeline.clock.now();
    }

    fn end(&mut self) {
        let now = self.pipeline.clock.now();
        if let Some(phase) = self.current.take() {
            let elapsed = now.saturating_duration_since(self.since);
            self.list.push(PhaseTime::new(phase, elapsed));
        }
        self.since = now;
    }
}
