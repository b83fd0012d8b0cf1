//! Endpoints outside of the platform, probed.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use endpoint_probe::{
    EndpointFacts, FailoverPolicy, Probe, ProbeSeries, ProbeVerdict, ReadinessReason,
};
use futures_util::{StreamExt, stream};
use genesys_core::Result;
use resilience::Clock;
use sha2::{Digest, Sha256};

use crate::endpoint::{Endpoint, EndpointResult};
use crate::extract::Extraction;
use crate::kind::ObjectKind;
use crate::map::{millis, time};
use crate::source::{Coverage, DependencySource, Piece, Sink};

/// Endpoints that are probed at a time.
const PARALLEL: usize = 8;

/// Probes endpoints side by side and puts what it finds into the graph, as attributes of their nodes. A data action that calls
/// the same host refers to that node.
///
/// The first endpoint is the primary. Every other one is judged as its standby: addresses, TLS, health, and whether one thing
/// can take both down.
///
/// A node's id is scheme, host and port. Of several endpoints on one host the first has that id, and the others have a digest
/// of their URL beside it, so that a path that is a secret stays one.
#[derive(Debug, Clone)]
pub struct EndpointSource {
    probe: Probe,
    endpoints: Vec<Endpoint>,
    samples: usize,
    readiness: FailoverPolicy,
    clock: Arc<dyn Clock>,
}

impl EndpointSource {
    /// Probes these endpoints with `probe`; one that is given twice is probed once.
    pub fn new(
        probe: Probe,
        endpoints: impl IntoIterator<Item = Endpoint>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let mut seen = BTreeSet::new();
        let endpoints = endpoints
            .into_iter()
            .filter(|one| seen.insert(one.url().clone()));
        Self {
            probe,
            endpoints: endpoints.collect(),
            samples: 3,
            readiness: FailoverPolicy::new(),
            clock,
        }
    }

    /// Sets how often each endpoint is probed, 1 to 1,000. Default 3.
    #[must_use]
    pub fn with_samples(mut self, samples: usize) -> Self {
        self.samples = samples.clamp(1, 1_000);
        self
    }

    /// Sets what a standby must be like.
    #[must_use]
    pub fn with_readiness(mut self, policy: FailoverPolicy) -> Self {
        self.readiness = policy;
        self
    }

    async fn sample(&self, endpoint: &Endpoint) -> ProbeSeries {
        self.probe
            .series(endpoint.url().as_str(), self.samples)
            .await
    }

    fn result(
        &self,
        endpoint: &Endpoint,
        series: &ProbeSeries,
        primary: Option<&EndpointFacts>,
    ) -> EndpointResult {
        let last = series.last.as_ref();
        let reachable = last.is_some_and(|report| report.verdict != ProbeVerdict::Unhealthy);
        let now = self.clock.wall();
        let readiness = primary.zip(last).map(|(primary, report)| {
            let mut facts = EndpointFacts::from(report);
            if let Some(region) = endpoint.region() {
                facts = facts.with_region(region);
            }
            self.readiness.assess(primary, &facts, now)
        });
        let reasons = last
            .into_iter()
            .flat_map(|report| &report.reasons)
            .filter(|_| !reachable);
        let mut problems: Vec<String> = reasons.map(|reason| reason.detail.clone()).collect();
        if let Some(readiness) = &readiness {
            let blocking = readiness.blocking();
            problems.extend(blocking.map(|reason: &ReadinessReason| reason.finding.to_string()));
        }
        problems.dedup();
        EndpointResult {
            endpoint: endpoint.url().origin().ascii_serialization(),
            reachable,
            latency_ms: series.latency.as_ref().map(|latency| millis(latency.p50)),
            region: endpoint.region().unwrap_or("unknown").to_owned(),
            checked_at: time(now),
            samples: series.samples as u64,
            failures: series.failures as u64,
            problem: (!problems.is_empty()).then(|| problems.join("; ")),
            standby_ready: readiness.map(|readiness| readiness.ready),
        }
    }
}

fn facts(endpoint: &Endpoint, series: &ProbeSeries) -> Option<EndpointFacts> {
    let facts = EndpointFacts::from(series.last.as_ref()?);
    Some(match endpoint.region() {
        Some(region) => facts.with_region(region),
        None => facts,
    })
}

#[async_trait]
impl DependencySource for EndpointSource {
    fn name(&self) -> &str {
        "endpoints"
    }

    fn kinds(&self) -> Vec<ObjectKind> {
        Vec::new()
    }

    async fn read(&self, sink: &Sink) -> Result<Coverage> {
        // Made by a loop: of a closure over references the compiler cannot tell that its future is `Send`.
        let mut probes = Vec::with_capacity(self.endpoints.len());
        for endpoint in &self.endpoints {
            probes.push(self.sample(endpoint));
        }
        let series: Vec<ProbeSeries> = stream::iter(probes).buffered(PARALLEL).collect().await;
        let primary = self
            .endpoints
            .first()
            .zip(series.first())
            .and_then(|(one, series)| facts(one, series));
        let mut hosts = BTreeSet::new();
        let mut pieces = Vec::with_capacity(series.len());
        for (place, (endpoint, series)) in self.endpoints.iter().zip(&series).enumerate() {
            let primary = primary.as_ref().filter(|_| place > 0);
            let result = self.result(endpoint, series, primary);
            let host = result.endpoint.clone();
            let id = match hosts.insert(host.clone()) {
                true => host.clone(),
                false => format!("{host}#{}", digest(endpoint)),
            };
            pieces.push(Piece::Object {
                kind: ObjectKind::ENDPOINT,
                found: Extraction {
                    id: Some(id),
                    name: Some(host),
                    attributes: result.attributes(),
                    ..Extraction::default()
                },
                unlisted: Vec::new(),
            });
        }
        sink.send(pieces).await;
        Ok(Coverage::complete(series.len() as u64))
    }
}

/// Tells two endpoints of one host apart without showing what stands behind the host.
fn digest(endpoint: &Endpoint) -> String {
    let digest = Sha256::digest(endpoint.url().as_str());
    digest
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
