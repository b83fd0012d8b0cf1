//! Document 004: crawl → graph → findings → map on disk → audit → infrastructure-as-code message.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use genesys_cloud::core::env::Reader;
use genesys_cloud::core::transport::GuardedTransport;
use genesys_cloud::core::vocabulary::SecretString;
use genesys_cloud::dependencies::{
    DependencyMap, Endpoint, EndpointSource, IAC_WEBHOOK, MapDrift, MapOutcome, Mapper,
    SnapshotStore, SourceState, ensure_iac_webhook, iac_registration,
};
use genesys_cloud::depgraph::{Limits, Page, Query, Severity, View, Work};
use genesys_cloud::endpoint_probe::{
    EgressPolicy, Guard, GuardedClient, Probe, Roots, TcpConnector,
};
use genesys_cloud::resilience::SystemClock;
use genesys_cloud::routing::read::ReadOptions;
use genesys_cloud::telemetry::FileAudit;
use genesys_cloud::webhooks::{Notifier, SigningKey, TargetUrl};
use genesys_cloud::{Error, ErrorKind, GenesysCloud, GenesysCloudBuilder, Profile};
use genesys_sandbox::Destinations;
use genesys_sandbox::generate::Plan;
use serde::Serialize;
use serde_json::{Value, json};

use crate::args::Failure;
use crate::callback::Callback;
use crate::input::Input;
use crate::report::{Steps, millis};
use crate::workflows::routing::SandboxNames;

/// The longest that reading an organisation may take.
const LONGEST: Duration = Duration::from_secs(600);
/// What comparing, asking and drawing may cost: some seconds.
const STEPS: u64 = 2_000_000_000;
/// How many objects a picture holds, and how many rows a table.
const DRAWN: usize = 60;
const LISTED: usize = 20;

/// Whom to tell, and which endpoints to check.
#[derive(Debug, Default)]
pub struct Settings {
    callback: Option<(TargetUrl, SigningKey)>,
    endpoints: Vec<String>,
    tiers: Vec<String>,
    /// What callers of the service show.
    pub service_token: Option<SecretString>,
}

impl Settings {
    /// Reads `IAC_CALLBACK_URL`, `IAC_CALLBACK_KEY`, `FAILOVER_ENDPOINTS`, `SERVICE_TIERS` and `SERVICE_TOKEN`.
    ///
    /// # Errors
    ///
    /// Every problem at once.
    pub fn from_env() -> genesys_cloud::Result<Self> {
        let mut reader = Reader::new(&genesys_cloud::core::env::process);
        let callback = match (
            reader.text("IAC_CALLBACK_URL"),
            reader.text("IAC_CALLBACK_KEY"),
        ) {
            (Some(url), Some(key)) => {
                let url = TargetUrl::parse(&url)
                    .map_err(|error| reader.problem(format!("IAC_CALLBACK_URL: {error}")))
                    .ok();
                let key = SigningKey::parse(&SecretString::from(key))
                    .map_err(|error| reader.problem(format!("IAC_CALLBACK_KEY: {error}")))
                    .ok();
                url.zip(key)
            }
            (None, None) => None,
            _ => {
                reader.problem("IAC_CALLBACK_URL and IAC_CALLBACK_KEY go together");
                None
            }
        };
        let list = |text: Option<String>| -> Vec<String> {
            let text = text.unwrap_or_default();
            let parts = text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty());
            parts.map(str::to_owned).collect()
        };
        let endpoints = list(reader.text("FAILOVER_ENDPOINTS"));
        for endpoint in &endpoints {
            if let Err(error) = Endpoint::new(endpoint) {
                reader.problem(format!("FAILOVER_ENDPOINTS: {error}"));
            }
        }
        let tiers = list(reader.text("SERVICE_TIERS"));
        let service_token = reader.text("SERVICE_TOKEN").map(SecretString::from);
        if let Err(error) = genesys_cloud::auth::Settings::from_env() {
            reader.problem(error.message());
        }
        reader.finish()?;
        Ok(Self {
            callback,
            endpoints,
            tiers,
            service_token,
        })
    }

    /// Adds endpoints to check.
    #[must_use]
    pub fn with_endpoints(mut self, endpoints: impl IntoIterator<Item = String>) -> Self {
        self.endpoints.extend(endpoints);
        self
    }
}

/// A cloud, and a mapper of its organisation.
#[derive(Debug)]
pub struct Setup {
    /// The cloud.
    pub cloud: GenesysCloud,
    /// The mapper.
    pub mapper: Mapper,
    callback: Option<Callback>,
    target: Option<TargetUrl>,
    tiers: Vec<String>,
    audit: Arc<FileAudit>,
    audit_log: String,
    /// Endpoints to check on the sandbox.
    _destinations: Option<Destinations>,
}

impl Setup {
    /// Puts everything together. The sandbox gets an organisation with faults that are known.
    ///
    /// # Errors
    ///
    /// Wrong settings, a folder that cannot be used, or a sandbox that cannot listen.
    pub async fn begin(
        builder: GenesysCloudBuilder,
        settings: &Settings,
        folder: &Path,
    ) -> Result<Self, Failure> {
        let audit_log = folder.join("mapper_audit.log");
        let audit = Arc::new(FileAudit::open(&audit_log)?);
        let cloud = builder.with_audit(audit.clone()).build_or_sandbox().await?;
        let mut policy = EgressPolicy::new();
        let mut guard = Guard::system(policy.clone());
        let mut roots = None;
        let mut endpoints = settings.endpoints.clone();
        let mut tiers = settings.tiers.clone();
        let (mut callback, mut destinations) = (None, None);
        let mut told = settings.callback.clone();
        if let Some(sandbox) = cloud.embedded() {
            sandbox.set_organisation(organisation().build().organisation)?;
            let started = Destinations::start().await?;
            policy = policy
                .allow_loopback()
                .allow_any_port()
                .allow_plain_http_to_loopback();
            let names = SandboxNames::of(&started);
            guard = Guard::new(policy, Arc::new(names), Arc::new(TcpConnector));
            roots = Some(Roots::from_der([started.ca_certificate()])?);
            if endpoints.is_empty() {
                endpoints.extend(started.iter().take(3).map(|one| one.url().to_string()));
            }
            if tiers.is_empty() {
                tiers = ["tier1", "tier2", "tier3"].map(str::to_owned).to_vec();
            }
            destinations = Some(started);
            if told.is_none() {
                let key = SigningKey::from_bytes(b"the key of a sandbox on loopback")?;
                let started = Callback::start(&key).await?;
                told = Some((started.url().clone(), key));
                callback = Some(started);
            }
        }
        let mut mapper = cloud
            .dependency_mapper(&ReadOptions::default().with_deadline(LONGEST))
            .with_store(SnapshotStore::open(folder.join("maps"))?);
        if !endpoints.is_empty() {
            let roots = roots.map_or_else(Roots::platform, Ok)?;
            let probe = Probe::new(guard.clone(), roots).with_timeout(Duration::from_secs(3));
            let parsed: Result<Vec<Endpoint>, Error> = endpoints
                .iter()
                .map(|url| {
                    Endpoint::new(url)
                        .map_err(|error| Error::new(ErrorKind::Config, error.to_string()))
                })
                .collect();
            let source = EndpointSource::new(probe, parsed?, Arc::new(SystemClock));
            mapper = mapper.with_crawler(|crawler| crawler.with_source(Arc::new(source)));
        }
        let target = told.as_ref().map(|(target, _)| target.clone());
        if let Some((target, key)) = told {
            let transport = GuardedTransport::new(GuardedClient::builder(guard).build()?);
            let notifier = Notifier::new(Arc::new(transport), key)
                .with_recorder(cloud.client().recorder().clone());
            mapper = mapper.with_iac(notifier, [target], tiers.clone());
        }
        Ok(Self {
            cloud,
            mapper,
            callback,
            target,
            tiers,
            audit,
            audit_log: audit_log.display().to_string(),
            _destinations: destinations,
        })
    }

    /// Registers the infrastructure-as-code webhook, in the profile that has webhooks.
    ///
    /// # Errors
    ///
    /// The cloud's.
    pub async fn register_webhook(&self, steps: &Steps) -> Result<(), Failure> {
        let (Profile::Guide, Some(target)) = (self.cloud.profile(), &self.target) else {
            return Ok(());
        };
        steps.begin(IAC_WEBHOOK);
        let registration = iac_registration(target.as_url().as_str(), &self.tiers)?;
        let ensured = ensure_iac_webhook(&**self.cloud.webhooks(), &registration).await?;
        steps.line(format!(
            "  {IAC_WEBHOOK}: {}, id {}",
            ensured.state, ensured.webhook.id
        ));
        Ok(())
    }

    /// Maps the organisation and follows it.
    ///
    /// # Errors
    ///
    /// The mapping's.
    pub async fn map(&self, steps: &Steps) -> Result<Arc<MapOutcome>, Failure> {
        let run = self.mapper.start()?;
        let mut watch = run.progress().watch();
        let follow = async {
            let mut told = Vec::new();
            while let Some(now) = watch.changed().await {
                steps.begin(format!(
                    "{}: {} objects, {} references",
                    now.phase, now.objects, now.references
                ));
                for source in now.sources {
                    let state = match source.state {
                        SourceState::Read => "read",
                        SourceState::Failed => "failed",
                        _ => continue,
                    };
                    if !told.contains(&source.name) {
                        steps.line(format!(
                            "  {}: {state}, {} objects",
                            source.name, source.objects
                        ));
                        told.push(source.name);
                    }
                }
            }
        };
        let (outcome, ()) = tokio::join!(
            async {
                let outcome = run.wait().await;
                drop(run);
                outcome
            },
            follow
        );
        steps.end();
        Ok(outcome?)
    }

    /// What the receiver on loopback got, when there is one.
    pub fn messages(&self) -> Vec<Value> {
        let messages = self.callback.iter().flat_map(Callback::messages);
        messages
            .filter(|message| message.verified)
            .map(|message| message.body)
            .collect()
    }

    /// Where the audit trail is.
    pub fn audit_log(&self) -> &str {
        &self.audit_log
    }

    /// Writes what is left to the disk.
    ///
    /// # Errors
    ///
    /// The audit trail's file.
    pub async fn end(self) -> Result<(), Failure> {
        self.audit.close().await?;
        Ok(())
    }
}

/// The sandbox's organisation: every fault that a mapper can find, a few times.
fn organisation() -> Plan {
    Plan::new(4)
        .with_queues(24)
        .with_cycles([2, 3])
        .with_flow_cycles(1)
        .with_self_references(1)
        .with_diamonds(2)
        .with_dangling(3)
        .with_single_points(2)
        .with_orphans(2)
        .with_hostile_names()
}

/// Reads a map that was written before.
///
/// # Errors
///
/// [`ErrorKind::Config`]: the file cannot be read, or holds no map.
pub fn read(path: &Path) -> genesys_cloud::Result<DependencyMap> {
    let wrong = |why: String| Error::new(ErrorKind::Config, why);
    let input = Input::read(path).map_err(wrong)?;
    let text = std::str::from_utf8(&input.bytes)
        .map_err(|_| wrong(format!("{}: not UTF-8", input.name)))?;
    DependencyMap::from_json(text, &Limits::default(), &mut Work::steps(STEPS))
        .map_err(|error| wrong(format!("{}: {error}", input.name)))
}

/// What is shown of a map.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// Its first lines: status, counts, accuracy.
    pub summary: Value,
    /// Findings: severity, kind, what it is.
    pub findings: Vec<[String; 3]>,
    /// Findings beyond those.
    pub more: usize,
    /// Files that were written.
    pub files: Vec<PathBuf>,
    /// What a query found, when one was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<Value>,
    /// What changed, when an older map was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<MapDrift>,
}

impl Shown {
    /// Writes `map.html`, `map.dot`, `map.mmd` and `map.json` into `folder`, and sums the map up.
    ///
    /// # Errors
    ///
    /// The files, a query that is none ([`ErrorKind::Config`]), or a map that is too large.
    pub fn of(
        map: &DependencyMap,
        folder: &Path,
        query: Option<&Query>,
        old: Option<&DependencyMap>,
    ) -> Result<Self, Failure> {
        let work = &mut Work::steps(STEPS);
        let picture = View::new(&map.graph)
            .with_max_nodes(DRAWN)
            .with_reduction(true)
            .draw(work)?;
        let name = map.organization.name.as_deref();
        let title = format!("Dependencies of {}", name.unwrap_or(&map.organization.id));
        let page = Page::new(&title, &picture, &map.report)
            .with_objects(&map.graph)
            .to_html();
        let mut files = Vec::new();
        for (name, text) in [
            ("map.html", page),
            ("map.dot", picture.to_dot()),
            ("map.mmd", picture.to_mermaid()),
            ("map.json", map.to_json(work)?),
        ] {
            let path = folder.join(name);
            std::fs::write(&path, text)?;
            files.push(path);
        }
        let all = map.report.findings.iter();
        let findings: Vec<[String; 3]> = all
            .take(LISTED)
            .map(|finding| {
                let severity = match finding.severity {
                    Severity::Error => "error",
                    Severity::Warning => "warning",
                };
                let kind = finding.kind().as_str().to_owned();
                [severity.to_owned(), kind, finding.to_string()]
            })
            .collect();
        Ok(Self {
            summary: json!({
                "organization": map.organization,
                "status": map.status(),
                "queues": map.queues(),
                "objects": map.graph.node_count(),
                "references": map.graph.edge_count(),
                "graph_valid": map.is_valid(),
                "resolution_accuracy": map.accuracy.ratio(),
                "references_found": map.accuracy.found,
                "references_resolved": map.accuracy.resolved,
                "single_points": map.analysis.single_points_total,
                "endpoints": map.endpoints(),
                "errors": map.report.errors(),
                "warnings": map.report.warnings(),
                "latency_ms": map.elapsed.as_secs_f64() * 1_000.0,
            }),
            more: map.report.findings.len() - findings.len(),
            findings,
            files,
            query: query.map(|query| ask(map, query, work)).transpose()?,
            drift: old
                .map(|old| map.drift_from(old, LISTED, work))
                .transpose()?,
        })
    }
}

/// Reads a query.
///
/// # Errors
///
/// [`ErrorKind::Config`] with the column.
pub fn question(text: &str) -> genesys_cloud::Result<Query> {
    Query::parse(text, &Limits::default()).map_err(|error| wrong(&error))
}

fn wrong(error: &genesys_cloud::depgraph::Error) -> Error {
    let place = error.column().map(|column| format!(" at column {column}"));
    let place = place.unwrap_or_default();
    Error::new(ErrorKind::Config, format!("--query{place}: {error}"))
}

fn ask(map: &DependencyMap, query: &Query, work: &mut Work) -> Result<Value, Failure> {
    let answer = query.run(&map.graph, work).map_err(|error| wrong(&error))?;
    let objects: Vec<_> = answer
        .nodes
        .iter()
        .take(LISTED)
        .map(|node| map.graph.node_ref(node))
        .collect();
    Ok(json!({"total": answer.nodes.len(), "objects": objects}))
}

/// The line that says how a mapping went.
pub fn told(outcome: &MapOutcome) -> String {
    let map = &outcome.map;
    format!(
        "{} in {}: {} queues, {} objects, {} references, {} errors, {} warnings",
        map.status(),
        millis(map.elapsed),
        map.queues(),
        map.graph.node_count(),
        map.graph.edge_count(),
        map.report.errors(),
        map.report.warnings()
    )
}
