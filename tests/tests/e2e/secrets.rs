//! Everything that a deployment shows, in success and in failure, searched for everything that is secret.

use std::fmt::Debug;
use std::io::Write;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use genesys_auth::ClientCredentials;
use genesys_cloud::Profile;
use genesys_core::Transport;
use genesys_core::observe::{Event, Observer};
use genesys_integrations::pipeline::{PipelineEvent, PipelineObserver};
use genesys_integrations::{FileJournal, OnFailure};
use genesys_sandbox::{ExternalReply, Fault, OauthClient, Sandbox};
use genesys_telemetry::FileAudit;
use genesys_tests::recording::{Exchange, Recording};
use genesys_webhooks::TargetUrl;
use http::Method;
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::deployment::{ENDPOINT, PROFILES, Stage, definition};
use crate::support::transport;

const CLIENT: &str = "a-client";
const CLIENT_SECRET: &str = "Kq7client&+=%üVw3secret";
const PASSWORD: &str = "Zr9crmuser\"\\&+=%üJt5password";
/// In the query of the webhook's target.
const HOOK_CODE: &str = "Hx4hook&+=%üYb8code";

fn urlencoded(secret: &str) -> String {
    url::form_urlencoded::byte_serialize(secret.as_bytes()).collect()
}

/// Texts of which none may be shown: the words of the secret, which no escaping changes, and its base64 form wherever it
/// stands in what was encoded.
fn needles(secret: &str) -> Vec<String> {
    let mut needles: Vec<String> = secret
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| word.len() > 5)
        .map(str::to_owned)
        .collect();
    assert!(!needles.is_empty());
    for (offset, unsure) in [(0, 0), (1, 2), (2, 3)] {
        let mut bytes = vec![0; offset];
        bytes.extend_from_slice(secret.as_bytes());
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let text = engine.encode(&bytes);
            // The characters at the ends depend on the neighbours.
            needles.push(text[unsure..text.len() - 1].to_owned());
        }
    }
    needles
}

/// Every form in which a request carries a secret, and in which a platform may therefore give it back.
fn forms(secret: &str) -> Vec<String> {
    let json = Value::from(secret).to_string();
    vec![
        secret.to_owned(),
        json.trim_matches('"').to_owned(),
        urlencoded(secret),
        STANDARD.encode(format!("{CLIENT}:{secret}")),
        STANDARD.encode(format!("crm_user:{secret}")),
    ]
}

/// Takes texts from everywhere. Clones share them.
#[derive(Debug, Clone, Default)]
struct Capture(Arc<Mutex<Vec<u8>>>);

impl Capture {
    fn debug(&self, what: &str, value: impl Debug) {
        self.text(what, &format!("{value:?}\n{value:#?}"));
    }

    fn text(&self, what: &str, text: &str) {
        writeln!(self.0.lock().unwrap(), "{what}: {text}").unwrap();
    }

    fn error(&self, error: &(dyn std::error::Error + 'static)) {
        let mut cause = Some(error);
        while let Some(error) = cause {
            self.text("error", &error.to_string());
            self.debug("error", error);
            cause = error.source();
        }
    }

    fn take(&self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut *self.0.lock().unwrap())).into_owned()
    }
}

impl Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Capture {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Observer for Capture {
    fn on_event(&self, event: &Event<'_>) {
        self.debug("event", event);
    }
}

impl PipelineObserver for Capture {
    fn on_event(&self, event: &PipelineEvent<'_>) {
        self.debug("pipeline event", event);
    }
}

/// What a run showed, what it sent, what is secret of it, and whether it succeeded.
struct Run {
    shown: String,
    sent: Vec<Exchange>,
    secrets: Vec<String>,
    deployed: bool,
}

impl Run {
    fn leaks(&self) -> Vec<String> {
        let lines = |needle: &str| -> Vec<String> {
            let lines = self.shown.lines().filter(|line| line.contains(needle));
            lines.map(|line| format!("{needle} in {line}")).collect()
        };
        self.secrets
            .iter()
            .flat_map(|secret| needles(secret))
            .filter(|needle| self.shown.contains(needle.as_str()))
            .flat_map(|needle| lines(&needle))
            .collect()
    }
}

/// Runs the workflow, then its rollback, and takes everything that can be looked at.
async fn run(
    profile: Profile,
    transport: &Arc<dyn Transport>,
    script: impl FnOnce(&Sandbox),
) -> Run {
    let shown = Capture::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(shown.clone())
        .finish();
    // While there is one subscriber alone, a callsite that another test's thread meets first is switched off for good.
    let silent = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(std::io::sink)
        .finish();
    let _second = tracing::Dispatch::new(silent);
    // The runtime of the test has one thread, so that this hears the tasks as well.
    let _listening = tracing::subscriber::set_default(subscriber);

    let sandbox = Sandbox::builder()
        .with_client(OauthClient::new(CLIENT, CLIENT_SECRET))
        .start()
        .await
        .unwrap();
    let recording = Recording::new(Arc::clone(transport));
    let stage = Stage::on(sandbox, profile, Arc::new(recording.clone())).await;
    script(&stage.sandbox);
    let credentials = ClientCredentials::new(CLIENT, CLIENT_SECRET).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let audit = Arc::new(FileAudit::open(folder.path().join("audit.log")).unwrap());
    let program = stage
        .program()
        .with_credentials(credentials.clone())
        .with_audit(audit.clone())
        .with_observer(Arc::new(shown.clone()));
    shown.debug("builder", &program);
    let cloud = program.build().unwrap();
    let definition = definition(PASSWORD);
    let target = target(&stage);
    let pipeline = stage
        .pipeline_of(&cloud, definition.clone(), target.clone())
        .with_journal(Arc::new(FileJournal::new(
            folder.path().join("journal.json"),
        )))
        .with_on_failure(OnFailure::Keep)
        .with_observer(Arc::new(shown.clone()));

    let deployed = match pipeline.run().await {
        Ok(deployment) => {
            shown.debug("deployment", &deployment);
            true
        }
        Err(error) => {
            shown.error(&error);
            false
        }
    };
    shown.text("journal", &files(folder.path()));
    if let Err(error) = pipeline.roll_back().await {
        shown.error(&error);
    }
    if let Ok(webhooks) = cloud.webhooks().list().await {
        shown.debug("webhooks", webhooks);
    }
    audit.close().await.unwrap();

    shown.debug("things", (&cloud, cloud.client(), &pipeline, &credentials));
    shown.debug("things", (&definition, &target, &audit));
    shown.text("definition", &serde_json::to_string(&definition).unwrap());
    shown.text("cloud", &cloud.describe());
    shown.debug("metrics", cloud.metrics());
    shown.text("metrics", &serde_json::to_string(&cloud.metrics()).unwrap());
    shown.text("metrics", &cloud.metrics_prometheus());
    shown.text("files", &files(folder.path()));
    let ledger = stage.sandbox.ledger();
    shown.debug("ledger", &ledger);
    shown.text("ledger", &serde_json::to_string(&ledger).unwrap());
    shown.debug("counts", stage.sandbox.counts());
    shown.debug("deliveries", stage.sandbox.deliveries());

    let mut secrets = vec![CLIENT_SECRET.into(), PASSWORD.into(), HOOK_CODE.into()];
    secrets.extend(tokens(&recording));
    Run {
        shown: shown.take(),
        sent: recording.exchanges(),
        secrets,
        deployed,
    }
}

/// The receiver's address with a secret in the query.
fn target(stage: &Stage) -> TargetUrl {
    let url = stage.receiver.url().as_url();
    let code = urlencoded(HOOK_CODE);
    TargetUrl::parse_with_query_credentials(&format!("{url}?tenant=7&sig={code}")).unwrap()
}

/// Every token that the login host gave.
fn tokens(recording: &Recording) -> Vec<String> {
    recording
        .exchanges()
        .iter()
        .filter(|exchange| exchange.url.path() == "/oauth/token" && exchange.status.is_success())
        .filter_map(|exchange| serde_json::from_slice::<Value>(&exchange.body).ok())
        .filter_map(|answer| answer["access_token"].as_str().map(str::to_owned))
        .collect()
}

/// The contents of every file, one after the other.
fn files(folder: &std::path::Path) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        all.push_str(&format!(
            "{}\n{}\n",
            path.display(),
            String::from_utf8_lossy(&bytes)
        ));
    }
    all
}

/// The secrets that a request carries, wherever it carries them.
fn carried<'a>(exchange: &Exchange, secrets: &'a [String]) -> Vec<&'a str> {
    let body = String::from_utf8_lossy(&exchange.request_body);
    let authorization = exchange.request_headers.get("authorization");
    let authorization = authorization.map_or("", |value| value.to_str().unwrap());
    let text = format!("{} {body} {authorization}", exchange.url);
    let within = |secret: &&String| needles(secret).iter().any(|needle| text.contains(needle));
    secrets.iter().filter(within).map(String::as_str).collect()
}

/// An error body that gives back what the request carried, in every member and every form.
fn echo(secrets: &[&str]) -> Value {
    let forms: Vec<String> = secrets.iter().flat_map(|secret| forms(secret)).collect();
    let said = format!("refused: {}", forms.join(" and "));
    json!({
        "message": said, "code": said, "contextId": said, "entityId": said, "entityName": said, "status": 400,
        "messageWithParams": said, "messageParams": {said.clone(): said},
        "details": [{"errorCode": said, "fieldName": said, "entityId": said, "entityName": said}],
        "errors": [{"message": said, "code": said, "details": [{"fieldName": said}]}],
        "limit": {"key": said, "namespace": said},
        "error": said, "description": said, "error_description": said,
    })
}

/// Strikes what the exchange asked for, on every such request.
fn fault_on(exchange: &Exchange, fault: Fault) -> Fault {
    fault
        .with_method(exchange.method.clone())
        .with_path(exchange.url.path())
}

fn assert_kept(run: &Run, what: &str) {
    let leaks = run.leaks();
    assert!(
        leaks.is_empty(),
        "{what}: {} leaks:\n{}",
        leaks.len(),
        leaks.join("\n")
    );
}

#[test]
fn the_search_finds_every_form() {
    for form in forms(PASSWORD) {
        let run = Run {
            shown: format!("one line\nbefore {form} after"),
            sent: Vec::new(),
            secrets: vec![PASSWORD.to_owned()],
            deployed: false,
        };
        assert!(!run.leaks().is_empty(), "{form}");
    }
}

#[tokio::test]
async fn a_deployment_shows_no_secret() {
    // errata ALL-16, INT-11
    let transport = transport();
    for profile in PROFILES {
        let run = run(profile, &transport, |_| {}).await;
        assert!(run.deployed, "{profile}");
        assert_kept(&run, profile.as_str());
        // All of it was in use, and the search looked at something.
        for secret in &run.secrets {
            let used = run
                .sent
                .iter()
                .any(|exchange| !carried(exchange, std::slice::from_ref(secret)).is_empty());
            assert!(
                used || profile == Profile::Platform && secret == HOOK_CODE,
                "{profile} {secret}"
            );
        }
        assert!(run.secrets.len() > 3, "there was a token");
        for part in [
            "TRACE",
            "genesys_core",
            "attempt",
            "CREATE",
            "integrations.create",
            "crm_user",
        ] {
            assert!(run.shown.contains(part), "{profile}: no {part}");
        }
    }
}

#[tokio::test]
async fn a_platform_that_gives_secrets_back_is_not_quoted() {
    // errata ALL-16, INT-11, INT-13
    let transport = transport();
    for profile in PROFILES {
        let clean = run(profile, &transport, |_| {}).await;
        let mut struck: Vec<(Method, String)> = Vec::new();
        for exchange in &clean.sent {
            let request = (exchange.method.clone(), exchange.url.path().to_owned());
            if struck.contains(&request) {
                continue;
            }
            struck.push(request);
            let carried = carried(exchange, &clean.secrets);
            assert!(!carried.is_empty(), "{exchange:?}");
            let said = echo(&carried);
            for fault in [
                Fault::status(400).with_body(said.clone()),
                Fault::status(400).with_body(Value::from(said.to_string())),
                Fault::status(200)
                    .with_body(json!({"id": [said], "entities": said, "access_token": 7})),
            ] {
                let what = format!("{profile} {} {}", exchange.method, exchange.url.path());
                let fault = fault_on(exchange, fault);
                let run = run(profile, &transport, |sandbox| {
                    sandbox.faults().add(fault).unwrap();
                })
                .await;
                assert_kept(&run, &what);
            }
        }
    }
}

#[tokio::test]
async fn an_external_system_that_gives_the_password_back_is_not_quoted() {
    // errata ALL-16, INT-11
    let said = format!("wrong password: {}", forms(PASSWORD).join(" and "));
    let failed = json!({
        "status": "Failed", "message": said, "responseTime": 3,
        "success": false, "error": {"message": said, "code": said},
        "operations": [{"step": 1, "name": said, "success": false, "error": {"message": said, "code": said}}],
    });
    let transport = transport();
    for profile in PROFILES {
        let answer = Fault::status(200)
            .with_body(failed.clone())
            .with_method(Method::POST);
        let path = match profile {
            Profile::Guide => "/api/v2/integrations/*/test",
            Profile::Platform => "/api/v2/integrations/actions/*/test",
        };
        let told = run(profile, &transport, |sandbox| {
            sandbox.faults().add(answer.with_path(path)).unwrap();
        })
        .await;
        assert!(!told.deployed, "{profile}");
        assert!(told.shown.contains("wrong password"), "the rest is shown");
        assert_kept(&told, profile.as_str());

        let body = json!({"message": said});
        let refused = run(profile, &transport, |sandbox| {
            let reply = ExternalReply::status(401).with_body(body.clone());
            sandbox.external().script(ENDPOINT, [reply]).unwrap();
        })
        .await;
        assert!(!refused.deployed, "{profile}");
        assert_kept(&refused, profile.as_str());
    }
}
