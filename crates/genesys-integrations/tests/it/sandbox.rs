//! Both profiles against the embedded cloud, over real sockets and in real time: it shares no wire type with this crate.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use genesys_core::{Client, Hosts, Profile, StaticToken, Transport, transport::ReqwestTransport};
use genesys_integrations::pipeline::{Aftermath, JournalPhase};
use genesys_integrations::{
    Change, GuideIntegrations, IntegrationState, Integrations, IntendedState, Journal, Limits,
    MemoryJournal, Pipeline, PlatformIntegrations, TestRequest,
};
use genesys_sandbox::{ExternalReply, Fault, Sandbox};
use http::Method;
use resilience::{Backoff, Jitter};
use serde_json::json;

use crate::support::journal::Mortal;
use crate::support::{NAME, PASSWORD, definition};

const PROFILES: [Profile; 2] = [Profile::Guide, Profile::Platform];
const COLLECTION: &str = "/api/v2/integrations";

struct World {
    sandbox: Sandbox,
    client: Client,
    profile: Profile,
    journal: MemoryJournal,
}

impl World {
    async fn new(profile: Profile) -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        sandbox.set_profile(match profile {
            Profile::Guide => genesys_sandbox::Profile::Guide,
            Profile::Platform => genesys_sandbox::Profile::Platform,
        });
        sandbox
            .external()
            .require_basic("https://api.example.com", "crm_user", PASSWORD)
            .unwrap();
        let transport = Arc::new(ReqwestTransport::builder().build().unwrap());
        let token = log_in(&*transport, &sandbox).await;
        let client = Client::builder(Hosts::new(&sandbox.api_url(), &sandbox.login_url()).unwrap())
            .with_token_source(StaticToken::new(token.into()).unwrap())
            .with_transport(transport)
            .with_attempt_timeout(Duration::from_millis(500))
            .build()
            .unwrap();
        Self {
            sandbox,
            client,
            profile,
            journal: MemoryJournal::new(),
        }
    }

    fn integrations(&self) -> Arc<dyn Integrations> {
        let poll = Backoff::clamp(
            Duration::from_millis(2),
            2.0,
            Duration::from_millis(20),
            Jitter::None,
        );
        let limits = Limits::default().with_poll(poll);
        match self.profile {
            Profile::Guide => {
                Arc::new(GuideIntegrations::new(self.client.clone()).with_limits(limits))
            }
            Profile::Platform => {
                Arc::new(PlatformIntegrations::new(self.client.clone()).with_limits(limits))
            }
        }
    }

    fn pipeline(&self) -> Pipeline {
        Pipeline::new(self.client.clone(), self.integrations(), definition())
            .with_journal(Arc::new(self.journal.clone()))
    }

    fn assert_clean(&self, context: &str) {
        let state = self.sandbox.state();
        assert!(state.is_empty(), "{} {context}: {state:?}", self.profile);
    }

    /// Exactly one of everything, and active.
    async fn assert_deployed(&self, context: &str) {
        let state = self.sandbox.state();
        let parts = if self.profile == Profile::Platform {
            1
        } else {
            0
        };
        let counts = (
            state.integrations.len(),
            state.credentials.len(),
            state.actions.len(),
        );
        assert_eq!(
            counts,
            (1, parts, parts),
            "{} {context}: {state:?}",
            self.profile
        );
        let found = self.integrations().find(NAME).await.unwrap().unwrap();
        assert_eq!(found.state, IntegrationState::Active, "{context}");
        let record = self.journal.load().await.unwrap().unwrap();
        assert_eq!(record.phase, JournalPhase::Finished, "{context}");
    }
}

pub(crate) async fn log_in(transport: &dyn Transport, sandbox: &Sandbox) -> String {
    let request = http::Request::post(format!("{}/oauth/token", sandbox.login_url()))
        .header("content-type", "application/x-www-form-urlencoded")
        // sandbox-client:sandbox-secret
        .header(
            "authorization",
            "Basic c2FuZGJveC1jbGllbnQ6c2FuZGJveC1zZWNyZXQ=",
        )
        .body(Bytes::from_static(b"grant_type=client_credentials"))
        .unwrap();
    let answer = transport.send(request).await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
    body["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_deployment_works_is_repeatable_and_can_be_undone() {
    // errata ALL-18, ALL-19, INT-01, INT-02, INT-29, INT-30
    for profile in PROFILES {
        let world = World::new(profile).await;
        let deployment = world.pipeline().run().await.unwrap();
        assert_eq!(deployment.change, Change::Created);
        assert!(deployment.test.unwrap().is_success());
        world.assert_deployed("first").await;

        let before = world.sandbox.state();
        assert_eq!(
            world.pipeline().run().await.unwrap().change,
            Change::Unchanged,
            "{profile}"
        );
        assert_eq!(world.sandbox.state(), before, "{profile}");

        let listed = world.integrations().list().all().await.unwrap();
        assert_eq!(listed.len(), 1);
        assert!(world.pipeline().roll_back().await.unwrap());
        world.assert_clean("undone");
        assert_eq!(world.integrations().get(&listed[0].id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn the_mapping_is_carried_out_and_wrong_credentials_are_a_report() {
    // errata INT-02, INT-35
    for profile in PROFILES {
        let world = World::new(profile).await;
        let body = json!({"caseId": "c-7", "priority": 2});
        world
            .sandbox
            .external()
            .script(
                "https://api.example.com",
                [ExternalReply::status(200).with_body(body)],
            )
            .unwrap();
        let integrations = world.integrations();
        let created = integrations.create(&definition()).await.unwrap();
        assert_eq!(created.state, IntegrationState::Inactive, "{profile}");
        let report = integrations
            .test(&created.id, &TestRequest::once())
            .await
            .unwrap();
        assert!(report.is_success(), "{profile}: {report:?}");

        world
            .sandbox
            .external()
            .require_basic("https://api.example.com", "crm_user", "another")
            .unwrap();
        let report = integrations
            .test(&created.id, &TestRequest::once())
            .await
            .unwrap();
        assert!(
            !report.is_success() && report.message.contains("401"),
            "{profile}: {report:?}"
        );
        let error = world.pipeline().run().await.unwrap_err();
        assert!(error.is_test_failure(), "{profile}: {error:?}");
        let found = integrations.find(NAME).await.unwrap().unwrap();
        assert_eq!(
            found.state,
            IntegrationState::Inactive,
            "{profile}: it is not ours to delete, and it is not enabled"
        );
    }
}

#[tokio::test]
async fn states_are_waited_for_and_an_activation_error_rolls_back() {
    // errata INT-30
    for profile in PROFILES {
        let world = World::new(profile).await;
        let deployment = world.pipeline().run().await.unwrap();
        let integrations = world.integrations();
        let off = integrations
            .set_state(&deployment.integration.id, IntendedState::Disabled)
            .await
            .unwrap();
        assert_eq!(off.reported, IntegrationState::Inactive);
        let again = world.pipeline().run().await.unwrap();
        assert_eq!(
            (again.change, again.enabled.is_some()),
            (Change::Updated, true),
            "{profile}"
        );
    }
    let world = World::new(Profile::Platform).await;
    world.sandbox.activations().fail_next("the vendor says no");
    let error = world.pipeline().run().await.unwrap_err();
    assert_eq!(
        (error.step(), error.aftermath()),
        ("ENABLE", &Aftermath::RolledBack)
    );
    assert!(
        error.error().to_string().contains("the vendor says no"),
        "{error:?}"
    );
    world.assert_clean("activation failed");
}

#[tokio::test]
async fn a_run_killed_at_any_journal_write_is_resumed_or_rolled_back() {
    // errata ALL-19, INT-34
    for profile in PROFILES {
        let mut number = 1;
        loop {
            let mut died = false;
            for resume in [true, false] {
                let context = format!("write {number}, resume: {resume}");
                let world = World::new(profile).await;
                let journal = Arc::new(Mortal::new(world.journal.clone(), number, true));
                let pipeline = world.pipeline().with_journal(journal.clone());
                died = journal.until_death(pipeline.run()).await.is_none();
                if resume {
                    world.pipeline().run().await.unwrap();
                    world.assert_deployed(&context).await;
                } else {
                    world.pipeline().roll_back().await.unwrap();
                    world.assert_clean(&context);
                }
            }
            if !died {
                break;
            }
            number += 1;
        }
        assert!(number > 6, "{number} writes");
    }
}

#[tokio::test]
async fn a_run_killed_after_any_request_is_resumed_or_rolled_back() {
    // errata ALL-19, ALL-18
    for profile in PROFILES {
        for number in 0.. {
            let mut stalled = 0;
            for resume in [true, false] {
                let context = format!("request {number}, resume: {resume}");
                let world = World::new(profile).await;
                // Request number `number` takes effect, and its answer never comes.
                let fault = Fault::stall()
                    .after_effect()
                    .with_path("/api/v2/**")
                    .with_skip(number)
                    .with_count(1);
                world.sandbox.faults().add(fault).unwrap();
                let pipeline = world.pipeline();
                let mut run = Box::pin(pipeline.run());
                let finished = loop {
                    tokio::select! {
                        result = &mut run => break Some(result),
                        () = tokio::task::yield_now() => {}
                    }
                    let struck = world.sandbox.faults().list()[0].fired;
                    if struck == 1 && !pending(&world) {
                        break None;
                    }
                };
                drop(run);
                stalled += usize::from(finished.is_none());
                world.sandbox.faults().clear();
                if resume {
                    world.pipeline().run().await.unwrap();
                    world.assert_deployed(&context).await;
                } else {
                    world.pipeline().roll_back().await.unwrap();
                    world.assert_clean(&context);
                }
            }
            if stalled == 0 {
                assert!(number >= 4, "{number} requests");
                break;
            }
        }
    }
}

/// True while the struck request has not done its work yet.
fn pending(world: &World) -> bool {
    let entries = world.sandbox.ledger();
    entries.last().is_some_and(|entry| entry.route.is_none())
}

type NamedFault = (&'static str, fn() -> Fault);

#[tokio::test]
async fn one_fault_anywhere_is_a_deployment_or_a_clean_failure() {
    // errata ALL-07, ALL-18, ALL-19, INT-25
    let faults: [NamedFault; 9] = [
        ("503 before", || Fault::status(503)),
        ("500 after", || Fault::status(500).after_effect()),
        ("429", || Fault::status(429)),
        ("403", || Fault::status(403)),
        ("reset before", Fault::reset),
        ("reset after", || Fault::reset().after_effect()),
        ("cut", Fault::cut),
        ("malformed", Fault::malformed_json),
        ("html", || Fault::html_page(502)),
    ];
    let targets: [(Profile, Method, &str); 9] = [
        (Profile::Guide, Method::POST, COLLECTION),
        (Profile::Guide, Method::POST, "/api/v2/integrations/*/test"),
        (Profile::Guide, Method::PATCH, "/api/v2/integrations/*"),
        (
            Profile::Platform,
            Method::POST,
            "/api/v2/integrations/credentials",
        ),
        (Profile::Platform, Method::POST, COLLECTION),
        (
            Profile::Platform,
            Method::PUT,
            "/api/v2/integrations/*/config/current",
        ),
        (
            Profile::Platform,
            Method::POST,
            "/api/v2/integrations/actions",
        ),
        (
            Profile::Platform,
            Method::POST,
            "/api/v2/integrations/actions/*/test",
        ),
        (Profile::Platform, Method::PATCH, "/api/v2/integrations/*"),
    ];
    let mut tasks = Vec::new();
    for (profile, method, path) in targets {
        for (name, fault) in faults {
            let method = method.clone();
            tasks.push(tokio::spawn(async move {
                let context = format!("{profile} {method} {path}: {name}");
                let world = World::new(profile).await;
                let fault = fault().with_method(method).with_path(path).with_count(1);
                world.sandbox.faults().add(fault).unwrap();
                let result = world.pipeline().run().await;
                assert_eq!(world.sandbox.faults().list()[0].fired, 1, "{context}");
                match result {
                    Ok(_) => {
                        assert_ne!(name, "403", "{context}");
                        world.assert_deployed(&context).await;
                    }
                    Err(error) => {
                        assert_eq!(
                            error.aftermath(),
                            &Aftermath::RolledBack,
                            "{context}: {error:?}"
                        );
                        world.assert_clean(&format!("{context}: {error:?}"));
                        assert!(
                            matches!(name, "403" | "html" | "malformed"),
                            "{context}: {error:?}"
                        );
                    }
                }
            }));
        }
    }
    for task in tasks {
        task.await.unwrap();
    }
}
