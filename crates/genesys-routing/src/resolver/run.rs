//! The pipeline.

use std::time::Instant;

use futures_util::{StreamExt, stream};
use resilience::timeout_at;
use sha2::{Digest, Sha256};

use super::Resolver;
use super::check::{EndpointReason, EndpointResult};
use super::error::{ResolveError, Stage};
use super::options::ResolveOptions;
use super::replays::Entered;
use super::report::{ResolveOutcome, ResolveReport};
use crate::api::Change;
use crate::route::EventRoute;

impl Resolver {
    pub(super) async fn run(
        &self,
        route: &EventRoute,
        options: &ResolveOptions,
        started: Instant,
    ) -> Result<ResolveReport, ResolveError> {
        // None: beyond the end of time.
        let until = started.checked_add(options.deadline);
        let key = options.idempotency_key.as_ref();
        let lead = match key.filter(|_| !options.dry_run) {
            None => None,
            Some(key) => {
                let entering = self
                    .replays
                    .enter(key, fingerprint(route), || self.clock.now());
                match self.within(until, entering).await {
                    None => return Err(ResolveError::deadline(Stage::Wait)),
                    Some(Entered::Lead(lead)) => Some(lead),
                    Some(Entered::Reused) => return Err(ResolveError::key_reused()),
                    Some(Entered::Replay(report)) => {
                        let mut report = *report;
                        report.outcome = ResolveOutcome::Replayed;
                        return Ok(report);
                    }
                }
            }
        };
        let endpoints = self.probe(route, until).await;
        self.metrics.probed(&endpoints);
        if !self.required.met(&endpoints) {
            let over = until.is_some_and(|until| self.clock.now() >= until);
            return Err(if over {
                ResolveError::deadline(Stage::Probe).with_endpoints(endpoints)
            } else {
                ResolveError::unreachable(endpoints)
            });
        }
        let report = if options.dry_run {
            self.compare(route, options, endpoints, until).await?
        } else {
            self.submit(route, options, endpoints, until).await?
        };
        if let Some(lead) = lead {
            lead.complete(&report, self.clock.now());
        }
        Ok(report)
    }

    /// Every endpoint at the same time: a route has ten at most. Each has a result, also when the deadline comes first.
    async fn probe(&self, route: &EventRoute, until: Option<Instant>) -> Vec<EndpointResult> {
        // Made by a loop: of a closure over references the compiler cannot tell that its future is `Send`.
        let mut checks = Vec::new();
        for uri in route.uris() {
            checks.push(self.probe_one(uri, until));
        }
        let places = checks.len().max(1);
        stream::iter(checks).buffered(places).collect().await
    }

    async fn probe_one(&self, uri: &url::Url, until: Option<Instant>) -> EndpointResult {
        let checked = self.within(until, self.check.check(uri)).await;
        checked.unwrap_or_else(|| {
            let reason = EndpointReason::error("deadline", "the deadline of the resolve passed");
            EndpointResult::unreachable(uri, reason)
        })
    }

    async fn compare(
        &self,
        route: &EventRoute,
        options: &ResolveOptions,
        endpoints: Vec<EndpointResult>,
        until: Option<Instant>,
    ) -> Result<ResolveReport, ResolveError> {
        let comparing = self.routes.dry_run(route, options.event.as_ref());
        let compared = match self.within(until, comparing).await {
            Some(Ok(compared)) => compared,
            Some(Err(error)) => return Err(ResolveError::submit(error).with_endpoints(endpoints)),
            None => return Err(ResolveError::deadline(Stage::Probe).with_endpoints(endpoints)),
        };
        let outcome = ResolveOutcome::DryRun;
        let mut report = ResolveReport::new(outcome, compared.change, route.name(), endpoints);
        if let Some(current) = compared.current {
            report.id = Some(current.id);
            report.version = current.version;
        }
        report.test = compared.test;
        Ok(report)
    }

    async fn submit(
        &self,
        route: &EventRoute,
        options: &ResolveOptions,
        endpoints: Vec<EndpointResult>,
        until: Option<Instant>,
    ) -> Result<ResolveReport, ResolveError> {
        let ensured = match self.within(until, self.routes.ensure(route)).await {
            Some(Ok(ensured)) => ensured,
            Some(Err(error)) => return Err(ResolveError::submit(error).with_endpoints(endpoints)),
            None => return Err(ResolveError::deadline(Stage::Submit).with_endpoints(endpoints)),
        };
        let outcome = ResolveOutcome::from(ensured.change);
        let mut report = ResolveReport::new(outcome, ensured.change, route.name(), endpoints);
        report.id = Some(ensured.deployed.id);
        report.version = ensured.deployed.version;
        let changed = ensured.change != Change::Unchanged || options.notify_unchanged;
        if let (Some(mesh), true) = (&self.mesh, changed) {
            report.notifications = mesh.tell(&report, &*self.clock, until).await;
        }
        Ok(report)
    }

    /// What `work` gives; none when the deadline comes first.
    async fn within<T>(&self, until: Option<Instant>, work: impl Future<Output = T>) -> Option<T> {
        match until {
            Some(until) => timeout_at(&*self.clock, until, work).await.ok(),
            None => Some(work.await),
        }
    }
}

fn fingerprint(route: &EventRoute) -> [u8; 32] {
    Sha256::digest(route.to_json().to_string()).into()
}
