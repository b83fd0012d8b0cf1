//! Document 002: validate → probe every endpoint → compare → submit → notify the mesh, with metrics and audit.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use genesys_cloud::core::env::Reader;
use genesys_cloud::core::transport::GuardedTransport;
use genesys_cloud::core::vocabulary::SecretString;
use genesys_cloud::endpoint_probe::{
    EgressPolicy, Guard, GuardedClient, Probe, Resolution, ResolveError as NameError,
    Resolver as Names, Roots, TcpConnector,
};
use genesys_cloud::routing::EventRoute;
use genesys_cloud::routing::resolver::{
    MetricsSnapshot, ResolveError, ResolveOptions, ResolveReport, Resolver,
};
use genesys_cloud::telemetry::FileAudit;
use genesys_cloud::webhooks::{Notifier, SigningKey, TargetUrl};
use genesys_cloud::{Error, ErrorKind, GenesysCloud, GenesysCloudBuilder, Profile};
use genesys_sandbox::{DestinationKind, Destinations, WORKFLOW_ID};
use serde::Serialize;
use serde_json::{Value, json};

use crate::args::Failure;
use crate::report::{Steps, millis};

/// The longest text of a cell, in characters.
const WIDTH: usize = 80;

/// Whom to tell, and who may call the service.
#[derive(Debug, Default)]
pub struct Settings {
    mesh: Option<(TargetUrl, SigningKey)>,
    /// What callers of the service show.
    pub token: Option<SecretString>,
}

impl Settings {
    /// Reads `MESH_CALLBACK_URL`, `MESH_CALLBACK_KEY` and `SERVICE_TOKEN`.
    ///
    /// # Errors
    ///
    /// Every problem at once.
    pub fn from_env() -> genesys_cloud::Result<Self> {
        let mut reader = Reader::new(&genesys_cloud::core::env::process);
        let mesh = match (
            reader.text("MESH_CALLBACK_URL"),
            reader.text("MESH_CALLBACK_KEY"),
        ) {
            (Some(url), Some(key)) => {
                let url = TargetUrl::parse(&url)
                    .map_err(|error| reader.problem(format!("MESH_CALLBACK_URL: {error}")))
                    .ok();
                let key = SigningKey::parse(&SecretString::from(key))
                    .map_err(|error| reader.problem(format!("MESH_CALLBACK_KEY: {error}")))
                    .ok();
                url.zip(key)
            }
            (None, None) => None,
            _ => {
                reader.problem("MESH_CALLBACK_URL and MESH_CALLBACK_KEY go together");
                None
            }
        };
        let token = reader.text("SERVICE_TOKEN").map(SecretString::from);
        if let Err(error) = genesys_cloud::auth::Settings::from_env() {
            reader.problem(error.message());
        }
        reader.finish()?;
        Ok(Self { mesh, token })
    }
}

/// A cloud, and a resolver for it that verifies endpoints for real.
#[derive(Debug)]
pub struct Setup {
    /// The cloud.
    pub cloud: GenesysCloud,
    /// The resolver.
    pub resolver: Resolver,
    /// Destinations on loopback, good ones and bad ones; none on the real cloud.
    pub destinations: Option<Destinations>,
    audit: Arc<FileAudit>,
    audit_log: String,
}

impl Setup {
    /// Puts everything together.
    ///
    /// # Errors
    ///
    /// Wrong settings, or a sandbox that cannot listen.
    pub async fn begin(
        builder: GenesysCloudBuilder,
        settings: &Settings,
        folder: &Path,
    ) -> Result<Self, Failure> {
        let audit_log = folder.join("resolver_audit.log");
        let audit = Arc::new(FileAudit::open(&audit_log)?);
        let cloud = builder.with_audit(audit.clone()).build_or_sandbox().await?;
        let (destinations, guard, roots) = match cloud.embedded() {
            Some(_) => {
                let destinations = Destinations::start().await?;
                let policy = EgressPolicy::new().allow_loopback().allow_any_port();
                let names = SandboxNames::of(&destinations);
                let guard = Guard::new(policy, Arc::new(names), Arc::new(TcpConnector));
                let roots = Roots::from_der([destinations.ca_certificate()])?;
                (Some(destinations), guard, roots)
            }
            None => (None, Guard::system(EgressPolicy::new()), Roots::platform()?),
        };
        let probe = Probe::new(guard.clone(), roots).with_timeout(Duration::from_secs(5));
        let mut resolver = Resolver::new(
            cloud.client(),
            Arc::clone(cloud.event_routes()),
            Arc::new(probe),
        );
        if let Some((target, key)) = &settings.mesh {
            let transport = GuardedTransport::new(GuardedClient::builder(guard).build()?);
            let notifier = Notifier::new(Arc::new(transport), key.clone())
                .with_recorder(cloud.client().recorder().clone());
            resolver = resolver.with_mesh(notifier, [target.clone()]);
        }
        Ok(Self {
            cloud,
            resolver,
            destinations,
            audit,
            audit_log: audit_log.display().to_string(),
        })
    }

    /// Routes of the sandbox: one that is good, and one for each way to be bad.
    pub fn routes(&self) -> Vec<Value> {
        let Some(destinations) = &self.destinations else {
            return Vec::new();
        };
        match self.cloud.profile() {
            Profile::Guide => {
                let https = |name: &str, url: &str| {
                    json!({
                        "name": name, "type": "webhook", "uri": url,
                        "eventFilters": [{"eventType": "routing.queue.updated", "fields": ["id", "name"]}],
                    })
                };
                let mut routes: Vec<Value> = destinations
                    .iter()
                    .map(|one| {
                        https(
                            &format!("orders-{}", one.kind().label()),
                            one.url().as_ref(),
                        )
                    })
                    .collect();
                routes.push(https("orders-unknown-name", "https://nobody.sandbox.test/"));
                routes.push(https("orders-private-address", "https://10.0.0.5/"));
                routes.push(json!({
                    "name": "orders-broken", "type": "webhook", "uri": "http://plain.example.com/",
                    "retryPolicy": {"maxRetries": 9, "retryInterval": 0.01, "backoffFactor": 99.0},
                    "eventFilters": [{"eventType": "no.such.event", "fields": []}],
                }));
                routes
            }
            Profile::Platform => vec![
                json!({
                    "name": "orders-workflow", "type": "workflow", "flowId": WORKFLOW_ID,
                    "eventFilters": [{"eventType": "v2.detail.events.conversation.{id}.customer.start", "fields": []}],
                    "matchCriteria": [{"jsonPath": "mediaType", "operator": "Equal", "value": "VOICE"}],
                }),
                json!({
                    "name": "orders-eventbridge", "type": "eventbridge",
                    "awsAccountId": "123456789012", "awsAccountRegion": "eu-west-1", "eventSourceSuffix": "orders",
                    "eventFilters": [{"eventType": "v2.detail.events.conversation.{id}.customer.start", "fields": []}],
                }),
                json!({
                    "name": "orders-https", "type": "webhook", "uri": destinations.get(DestinationKind::Healthy).url().to_string(),
                    "eventFilters": [{"eventType": "routing.queue.updated", "fields": ["id"]}],
                }),
            ],
        }
    }

    /// Resolves every route, one after the other.
    ///
    /// # Errors
    ///
    /// The audit trail's file. What becomes of a route is in the summary.
    pub async fn resolve_all(
        &self,
        routes: &[Value],
        dry_run: bool,
        steps: &Steps,
    ) -> Result<Summary, Failure> {
        let options = ResolveOptions::new().with_dry_run(dry_run);
        let mut results = Vec::new();
        for route in routes {
            let name = route["name"].as_str().unwrap_or("unnamed").to_owned();
            steps.begin(&name);
            let resolved = self
                .resolver
                .resolve_json(route.to_string().as_bytes(), &options)
                .await;
            let result = Resolved::new(name, resolved);
            steps.line(format!("  {}: {}", result.route, result.told()));
            results.push(result);
        }
        steps.end();
        Ok(Summary {
            cloud: self.cloud.describe(),
            results,
            metrics: self.resolver.metrics().snapshot(),
            audit_log: self.audit_log.clone(),
        })
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

/// Names of the sandbox's destinations, all on loopback.
#[derive(Debug)]
pub struct SandboxNames(BTreeMap<String, SocketAddr>);

impl SandboxNames {
    /// The names of these destinations.
    pub fn of(destinations: &Destinations) -> Self {
        Self(destinations.addresses())
    }
}

#[async_trait]
impl Names for SandboxNames {
    async fn resolve(&self, host: &str) -> Result<Resolution, NameError> {
        let address: Option<IpAddr> = self.0.get(host).map(SocketAddr::ip);
        address
            .map(|address| Resolution::new([address]))
            .ok_or(NameError::NotFound)
    }
}

/// What a run gives, for tables and JSON.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// Where it ran.
    pub cloud: String,
    /// Every route.
    pub results: Vec<Resolved>,
    /// What was counted.
    pub metrics: MetricsSnapshot,
    /// The audit trail's file.
    pub audit_log: String,
}

impl Summary {
    /// How many routes were resolved.
    pub fn resolved(&self) -> usize {
        self.results
            .iter()
            .filter(|one| one.report.is_some())
            .count()
    }

    /// Rows for a table: route, result, endpoints, why, time.
    pub fn rows(&self) -> Vec<Vec<String>> {
        self.results
            .iter()
            .map(|one| {
                vec![
                    one.route.clone(),
                    one.status.to_string(),
                    one.summary(),
                    one.report
                        .as_ref()
                        .map_or_else(String::new, |report| millis(report.elapsed)),
                ]
            })
            .collect()
    }
}

/// What became of one route.
#[derive(Debug, Serialize)]
pub struct Resolved {
    /// Its name.
    pub route: String,
    /// The status that the service would answer with.
    pub status: u16,
    /// What was found and done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<ResolveReport>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

impl Resolved {
    fn new(route: String, resolved: Result<ResolveReport, ResolveError>) -> Self {
        match resolved {
            Ok(report) => Self {
                route,
                status: if report.outcome.as_str() == "created" {
                    201
                } else {
                    200
                },
                report: Some(report),
                problems: Vec::new(),
            },
            Err(error) => Self {
                route,
                status: error.status().as_u16(),
                report: None,
                problems: problems(&error),
            },
        }
    }

    /// What a cell of a table holds: the first thing to say, and how much there is besides.
    fn summary(&self) -> String {
        let told = match &self.report {
            Some(report) => report.outcome.to_string(),
            None => match self.problems.as_slice() {
                [] => String::new(),
                [one] => one.clone(),
                [first, rest @ ..] => format!("{first}, and {} more", rest.len()),
            },
        };
        match told.char_indices().nth(WIDTH) {
            Some((end, _)) => format!("{}…", &told[..end]),
            None => told,
        }
    }

    fn told(&self) -> String {
        match &self.report {
            Some(report) => {
                let warnings: Vec<&str> = report
                    .endpoints
                    .iter()
                    .flat_map(|one| &one.reasons)
                    .map(|reason| reason.detail.as_str())
                    .collect();
                let mut told = format!("{} in {}", report.outcome, millis(report.elapsed));
                if !warnings.is_empty() {
                    told = format!("{told}; {}", warnings.join("; "));
                }
                told
            }
            None => self.problems.join("; "),
        }
    }
}

fn problems(error: &ResolveError) -> Vec<String> {
    if !error.violations().is_empty() {
        return error.violations().iter().map(ToString::to_string).collect();
    }
    let reasons: Vec<String> = error
        .endpoints()
        .iter()
        .filter(|one| !one.reachable)
        .flat_map(|one| &one.reasons)
        .map(|reason| format!("{}: {}", reason.code, reason.detail))
        .collect();
    if reasons.is_empty() {
        vec![error.to_string()]
    } else {
        reasons
    }
}

/// Reads a file of one route or of a list of routes.
///
/// # Errors
///
/// [`ErrorKind::Config`] when it is no JSON.
pub fn read(bytes: &[u8]) -> genesys_cloud::Result<Vec<Value>> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Array(routes)) => Ok(routes),
        Ok(route) => Ok(vec![route]),
        // The route's own reader says where and what; a text that is no JSON at all is the user's mistake.
        Err(_) => Err(EventRoute::parse(bytes).err().map_or_else(
            || Error::new(ErrorKind::Config, "the file holds no route"),
            |error| Error::new(ErrorKind::Config, error.to_string()),
        )),
    }
}
