//! The deployment of one definition: validate, create inactive, test, further steps, enable.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use genesys_core::{Client, Error, ErrorKind};
use resilience::timeout_at;

use crate::api::Integrations;
use crate::definition::IntegrationDefinition;
use crate::ids::IntegrationId;
use crate::report::{TestReport, TestRequest};
use crate::widgets::{Widget, Widgets};

mod error;
mod file;
mod journal;
mod memory;
mod metrics;
mod observer;
mod outcome;
mod rollback;
mod run;
mod step;
mod target;

pub use error::{Aftermath, PipelineError};
pub use file::FileJournal;
pub use journal::{Journal, JournalPhase, JournalRecord, JournalStep};
pub use memory::MemoryJournal;
pub use metrics::DeploymentMetrics;
pub use observer::{PipelineEvent, PipelineObserver};
pub use outcome::{Deployment, StepResult};
pub use step::{DeployStep, StepDone};

use metrics::Stopwatch;
use target::{DefinitionTarget, Target, WidgetTarget};

/// The name of the audited operation that a run is as a whole. Its outcome has the attributes `change` and, once it is
/// known, `id`.
pub const DEPLOY: &str = "DEPLOY";
/// The name of the step that checks a widget before anything is written.
pub const VALIDATE: &str = "VALIDATE";
/// The name of the first step that writes: the integration is made what the definition says, inactive.
pub const CREATE: &str = "CREATE";
/// The name of the step that tests an integration. A widget has none.
pub const TEST: &str = "TEST";
/// The name of the last step: the integration is enabled and its reported state waited for.
pub const ENABLE: &str = "ENABLE";
/// The name of the audited operation that undoes the steps.
pub const ROLLBACK: &str = "ROLLBACK";

/// What happens to the steps that were done when a later one fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnFailure {
    /// They are undone in reverse order.
    #[default]
    RollBack,
    /// They stay, and the journal says so: run the pipeline again to go on, or roll it back. What stays is not enabled
    /// before its test has passed.
    Keep,
}

/// Deploys one definition. An integration: `CREATE` (inactive) → `TEST` → further steps → `ENABLE`. A widget: `VALIDATE` →
/// `CREATE` (inactive) → further steps → `ENABLE`. Enabling ends when the platform reports that it took effect.
///
/// Each step is written to the journal before it begins and after it ended, so that a run that is killed anywhere is
/// either resumed by [`run`](Pipeline::run) or undone by [`roll_back`](Pipeline::roll_back). What a killed run made
/// without writing it down is found by its name.
///
/// - What already exists as defined, and is active, is left alone: nothing is tested or enabled, and the change is
///   [`Unchanged`](crate::Change::Unchanged).
/// - What exists and differs is switched off, changed, tested and enabled.
/// - Rolling back deletes what the deployment created. An integration that existed before is never deleted: it stays, and
///   stays switched off if the run changed it.
///
/// Each step is an audited operation of the client's recorder with the integration's id as its target, and so are
/// `ROLLBACK` and the run as a whole, `DEPLOY`. Dropping the future of a run leaves the journal as it was last written, and
/// *cancelled* as the outcome of what was under way.
///
/// | setting | default |
/// | --- | --- |
/// | journal | in memory |
/// | test | repeatable: 5 attempts, breaker after 3 failures in a row |
/// | on failure | roll back |
/// | deadline of a run, and again of its rollback | 10 min |
#[derive(Debug, Clone)]
pub struct Pipeline {
    client: Client,
    target: Arc<dyn Target>,
    journal: Arc<dyn Journal>,
    steps: Vec<(&'static str, Arc<dyn DeployStep>)>,
    test: TestRequest,
    on_failure: OnFailure,
    deadline: Duration,
    observer: Option<Arc<dyn PipelineObserver>>,
}

impl Pipeline {
    /// A pipeline for an integration. Time, audit and events are those of `client`, which should be the one behind
    /// `integrations`.
    pub fn new(
        client: Client,
        integrations: Arc<dyn Integrations>,
        definition: IntegrationDefinition,
    ) -> Self {
        Self::of(
            client,
            Arc::new(DefinitionTarget {
                integrations,
                definition,
            }),
        )
    }

    /// A pipeline for a widget, which is validated in place of being tested.
    pub fn for_widget(client: Client, widgets: Arc<dyn Widgets>, widget: Widget) -> Self {
        Self::of(client, Arc::new(WidgetTarget { widgets, widget }))
    }

    fn of(client: Client, target: Arc<dyn Target>) -> Self {
        Self {
            client,
            target,
            journal: Arc::new(MemoryJournal::new()),
            steps: Vec::new(),
            test: TestRequest::repeatable(),
            on_failure: OnFailure::default(),
            deadline: Duration::from_secs(600),
            observer: None,
        }
    }

    /// Sets where progress is kept. One journal belongs to one pipeline at a time.
    #[must_use]
    pub fn with_journal(mut self, journal: Arc<dyn Journal>) -> Self {
        self.journal = journal;
        self
    }

    /// Adds a step before enabling, after those added before. The name is that of its audited operation, such
    /// as `WEBHOOK`.
    #[must_use]
    pub fn with_step(mut self, name: &'static str, step: Arc<dyn DeployStep>) -> Self {
        self.steps.push((name, step));
        self
    }

    /// Sets how the integration is tested. It means nothing for a widget.
    #[must_use]
    pub fn with_test(mut self, test: TestRequest) -> Self {
        self.test = test;
        self
    }

    /// Sets what happens when a step fails.
    #[must_use]
    pub fn with_on_failure(mut self, on_failure: OnFailure) -> Self {
        self.on_failure = on_failure;
        self
    }

    /// Sets the limit of a whole run, waits included. A rollback has the same again.
    #[must_use]
    pub fn with_deadline(mut self, limit: Duration) -> Self {
        self.deadline = limit;
        self
    }

    /// Sets who is told about each step.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn PipelineObserver>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Deploys the definition, or goes on where a killed or kept run stopped.
    ///
    /// # Errors
    ///
    /// The step that failed and why, and what became of the steps before it. A journal of another definition is refused
    /// ([`Conflict`](ErrorKind::Conflict)) unless its deployment is finished.
    pub async fn run(&self) -> Result<Deployment, PipelineError> {
        let watch = Stopwatch::start(&self.client);
        let progress = Progress::default();
        // Boxed, because the whole deployment is far larger than a caller's future should be.
        let outcome = match self.check() {
            Ok(()) => Box::pin(self.audited(&watch, &progress)).await,
            Err(error) => {
                let untouched = Aftermath::Untouched;
                Err(PipelineError::new(DEPLOY, error, None, untouched))
            }
        };
        let metrics = watch.stop(&self.client, outcome.is_ok(), progress.place().integration);
        self.tell(&PipelineEvent::Ended { metrics: &metrics });
        match outcome {
            Ok(mut deployment) => {
                deployment.metrics = metrics;
                Ok(deployment)
            }
            Err(error) => Err(error.with_metrics(metrics)),
        }
    }

    /// The run as one audited operation: it has exactly one outcome on every path.
    async fn audited(
        &self,
        watch: &Stopwatch,
        progress: &Progress,
    ) -> Result<Deployment, PipelineError> {
        let name = self.target.name();
        let attributes = [
            (self.target.name_attribute(), name),
            ("profile", self.target.profile().as_str()),
        ];
        let attributes = attributes.map(|(key, value)| (key.to_owned(), value.into()));
        let recorder = self.client.recorder();
        let unrecorded = |error, aftermath| Err(PipelineError::new(DEPLOY, error, None, aftermath));
        let mut operation = match recorder.begin_with(DEPLOY, name, attributes.into()).await {
            Ok(operation) => operation,
            Err(error) => return unrecorded(error, Aftermath::Untouched),
        };
        let mut outcome = match self.bounded(self.forward(watch, progress)).await {
            Ok(deployment) => Ok(deployment),
            Err(error) => Err(self.after_failure(progress.place(), error).await),
        };
        if let Some(id) = progress.place().integration {
            operation.set_target(id.as_str());
            operation.set_attribute("id", id.as_str());
        }
        match &outcome {
            Ok(deployment) => {
                operation.set_attribute("change", deployment.change.as_str());
                // Everything is done and in the journal, so that a trail that cannot take the outcome undoes nothing.
                if let Err(error) = operation.succeed().await {
                    outcome = unrecorded(error, Aftermath::Kept);
                }
            }
            Err(error) => {
                operation.fail(error.error().clone()).await;
            }
        }
        outcome
    }

    /// Undoes what the journal knows of, in reverse order. True when there was something to undo.
    ///
    /// A killed run over a finished deployment is undone alone; a second call undoes the deployment.
    ///
    /// # Errors
    ///
    /// What could not be undone ([`Aftermath::Incomplete`]); the journal keeps it, so that the call can be repeated. A
    /// journal of another name or profile is refused.
    pub async fn roll_back(&self) -> Result<bool, PipelineError> {
        let untouched = |error| PipelineError::new(ROLLBACK, error, None, Aftermath::Untouched);
        self.check().map_err(untouched)?;
        let Some(record) = self.journal.load().await.map_err(untouched)? else {
            return Ok(false);
        };
        self.check_owner(&record).map_err(untouched)?;
        match Box::pin(self.undo_bounded(record)).await {
            Ok(()) => Ok(true),
            Err((error, remaining)) => {
                let aftermath = Aftermath::Incomplete { remaining };
                Err(PipelineError::new(ROLLBACK, error, None, aftermath))
            }
        }
    }

    /// What cannot work whatever the cloud says.
    fn check(&self) -> Result<(), Error> {
        let reserved = [DEPLOY, VALIDATE, CREATE, TEST, ENABLE, ROLLBACK];
        let mut names: Vec<_> = self.steps.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        let repeated = names.windows(2).any(|pair| pair[0] == pair[1]);
        if repeated
            || names
                .iter()
                .any(|name| name.is_empty() || reserved.contains(name))
        {
            return Err(Error::new(
                ErrorKind::InvalidRequest,
                "names of steps are unique, not empty and not reserved",
            ));
        }
        Ok(())
    }

    async fn bounded<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let clock = self.client.clock();
        match clock.now().checked_add(self.deadline) {
            None => work.await,
            Some(at) => timeout_at(&**clock, at, work)
                .await
                .unwrap_or_else(|_elapsed| {
                    Err(Error::new(
                        ErrorKind::Deadline,
                        "the deployment did not end in time",
                    ))
                }),
        }
    }

    async fn after_failure(&self, at: Place, error: Error) -> PipelineError {
        let Place {
            step, test, begun, ..
        } = at;
        if !begun {
            return PipelineError::new(step, error, test, Aftermath::Untouched);
        }
        let aftermath = match self.journal.load().await {
            Ok(None) => Aftermath::Untouched,
            Ok(Some(record)) if record.phase == JournalPhase::Finished => Aftermath::Untouched,
            Ok(Some(_)) if self.on_failure == OnFailure::Keep => Aftermath::Kept,
            Ok(Some(record)) => match self.undo_bounded(record).await {
                Ok(()) => Aftermath::RolledBack,
                Err((_, remaining)) => Aftermath::Incomplete { remaining },
            },
            Err(_) => Aftermath::Incomplete {
                remaining: vec!["what the unreadable journal knows of".to_owned()],
            },
        };
        PipelineError::new(step, error, test, aftermath)
    }

    fn tell(&self, event: &PipelineEvent<'_>) {
        if let Some(observer) = &self.observer {
            observer.on_event(event);
        }
    }
}

/// Where a run is: read after its future was dropped at the deadline.
#[derive(Debug)]
struct Progress(Mutex<Place>);

#[derive(Debug, Clone)]
struct Place {
    step: &'static str,
    test: Option<TestReport>,
    integration: Option<IntegrationId>,
    /// The journal was read and is this deployment's.
    begun: bool,
}

impl Default for Progress {
    fn default() -> Self {
        Self(Mutex::new(Place {
            step: CREATE,
            test: None,
            integration: None,
            begun: false,
        }))
    }
}

impl Progress {
    fn lock(&self) -> MutexGuard<'_, Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begun(&self) {
        self.lock().begun = true;
    }

    fn enter(&self, step: &'static str) {
        self.lock().step = step;
    }

    fn tested(&self, report: TestReport) {
        self.lock().test = Some(report);
    }

    fn made(&self, integration: &IntegrationId) {
        self.lock().integration = Some(integration.clone());
    }

    fn place(&self) -> Place {
        self.lock().clone()
    }
}
