//! Document 001: validate → create inactive → activate → confirm, with metrics, audit report and an external collector.

use std::fs::File;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use genesys_cloud::core::observe::{Event, Observer, Outcome};
use genesys_cloud::integrations::pipeline::{
    self, DeploymentMetrics, PipelineEvent, PipelineObserver,
};
use genesys_cloud::integrations::widgets::{Policy, RuleSet, Validation, Validator, embedder};
use genesys_cloud::integrations::{
    Deployment, FileJournal, OnFailure, Pipeline, Widget, WidgetError,
};
use genesys_cloud::telemetry::{FileAudit, Tee, WidgetAudit, WidgetReport};
use genesys_cloud::{Error, ErrorKind, GenesysCloud, GenesysCloudBuilder};
use serde::Serialize;

use crate::args::Failure;
use crate::collector::{Collector, Pushed};
use crate::input::Input;
use crate::report::{Steps, millis};
use crate::workflows::integration::{Mode, Step};

/// What to deploy, under which rules, and who is told.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// A definition's file; none for the document's own widget.
    pub definition: Option<PathBuf>,
    /// A policy's file; none for the document's own numbers and origins.
    pub policy: Option<PathBuf>,
    /// A telemetry agent that takes JSON lines over TCP on loopback; none for a file in the artefact folder.
    pub collector: Option<SocketAddr>,
}

impl Settings {
    /// The rules: the policy's, with what is known of the pages that embed widgets.
    fn rules(&self, cloud: &GenesysCloud) -> Result<Validator, Error> {
        let wrong = |problem: String| Error::new(ErrorKind::Config, problem);
        let policy = match &self.policy {
            None => Policy::builder(RuleSet::Tutorial).build(),
            Some(path) => Policy::from_json(&Input::read(path).map_err(wrong)?.bytes),
        };
        let policy = policy.map_err(|error| wrong(error.to_string()))?;
        Ok(Validator::new(policy).with_embedder(embedder(cloud.hosts())))
    }

    /// The widget, which exists only if the rules let it pass. What they find otherwise is told in full.
    fn widget(&self, rules: &Validator, steps: &Steps) -> Result<Widget, Failure> {
        let refused = |error: WidgetError| {
            tell(steps, error.validation());
            error
        };
        let Some(path) = &self.definition else {
            let url = "https://s3.amazonaws.com/my-bucket/widget-manifest.json";
            let widget = Widget::builder("Agent Dashboard Widget", url)
                .with_description("Custom metrics display for agent desktop")
                .with_dimensions(750, 500)
                .with_refresh_interval(Duration::from_secs(5));
            return Ok(widget.build(rules).map_err(refused)?);
        };
        let input = Input::read(path).map_err(|problem| Error::new(ErrorKind::Config, problem))?;
        Ok(Widget::read(&input.bytes, rules).map_err(refused)?)
    }

    fn connect(&self, folder: &Path) -> Result<(Collector, String), Error> {
        let failed = |error| Error::new(ErrorKind::Io, "the collector").with_source(error);
        let (writer, place): (Box<dyn Write + Send>, String) = match self.collector {
            Some(address) if !address.ip().is_loopback() => {
                let why = "a collector is an agent on loopback: events are pushed in the clear";
                return Err(Error::new(ErrorKind::Config, why));
            }
            Some(address) => {
                let limit = Duration::from_secs(5);
                let stream = TcpStream::connect_timeout(&address, limit).map_err(failed)?;
                stream.set_write_timeout(Some(limit)).map_err(failed)?;
                (Box::new(stream), address.to_string())
            }
            None => {
                let path = folder.join("widget_telemetry.jsonl");
                let file = File::create(&path).map_err(failed)?;
                (Box::new(file), path.display().to_string())
            }
        };
        Ok((Collector::start(writer), place))
    }
}

/// What a run gives, for tables and JSON.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// Where it ran.
    pub cloud: String,
    /// What came of it.
    pub result: &'static str,
    /// What had to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<&'static str>,
    /// When it began and ended, whether it succeeded, and the widget's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<DeploymentMetrics>,
    /// Findings, warnings at most, as `code place: text`.
    pub findings: Vec<String>,
    /// Settings that are checked and that the profile has no member for.
    pub unsent: Vec<String>,
    /// Every step.
    pub steps: Vec<Step>,
    /// Every deployment of this run, and what they come to.
    pub audit: WidgetReport,
    /// The audit trail's file.
    pub audit_log: String,
    /// Where events were pushed, and how many.
    pub telemetry: Telemetry,
}

/// Where events were pushed.
#[derive(Debug, Serialize)]
pub struct Telemetry {
    /// The collector's address, or a file.
    pub collector: String,
    /// How many.
    #[serde(flatten)]
    pub events: Pushed,
}

/// Shows steps and attempts as they happen.
#[derive(Debug, Clone)]
struct Display(Steps);

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
        self.0.line(format!(
            "    {} attempt {}: {status}, {}",
            attempt.operation,
            attempt.number,
            millis(attempt.wire)
        ));
    }
}

impl PipelineObserver for Display {
    fn on_event(&self, event: &PipelineEvent<'_>) {
        match event {
            PipelineEvent::Started { step, .. } => self.0.begin(*step),
            PipelineEvent::Validated { validation, .. } => {
                tell(&self.0, validation);
                if validation.is_accepted() {
                    self.0.line("Validation passed.");
                    self.0.line("Deploying widget ...");
                }
            }
            PipelineEvent::Finished {
                step,
                change,
                elapsed,
                ..
            } => {
                let result = if *step == pipeline::VALIDATE {
                    "passed"
                } else {
                    change.as_str()
                };
                self.0
                    .line(format!("  {step}: {result} in {}", millis(*elapsed)));
            }
            PipelineEvent::Skipped { step, .. } => self.0.line(format!("  {step}: not needed")),
            PipelineEvent::Failed { step, error, .. } => {
                self.0.line(format!("  {step} failed: {error}"));
            }
            PipelineEvent::RollingBack => self.0.line("  rolling back"),
            _ => {}
        }
    }
}

/// Every report in full: findings with their places, and what was not checked.
fn tell(steps: &Steps, validation: &Validation) {
    for document in validation.documents() {
        steps.line(document.to_string().trim_end());
    }
    if !validation.unsent().is_empty() {
        let names = validation.unsent().join(", ");
        steps.line(format!(
            "checked here and not sent, because the platform has no member for it: {names}"
        ));
    }
}

/// Runs the workflow.
///
/// # Errors
///
/// Wrong settings, a widget that the rules refuse, or the step that failed and what became of the others. The audit report
/// is written in every case in which something was deployed or tried.
pub async fn run(
    builder: GenesysCloudBuilder,
    settings: &Settings,
    folder: &Path,
    mode: Mode,
    steps: &Steps,
) -> Result<Summary, Failure> {
    let audit_log = folder.join("widget_audit.log");
    let trail = Arc::new(FileAudit::open(&audit_log)?);
    let audit = WidgetAudit::default();
    let (collector, place) = settings.connect(folder)?;
    let collector = Arc::new(collector);
    let display = Display(steps.clone());
    let both = Tee::new().with(trail.clone()).with(Arc::new(audit.clone()));
    let cloud = builder
        .with_audit(Arc::new(both))
        .with_observer(Arc::new(display.clone()))
        .with_observer(collector.clone())
        .build_or_sandbox()
        .await?;
    steps.line(format!("Widget deployment, {}", cloud.describe()));
    steps.line("Validating widget against its rules ...");
    let rules = settings.rules(&cloud)?;
    let widget = settings.widget(&rules, steps)?;

    let on_failure = if mode == Mode::Keep {
        OnFailure::Keep
    } else {
        OnFailure::RollBack
    };
    let journal = folder.join(format!("widget_journal.{}.json", cloud.profile()));
    let widgets = Arc::clone(cloud.widgets());
    let pipeline = Pipeline::for_widget(cloud.client().clone(), widgets, widget)
        .with_journal(Arc::new(FileJournal::new(journal)))
        .with_on_failure(on_failure)
        .with_observer(Arc::new(display));
    let outcome = match mode {
        Mode::RollBack => pipeline.roll_back().await.map(|any| {
            let result = if any {
                "rolled back"
            } else {
                "nothing to roll back"
            };
            (result, None)
        }),
        _ => pipeline
            .run()
            .await
            .map(|deployment| ("complete", Some(deployment))),
    };
    steps.end();

    // Trail, report and telemetry are where they belong before the program says how it ended.
    trail.close().await?;
    let report = audit.report();
    let text = serde_json::to_vec_pretty(&report)?;
    std::fs::write(folder.join("widget_audit_report.json"), text)?;
    let events = collector.close();
    let (result, deployment) = outcome?;
    let mut summary = Summary {
        cloud: cloud.describe(),
        result,
        change: None,
        metrics: None,
        findings: Vec::new(),
        unsent: Vec::new(),
        steps: Vec::new(),
        audit: report,
        audit_log: audit_log.display().to_string(),
        telemetry: Telemetry {
            collector: place,
            events,
        },
    };
    if let Some(deployment) = &deployment {
        summary.tell(deployment);
    }
    Ok(summary)
}

impl Summary {
    fn tell(&mut self, deployment: &Deployment) {
        self.change = Some(deployment.change.as_str());
        self.metrics = Some(deployment.metrics.clone());
        if let Some(validation) = &deployment.validation {
            self.findings = validation
                .findings()
                .map(|finding| finding.to_string())
                .collect();
            self.unsent = validation.unsent().to_vec();
        }
        self.steps = deployment
            .steps
            .iter()
            .map(|step| Step {
                step: step.name,
                result: match step.name {
                    _ if !step.ran => "not needed",
                    pipeline::VALIDATE => "passed",
                    pipeline::ENABLE => "active",
                    _ => step.change.as_str(),
                },
                latency_ms: step.elapsed.as_secs_f64() * 1000.0,
            })
            .collect();
    }

    /// What a person reads: id, latency, success, and the audit report.
    ///
    /// # Errors
    ///
    /// A report without a JSON form, which there is none of.
    pub fn text(&self) -> serde_json::Result<String> {
        let mut text = String::new();
        if let (Some(metrics), Some(change)) = (&self.metrics, self.change) {
            let id = metrics.id.as_ref().map_or("none", |id| id.as_str());
            text += &format!("\nDeployment completed, {change}. Widget ID: {id}\n");
            text += &format!("Latency: {}\n", millis(metrics.latency));
            text += &format!("Success: {}\n", metrics.success);
        }
        let report = serde_json::to_string_pretty(&self.audit)?;
        text += &format!("\nAudit report:\n{report}\n");
        let Telemetry { collector, events } = &self.telemetry;
        text += &format!(
            "\nTelemetry: {} events to {collector}, {} dropped\n",
            events.pushed, events.dropped
        );
        Ok(text)
    }
}
