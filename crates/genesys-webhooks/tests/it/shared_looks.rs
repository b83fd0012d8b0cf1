//! Who looks for a name reads the list together with whoever else looks, and never reads a list that is too old.

use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use genesys_core::test_util::{Reply, SentRequest};
use genesys_core::{ErrorKind, TransportErrorKind};
use genesys_webhooks::{EnsuredState, GuideWebhooks, WebhookRegistration, Webhooks};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::support::{World, status_webhook, world};

const URL: &str = "https://monitor.example.com/genesys";

fn registration(index: usize) -> WebhookRegistration {
    WebhookRegistration::for_status_of(format!("int-{index}"), URL)
        .build()
        .unwrap()
}

/// The webhooks that were registered; what is listed is what there is when a page is asked for.
#[derive(Default)]
struct Cloud {
    webhooks: Vec<Value>,
    lose_next: bool,
    lists_fail: bool,
}

impl Cloud {
    fn answer(&mut self, request: &SentRequest) -> Reply {
        match request.method.as_str() {
            "GET" if self.lists_fail => Reply::status(400),
            "GET" => {
                let query = request.uri.query().unwrap();
                let number: usize = query.rsplit('=').next().unwrap().parse().unwrap();
                let page: Vec<&Value> = self
                    .webhooks
                    .iter()
                    .skip((number - 1) * 10)
                    .take(10)
                    .collect();
                let count = self.webhooks.len().div_ceil(10);
                Reply::json(
                    200,
                    &json!({"entities": page, "pageNumber": number, "pageCount": count}),
                )
            }
            _ => {
                let sent: Value = serde_json::from_slice(&request.body).unwrap();
                let mut webhook = status_webhook(&format!("wh-{}", self.webhooks.len()), URL);
                webhook["name"] = sent["name"].clone();
                self.webhooks.push(webhook.clone());
                if std::mem::take(&mut self.lose_next) {
                    return Reply::fail(TransportErrorKind::Reset);
                }
                Reply::json(201, &webhook)
            }
        }
    }
}

fn serve(world: &World) -> Arc<Mutex<Cloud>> {
    let cloud = Arc::new(Mutex::new(Cloud::default()));
    let served = Arc::clone(&cloud);
    world
        .transport
        .handle(move |request| std::future::ready(served.lock().unwrap().answer(request)));
    cloud
}

fn lists(world: &World) -> usize {
    let calls = world.calls();
    calls.iter().filter(|call| call.starts_with("GET")).count()
}

async fn settle() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_hundred_ensures_of_new_names_read_the_list_once() {
    // errata ALL-18
    let world = world();
    let cloud = serve(&world);
    let webhooks = GuideWebhooks::new(world.client.clone());
    for index in 900..925 {
        webhooks.register(&registration(index)).await.unwrap();
    }
    let registrations: Vec<_> = (0..100).map(registration).collect();
    let all = join_all(registrations.iter().map(|one| webhooks.ensure(one)));
    for ensured in world.clock.drive(all).await {
        assert_eq!(ensured.unwrap().state, EnsuredState::Created);
    }
    // All hundred asked before the read began: the spawned read runs when the last of them waits. Three pages of ten hold
    // the 25 that were there.
    assert_eq!(lists(&world), 3);
    assert_eq!(cloud.lock().unwrap().webhooks.len(), 125);
}

#[tokio::test]
async fn a_look_for_a_lost_registration_does_not_join_a_read_that_began_before_it_was_sent() {
    // errata ALL-18, ALL-07
    let world = world();
    let cloud = Arc::new(Mutex::new(Cloud::default()));
    let (lists_gate, posts_gate) = (Arc::new(Semaphore::new(1)), Arc::new(Semaphore::new(0)));
    {
        let (cloud, lists, posts) = (
            Arc::clone(&cloud),
            Arc::clone(&lists_gate),
            Arc::clone(&posts_gate),
        );
        // A list shows what there is when it is asked for and its answer is slow; a registration is processed late.
        world.transport.handle(move |request| {
            let (cloud, lists, posts) =
                (Arc::clone(&cloud), Arc::clone(&lists), Arc::clone(&posts));
            let request = request.clone();
            async move {
                if request.method == "GET" {
                    let reply = cloud.lock().unwrap().answer(&request);
                    lists.acquire().await.unwrap().forget();
                    return reply;
                }
                posts.acquire().await.unwrap().forget();
                cloud.lock().unwrap().answer(&request)
            }
        });
    }
    cloud.lock().unwrap().lose_next = true;
    let webhooks = GuideWebhooks::new(world.client.clone());
    let ensuring = tokio::spawn({
        let webhooks = webhooks.clone();
        async move { webhooks.ensure(&registration(1)).await }
    });
    settle().await;
    let other = tokio::spawn({
        let webhooks = webhooks.clone();
        async move { webhooks.find("integration-status-int-1").await }
    });
    settle().await;
    assert_eq!(lists(&world), 2);
    posts_gate.add_permits(2);
    settle().await;
    lists_gate.add_permits(100);
    assert_eq!(other.await.unwrap().unwrap(), None, "it began before");
    assert_eq!(
        ensuring.await.unwrap().unwrap().state,
        EnsuredState::Created
    );
    assert_eq!(lists(&world), 3);
    assert_eq!(cloud.lock().unwrap().webhooks.len(), 1, "sent once");
}

#[tokio::test]
async fn an_outcome_that_stayed_unknown_is_settled_by_ensuring_again() {
    // errata ALL-18, ALL-19
    for (took_effect, state) in [
        (true, EnsuredState::Unchanged),
        (false, EnsuredState::Created),
    ] {
        let world = world();
        let cloud = serve(&world);
        let webhooks = GuideWebhooks::new(world.client.clone());
        world.push_all([
            crate::support::page(&[]),
            Reply::fail(TransportErrorKind::Reset),
        ]);
        cloud.lock().unwrap().lists_fail = true;
        let one = registration(1);
        let error = world.clock.drive(webhooks.ensure(&one)).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.cause()),
            (ErrorKind::OutcomeUnknown, ErrorKind::Reset)
        );
        {
            let mut cloud = cloud.lock().unwrap();
            cloud.lists_fail = false;
            if took_effect {
                let mut webhook = status_webhook("wh-1", URL);
                webhook["name"] = json!(one.name());
                cloud.webhooks.push(webhook);
            }
        }
        let found = webhooks.find(one.name()).await.unwrap();
        assert_eq!(found.is_some(), took_effect, "looking writes nothing");
        assert_eq!(webhooks.ensure(&one).await.unwrap().state, state);
        assert_eq!(cloud.lock().unwrap().webhooks.len(), 1);
    }
}
