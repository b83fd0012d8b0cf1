//! Document 003: validate a node → register it → run it through every fault, with retries, a memoised answer and a trace.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use genesys_cloud::core::Transport;
use genesys_cloud::core::env::Reader;
use genesys_cloud::core::transport::GuardedTransport;
use genesys_cloud::core::vocabulary::SecretString;
use genesys_cloud::endpoint_probe::{EgressPolicy, Guard, GuardedClient};
use genesys_cloud::integrations::executor::{Caller, Executor, NodeCall};
use genesys_cloud::integrations::nodes::{
    EXAMPLE_DOCUMENT, NodePlan, NodeRetry, Nodes, Registered, deploy,
};
use genesys_cloud::integrations::simulator::{
    CassetteLimits, Fault, Faults, FaultyTransport, RecordingTransport, ReplayingTransport,
    RetryAfterForm, Simulation, Simulator,
};
use genesys_cloud::integrations::{GuideNodes, IntegrationId, PlatformNodes, RestNode};
use genesys_cloud::resilience::{BreakerConfig, RetryBudget, SystemClock};
use genesys_cloud::telemetry::FileAudit;
use genesys_cloud::{Error, ErrorKind, GenesysCloud, GenesysCloudBuilder, Profile};
use genesys_sandbox::RESOURCE_TOKEN;
use serde::Serialize;
use serde_json::{Value, json};

use crate::args::Failure;
use crate::input::Input;
use crate::report::{Steps, millis};

/// The longest text of a cell, in characters.
const WIDTH: usize = 72;
/// For how long the document keeps an answer.
const MEMOISE: Duration = Duration::from_secs(5 * 60);

/// What is simulated, and with which credentials.
#[derive(Debug, Default)]
pub struct Settings {
    /// The credential that nodes take as `{{credentials.authToken}}`.
    pub auth_token: Option<SecretString>,
    /// What callers of the service show.
    pub service_token: Option<SecretString>,
    /// A node's document; none for the source document's own node.
    pub node: Option<PathBuf>,
    /// On the platform, the integration that carries the data action; none makes one on the sandbox.
    pub integration: Option<IntegrationId>,
    /// Writes what the external system answers here.
    pub record: Option<PathBuf>,
    /// Takes the external system's answers from here.
    pub replay: Option<PathBuf>,
}

impl Settings {
    /// Reads `NODE_AUTH_TOKEN` and `SERVICE_TOKEN`.
    ///
    /// # Errors
    ///
    /// Every problem at once.
    pub fn from_env() -> genesys_cloud::Result<Self> {
        let mut reader = Reader::new(&genesys_cloud::core::env::process);
        let auth_token = reader.text("NODE_AUTH_TOKEN").map(SecretString::from);
        let service_token = reader.text("SERVICE_TOKEN").map(SecretString::from);
        if let Err(error) = genesys_cloud::auth::Settings::from_env() {
            reader.problem(error.message());
        }
        reader.finish()?;
        Ok(Self {
            auth_token,
            service_token,
            ..Self::default()
        })
    }

    fn document(&self) -> genesys_cloud::Result<RestNode> {
        let wrong = |why: String| Error::new(ErrorKind::Config, why);
        let (name, bytes) = match &self.node {
            Some(path) => {
                let input = Input::read(path).map_err(wrong)?;
                (input.name, input.bytes)
            }
            None => (
                "the document's node".to_owned(),
                EXAMPLE_DOCUMENT.as_bytes().to_vec(),
            ),
        };
        RestNode::from_document(&bytes).map_err(|error| {
            let findings: Vec<String> = error.findings().iter().map(ToString::to_string).collect();
            wrong(format!("{name}: {}", findings.join("; ")))
        })
    }
}

/// A cloud, and a simulator of one node.
#[derive(Debug)]
pub struct Setup {
    /// The cloud.
    pub cloud: GenesysCloud,
    /// The node.
    pub node: RestNode,
    /// What runs it.
    pub simulator: Simulator,
    faults: Faults,
    scripted: bool,
    audit: Arc<FileAudit>,
    audit_log: String,
    recording: Option<Arc<RecordingTransport>>,
}

impl Setup {
    /// Puts everything together.
    ///
    /// # Errors
    ///
    /// Wrong settings, a node that breaks rules, or a sandbox that cannot listen.
    pub async fn begin(
        builder: GenesysCloudBuilder,
        settings: &Settings,
        folder: &Path,
    ) -> Result<Self, Failure> {
        let mut node = settings.document()?;
        let audit_log = folder.join("node_audit.log");
        let audit = Arc::new(FileAudit::open(&audit_log)?);
        let cloud = builder.with_audit(audit.clone()).build_or_sandbox().await?;
        let mut policy = EgressPolicy::new();
        let mut credential = settings.auth_token.clone();
        let own = settings.node.is_some();
        if let Some(sandbox) = cloud.embedded() {
            let system = sandbox.resources();
            policy = policy
                .allow_plain_http_to_loopback()
                .allow_port(system.address().port());
            if !own {
                node = led_to(&node, &system.url())?;
                credential.get_or_insert_with(|| RESOURCE_TOKEN.to_owned().into());
            }
        }
        let faults = Faults::new();
        let (transport, recording) = transport(settings, policy, &faults)?;
        let mut executor = Executor::builder(transport)
            .with_recorder(cloud.client().recorder().clone())
            .with_breaker(
                BreakerConfig::default()
                    .without_failure_rate()
                    .with_consecutive_failures(4)
                    .with_open_time(Duration::from_secs(2), Duration::from_secs(20)),
            );
        if !own {
            // A batch that is made of faults would spend the budget of a system that works.
            executor = executor.with_retry_budget(RetryBudget::unlimited());
        }
        if let Some(credential) = credential {
            executor = executor.with_credential("authToken", credential);
        }
        let simulator = Simulator::builder(executor.build())
            .with_node(node.clone())
            .build()
            .map_err(|error| Error::new(ErrorKind::Config, error.to_string()))?;
        Ok(Self {
            scripted: !own && cloud.embedded().is_some(),
            cloud,
            node,
            simulator,
            faults,
            audit,
            audit_log: audit_log.display().to_string(),
            recording,
        })
    }

    /// Registers the node: says what will be done, then does it.
    ///
    /// # Errors
    ///
    /// The cloud's, and a profile that cannot say the node.
    pub async fn register(
        &self,
        integration: Option<&IntegrationId>,
        steps: &Steps,
    ) -> Result<Registration, Failure> {
        let client = self.cloud.client();
        let nodes: Arc<dyn Nodes> = match self.cloud.profile() {
            Profile::Guide => Arc::new(GuideNodes::new(client.clone())),
            Profile::Platform => {
                let carrier = match integration {
                    Some(integration) => integration.clone(),
                    None => self.carrier().await?,
                };
                Arc::new(PlatformNodes::new(client.clone(), carrier))
            }
        };
        steps.begin("register");
        let plan = nodes.plan(&self.node).await?;
        let registered = deploy(client, &*nodes, &self.node).await?;
        steps.line(format!(
            "  {}: planned {}, {}, id {}",
            self.node.name(),
            plan.step,
            registered.change,
            registered.node.id
        ));
        let own = self.node.findings().iter();
        let more = plan.findings.iter();
        for finding in own.chain(more.filter(|one| !self.node.findings().contains(one))) {
            steps.line(format!("    {finding}"));
        }
        Ok(Registration::new(&plan, &registered))
    }

    /// An integration that carries data actions. On the real cloud that is the operator's choice.
    async fn carrier(&self) -> Result<IntegrationId, Failure> {
        if self.cloud.embedded().is_none() {
            let why = "--integration says which integration carries the data action";
            return Err(Error::new(ErrorKind::Config, why).into());
        }
        let body = json!({"name": "REST nodes", "integrationType": {"id": "custom-rest-actions"}});
        let call = self.cloud.client().post("/api/v2/integrations");
        let made: Value = call.with_json(&body).json().await?;
        Ok(IntegrationId::new(made["id"].as_str().unwrap_or_default())?)
    }

    /// What to run: the batch of the sandbox, which goes through every fault, or the inputs of a file.
    ///
    /// # Errors
    ///
    /// The file.
    pub fn cases(&self, inputs: Option<&Path>) -> Result<Vec<Case>, Failure> {
        match inputs {
            Some(path) => {
                let input = Input::read(path).map_err(|why| Error::new(ErrorKind::Config, why))?;
                Ok(own_cases(&input)?)
            }
            None if self.scripted => Ok(batch()),
            None => Ok(Vec::new()),
        }
    }

    /// Runs the cases, one after the other.
    pub async fn run(&self, cases: &[Case], steps: &Steps) -> Vec<Ran> {
        let mut all = Vec::new();
        for case in cases {
            steps.begin(&case.name);
            self.faults.clear();
            self.faults.inject(case.faults.iter().copied());
            let call = NodeCall::new(&*case.input).with_caller(Caller::new("batch"));
            let simulation = self.simulator.simulate(self.node.name(), call).await;
            let ran = Ran {
                case: case.name.clone(),
                http_status: simulation.http_status().as_u16(),
                simulation,
            };
            steps.line(format!("  {}: {}", ran.case, ran.told()));
            all.push(ran);
        }
        steps.end();
        all
    }

    /// Where the audit trail is.
    pub fn audit_log(&self) -> &str {
        &self.audit_log
    }

    /// Writes what is left to the disk.
    ///
    /// # Errors
    ///
    /// The files of the audit trail and of the cassette.
    pub async fn end(self) -> Result<(), Failure> {
        if let Some(recording) = &self.recording {
            recording.flush()?;
        }
        self.audit.close().await?;
        Ok(())
    }
}

/// The document's node for the sandbox's external system, which answers fast: waits are a tenth of the document's, and an attempt
/// may take a second.
fn led_to(node: &RestNode, system: &str) -> Result<RestNode, Failure> {
    let path = node
        .url()
        .strip_prefix("https://api.external-system.com")
        .unwrap_or_default();
    let built = node
        .to_builder()
        .with_url(format!("{system}{path}"))
        .with_retry(NodeRetry::default().with_initial_delay(Duration::from_millis(100)))
        .with_timeout(Duration::from_secs(1))
        .with_memoise(MEMOISE)
        .build();
    Ok(built?)
}

type Recorded = Option<Arc<RecordingTransport>>;

fn transport(
    settings: &Settings,
    policy: EgressPolicy,
    faults: &Faults,
) -> Result<(Arc<dyn Transport>, Recorded), Failure> {
    let limits = CassetteLimits::default();
    let config = |path: &Path, error: &dyn std::fmt::Display| {
        Error::new(ErrorKind::Config, format!("{}: {error}", path.display()))
    };
    let (system, recording): (Arc<dyn Transport>, _) = match &settings.replay {
        Some(path) => {
            let replaying = ReplayingTransport::open(path, limits);
            (
                Arc::new(replaying.map_err(|error| config(path, &error))?),
                None,
            )
        }
        None => {
            let client = GuardedClient::builder(Guard::system(policy)).build()?;
            let system: Arc<dyn Transport> = Arc::new(GuardedTransport::new(client));
            match &settings.record {
                None => (system, None),
                Some(path) => {
                    let recording = RecordingTransport::create(path, system, limits);
                    let recording = Arc::new(recording.map_err(|error| config(path, &error))?);
                    (Arc::clone(&recording) as _, Some(recording))
                }
            }
        }
    };
    let faulty = FaultyTransport::new(system, faults.clone(), Arc::new(SystemClock));
    Ok((Arc::new(faulty), recording))
}

/// One call, and what goes wrong meanwhile.
#[derive(Debug)]
pub struct Case {
    /// What it shows.
    pub name: String,
    faults: Vec<Fault>,
    input: String,
}

impl Case {
    fn new(name: &str, id: &str, faults: &[Fault]) -> Self {
        let payload = json!({"amount": 12.5, "note": format!("case {id}")});
        Self::with_input(
            name,
            &json!({"targetId": id, "requestPayload": payload}),
            faults,
        )
    }

    fn with_input(name: &str, input: &Value, faults: &[Fault]) -> Self {
        Self {
            name: name.to_owned(),
            faults: faults.to_vec(),
            input: input.to_string(),
        }
    }
}

/// Every fault, and what an input can do wrong. The last two belong together: a system that is down opens its circuit breaker.
fn batch() -> Vec<Case> {
    vec![
        Case::new("first call", "A-1", &[]),
        Case::new("the same again", "A-1", &[]),
        Case::new(
            "429, Retry-After in seconds",
            "A-2",
            &[Fault::Throttled(RetryAfterForm::Seconds(1))],
        ),
        Case::new(
            "429, Retry-After as a date",
            "A-3",
            &[Fault::Throttled(RetryAfterForm::Date(Duration::from_secs(
                1,
            )))],
        ),
        Case::new("503", "A-4", &[Fault::Status(503)]),
        Case::new("body cut off", "A-5", &[Fault::CutBody]),
        Case::new("connection reset", "A-6", &[Fault::Reset]),
        Case::new("no connection", "A-7", &[Fault::NoConnection]),
        Case::new(
            "answer drips in for 2 s",
            "A-8",
            &[Fault::SlowDrip(Duration::from_secs(2))],
        ),
        Case::new("wrong schema", "A-9", &[Fault::WrongSchema]),
        Case::new("404", "A-10", &[Fault::Status(404)]),
        Case::new("quotes, slashes, {{input.x}}", "a/\"b\" {{input.x}}", &[]),
        Case::new("a path that climbs", "../admin", &[]),
        Case::with_input("an input of the wrong type", &json!({"targetId": 7}), &[]),
        Case::new("down", "A-11", &[Fault::Status(503); 4]),
        Case::new("circuit breaker open", "A-12", &[]),
    ]
}

fn own_cases(input: &Input) -> genesys_cloud::Result<Vec<Case>> {
    let wrong = |error: serde_json::Error| {
        let why = format!("{}: {error}", input.name);
        Error::new(ErrorKind::Config, why)
    };
    // As they were written: numbers keep their digits.
    let inputs: Vec<&serde_json::value::RawValue> =
        if input.bytes.trim_ascii_start().starts_with(b"[") {
            serde_json::from_slice(&input.bytes).map_err(wrong)?
        } else {
            vec![serde_json::from_slice(&input.bytes).map_err(wrong)?]
        };
    let case = |(number, input): (usize, &&serde_json::value::RawValue)| Case {
        name: format!("input {}", number + 1),
        faults: Vec::new(),
        input: input.get().to_owned(),
    };
    Ok(inputs.iter().enumerate().map(case).collect())
}

/// What a registration did.
#[derive(Debug, Serialize)]
pub struct Registration {
    /// `keep`, `create`, `update` or `replace`.
    pub planned: &'static str,
    /// `created`, `updated` or `unchanged`.
    pub change: &'static str,
    /// The id in the cloud.
    pub id: String,
    /// What the platform cannot say, check or keep.
    pub findings: Vec<String>,
}

impl Registration {
    fn new(plan: &NodePlan, registered: &Registered) -> Self {
        Self {
            planned: plan.step.as_str(),
            change: registered.change.as_str(),
            id: registered.node.id.to_string(),
            findings: registered
                .findings
                .iter()
                .map(ToString::to_string)
                .collect(),
        }
    }
}

/// What came of a case.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ran {
    /// Its name.
    pub case: String,
    /// The status that the service would answer with.
    pub http_status: u16,
    /// The answer.
    pub simulation: Simulation,
}

impl Ran {
    /// Cells for the table of results: case, status, attempts, retries, cache, result.
    pub fn row(&self) -> Vec<String> {
        vec![
            self.case.clone(),
            self.http_status.to_string(),
            self.attempts(),
            self.simulation.retries().to_string(),
            self.cache(),
            cut(&self.result()),
        ]
    }

    /// Rows for the table of attempts: case, number, outcome, latency, wait.
    pub fn trace(&self) -> Vec<Vec<String>> {
        let attempts = self.simulation.trace().iter();
        attempts
            .map(|attempt| {
                let outcome = match (attempt.status, attempt.error) {
                    (Some(status), Some(error)) => format!("{status} {error}"),
                    (Some(status), None) => status.to_string(),
                    (None, Some(error)) => error.to_string(),
                    (None, None) => String::new(),
                };
                let wait = if attempt.delay.is_zero() {
                    String::new()
                } else {
                    millis(attempt.delay)
                };
                vec![
                    self.case.clone(),
                    attempt.number.to_string(),
                    outcome,
                    millis(attempt.latency),
                    wait,
                ]
            })
            .collect()
    }

    fn attempts(&self) -> String {
        let attempts = self.simulation.trace().iter();
        let told: Vec<String> = attempts
            .map(|attempt| match (attempt.status, attempt.error) {
                (Some(status), _) => status.to_string(),
                (None, Some(error)) => error.as_str().to_owned(),
                (None, None) => "?".to_owned(),
            })
            .collect();
        told.join(" → ")
    }

    fn cache(&self) -> String {
        match self.simulation.result() {
            Some(Ok(done)) => match done.cache.age() {
                Some(age) => format!("{}, {} s old", done.cache.as_str(), age.as_secs()),
                None => done.cache.as_str().to_owned(),
            },
            Some(Err(error)) => error.cache().as_str().to_owned(),
            None => String::new(),
        }
    }

    fn result(&self) -> String {
        match (self.simulation.result(), self.simulation.error()) {
            (Some(Ok(done)), _) => done
                .data
                .json()
                .and_then(|text| serde_json::from_str::<Value>(text).ok())
                .and_then(|data| data["resultId"].as_str().map(str::to_owned))
                .unwrap_or_else(|| "ok".to_owned()),
            (_, Some(error)) => error,
            _ => String::new(),
        }
    }

    fn told(&self) -> String {
        let took: Duration = self
            .simulation
            .trace()
            .iter()
            .map(|attempt| attempt.latency + attempt.delay)
            .sum();
        format!(
            "{} in {}, {}",
            self.http_status,
            millis(took),
            self.result()
        )
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
