//! Status events on their way to webhooks.

use std::time::Duration;

use genesys_sandbox::{DeliveryOutcome, Sandbox};
use reqwest::Method;
use serde_json::json;

use crate::receiver::receiver;
use crate::support::{Answer, Setup};

const WAIT: Duration = Duration::from_secs(10);

async fn watch(setup: &Setup, url: &str) -> Answer {
    let body = json!({
        "name": "watch", "targetUrl": url, "httpMethod": "POST", "event": "integration.status.changed",
        "contentType": "application/json",
    });
    let answer = setup.post("/api/v2/webhooks", body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer
}

async fn enable(setup: &Setup, id: &str) {
    let path = format!("/api/v2/integrations/{id}");
    assert_eq!(
        setup
            .send(Method::PATCH, &path, Some(json!({"status": "active"})))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn changes_of_a_status_arrive_in_order_with_the_documents_members() {
    let setup = Setup::new().await;
    let target = receiver(&[204]).await;
    let hook = watch(&setup, &target.url).await.id();
    let id = setup.create("x").await;
    enable(&setup, &id).await;
    setup
        .send(Method::DELETE, &format!("/api/v2/integrations/{id}"), None)
        .await;
    let last = setup
        .sandbox
        .wait_for_delivery(|d| d.payload["newStatus"] == "deleted", WAIT)
        .await
        .unwrap();
    assert_eq!(last.outcome, DeliveryOutcome::Delivered { status: 204 });
    assert!(last.is_delivered() && last.webhook_id == hook && !last.target.contains("hidden"));
    let inbox = target.bodies().await;
    let changes: Vec<_> = inbox
        .iter()
        .map(|e| {
            (
                e["oldStatus"].as_str().unwrap(),
                e["newStatus"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(changes, [("inactive", "active"), ("active", "deleted")]);
    assert_eq!(
        (
            inbox[0]["event"].as_str(),
            inbox[0]["integrationId"].as_str()
        ),
        (Some("integration.status.changed"), Some(id.as_str()))
    );
    assert!(inbox[0]["timestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!(setup.sandbox.deliveries().len(), 2);
}

#[tokio::test]
async fn a_delivery_is_repeated_after_a_failure_and_given_up_after_three() {
    let setup = Setup::new().await;
    let target = receiver(&[500, 200, 503]).await;
    watch(&setup, &target.url).await;
    for (name, attempts, outcome) in [
        ("a", 2, DeliveryOutcome::Delivered { status: 200 }),
        (
            "b",
            3,
            DeliveryOutcome::Failed {
                reason: "the target answered 503".into(),
            },
        ),
    ] {
        let id = setup.create(name).await;
        enable(&setup, &id).await;
        let delivery = setup
            .sandbox
            .wait_for_delivery(|d| d.payload["integrationId"] == id, WAIT)
            .await
            .unwrap();
        assert_eq!((delivery.attempts, delivery.outcome), (attempts, outcome));
    }
    assert_eq!(target.bodies().await.len(), 5);
}

#[tokio::test]
async fn only_plain_loopback_is_dialled_and_the_rest_is_recorded() {
    for (url, outcome) in [
        (
            "https://monitor.example.com/hook",
            DeliveryOutcome::NotLoopback,
        ),
        ("https://127.0.0.1:1/hook", DeliveryOutcome::NotPlain),
    ] {
        let setup = Setup::new().await;
        watch(&setup, url).await;
        let id = setup.create("x").await;
        enable(&setup, &id).await;
        let delivery = setup
            .sandbox
            .wait_for_delivery(|_| true, WAIT)
            .await
            .unwrap();
        assert_eq!((delivery.attempts, delivery.outcome), (0, outcome));
    }
}

#[tokio::test]
async fn a_callback_must_answer_200_before_it_is_registered_and_gets_its_template_filled() {
    let setup = Setup::new().await;
    let refusing = receiver(&[204]).await;
    let willing = receiver(&[200]).await;
    let body = |url: &str| {
        json!({
            "name": "sync", "type": "REST", "url": url, "method": "POST", "events": ["integration.status.changed"],
            "payload": {"id": "{{integration.id}}", "to": "now {{integration.status}}", "left": "{{queue.memberCount}}"},
        })
    };
    let refused = setup.post("/api/v2/webhooks", body(&refusing.url)).await;
    assert_eq!(
        (refused.status.as_u16(), refused.body["code"].as_str()),
        (400, Some("callback.validation.failed"))
    );
    let closed = setup
        .post("/api/v2/webhooks", body("http://127.0.0.1:1/"))
        .await;
    assert_eq!(closed.body["code"], "callback.validation.failed");
    assert_eq!(
        setup
            .post("/api/v2/webhooks", body(&willing.url))
            .await
            .status,
        201
    );
    let id = setup.create("x").await;
    enable(&setup, &id).await;
    setup
        .sandbox
        .wait_for_delivery(|d| d.is_delivered(), WAIT)
        .await
        .unwrap();
    let inbox = willing.bodies().await;
    assert_eq!(inbox[0]["event"], "webhook.validation");
    assert_eq!(
        inbox[1],
        json!({"id": id, "to": "now active", "left": "{{queue.memberCount}}"})
    );
}

#[tokio::test]
async fn a_payload_given_as_text_is_delivered_as_the_json_that_it_becomes() {
    let setup = Setup::new().await;
    let target = receiver(&[200]).await;
    let body = json!({
        "name": "sync", "type": "REST", "url": target.url, "method": "POST", "events": ["integration.status.changed"],
        "payload": r#"{"id":"{{integration.id}}","to":"{{integration.status}}","tiers":["standard"]}"#,
    });
    assert_eq!(setup.post("/api/v2/webhooks", body).await.status, 201);
    let id = setup.create("x").await;
    enable(&setup, &id).await;
    setup
        .sandbox
        .wait_for_delivery(|d| d.is_delivered(), WAIT)
        .await
        .unwrap();
    assert_eq!(
        target.bodies().await[1],
        json!({"id": id, "to": "active", "tiers": ["standard"]})
    );
}

#[tokio::test]
async fn of_many_registrations_of_a_name_at_once_one_is_taken() {
    let setup = Setup::new().await;
    // The check of the callback lets every one of them in before any is stored.
    let target = receiver(&[200]).await;
    let body = json!({
        "name": "sync", "type": "REST", "url": target.url, "method": "POST", "events": ["integration.status.changed"],
    });
    let mut posts = tokio::task::JoinSet::new();
    for _ in 0..8 {
        posts.spawn(
            setup
                .request(Method::POST, "/api/v2/webhooks")
                .json(&body)
                .send(),
        );
    }
    let answers = posts.join_all().await;
    let mut statuses: Vec<u16> = answers
        .into_iter()
        .map(|answer| answer.unwrap().status().as_u16())
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
    assert_eq!(setup.sandbox.state().webhooks.len(), 1);
}

#[tokio::test]
async fn a_replaced_webhook_is_delivered_to_its_new_target_alone() {
    let setup = Setup::new().await;
    let old = receiver(&[200]).await;
    let new = receiver(&[200]).await;
    let mut hook = watch(&setup, &old.url).await.body;
    hook["targetUrl"] = json!(new.url);
    let path = format!("/api/v2/webhooks/{}", hook["id"].as_str().unwrap());
    assert_eq!(setup.send(Method::PUT, &path, Some(hook)).await.status, 200);
    let id = setup.create("x").await;
    enable(&setup, &id).await;
    setup
        .sandbox
        .wait_for_delivery(|d| d.is_delivered(), WAIT)
        .await
        .unwrap();
    assert_eq!((old.bodies().await.len(), new.bodies().await.len()), (0, 1));
}

#[tokio::test]
async fn waiting_in_vain_is_a_timeout() {
    let sandbox = Sandbox::start().await.unwrap();
    let error = sandbox
        .wait_for_delivery(|_| true, Duration::from_millis(10))
        .await
        .unwrap_err();
    assert!(error.is_timeout());
}
