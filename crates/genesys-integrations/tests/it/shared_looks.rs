//! Who looks for a name reads the list together with whoever else looks, and never reads a list that is too old.

use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use genesys_core::test_util::{Reply, SentRequest};
use genesys_core::{Client, ErrorKind, Profile, Region, StaticToken, TransportErrorKind};
use genesys_integrations::{
    Change, GuideIntegrations, IntegrationDefinition, Integrations, Limits, PlatformIntegrations,
    for_profile,
};
use resilience::BreakerConfig;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::support::{Rig, TOKEN, builder, definition, line, seconds};

const COLLECTION: &str = "/api/v2/integrations";
const CREDENTIALS: &str = "/api/v2/integrations/credentials";
const ACTIONS: &str = "/api/v2/integrations/actions";

fn named(index: usize) -> IntegrationDefinition {
    IntegrationDefinition::builder(
        format!("crm-{index}"),
        definition().endpoint().as_str(),
        definition().authentication().clone(),
    )
    .build()
    .unwrap()
}

/// A little cloud that keeps what is created, one object a page. What it lists is what it holds when the page is asked for.
#[derive(Default)]
struct Cloud {
    objects: Vec<(String, Value)>,
    /// Creations whose answer is lost: those that take effect first, and those that never arrive.
    lose_applied: usize,
    lose_unapplied: usize,
}

impl Cloud {
    fn of(existing: usize) -> Arc<Mutex<Self>> {
        let mut cloud = Self::default();
        for index in 0..existing {
            cloud.create(
                COLLECTION,
                json!({"name": format!("old-{index}"), "integrationType": "Custom"}),
            );
        }
        Arc::new(Mutex::new(cloud))
    }

    fn create(&mut self, collection: &str, mut body: Value) -> Value {
        body["id"] = json!(format!("o-{}", self.objects.len()));
        body["version"] = json!(1);
        self.objects.push((collection.to_owned(), body.clone()));
        body
    }

    fn named(&self, collection: &str, name: &str) -> usize {
        let named =
            |(kind, object): &&(String, Value)| kind == collection && object["name"] == name;
        self.objects.iter().filter(named).count()
    }

    /// Pages of `size` objects each.
    fn page(&self, collection: &str, number: usize, size: usize) -> Value {
        let all: Vec<&Value> = self
            .objects
            .iter()
            .filter(|(kind, _)| kind == collection)
            .map(|(_, object)| object)
            .collect();
        let entities: Vec<&&Value> = all.iter().skip((number - 1) * size).take(size).collect();
        json!({"entities": entities, "pageNumber": number, "pageCount": all.len().div_ceil(size), "total": all.len()})
    }

    fn answer(&mut self, request: &SentRequest) -> Reply {
        let path = request.uri.path().to_owned();
        let body = || serde_json::from_slice::<Value>(&request.body).unwrap();
        match (request.method.as_str(), path.as_str()) {
            ("GET", COLLECTION | CREDENTIALS | ACTIONS) => {
                let query = request.uri.query().unwrap();
                let number = query.rsplit('=').next().unwrap().parse().unwrap();
                Reply::json(200, &self.page(&path, number, 10))
            }
            ("POST", COLLECTION | CREDENTIALS | ACTIONS) if self.lose_unapplied > 0 => {
                self.lose_unapplied -= 1;
                Reply::fail(TransportErrorKind::Reset)
            }
            ("POST", COLLECTION | CREDENTIALS | ACTIONS) => {
                let created = self.create(&path, body());
                if self.lose_applied > 0 {
                    self.lose_applied -= 1;
                    return Reply::fail(TransportErrorKind::Reset);
                }
                Reply::json(201, &created)
            }
            ("GET" | "PUT", _) if path.ends_with("/config/current") => {
                let mut config = json!({"name": "n", "version": 1, "properties": {}, "advanced": {}, "notes": "", "credentials": {}});
                if request.method == "PUT" {
                    config = body();
                }
                Reply::json(200, &config)
            }
            ("GET" | "PUT", _) => {
                let id = path.rsplit('/').next().unwrap();
                let found = self.objects.iter().find(|(_, object)| object["id"] == id);
                found.map_or(Reply::status(404), |(_, object)| Reply::json(200, object))
            }
            ("PATCH", _) => {
                let id = path.rsplit('/').next().unwrap();
                let found = self.objects.iter().find(|(_, object)| object["id"] == id);
                let (_, mut object) = found.unwrap().clone();
                object["reportedState"] = json!({"code": "INACTIVE"});
                Reply::json(200, &object)
            }
            _ => Reply::status(500),
        }
    }
}

/// A client whose breaker takes a hundred lost answers for bad luck.
fn patient(rig: &Rig) -> Client {
    Client::builder(Region::EuWest1)
        .with_token_source(StaticToken::new(TOKEN.into()).unwrap())
        .with_transport(rig.transport.shared())
        .with_breaker(BreakerConfig::default().with_minimum_volume(1_000))
        .build()
        .unwrap()
}

fn serve(rig: &Rig, cloud: &Arc<Mutex<Cloud>>) {
    let cloud = Arc::clone(cloud);
    rig.transport
        .handle(move |request| std::future::ready(cloud.lock().unwrap().answer(request)));
}

/// How often the first page of a list was asked for, and how often any page.
fn reads(rig: &Rig, collection: &str) -> (usize, usize) {
    let all: Vec<String> = rig.transport.sent().iter().map(line).collect();
    let of_it = |line: &&String| line.starts_with(&format!("GET {collection}?"));
    let first = |line: &&String| of_it(line) && line.ends_with("pageNumber=1");
    (
        all.iter().filter(first).count(),
        all.iter().filter(of_it).count(),
    )
}

#[tokio::test(start_paused = true)]
async fn a_hundred_ensures_of_new_names_read_each_list_once() {
    // errata ALL-18
    for profile in [Profile::Guide, Profile::Platform] {
        let rig = Rig::new();
        let cloud = Cloud::of(if profile == Profile::Guide { 35 } else { 0 });
        serve(&rig, &cloud);
        let integrations = for_profile(profile, rig.client.clone());
        let definitions: Vec<_> = (0..100).map(named).collect();
        let ensured = join_all(definitions.iter().map(|d| integrations.ensure(d))).await;
        for (definition, ensured) in definitions.iter().zip(ensured) {
            assert_eq!(ensured.unwrap().change, Change::Created);
            let cloud = cloud.lock().unwrap();
            assert_eq!(cloud.named(COLLECTION, definition.name()), 1);
        }
        // All hundred asked before the read began: the spawned read runs when the last of them waits. Four pages of ten hold
        // the 35 objects that were there.
        match profile {
            Profile::Guide => assert_eq!(reads(&rig, COLLECTION), (1, 4)),
            Profile::Platform => {
                assert_eq!(reads(&rig, COLLECTION), (1, 1));
                assert_eq!(reads(&rig, CREDENTIALS), (1, 1));
                assert_eq!(reads(&rig, ACTIONS), (0, 0), "a new integration has none");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundred_creations_whose_answers_are_lost_are_looked_for_together() {
    // errata ALL-18, ALL-07
    // Each look follows a creation that failed, so it shares a read that begins after that. All hundred fail before the
    // first read of those begins: one read more when all took effect; when none did, three more looks that wait for a list
    // that lags.
    for (applied, looks) in [(100, 1), (0, 4)] {
        let rig = Rig::new();
        let cloud = Cloud::of(0);
        {
            let mut cloud = cloud.lock().unwrap();
            cloud.lose_applied = applied;
            cloud.lose_unapplied = 100 - applied;
        }
        serve(&rig, &cloud);
        let integrations = GuideIntegrations::new(patient(&rig));
        let definitions: Vec<_> = (0..100).map(named).collect();
        for ensured in join_all(definitions.iter().map(|d| integrations.ensure(d))).await {
            assert_eq!(ensured.unwrap().change, Change::Created);
        }
        assert_eq!(reads(&rig, COLLECTION).0, 1 + looks, "{applied} applied");
        assert_eq!(cloud.lock().unwrap().objects.len(), 100);
    }
}

/// Answers the list as it is when it is asked for, and holds the answer back until a permit is given.
fn serve_slow_lists(rig: &Rig, cloud: &Arc<Mutex<Cloud>>, gate: &Arc<Semaphore>) {
    let (cloud, gate) = (Arc::clone(cloud), Arc::clone(gate));
    rig.transport.handle(move |request| {
        let reply = cloud.lock().unwrap().answer(request);
        let (list, gate) = (request.method == "GET", Arc::clone(&gate));
        async move {
            if list {
                gate.acquire().await.unwrap().forget();
            }
            reply
        }
    });
}

#[tokio::test(start_paused = true)]
async fn who_asks_while_a_list_is_read_shares_the_next_read() {
    let rig = Rig::new();
    let cloud = Cloud::of(1);
    let gate = Arc::new(Semaphore::new(0));
    serve_slow_lists(&rig, &cloud, &gate);
    let integrations = GuideIntegrations::new(rig.client.clone());
    let first = tokio::spawn({
        let integrations = integrations.clone();
        async move { integrations.find("old-0").await }
    });
    settle().await;
    assert_eq!(reads(&rig, COLLECTION), (1, 1));
    let later: Vec<_> = (0..99)
        .map(|_| {
            let integrations = integrations.clone();
            tokio::spawn(async move { integrations.find("old-0").await })
        })
        .collect();
    settle().await;
    assert_eq!(reads(&rig, COLLECTION), (1, 1), "one read at a time");
    gate.add_permits(100);
    assert!(first.await.unwrap().unwrap().is_some());
    for found in later {
        assert!(found.await.unwrap().unwrap().is_some());
    }
    assert_eq!(reads(&rig, COLLECTION), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_look_for_a_lost_creation_does_not_join_a_read_that_began_before_it_was_sent() {
    // errata ALL-18, ALL-07
    let rig = Rig::new();
    let cloud = Cloud::of(1);
    let gate = Arc::new(Semaphore::new(1));
    cloud.lock().unwrap().lose_applied = 1;
    let started = rig.now();
    let integrations = GuideIntegrations::new(rig.client.clone());
    // Its look at the names is answered; then it waits in the POST's place.
    let posted = Arc::new(Semaphore::new(0));
    {
        let (cloud, gate, posted) = (Arc::clone(&cloud), Arc::clone(&gate), Arc::clone(&posted));
        rig.transport.handle(move |request| {
            let (cloud, gate, posted) =
                (Arc::clone(&cloud), Arc::clone(&gate), Arc::clone(&posted));
            let request = request.clone();
            async move {
                if request.method == "POST" {
                    posted.acquire().await.unwrap().forget();
                    return cloud.lock().unwrap().answer(&request);
                }
                let reply = cloud.lock().unwrap().answer(&request);
                gate.acquire().await.unwrap().forget();
                reply
            }
        });
    }
    let creating = tokio::spawn({
        let integrations = integrations.clone();
        async move { integrations.ensure(&named(1)).await }
    });
    settle().await;
    // Somebody else's read begins, sees a cloud without crm-1, and is slow.
    let other = tokio::spawn({
        let integrations = integrations.clone();
        async move { integrations.find("crm-1").await }
    });
    settle().await;
    assert_eq!(reads(&rig, COLLECTION).0, 2);
    // Now the creation takes effect, its answer is lost, and it is looked for while that read is under way.
    posted.add_permits(1);
    settle().await;
    gate.add_permits(100);
    assert_eq!(
        other.await.unwrap().unwrap(),
        None,
        "it began before the creation"
    );
    assert_eq!(creating.await.unwrap().unwrap().change, Change::Created);
    assert_eq!(reads(&rig, COLLECTION).0, 3);
    assert_eq!(rig.since(started), seconds(0), "found by the first look");
    assert_eq!(
        cloud.lock().unwrap().named(COLLECTION, "crm-1"),
        1,
        "sent once"
    );
}

#[tokio::test(start_paused = true)]
async fn an_ensure_sees_what_the_one_before_it_made_also_while_an_older_read_is_under_way() {
    // errata ALL-18
    let rig = Rig::new();
    let cloud = Cloud::of(1);
    let gate = Arc::new(Semaphore::new(0));
    serve_slow_lists(&rig, &cloud, &gate);
    let integrations = GuideIntegrations::new(rig.client.clone());
    let old = tokio::spawn({
        let integrations = integrations.clone();
        async move { integrations.find("crm-1").await }
    });
    settle().await;
    cloud.lock().unwrap().create(
        COLLECTION,
        json!({"name": "crm-1", "integrationType": "Custom"}),
    );
    let new = tokio::spawn({
        let integrations = integrations.clone();
        async move { integrations.find("crm-1").await }
    });
    settle().await;
    gate.add_permits(2);
    assert_eq!(old.await.unwrap().unwrap(), None);
    assert!(new.await.unwrap().unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_shared_read_survives_the_caller_who_began_it() {
    let rig = Rig::new();
    let cloud = Cloud::of(0);
    let gate = Arc::new(Semaphore::new(0));
    serve_slow_lists(&rig, &cloud, &gate);
    let integrations = PlatformIntegrations::new(rig.client.clone());
    let callers: Vec<_> = (0..10)
        .map(|_| {
            let integrations = integrations.clone();
            tokio::spawn(async move { integrations.find("nobody").await })
        })
        .collect();
    settle().await;
    for caller in &callers[..9] {
        caller.abort();
    }
    settle().await;
    gate.add_permits(1);
    for caller in callers.into_iter().skip(9) {
        assert_eq!(caller.await.unwrap().unwrap(), None);
    }
    assert_eq!(reads(&rig, COLLECTION), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_read_that_hangs_ends_at_its_limit_and_keeps_nobody_waiting_after_it() {
    // errata INT-39, ALL-10
    let rig = Rig::new();
    rig.transport.handle(|_| std::future::ready(Reply::hang()));
    let limits = Limits::default().with_total(seconds(5));
    let integrations = GuideIntegrations::new(rig.client.clone()).with_limits(limits);
    let hung = join_all((0..10).map(|_| integrations.find("a"))).await;
    for found in hung {
        assert_eq!(found.unwrap_err().kind(), ErrorKind::Deadline);
    }
    settle().await;
    let cloud = Cloud::of(1);
    serve(&rig, &cloud);
    let started = rig.now();
    assert!(integrations.find("old-0").await.unwrap().is_some());
    assert_eq!(rig.since(started), seconds(0));
}

#[tokio::test(start_paused = true)]
async fn a_read_that_panics_is_an_error_of_those_who_share_it_and_the_next_one_is_whole() {
    let rig = Rig::new();
    rig.transport.push(Reply::panic());
    serve(&rig, &Cloud::of(1));
    let integrations = GuideIntegrations::new(rig.client.clone());
    for found in join_all((0..10).map(|_| integrations.find("old-0"))).await {
        assert_eq!(found.unwrap_err().kind(), ErrorKind::Transport);
    }
    assert!(integrations.find("old-0").await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_stayed_unknown_is_settled_by_ensuring_again() {
    // errata ALL-18, ALL-19
    for profile in [Profile::Guide, Profile::Platform] {
        for took_effect in [true, false] {
            let rig = Rig::new();
            let cloud = Cloud::of(0);
            {
                let cloud = Arc::clone(&cloud);
                rig.transport.handle(move |request| {
                    // The list fails as soon as the creation was sent, so nobody can know.
                    let mut cloud = cloud.lock().unwrap();
                    let posted = request.method == "POST" && request.uri.path() == COLLECTION;
                    let reply = match &mut *cloud {
                        cloud if cloud.lose_unapplied == usize::MAX => Reply::status(400),
                        cloud if posted => {
                            if took_effect {
                                cloud.answer(request);
                            }
                            cloud.lose_unapplied = usize::MAX;
                            Reply::fail(TransportErrorKind::Reset)
                        }
                        cloud => cloud.answer(request),
                    };
                    std::future::ready(reply)
                });
            }
            let integrations = for_profile(profile, rig.client.clone());
            let definition = builder().build().unwrap();
            let error = integrations.ensure(&definition).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.cause()),
                (ErrorKind::OutcomeUnknown, ErrorKind::Reset),
                "{profile} {error}"
            );

            cloud.lock().unwrap().lose_unapplied = 0;
            serve(&rig, &cloud);
            let found = integrations.find(definition.name()).await.unwrap();
            assert_eq!(found.is_some(), took_effect, "looking writes nothing");
            let settled = integrations.ensure(&definition).await.unwrap();
            let expected = match (took_effect, profile) {
                (false, _) => Change::Created,
                (true, Profile::Guide) => Change::Unchanged,
                // Its other parts were still missing.
                (true, _) => Change::Updated,
            };
            assert_eq!(settled.change, expected, "{profile}");
            let cloud = cloud.lock().unwrap();
            assert_eq!(cloud.named(COLLECTION, definition.name()), 1);
            let parts = usize::from(profile == Profile::Platform);
            assert_eq!(cloud.named(CREDENTIALS, definition.name()), parts);
            assert_eq!(cloud.named(ACTIONS, definition.name()), parts);
        }
    }
}

/// Lets every task go as far as it can.
async fn settle() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}
