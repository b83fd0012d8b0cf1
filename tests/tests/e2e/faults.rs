//! Every request of a deployment, and of its rollback, struck by every scripted fault, once and for good: the right result
//! or a typed error, and the ledger agrees.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use genesys_cloud::{ErrorKind, GenesysCloudBuilder, Profile};
use genesys_core::observe::{Event, Observer};
use genesys_integrations::pipeline::{Aftermath, ENABLE, PipelineEvent, PipelineObserver};
use genesys_integrations::{MemoryJournal, PipelineError};
use genesys_sandbox::{Fault, LedgerEntry, Object, Verb};
use http::Method;

use crate::deployment::{OBJECTS, Stage};
use crate::support::transport;

/// Cases under way at once: most of them wait for a pause.
const AT_ONCE: usize = 96;

/// What a fault does to a request, and what a client gets to see.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Effect {
    /// A late answer.
    Late,
    /// Refused for good; an error of this kind.
    Refused(ErrorKind),
    /// The token is refused.
    TokenRefused,
    /// 429 with a wait that fits into the deadline.
    Throttled,
    /// 429 with a wait that does not.
    ThrottledTooLong,
    /// Not processed, and the client cannot know that.
    NotProcessed(ErrorKind),
    /// Processed, and the answer is lost.
    AnswerLost(ErrorKind),
    /// Not processed; a 2xx answer that is none.
    NoAnswer(ErrorKind),
    /// Processed; a 2xx answer that cannot be read.
    Unreadable(ErrorKind),
}

#[derive(Debug, Clone)]
struct Trouble {
    name: &'static str,
    fault: Fault,
    effect: Effect,
}

fn troubles() -> Vec<Trouble> {
    use Effect::{
        AnswerLost, Late, NoAnswer, NotProcessed, Refused, Throttled, ThrottledTooLong,
        TokenRefused, Unreadable,
    };
    let throttle = |wait| Fault::status(429).with_header("Retry-After", wait);
    [
        ("latency", Fault::latency(Duration::from_millis(30)), Late),
        ("400", Fault::status(400), Refused(ErrorKind::BadRequest)),
        ("401", Fault::status(401), TokenRefused),
        ("expired token", Fault::expired_token(), TokenRefused),
        (
            "403",
            Fault::status(403),
            Refused(ErrorKind::PermissionDenied),
        ),
        ("404", Fault::status(404), Refused(ErrorKind::NotFound)),
        ("409", Fault::status(409), Refused(ErrorKind::Conflict)),
        ("429", throttle("1"), Throttled),
        ("429 for an hour", throttle("3600"), ThrottledTooLong),
        ("500", Fault::status(500), NotProcessed(ErrorKind::Server)),
        (
            "503",
            Fault::status(503),
            NotProcessed(ErrorKind::Unavailable),
        ),
        (
            "502 page",
            Fault::html_page(502),
            NotProcessed(ErrorKind::Unavailable),
        ),
        ("stall", Fault::stall(), NotProcessed(ErrorKind::Timeout)),
        (
            "reset before",
            Fault::reset(),
            NotProcessed(ErrorKind::Reset),
        ),
        (
            "reset after",
            Fault::reset().after_effect(),
            AnswerLost(ErrorKind::Reset),
        ),
        ("cut", Fault::cut(), AnswerLost(ErrorKind::Truncated)),
        (
            "200 page",
            Fault::html_page(200),
            NoAnswer(ErrorKind::UnexpectedContent),
        ),
        (
            "malformed JSON",
            Fault::malformed_json(),
            Unreadable(ErrorKind::Decode),
        ),
        (
            "wrong type",
            Fault::wrong_content_type(),
            Unreadable(ErrorKind::UnexpectedContent),
        ),
    ]
    .into_iter()
    .map(|(name, fault, effect)| Trouble {
        name,
        fault,
        effect,
    })
    .collect()
}

/// One request of a clean run. Ids come from the sandbox's seed, so a path is the same in every run.
#[derive(Debug, Clone, PartialEq)]
struct Step {
    operation: String,
    method: String,
    path: String,
    /// How many requests of the same method and path came before.
    before: u64,
}

/// Notes which operation each request belongs to, by its correlation id.
#[derive(Debug, Default)]
struct Operations(Mutex<Vec<(String, String)>>);

impl Observer for Operations {
    fn on_event(&self, event: &Event<'_>) {
        if let Event::AttemptFinished(attempt) = event
            && let Some(id) = attempt.correlation_id
        {
            let mut seen = self.0.lock().unwrap();
            seen.push((id.to_owned(), attempt.operation.to_owned()));
        }
    }
}

/// Notes how long the ledger was when the rollback began.
#[derive(Debug)]
struct Turn(Arc<Stage>, Mutex<Option<usize>>);

impl PipelineObserver for Turn {
    fn on_event(&self, event: &PipelineEvent<'_>) {
        if matches!(event, PipelineEvent::RollingBack) {
            let mut at = self.1.lock().unwrap();
            at.get_or_insert(self.0.sandbox.ledger().len());
        }
    }
}

/// Everything that a run sends; with `failing`, what its rollback sends.
async fn steps(profile: Profile, failing: bool) -> Vec<Step> {
    let stage = Arc::new(Stage::new(profile).await);
    let operations = Arc::new(Operations::default());
    let turn = Arc::new(Turn(Arc::clone(&stage), Mutex::default()));
    let cloud = stage
        .program()
        .with_observer(operations.clone())
        .build()
        .unwrap();
    if failing {
        stage.sandbox.faults().add(no_enabling()).unwrap();
    }
    let pipeline = stage.pipeline(&cloud, Arc::new(MemoryJournal::new()));
    let result = pipeline.with_observer(turn.clone()).run().await;
    assert_eq!(result.is_err(), failing, "{result:?}");
    let first = turn.1.lock().unwrap().unwrap_or(0);
    let operations = operations.0.lock().unwrap();
    let mut steps: Vec<Step> = Vec::new();
    for (index, entry) in stage.sandbox.ledger().into_iter().enumerate() {
        let operation = operations
            .iter()
            .find(|(id, _)| *id == entry.correlation_id)
            .map_or("login", |(_, operation)| operation)
            .to_owned();
        assert_eq!(operation == "login", entry.is_token_request(), "{entry:?}");
        let before = stage.sandbox.ledger()[..index]
            .iter()
            .filter(|other| (&other.method, &other.path) == (&entry.method, &entry.path))
            .count();
        if index >= first {
            steps.push(Step {
                operation,
                method: entry.method,
                path: entry.path,
                before: before as u64,
            });
        }
    }
    steps
}

/// Lets every deployment fail at its last step.
fn no_enabling() -> Fault {
    Fault::status(403).with_method(Method::PATCH)
}

/// One run.
#[derive(Debug, Clone)]
struct Case {
    profile: Profile,
    step: Step,
    trouble: Trouble,
    /// From the step on, every request of the same method and path is struck; else that one alone.
    always: bool,
}

impl Case {
    fn name(&self) -> String {
        let Step {
            operation,
            method,
            path,
            before,
        } = &self.step;
        let often = if self.always { "always" } else { "once" };
        let (profile, trouble) = (self.profile, self.trouble.name);
        format!("{profile} {operation} ({method} {path}, after {before}): {trouble} {often}")
    }

    fn fault(&self) -> Fault {
        let fault = self.trouble.fault.clone();
        let method = Method::try_from(self.step.method.as_str()).unwrap();
        let fault = fault
            .with_method(method)
            .with_path(&self.step.path)
            .with_skip(self.step.before);
        if self.always {
            fault
        } else {
            fault.with_count(1)
        }
    }

    /// Waits for a stalled answer for 2 s, and for a token for the 10 s of the login and a little more.
    fn program(&self, stage: &Stage) -> GenesysCloudBuilder {
        match self.trouble.name {
            "stall" => stage
                .program()
                .with_attempt_timeout(Duration::from_secs(2))
                .with_total_timeout(Duration::from_secs(20)),
            _ => stage.program(),
        }
    }

    /// Long pauses first, so that the short cases fill them.
    fn is_slow(&self) -> bool {
        self.always
            && (self.step.operation == "integrations.test" || self.step.operation == "login")
    }
}

fn cases(profile: Profile, steps: &[Step]) -> Vec<Case> {
    let mut cases = Vec::new();
    for step in steps {
        for trouble in troubles() {
            for always in [false, true] {
                let repeated = steps.iter().any(|other| {
                    (&other.method, &other.path) == (&step.method, &step.path)
                        && other.before < step.before
                });
                // A request for a token carries none.
                let no_token = step.operation == "login" && trouble.name == "expired token";
                if !(always && repeated || no_token) {
                    cases.push(Case {
                        profile,
                        step: step.clone(),
                        trouble: trouble.clone(),
                        always,
                    });
                }
            }
        }
    }
    cases.sort_by_key(|case| !case.is_slow());
    cases
}

/// How a deployment must end.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Ending {
    Deployed,
    /// The kind, or the cause behind an unknown outcome.
    Failed(ErrorKind),
    /// As `Failed`, and nobody can know whether the write took effect.
    Unknown(ErrorKind),
}

fn ending(case: &Case) -> Ending {
    use Effect::{
        AnswerLost, Late, NoAnswer, NotProcessed, Refused, Throttled, ThrottledTooLong,
        TokenRefused, Unreadable,
    };
    use Ending::{Deployed, Failed, Unknown};
    let operation = case.step.operation.as_str();
    let (effect, always) = (case.trouble.effect, case.always);
    if operation == "login" {
        return match effect {
            Late => Deployed,
            Refused(_) | TokenRefused | NoAnswer(_) => Failed(ErrorKind::Login),
            Throttled if always => Failed(ErrorKind::LoginThrottled),
            ThrottledTooLong => Failed(ErrorKind::LoginThrottled),
            NotProcessed(ErrorKind::Timeout) if always => Failed(ErrorKind::Deadline),
            NotProcessed(kind) | AnswerLost(kind) if always => Failed(kind),
            // The media type of a token answer is not looked at: what counts is that it is one.
            Unreadable(ErrorKind::Decode) => Failed(ErrorKind::Login),
            _ => Deployed,
        };
    }
    let create = operation.ends_with(".create");
    let replace = operation == "integrations.config.put";
    // An answer of 404 to who waits for something to appear, or to change.
    let look = matches!(operation, "integrations.get" | "integrations.config.get");
    let write = create || replace || operation == "integrations.set_state";
    let unsure = |kind| if write { Unknown(kind) } else { Failed(kind) };
    match effect {
        Late => Deployed,
        Refused(ErrorKind::NotFound) if look && !always => Deployed,
        Refused(ErrorKind::Conflict) if replace && !always => Deployed,
        Refused(kind) => Failed(kind),
        TokenRefused if always => Failed(ErrorKind::Unauthenticated),
        Throttled if always => Failed(ErrorKind::RateLimited),
        ThrottledTooLong => Failed(ErrorKind::RateLimited),
        NotProcessed(kind) if always => unsure(kind),
        TokenRefused | Throttled | NotProcessed(_) => Deployed,
        // Looking for the marker, or reading again, finds what was written.
        AnswerLost(_) | Unreadable(_) if create || replace => Deployed,
        AnswerLost(kind) if always => unsure(kind),
        AnswerLost(_) => Deployed,
        NoAnswer(_) if create && !always => Deployed,
        NoAnswer(kind) | Unreadable(kind) => unsure(kind),
    }
}

/// What is wrong with a run that was to end in `wanted`.
async fn deployment_problems(case: &Case, stage: Arc<Stage>) -> Vec<String> {
    stage.sandbox.faults().add(case.fault()).unwrap();
    let cloud = case.program(&stage).build().unwrap();
    let journal = Arc::new(MemoryJournal::new());
    let turn = Arc::new(Turn(Arc::clone(&stage), Mutex::default()));
    let pipeline = stage
        .pipeline(&cloud, journal.clone())
        .with_observer(turn.clone());
    let result = pipeline.run().await;
    let mut problems = Vec::new();
    if stage.sandbox.faults().list()[0].fired == 0 {
        problems.push("the fault never struck".to_owned());
    }
    stage.sandbox.faults().clear();
    let seen = match &result {
        Ok(_) => Ending::Deployed,
        Err(error) if error.kind() == ErrorKind::OutcomeUnknown => {
            Ending::Unknown(error.error().cause())
        }
        Err(error) => Ending::Failed(error.kind()),
    };
    let wanted = ending(case);
    if seen != wanted {
        problems.push(format!(
            "{wanted:?} was expected, and it was {seen:?}: {result:?}"
        ));
    }
    match result {
        Ok(deployment) => {
            problems.extend(stage.differences().await);
            if deployment.test.is_none_or(|report| !report.is_success()) {
                problems.push("no test report".to_owned());
            }
            if case.profile == Profile::Guide {
                let news = stage.news().await;
                if news.payload["integrationId"] != deployment.integration.id.as_str() {
                    problems.push(format!("other news: {news:?}"));
                }
            }
        }
        Err(error) => {
            let turned = *turn.1.lock().unwrap();
            problems.extend(failure_problems(case, &stage, &error, turned));
            problems.extend(recovery_problems(case, &stage, &error, journal).await);
        }
    }
    problems
}

/// What is wrong with an error: its text and ids, and what it says of what is left.
fn failure_problems(
    case: &Case,
    stage: &Stage,
    error: &PipelineError,
    turned: Option<usize>,
) -> Vec<String> {
    let mut problems = Vec::new();
    let ledger = stage.sandbox.ledger();
    let struck = |entry: &&LedgerEntry| !entry.faults.is_empty();
    let cause = error.error();
    if cause.status().is_some() {
        let named = ledger
            .iter()
            .filter(struck)
            .any(|entry| cause.correlation_id() == Some(entry.correlation_id.as_str()));
        if !named {
            problems.push(format!(
                "the correlation id is that of no struck request: {cause:?}"
            ));
        }
    }
    let hour = Duration::from_secs(3600);
    let throttled = cause.kind() == ErrorKind::RateLimited && cause.status().is_some();
    let too_long = case.trouble.effect == Effect::ThrottledTooLong;
    if throttled && too_long && cause.retry_after() != Some(hour) {
        problems.push(format!("the server's word is lost: {cause:?}"));
    }
    for object in OBJECTS {
        if stage.sandbox.counts().effect(object, Verb::Created) > 1 {
            problems.push(format!("{object:?} was created twice"));
        }
    }
    let state = stage.sandbox.state();
    let rollback = turned.map_or(&[][..], |at| &ledger[at..]);
    match error.aftermath() {
        Aftermath::Untouched => {
            let effects = ledger.iter().flat_map(|entry| &entry.effects);
            if effects
                .into_iter()
                .any(|effect| effect.object != Object::Token)
            {
                problems.push("something was touched".to_owned());
            }
        }
        Aftermath::RolledBack if state.is_empty() => {}
        Aftermath::RolledBack => problems.push(format!("something is left: {state:?}")),
        Aftermath::Incomplete { remaining, .. } => {
            // An hour's pause that the server asked for holds for the rollback as well.
            if !too_long && !rollback.iter().any(|entry| struck(&entry)) {
                problems.push(format!("nothing hindered the rollback: {remaining:?}"));
            }
            let left = |step: &str| remaining.iter().any(|line| line.starts_with(step));
            let parts = state.integrations.len() + state.credentials.len() + state.actions.len();
            if parts > 0 && !left("CREATE") || !state.webhooks.is_empty() && !left("WEBHOOK") {
                problems.push(format!("more is left than {remaining:?}: {state:?}"));
            }
        }
        other => problems.push(format!("unexpected aftermath {other:?}")),
    }
    problems
}

/// What is wrong once the fault is gone: what was left is undone, and the next run deploys.
async fn recovery_problems(
    case: &Case,
    stage: &Stage,
    error: &PipelineError,
    journal: Arc<MemoryJournal>,
) -> Vec<String> {
    let mut problems = Vec::new();
    if matches!(error.aftermath(), Aftermath::Incomplete { .. }) {
        match stage.roll_back(journal.clone()).await {
            Ok(true) if stage.sandbox.state().is_empty() => {}
            other => problems.push(format!("{other:?} leaves {:?}", stage.sandbox.state())),
        }
    }
    if case.always {
        stage.sandbox.clear_ledger();
        match stage.deploy(journal).await {
            Ok(_) => problems.extend(stage.differences().await),
            Err(error) => problems.push(format!("the next run fails: {error:?}")),
        }
    }
    problems
}

/// True when a rollback must leave nothing, false when it must say that something is left.
fn rolls_back(case: &Case) -> bool {
    use Effect::{
        AnswerLost, Late, NoAnswer, NotProcessed, Refused, Throttled, ThrottledTooLong,
        TokenRefused, Unreadable,
    };
    let operation = case.step.operation.as_str();
    let look = matches!(operation, "integrations.get" | "integrations.config.get");
    match case.trouble.effect {
        Late => true,
        Refused(ErrorKind::NotFound) => look,
        TokenRefused | Throttled | NotProcessed(_) | AnswerLost(_) => !case.always,
        Refused(_) | ThrottledTooLong | NoAnswer(_) => false,
        // Of a deletion's answer only the type is looked at, and only where it has a body.
        Unreadable(ErrorKind::UnexpectedContent) => {
            case.step.method == "DELETE"
                && (case.profile, operation) != (Profile::Platform, "integrations.delete")
        }
        Unreadable(_) => case.step.method == "DELETE",
    }
}

/// What is wrong with the rollback of a deployment that fails at its last step.
async fn rollback_problems(case: &Case, stage: Arc<Stage>) -> Vec<String> {
    stage.sandbox.faults().add(case.fault()).unwrap();
    stage.sandbox.faults().add(no_enabling()).unwrap();
    let cloud = case.program(&stage).build().unwrap();
    let journal = Arc::new(MemoryJournal::new());
    let turn = Arc::new(Turn(Arc::clone(&stage), Mutex::default()));
    let pipeline = stage
        .pipeline(&cloud, journal.clone())
        .with_observer(turn.clone());
    let error = pipeline.run().await.unwrap_err();
    let mut problems = Vec::new();
    if stage.sandbox.faults().list()[0].fired == 0 {
        problems.push("the fault never struck".to_owned());
    }
    stage.sandbox.faults().clear();
    if (error.step(), error.kind()) != (ENABLE, ErrorKind::PermissionDenied) {
        problems.push(format!(
            "the first error is the one that matters, not {error:?}"
        ));
    }
    let tidy = *error.aftermath() == Aftermath::RolledBack;
    if tidy != rolls_back(case) {
        problems.push(format!("other aftermath: {error}"));
    }
    let turned = *turn.1.lock().unwrap();
    problems.extend(failure_problems(case, &stage, &error, turned));
    problems.extend(recovery_problems(case, &stage, &error, journal).await);
    problems
}

/// Runs every case and fails with everything that is wrong.
async fn run_all<F>(cases: Vec<Case>, problems_of: fn(Case, Arc<Stage>) -> F)
where
    F: Future<Output = Vec<String>> + Send + 'static,
{
    let all = cases.len();
    let transport = transport();
    let mut runs = futures_util::stream::iter(cases)
        .map(|case| async {
            let name = case.name();
            let stage = Stage::over(case.profile, Arc::clone(&transport)).await;
            // A task of its own: a panic is a finding, and not the end of the others.
            let problems = tokio::spawn(problems_of(case, Arc::new(stage))).await;
            let problems = problems.unwrap_or_else(|panic| vec![panic.to_string()]);
            problems
                .into_iter()
                .map(move |problem| format!("{name}\n    {problem}"))
        })
        .buffer_unordered(AT_ONCE);
    let mut found: Vec<String> = Vec::new();
    while let Some(problems) = runs.next().await {
        found.extend(problems);
    }
    found.sort();
    assert!(
        found.is_empty(),
        "{} problems in {all} cases:\n{}",
        found.len(),
        found.join("\n")
    );
}

async fn rollbacks(profile: Profile) {
    let mut cases = cases(profile, &steps(profile, true).await);
    // Who is told that what it deletes does not exist has to believe it.
    cases.retain(|case| {
        case.step.method != "DELETE" || case.trouble.effect != Effect::Refused(ErrorKind::NotFound)
    });
    run_all(cases, |case, stage| async move {
        rollback_problems(&case, stage).await
    })
    .await;
}

async fn deployments(profile: Profile) {
    let cases = cases(profile, &steps(profile, false).await);
    run_all(cases, |case, stage| async move {
        deployment_problems(&case, stage).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_guide_profile_every_fault_ends_in_the_right_result_or_a_typed_error() {
    // errata ALL-07, ALL-18, ALL-19, INT-29
    deployments(Profile::Guide).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_platform_profile_every_fault_ends_in_the_right_result_or_a_typed_error() {
    // errata ALL-07, ALL-18, ALL-19, INT-29, INT-30
    deployments(Profile::Platform).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_guide_profile_a_struck_rollback_leaves_nothing_or_says_what() {
    // errata ALL-19
    rollbacks(Profile::Guide).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_platform_profile_a_struck_rollback_leaves_nothing_or_says_what() {
    // errata ALL-19
    rollbacks(Profile::Platform).await;
}
