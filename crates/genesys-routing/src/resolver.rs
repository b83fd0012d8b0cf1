//! From a route to a deployed one whose every endpoint was verified first.
//!
//! [`Resolver::resolve`] runs the whole pipeline: validate, probe all endpoints, compare with what exists, submit with retry,
//! notify the mesh, and record metrics and audit on every path.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use genesys_core::{Client, Recorder, redact};
use genesys_webhooks::{Notifier, TargetUrl};
use resilience::Clock;
use serde_json::Value;

use crate::api::EventRoutes;
use crate::route::{EventRoute, RouteRules};

mod check;
mod error;
mod mesh;
mod metrics;
mod options;
mod replays;
mod report;
mod run;

pub use check::{EndpointCheck, EndpointReason, EndpointResult};
pub use error::{ResolveError, ResolveErrorKind, Stage};
pub use mesh::Notified;
pub use metrics::{MetricsSnapshot, ResolveMetrics};
pub use options::{IdempotencyKey, ResolveOptions};
pub use report::{ResolveOutcome, ResolveReport};

use mesh::Mesh;
use replays::Replays;

/// The name of the audited operation.
const OPERATION: &str = "resolve_operation";
/// How much of a refused text is told in the audit trail.
const MAX_TEXT: usize = 256;

/// Which endpoints must be reachable before a route is deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Required {
    /// Every one.
    #[default]
    All,
    /// The primary; the others are reported.
    Primary,
    /// This many, whichever they are; more than there are means every one.
    AtLeast(usize),
}

impl Required {
    fn met(self, endpoints: &[EndpointResult]) -> bool {
        let reachable = endpoints.iter().filter(|one| one.reachable).count();
        match self {
            Self::All => reachable == endpoints.len(),
            Self::Primary => endpoints.first().is_none_or(|primary| primary.reachable),
            Self::AtLeast(count) => reachable >= count.min(endpoints.len()),
        }
    }
}

/// Deploys routes whose endpoints were verified.
///
/// | step | what happens | on failure |
/// | --- | --- | --- |
/// | validate | a route is valid by construction; [`resolve_json`](Self::resolve_json) reads one | nothing is probed |
/// | idempotency | a key that was used before replays its report; callers at the same time wait for the first one | |
/// | probe | every endpoint, all at the same time, each with a result | nothing is submitted unless enough of them are reachable ([`Required`]) |
/// | compare, submit | [`EventRoutes::ensure`] | an outcome that stays unknown says so |
/// | notify | each mesh callback gets a signed message when something changed | reported, and no failure of the whole |
/// | record | one audit entry `resolve_operation` and one count, on every path, a dropped future's included | |
///
/// Dropping the future of a resolve ends it at whatever step it is; it runs nothing in the background. Clones share metrics
/// and remembered keys.
///
/// ```
/// # use genesys_core::test_util::{Reply, ScriptedTransport};
/// # use genesys_core::{Client, Region, StaticToken};
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use async_trait::async_trait;
/// use genesys_core::Profile;
/// use genesys_routing::resolver::{EndpointCheck, EndpointResult, ResolveOptions, ResolveOutcome, Resolver};
/// use genesys_routing::{EventRoute, for_profile};
///
/// /// In production: `endpoint_probe::Probe`.
/// #[derive(Debug)]
/// struct EverythingIsFine;
///
/// #[async_trait]
/// impl EndpointCheck for EverythingIsFine {
///     async fn check(&self, uri: &url::Url) -> EndpointResult {
///         EndpointResult::reachable(uri, Duration::from_millis(12))
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// # let cloud = ScriptedTransport::new();
/// # let client = Client::builder(Region::EuWest1)
/// #     .with_token_source(StaticToken::new("a token".into()).unwrap())
/// #     .with_transport(cloud.shared())
/// #     .build().unwrap();
/// let resolver = Resolver::new(&client, for_profile(Profile::Guide, &client), Arc::new(EverythingIsFine));
/// let route = EventRoute::https("orders", "https://hooks.example.com/orders")
///     .with_event("routing.queue.updated")
///     .build()?;
/// # let empty = serde_json::json!({"entities": [], "pageNumber": 1, "pageCount": 0});
/// # cloud.push(Reply::json(200, &empty));
/// let report = resolver.resolve(&route, &ResolveOptions::new().with_dry_run(true)).await?;
/// assert_eq!(report.outcome, ResolveOutcome::DryRun);
/// assert!(report.endpoints[0].reachable);
/// assert_eq!(resolver.metrics().snapshot().successful_resolves, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct Resolver {
    routes: Arc<dyn EventRoutes>,
    check: Arc<dyn EndpointCheck>,
    recorder: Recorder,
    clock: Arc<dyn Clock>,
    metrics: ResolveMetrics,
    replays: Replays,
    rules: RouteRules,
    required: Required,
    mesh: Option<Mesh>,
}

impl Resolver {
    /// A resolver that deploys by `routes` what `check` has let through. Time, audit and observer are the client's.
    pub fn new(
        client: &Client,
        routes: Arc<dyn EventRoutes>,
        check: Arc<dyn EndpointCheck>,
    ) -> Self {
        Self {
            routes,
            check,
            recorder: client.recorder().clone(),
            clock: Arc::clone(client.clock()),
            metrics: ResolveMetrics::default(),
            replays: Replays::default(),
            rules: RouteRules::default(),
            required: Required::default(),
            mesh: None,
        }
    }

    /// Sets the rules for [`resolve_json`](Self::resolve_json).
    #[must_use]
    pub fn with_rules(mut self, rules: RouteRules) -> Self {
        self.rules = rules;
        self
    }

    /// Sets which endpoints must be reachable. Default: every one.
    #[must_use]
    pub fn with_required(mut self, required: Required) -> Self {
        self.required = required;
        self
    }

    /// Tells others when a route was created or updated. The notifier signs; give it a transport that is guarded
    /// (`genesys_core::transport::GuardedTransport`), because the targets are somebody's input.
    #[must_use]
    pub fn with_mesh(
        mut self,
        notifier: Notifier,
        targets: impl IntoIterator<Item = TargetUrl>,
    ) -> Self {
        self.mesh = Some(Mesh::new(notifier, targets));
        self
    }

    /// Where routes are deployed.
    pub fn routes(&self) -> &Arc<dyn EventRoutes> {
        &self.routes
    }

    /// What was counted so far.
    pub fn metrics(&self) -> &ResolveMetrics {
        &self.metrics
    }

    /// Runs the pipeline for a route.
    ///
    /// # Errors
    ///
    /// [`ResolveError`], with the results of every endpoint that was probed.
    pub async fn resolve(
        &self,
        route: &EventRoute,
        options: &ResolveOptions,
    ) -> Result<ResolveReport, ResolveError> {
        let started = self.clock.now();
        let work = self.run(route, options, started).boxed();
        self.recorded(Subject::of(route), started, work).await
    }

    /// Reads the JSON form and runs the pipeline for it. A text that is refused is counted and audited as well.
    ///
    /// # Errors
    ///
    /// As [`resolve`](Self::resolve); [`ResolveErrorKind::Syntax`] and [`ResolveErrorKind::Rules`] for what is no route.
    pub async fn resolve_json(
        &self,
        json: &[u8],
        options: &ResolveOptions,
    ) -> Result<ResolveReport, ResolveError> {
        match EventRoute::parse_with(json, &self.rules) {
            Ok(route) => self.resolve(&route, options).await,
            Err(error) => {
                let refused = std::future::ready(Err(ResolveError::invalid(error))).boxed();
                let started = self.clock.now();
                self.recorded(Subject::of_text(json), started, refused)
                    .await
            }
        }
    }

    /// One count and one audit entry, whatever becomes of `work`.
    async fn recorded(
        &self,
        subject: Subject,
        started: Instant,
        work: BoxFuture<'_, Result<ResolveReport, ResolveError>>,
    ) -> Result<ResolveReport, ResolveError> {
        let count = self.metrics.begin(Arc::clone(&self.clock), started);
        let begun = self
            .recorder
            .begin_with(OPERATION, subject.name.clone(), subject.attributes());
        let mut operation = begun.await.map_err(ResolveError::audit)?;
        // What a dropped future leaves behind.
        operation.set_attribute("success", false);
        let mut result = work.await;
        let elapsed = self.clock.now().saturating_duration_since(started);
        operation.set_attribute("latency_ms", elapsed.as_secs_f64() * 1_000.0);
        match &mut result {
            Ok(report) => {
                report.elapsed = elapsed;
                operation.set_attribute("success", true);
                operation.set_attribute("outcome", report.outcome.as_str());
                if let Some(id) = &report.id {
                    operation.set_attribute("id", id.as_str());
                }
            }
            Err(error) => operation.set_attribute("error", error.to_string()),
        }
        count.finish(result.is_ok(), elapsed);
        match result {
            Ok(report) => match operation.succeed().await {
                Ok(()) => Ok(report),
                Err(error) => Err(ResolveError::audit(error).with_endpoints(report.endpoints)),
            },
            Err(error) => {
                let _ = operation.fail(error.error().clone()).await;
                Err(error)
            }
        }
    }
}

/// What the audit trail tells about a route.
struct Subject {
    name: String,
    uri: Option<String>,
    endpoints: usize,
}

impl Subject {
    fn of(route: &EventRoute) -> Self {
        Self {
            name: route.name().to_owned(),
            uri: route.uris().next().map(redact::url),
            endpoints: route.uris().count(),
        }
    }

    /// What can be told about a text that is no route.
    fn of_text(json: &[u8]) -> Self {
        let document: Value = serde_json::from_slice(json).unwrap_or_default();
        let name = document.get("name").and_then(Value::as_str);
        let uri = document.get("uri").and_then(Value::as_str);
        let others = document.get("uris").and_then(Value::as_array);
        Self {
            name: redact::external_text(name.unwrap_or_default(), &[], MAX_TEXT),
            uri: uri
                .and_then(|uri| url::Url::parse(uri).ok())
                .map(|uri| redact::external_text(&redact::url(&uri), &[], MAX_TEXT)),
            endpoints: usize::from(uri.is_some()) + others.map_or(0, Vec::len),
        }
    }

    fn attributes(&self) -> BTreeMap<String, Value> {
        let mut attributes = BTreeMap::from([
            (
                "integration_name".to_owned(),
                Value::from(self.name.as_str()),
            ),
            ("endpoint_count".to_owned(), Value::from(self.endpoints)),
        ]);
        if let Some(uri) = &self.uri {
            attributes.insert("uri".to_owned(), Value::from(uri.as_str()));
        }
        attributes
    }
}
