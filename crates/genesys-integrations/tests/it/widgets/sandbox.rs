//! Both profiles against the embedded cloud, over real sockets and in real time.

use std::sync::Arc;

use genesys_core::{Client, Profile, StaticToken, transport::ReqwestTransport};
use genesys_integrations::pipeline::Aftermath;
use genesys_integrations::{
    Change, GuideWidgets, IntegrationState, Limits, MemoryJournal, Pipeline, PlatformWidgets,
    WidgetKind, Widgets,
};
use genesys_sandbox::{Fault, Object, Sandbox, Verb};
use resilience::{Backoff, Jitter};

use super::*;
use crate::sandbox::log_in;
use crate::support::journal::Mortal;

const PROFILES: [Profile; 2] = [Profile::Guide, Profile::Platform];

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

    fn widgets(&self) -> Arc<dyn Widgets> {
        let millis = Duration::from_millis;
        let poll = Backoff::clamp(millis(2), 2.0, millis(20), Jitter::None);
        let limits = Limits::default().with_poll(poll);
        let client = self.client.clone();
        match self.profile {
            Profile::Guide => Arc::new(GuideWidgets::new(client).with_limits(limits)),
            Profile::Platform => Arc::new(PlatformWidgets::new(client).with_limits(limits)),
        }
    }

    fn pipeline(&self, widget: Widget) -> Pipeline {
        Pipeline::for_widget(self.client.clone(), self.widgets(), widget)
            .with_journal(Arc::new(self.journal.clone()))
    }

    fn assert_clean(&self, context: &str) {
        let state = self.sandbox.state();
        assert!(state.is_empty(), "{} {context}: {state:?}", self.profile);
    }

    async fn assert_deployed(&self, context: &str) {
        let state = self.sandbox.state();
        assert_eq!(
            (state.integrations.len(), state.credentials.len()),
            (1, 0),
            "{} {context}: {state:?}",
            self.profile
        );
        let found = self.widgets().find(WIDGET).await.unwrap().unwrap();
        assert_eq!(found.state, IntegrationState::Active, "{context}");
    }
}

#[tokio::test]
async fn the_documents_widget_is_deployed_in_both_profiles_and_a_second_run_changes_nothing() {
    // errata ALL-18, WID-29, WID-30
    for profile in PROFILES {
        let world = World::new(profile).await;
        let deployment = world.pipeline(widget()).run().await.unwrap();
        assert_eq!(deployment.change, Change::Created, "{profile}");
        let documents = deployment.validation.unwrap().documents().len();
        assert_eq!(documents, if profile == Profile::Guide { 1 } else { 2 });
        world.assert_deployed("first").await;

        let before = world.sandbox.state();
        let again = world.pipeline(widget()).run().await.unwrap();
        assert_eq!(again.change, Change::Unchanged, "{profile}");
        assert_eq!(world.sandbox.state(), before, "{profile}");

        let changed = builder()
            .with_description("Another text")
            .build(&rules())
            .unwrap();
        let updated = world.pipeline(changed).run().await.unwrap();
        assert_eq!(updated.change, Change::Updated, "{profile}");
        world.assert_deployed("changed").await;
        let listed = world.widgets().list().all().await.unwrap();
        assert_eq!(listed.len(), 1);
        assert!(world.widgets().delete(&listed[0].id).await.unwrap());
        assert!(!world.widgets().delete(&listed[0].id).await.unwrap());
        world.assert_clean("deleted");
    }
}

#[tokio::test]
async fn an_activation_that_fails_leaves_nothing_behind() {
    // errata WID-32, ALL-19
    for profile in PROFILES {
        let world = World::new(profile).await;
        if profile == Profile::Platform {
            world.sandbox.activations().fail_next("the vendor says no");
        } else {
            let fault = Fault::status(400)
                .with_method("PATCH".parse().unwrap())
                .with_count(1);
            world.sandbox.faults().add(fault).unwrap();
        }
        let error = world.pipeline(widget()).run().await.unwrap_err();
        assert_eq!(
            (error.step(), error.aftermath()),
            ("ENABLE", &Aftermath::RolledBack),
            "{error:?}"
        );
        world.assert_clean("activation failed");
        let counts = world.sandbox.counts();
        assert_eq!(counts.effect(Object::Integration, Verb::Created), 1);
        assert_eq!(counts.effect(Object::Integration, Verb::Deleted), 1);
    }
}

#[tokio::test]
async fn what_the_sandbox_itself_refuses_is_an_error_with_its_constraint() {
    // The caller's rules admit what the sandbox's own do not.
    let policy = Policy::builder(RuleSet::Recommended)
        .with_origin("*.example.com")
        .build()
        .unwrap();
    let elsewhere = Widget::builder(WIDGET, "https://a.example.com/")
        .with_dimensions(750, 500)
        .build(&Validator::new(policy))
        .unwrap();
    let world = World::new(Profile::Guide).await;
    let error = world.pipeline(elsewhere).run().await.unwrap_err();
    assert_eq!(error.step(), "CREATE");
    let shown = error.error().to_string();
    assert!(shown.contains("manifestUrl"), "{shown}");
    world.assert_clean("refused");

    // The platform's schema is asked before anything is created.
    let world = World::new(Profile::Platform).await;
    let unknown = builder()
        .with_kind(WidgetKind::Interaction)
        .with_communication_types(["call", "email"])
        .build(&rules())
        .unwrap();
    let error = world.pipeline(unknown).run().await.unwrap_err();
    assert_eq!(
        (error.step(), error.aftermath()),
        ("VALIDATE", &Aftermath::Untouched)
    );
    assert!(error.refused().unwrap().codes().any(|code| code == "W020"));
    let counts = world.sandbox.counts();
    assert_eq!(counts.effect(Object::Integration, Verb::Created), 0);
}

#[tokio::test]
async fn a_run_killed_at_any_journal_write_is_resumed_or_rolled_back() {
    // errata WID-32, ALL-19
    for profile in PROFILES {
        let mut number = 1;
        loop {
            let mut died = false;
            for resume in [true, false] {
                let context = format!("write {number}, resume: {resume}");
                let world = World::new(profile).await;
                let journal = Arc::new(Mortal::new(world.journal.clone(), number, true));
                let pipeline = world.pipeline(widget()).with_journal(journal.clone());
                died = journal.until_death(pipeline.run()).await.is_none();
                if resume {
                    world.pipeline(widget()).run().await.unwrap();
                    world.assert_deployed(&context).await;
                } else {
                    world.pipeline(widget()).roll_back().await.unwrap();
                    world.assert_clean(&context);
                }
            }
            if !died {
                break;
            }
            number += 1;
        }
        assert!(number > 4, "{number} writes");
    }
}

#[tokio::test]
async fn a_lost_answer_at_any_write_makes_one_widget() {
    // errata WID-11, WID-12, ALL-07
    for profile in PROFILES {
        let methods: &[&str] = match profile {
            Profile::Guide => &["POST", "PATCH"],
            Profile::Platform => &["POST", "PUT", "PATCH"],
        };
        for method in methods {
            let world = World::new(profile).await;
            let fault = Fault::cut()
                .with_method(method.parse().unwrap())
                .with_path("/api/v2/integrations/**")
                .with_count(1);
            world.sandbox.faults().add(fault).unwrap();
            world.pipeline(widget()).run().await.unwrap();
            world.assert_deployed(method).await;
            let struck = world.sandbox.faults().list();
            assert_eq!(struck[0].fired, 1, "{profile} {method}");
            let created = world
                .sandbox
                .counts()
                .effect(Object::Integration, Verb::Created);
            assert_eq!(created, 1, "{profile} {method}");
        }
    }
}
