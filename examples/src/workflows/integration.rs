//! Document 000: build → validate → create inactive → test → watch its status → enable, audited and journalled.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use genesys_cloud::core::env::Reader;
use genesys_cloud::core::observe::{Event, Observer, Outcome};
use genesys_cloud::core::vocabulary::SecretString;
use genesys_cloud::integrations::pipeline::{self, PipelineEvent, PipelineObserver};
use genesys_cloud::integrations::{
    Authentication, DataMapping, Deployment, FileJournal, IntegrationDefinition, OnFailure,
    Pipeline, PipelineError,
};
use genesys_cloud::telemetry::FileAudit;
use genesys_cloud::webhooks::{
    Inbox, Notification, Notifier, PlatformWatch, SigningKey, StatusChange, StatusChanges,
    StatusReceiver, TargetUrl, Watch,
};
use genesys_cloud::{GenesysCloud, GenesysCloudBuilder, Origin, Profile, StatusStep};
use serde::Serialize;

use crate::args::Failure;
use crate::report::{Steps, millis};

/// How long the program waits for the news that the integration is active.
const NEWS: Duration = Duration::from_secs(15);

/// What the environment adds to the cloud's own settings.
#[derive(Debug)]
pub struct Settings {
    crm: Option<(String, SecretString)>,
    monitoring: Option<TargetUrl>,
    signing: Option<SigningKey>,
}

impl Settings {
    /// Reads `CRM_USERNAME`, `CRM_PASSWORD`, `MONITORING_WEBHOOK_URL` and `MONITORING_WEBHOOK_KEY`.
    ///
    /// # Errors
    ///
    /// Every problem at once.
    pub fn from_env() -> genesys_cloud::Result<Self> {
        let mut reader = Reader::new(&genesys_cloud::core::env::process);
        let crm = match (reader.text("CRM_USERNAME"), reader.text("CRM_PASSWORD")) {
            (Some(name), Some(password)) => Some((name, SecretString::from(password))),
            (None, None) => None,
            _ => {
                reader.problem("CRM_USERNAME and CRM_PASSWORD go together");
                None
            }
        };
        let monitoring = reader.text("MONITORING_WEBHOOK_URL").and_then(|url| {
            TargetUrl::parse(&url)
                .map_err(|error| reader.problem(format!("MONITORING_WEBHOOK_URL: {error}")))
                .ok()
        });
        let signing = reader.text("MONITORING_WEBHOOK_KEY").and_then(|key| {
            SigningKey::parse(&SecretString::from(key))
                .map_err(|error| reader.problem(format!("MONITORING_WEBHOOK_KEY: {error}")))
                .ok()
        });
        // The cloud's own settings are read here too, so that every problem is reported at once.
        if let Err(error) = genesys_cloud::auth::Settings::from_env() {
            reader.problem(error.message());
        }
        reader.finish()?;
        Ok(Self {
            crm,
            monitoring,
            signing,
        })
    }

    /// What is missing for this cloud: the sandbox has credentials of its own, the real cloud has not.
    fn check(&self, cloud: &GenesysCloud) -> genesys_cloud::Result<(String, SecretString)> {
        let mut problems = Vec::new();
        if self.crm.is_none() && *cloud.origin() != Origin::Sandbox {
            problems.push("CRM_USERNAME and CRM_PASSWORD are not set");
        }
        if self.monitoring.is_some()
            && self.signing.is_none()
            && cloud.profile() == Profile::Platform
        {
            problems.push("MONITORING_WEBHOOK_KEY is not set: in the platform profile this program sends the news itself, signed");
        }
        if problems.is_empty() {
            let own = || {
                (
                    "crm-user".to_owned(),
                    SecretString::from("crm-password-of-the-sandbox"),
                )
            };
            Ok(self.crm.clone().unwrap_or_else(own))
        } else {
            Err(genesys_cloud::Error::new(
                genesys_cloud::ErrorKind::Config,
                problems.join("; "),
            ))
        }
    }
}

/// What the program does with a deployment that fails or has failed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Deploy; undo everything when a step fails.
    Deploy,
    /// Deploy; keep what was done when a step fails, to go on later.
    Keep,
    /// Undo what the journal knows of.
    RollBack,
}

/// What a run gives, for tables and JSON.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// Where it ran.
    pub cloud: String,
    /// What came of it.
    pub result: &'static str,
    /// The integration's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration: Option<String>,
    /// What had to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<&'static str>,
    /// True when an earlier run was gone on with.
    pub resumed: bool,
    /// The test's result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<Test>,
    /// The webhook's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
    /// The news of the status that arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub news: Option<String>,
    /// Every step.
    pub steps: Vec<Step>,
    /// The audit trail's file.
    pub audit_log: String,
}

/// The test's result.
#[derive(Debug, Serialize)]
pub struct Test {
    /// `Success` or `Failed`.
    pub status: &'static str,
    /// The platform's word on it.
    pub message: String,
    /// Milliseconds that the external system took, where the profile says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_time_ms: Option<f64>,
    /// Milliseconds of each attempt on the wire.
    pub attempts_ms: Vec<f64>,
}

/// One step.
#[derive(Debug, Serialize)]
pub struct Step {
    /// Its name.
    pub step: &'static str,
    /// What it did, or `not needed`.
    pub result: &'static str,
    /// Milliseconds.
    pub latency_ms: f64,
}

/// Shows steps and attempts as they happen, and keeps the test's latencies.
#[derive(Debug, Clone)]
struct Display {
    steps: Steps,
    attempts: Arc<Mutex<VecDeque<Duration>>>,
}

impl Observer for Display {
    fn on_event(&self, event: &Event<'_>) {
        let Event::AttemptFinished(attempt) = event else {
            return;
        };
        let status = match (attempt.status, attempt.outcome) {
            (Some(status), _) => format!("status {}", status.as_u16()),
            (None, Outcome::Failure(kind)) => kind.to_string(),
            (None, _) => "no status".to_owned(),
        };
        self.steps.line(format!(
            "    {} attempt {}: {status}, {}",
            attempt.operation,
            attempt.number,
            millis(attempt.wire)
        ));
        if attempt.operation == "integrations.test" {
            self.attempts
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push_back(attempt.wire);
        }
    }
}

impl PipelineObserver for Display {
    fn on_event(&self, event: &PipelineEvent<'_>) {
        match event {
            PipelineEvent::Started { step, .. } => self.steps.begin(*step),
            PipelineEvent::Tested { report, .. } => {
                self.steps
                    .line(format!("  TEST says {}: {}", report.status, report.message));
            }
            PipelineEvent::Finished {
                step,
                change,
                elapsed,
                ..
            } => {
                let result = if *step == pipeline::TEST {
                    "passed"
                } else {
                    change.as_str()
                };
                self.steps
                    .line(format!("  {step}: {result} in {}", millis(*elapsed)));
            }
            PipelineEvent::Skipped { step, .. } => self.steps.line(format!("  {step}: not needed")),
            PipelineEvent::Failed { step, error, .. } => {
                self.steps.line(format!("  {step} failed: {error}"))
            }
            PipelineEvent::RollingBack => self.steps.line("  rolling back"),
            _ => {}
        }
    }
}

/// Runs the workflow.
///
/// # Errors
///
/// Wrong settings, a definition that breaks a rule, or the step that failed and what became of the others.
pub async fn run(
    builder: GenesysCloudBuilder,
    settings: &Settings,
    folder: &Path,
    mode: Mode,
    steps: &Steps,
) -> Result<Summary, Failure> {
    let audit_log = match std::env::var_os("AUDIT_LOG") {
        Some(path) => path.into(),
        None => folder.join("integration_audit.log"),
    };
    let audit = Arc::new(FileAudit::open(&audit_log)?);
    let display = Display {
        steps: steps.clone(),
        attempts: Arc::default(),
    };
    let cloud = builder
        .with_audit(audit.clone())
        .with_observer(Arc::new(display.clone()))
        .build_or_sandbox()
        .await?;
    steps.line(format!("Integration pipeline, {}", cloud.describe()));
    let (username, password) = settings.check(&cloud)?;

    let definition = IntegrationDefinition::builder(
        "ExternalCRM-Sync",
        "https://api.example.com/v1/cases",
        Authentication::basic(username, password),
    )
    .with_mapping(DataMapping::direct("caseId", "genesys_case_id"))
    .with_mapping(DataMapping::direct("priority", "genesys_priority"))
    .with_mapping(DataMapping::direct("status", "genesys_status"))
    .build()?;

    let watching = Watching::begin(&cloud, settings).await?;
    let on_failure = if mode == Mode::Keep {
        OnFailure::Keep
    } else {
        OnFailure::RollBack
    };
    let journal = folder.join(format!("integration_journal.{}.json", cloud.profile()));
    let pipeline = Pipeline::new(
        cloud.client().clone(),
        Arc::clone(cloud.integrations()),
        definition,
    )
    .with_journal(Arc::new(FileJournal::new(journal)))
    .with_step("WEBHOOK", Arc::clone(&watching.step) as _)
    .with_on_failure(on_failure)
    .with_observer(Arc::new(display.clone()));

    let mut summary = Summary {
        cloud: cloud.describe(),
        result: "complete",
        integration: None,
        change: None,
        resumed: false,
        test: None,
        webhook: None,
        news: None,
        steps: Vec::new(),
        audit_log: audit_log.display().to_string(),
    };
    let outcome = if mode == Mode::RollBack {
        summary.result = if pipeline.roll_back().await? {
            "rolled back"
        } else {
            "nothing to roll back"
        };
        Ok(())
    } else {
        match pipeline.run().await {
            Ok(deployment) => {
                summary.tell(&deployment, &display);
                if deployment.enabled.is_some() {
                    steps.begin("waiting for the news");
                    summary.news = watching
                        .news(&cloud, settings)
                        .await?
                        .map(|change| change.to_string());
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    };
    // The trail is on disk before the program says how it ended.
    audit.close().await?;
    watching.end().await;
    steps.end();
    outcome
        .map(|()| summary)
        .map_err(|error: PipelineError| error.into())
}

impl Summary {
    fn tell(&mut self, deployment: &Deployment, display: &Display) {
        self.integration = Some(deployment.integration.id.to_string());
        self.change = Some(deployment.change.as_str());
        self.resumed = deployment.resumed;
        let attempts = display
            .attempts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.test = deployment.test.as_ref().map(|report| Test {
            status: report.status.as_str(),
            message: report.message.clone(),
            response_time_ms: report.response_time.map(|time| time.as_secs_f64() * 1000.0),
            attempts_ms: attempts
                .iter()
                .map(|wire| wire.as_secs_f64() * 1000.0)
                .collect(),
        });
        self.webhook = deployment
            .step("WEBHOOK")
            .and_then(|step| step.reference.clone());
        self.steps = deployment
            .steps
            .iter()
            .map(|step| Step {
                step: step.name,
                result: match step.name {
                    _ if !step.ran => "not needed",
                    pipeline::TEST => "passed",
                    pipeline::ENABLE => "active",
                    _ => step.change.as_str(),
                },
                latency_ms: step.elapsed.as_secs_f64() * 1000.0,
            })
            .collect();
    }

    /// Rows for a table: what, result, latency.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let mut rows: Vec<Vec<String>> = self
            .steps
            .iter()
            .map(|step| {
                vec![
                    step.step.to_owned(),
                    step.result.to_owned(),
                    format!("{:.1} ms", step.latency_ms),
                ]
            })
            .collect();
        if let Some(test) = &self.test {
            let latency = test
                .response_time_ms
                .or(test.attempts_ms.last().copied())
                .unwrap_or_default();
            rows.push(vec![
                "test result".to_owned(),
                format!("{} ({})", test.status, test.message),
                format!("{latency:.1} ms"),
            ]);
        }
        let mut fact = |name: &str, value: &Option<String>| {
            if let Some(value) = value {
                rows.push(vec![name.to_owned(), value.clone(), String::new()]);
            }
        };
        fact("integration id", &self.integration);
        fact("webhook id", &self.webhook);
        fact("status news", &self.news);
        fact("audit trail", &Some(self.audit_log.clone()));
        rows
    }
}

/// The news of the integration's status: a webhook and its receiver in the guide profile, polling in the platform profile.
struct Watching {
    step: Arc<StatusStep>,
    receiver: Option<StatusReceiver>,
}

impl Watching {
    async fn begin(cloud: &GenesysCloud, settings: &Settings) -> genesys_cloud::Result<Self> {
        let mut step = StatusStep::new();
        let mut receiver = None;
        match (cloud.profile(), &settings.monitoring) {
            (Profile::Guide, Some(target)) => {
                step = step.with_webhook(Arc::clone(cloud.webhooks()), target.clone());
            }
            (Profile::Guide, None) => {
                let inbox = Inbox::new();
                let started = StatusReceiver::start(inbox.clone()).await?;
                step = step
                    .with_webhook(Arc::clone(cloud.webhooks()), started.url().clone())
                    .with_watch(Arc::new(inbox));
                receiver = Some(started);
            }
            (Profile::Platform, _) => {
                let watch: Arc<dyn Watch> = Arc::new(
                    PlatformWatch::new(cloud.client().clone())
                        .with_interval(Duration::from_secs(1)),
                );
                step = step.with_watch(watch);
            }
        }
        Ok(Self {
            step: Arc::new(step),
            receiver,
        })
    }

    /// The first change that the watch sees, passed on signed where the platform has no webhook of its own.
    async fn news(
        &self,
        cloud: &GenesysCloud,
        settings: &Settings,
    ) -> genesys_cloud::Result<Option<StatusChange>> {
        let Some(changes) = self.step.take_changes() else {
            return Ok(None);
        };
        let Some(change) = first(changes).await? else {
            return Ok(None);
        };
        if let (Profile::Platform, Some(target), Some(key)) =
            (cloud.profile(), &settings.monitoring, &settings.signing)
        {
            let body = serde_json::json!({
                "event": "integration.status.changed",
                "integrationId": change.integration_id,
                "oldStatus": change.old.as_str(),
                "newStatus": change.new.as_str(),
            });
            Notifier::for_client(cloud.client(), key.clone())
                .send(target, &Notification::json(&body)?)
                .await?;
        }
        Ok(Some(change))
    }

    async fn end(self) {
        if let Some(receiver) = self.receiver {
            receiver.close().await;
        }
    }
}

async fn first(mut changes: StatusChanges) -> genesys_cloud::Result<Option<StatusChange>> {
    use futures_util::StreamExt;
    match tokio::time::timeout(NEWS, changes.next()).await {
        Ok(Some(change)) => change.map(Some),
        Ok(None) | Err(_) => Ok(None),
    }
}
