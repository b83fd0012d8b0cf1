//! Both profiles over real sockets: the sandbox, a token cache and the client as a program has them.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use genesys_auth::{ClientCredentials, OAuth, TokenCache};
use genesys_core::transport::ReqwestTransport;
use genesys_core::{Client, ErrorKind, Hosts};
use genesys_sandbox::{CLIENT_ID, CLIENT_SECRET, Fault, Object, Sandbox, Verb};
use genesys_webhooks::{
    EnsuredState, GuideWebhooks, PlatformWatch, Status, Watch, WebhookRegistration, Webhooks,
};
use http::Method;
use resilience::{Backoff, Jitter, RetryPolicy};
use serde_json::{Value, json};

const HOOKS: &str = "/api/v2/webhooks";
const INTEGRATIONS: &str = "/api/v2/integrations";
const URL: &str = "https://monitor.example.com/genesys";

/// A client that waits a millisecond where it would wait a second.
fn client(sandbox: &Sandbox) -> Client {
    let quick = Backoff::clamp(
        Duration::from_millis(1),
        1.0,
        Duration::from_millis(1),
        Jitter::None,
    );
    let hosts = Hosts::new(&sandbox.api_url(), &sandbox.login_url()).unwrap();
    let transport = Arc::new(ReqwestTransport::builder().build().unwrap());
    let credentials = ClientCredentials::new(CLIENT_ID, CLIENT_SECRET).unwrap();
    let oauth = OAuth::builder(hosts.clone(), credentials)
        .with_transport(transport.clone())
        .build()
        .unwrap();
    Client::builder(hosts)
        .with_transport(transport)
        .with_token_source(TokenCache::new(oauth))
        .with_retry(
            RetryPolicy::default()
                .with_transient(quick)
                .with_throttle(quick),
        )
        .build()
        .unwrap()
}

async fn start() -> (Sandbox, GuideWebhooks) {
    let sandbox = Sandbox::start().await.unwrap();
    let webhooks = GuideWebhooks::new(client(&sandbox));
    (sandbox, webhooks)
}

fn registration() -> WebhookRegistration {
    WebhookRegistration::for_status_of("int-1", URL)
        .build()
        .unwrap()
}

/// How often webhooks were created, updated and deleted.
fn effects(sandbox: &Sandbox) -> [u64; 3] {
    let counts = sandbox.counts();
    [Verb::Created, Verb::Updated, Verb::Deleted].map(|verb| counts.effect(Object::Webhook, verb))
}

fn requests(sandbox: &Sandbox, method: &Method) -> usize {
    sandbox
        .ledger()
        .iter()
        .filter(|entry| entry.method == method.as_str() && entry.path.starts_with(HOOKS))
        .count()
}

#[tokio::test]
async fn a_webhook_is_created_once_left_alone_replaced_and_deleted_once() {
    // errata ALL-18, DEP-35
    let (sandbox, webhooks) = start().await;
    let created = webhooks.ensure(&registration()).await.unwrap();
    let again = webhooks.ensure(&registration()).await.unwrap();
    assert_eq!(
        (created.state, again.state, &again.webhook),
        (
            EnsuredState::Created,
            EnsuredState::Unchanged,
            &created.webhook
        )
    );
    assert_eq!(effects(&sandbox), [1, 0, 0]);

    // Another target, then the other shape.
    let moved = WebhookRegistration::for_status_of("int-1", "https://moved.example.com/")
        .build()
        .unwrap();
    let quiet = WebhookRegistration::for_status_of("int-1", URL)
        .with_event("routing.queue.updated")
        .with_enabled(false)
        .with_description("paused")
        .with_payload(r#"{"orgId":"{{org.id}}"}"#)
        .build()
        .unwrap();
    for (number, changed) in [moved, quiet].iter().enumerate() {
        let updated = webhooks.ensure(changed).await.unwrap();
        assert_eq!(updated.state, EnsuredState::Updated);
        assert_eq!(
            (&updated.webhook.id, updated.webhook.created_at),
            (&created.webhook.id, created.webhook.created_at)
        );
        assert!(updated.webhook.matches(changed));
        assert_eq!(
            webhooks.ensure(changed).await.unwrap().state,
            EnsuredState::Unchanged
        );
        assert_eq!(
            webhooks.list().await.unwrap().as_slice(),
            std::slice::from_ref(&updated.webhook)
        );
        assert_eq!(effects(&sandbox), [1, number as u64 + 1, 0]);
    }
    let id = &created.webhook.id;
    assert!(webhooks.get(id).await.unwrap().is_some());
    assert!(webhooks.delete(id).await.unwrap());
    assert!(!webhooks.delete(id).await.unwrap());
    assert_eq!(webhooks.get(id).await.unwrap(), None);
    assert_eq!(effects(&sandbox), [1, 2, 1]);
    assert!(sandbox.state().is_empty());
}

#[tokio::test]
async fn a_name_that_is_taken_and_a_callback_that_refuses_are_typed_errors() {
    // errata ALL-14
    let (sandbox, webhooks) = start().await;
    let taken = webhooks.ensure(&registration()).await.unwrap().webhook;
    let error = webhooks.register(&registration()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Conflict, Some("duplicate.name"))
    );

    // The login host answers 404 to what it does not know.
    let refusing = format!("{}/nobody", sandbox.login_url());
    let template = |name: &str| {
        WebhookRegistration::builder(name, &refusing)
            .with_event("architecture.dependency.mapped")
            .with_payload("{}")
            .build()
            .unwrap()
    };
    for name in ["iac-architecture-sync", "integration-status-int-1"] {
        let error = webhooks.ensure(&template(name)).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::BadRequest, Some("callback.validation.failed"))
        );
        assert!(error.correlation_id().is_some() && error.to_string().contains("404"));
        assert!(!error.is_transient());
    }
    assert_eq!(webhooks.list().await.unwrap(), [taken]);
    assert_eq!(effects(&sandbox), [1, 0, 0]);
}

#[tokio::test]
async fn a_registration_whose_answer_is_lost_is_looked_up_and_made_once() {
    // errata ALL-18, ALL-07, ALL-15
    for fault in [
        Fault::reset().after_effect(),
        Fault::cut(),
        Fault::malformed_json(),
        Fault::wrong_content_type(),
        Fault::html_page(502).after_effect(),
        Fault::status(500).after_effect(),
    ] {
        let kind = fault.kind().name();
        let (sandbox, webhooks) = start().await;
        let lost = fault.with_path(HOOKS).with_method(Method::POST);
        sandbox.faults().add(lost.clone().with_count(1)).unwrap();
        let ensured = webhooks.ensure(&registration()).await.unwrap();
        assert_eq!(ensured.state, EnsuredState::Created, "{kind}");
        let state = sandbox.state().webhooks;
        assert_eq!(state.len(), 1, "{kind}");
        assert_eq!(state[0]["id"], ensured.webhook.id.as_str());
        assert_eq!(effects(&sandbox), [1, 0, 0], "{kind}");
        assert_eq!(requests(&sandbox, &Method::POST), 1, "{kind}");

        // Without the look-up the answer is that nobody knows.
        sandbox.faults().add(lost.with_count(1)).unwrap();
        let other = WebhookRegistration::for_status_of("int-2", URL)
            .build()
            .unwrap();
        let error = webhooks.register(&other).await.unwrap_err();
        assert!(error.is_outcome_unknown(), "{kind}: {error}");
        assert_eq!(effects(&sandbox), [2, 0, 0], "{kind}");
        sandbox.shutdown().await;
    }
}

#[tokio::test]
async fn a_registration_that_was_lost_on_the_way_is_sent_again() {
    // errata ALL-18
    let (sandbox, webhooks) = start().await;
    let lost = Fault::reset()
        .with_path(HOOKS)
        .with_method(Method::POST)
        .with_count(1);
    sandbox.faults().add(lost).unwrap();
    let ensured = webhooks.ensure(&registration()).await.unwrap();
    assert_eq!(ensured.state, EnsuredState::Created);
    assert_eq!(requests(&sandbox, &Method::POST), 2);
    assert_eq!(effects(&sandbox), [1, 0, 0]);
    assert_eq!(sandbox.state().webhooks.len(), 1);
}

#[tokio::test]
async fn throttling_dead_tokens_and_cut_pages_are_waited_out() {
    // errata ALL-08, ALL-07
    for (method, fault) in [
        (Method::POST, Fault::status(429)),
        (
            Method::POST,
            Fault::status(429).with_header("Retry-After", "0"),
        ),
        (Method::GET, Fault::status(429)),
        (Method::GET, Fault::cut()),
        (Method::GET, Fault::reset()),
        (Method::POST, Fault::expired_token()),
    ] {
        let kind = fault.kind().name();
        let (sandbox, webhooks) = start().await;
        let count = if kind == "expiredToken" { 1 } else { 2 };
        let fault = fault
            .with_path(HOOKS)
            .with_method(method.clone())
            .with_count(count);
        sandbox.faults().add(fault).unwrap();
        let ensured = webhooks.ensure(&registration()).await.unwrap();
        assert_eq!(ensured.state, EnsuredState::Created, "{method} {kind}");
        assert_eq!(
            requests(&sandbox, &method) as u64,
            count + 1,
            "{method} {kind}"
        );
        assert_eq!(effects(&sandbox), [1, 0, 0], "{method} {kind}");
        sandbox.shutdown().await;
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_read_stops_a_registration_before_it_is_sent() {
    // errata ALL-14, ALL-15
    for (fault, kind) in [
        (Fault::cut(), ErrorKind::Truncated),
        (Fault::malformed_json(), ErrorKind::Decode),
        (Fault::wrong_content_type(), ErrorKind::UnexpectedContent),
        (Fault::html_page(200), ErrorKind::UnexpectedContent),
        (Fault::status(403), ErrorKind::PermissionDenied),
    ] {
        let (sandbox, webhooks) = start().await;
        let fault = fault.with_path(HOOKS).with_method(Method::GET);
        sandbox.faults().add(fault).unwrap();
        let error = webhooks.ensure(&registration()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(requests(&sandbox, &Method::POST), 0);
        sandbox.shutdown().await;
    }
}

#[tokio::test]
async fn replacing_and_deleting_are_repeated_until_an_answer_arrives() {
    // errata ALL-07
    let (sandbox, webhooks) = start().await;
    let id = webhooks.ensure(&registration()).await.unwrap().webhook.id;
    let lost = |method| {
        Fault::reset()
            .after_effect()
            .with_path(format!("{HOOKS}/*"))
            .with_method(method)
            .with_count(1)
    };
    sandbox.faults().add(lost(Method::PUT)).unwrap();
    let moved = WebhookRegistration::for_status_of("int-1", "https://moved.example.com/")
        .build()
        .unwrap();
    let ensured = webhooks.ensure(&moved).await.unwrap();
    assert_eq!(
        (ensured.state, &ensured.webhook.id),
        (EnsuredState::Updated, &id)
    );
    assert_eq!(effects(&sandbox), [1, 2, 0]);
    assert_eq!(sandbox.state().webhooks.len(), 1);

    // The first attempt removed it, and the second one finds nothing.
    sandbox.faults().add(lost(Method::DELETE)).unwrap();
    assert!(webhooks.delete(&id).await.unwrap());
    assert_eq!(effects(&sandbox), [1, 2, 1]);
    assert!(sandbox.state().is_empty());
}

/// A platform integration, disabled as the platform makes it.
async fn install(client: &Client) -> String {
    let body = json!({"name": "crm", "integrationType": {"id": "custom-rest-actions"}});
    let answer: Value = client
        .post(INTEGRATIONS)
        .with_json(&body)
        .json()
        .await
        .unwrap();
    answer["id"].as_str().unwrap().to_owned()
}

async fn intend(client: &Client, id: &str, state: &str) {
    let body = json!({"intendedState": state});
    client
        .patch("/api/v2/integrations/{id}")
        .segment("id", id)
        .with_json(&body)
        .empty()
        .await
        .unwrap();
}

#[tokio::test]
async fn a_watch_sees_an_integration_become_active_fail_and_stop() {
    // errata INT-03
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(&sandbox);
    let id = install(&client).await;
    let watch = PlatformWatch::new(client.clone()).with_interval(Duration::from_millis(100));
    let mut changes = watch.changes(&id).await.unwrap();
    let mut next = async || {
        let change = changes.next().await.unwrap().unwrap();
        assert_eq!(change.integration_id, id);
        (change.old, change.new)
    };

    intend(&client, &id, "ENABLED").await;
    assert_eq!(next().await, (Status::Inactive, Status::Activating));
    // A poll that fails is no change and no end.
    sandbox
        .faults()
        .add(Fault::status(503).with_method(Method::GET).with_count(4))
        .unwrap();
    assert_eq!(next().await, (Status::Activating, Status::Active));
    intend(&client, &id, "DISABLED").await;
    assert_eq!(next().await, (Status::Active, Status::Deactivating));
    assert_eq!(next().await, (Status::Deactivating, Status::Inactive));
    sandbox.activations().fail_next("the credentials are wrong");
    intend(&client, &id, "ENABLED").await;
    assert_eq!(next().await, (Status::Inactive, Status::Activating));
    assert_eq!(next().await, (Status::Activating, Status::Error));

    // What is gone for good ends the watch.
    client
        .delete("/api/v2/integrations/{id}")
        .segment("id", &id)
        .empty()
        .await
        .unwrap();
    let gone = changes.next().await.unwrap().unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
    assert!(changes.next().await.is_none());
}

#[cfg(feature = "receiver")]
#[tokio::test]
async fn what_is_registered_is_delivered_to_the_inbox() {
    // errata INT-31
    use genesys_webhooks::{Inbox, StatusReceiver};

    let sandbox = Sandbox::start().await.unwrap();
    let client = client(&sandbox);
    let receiver = StatusReceiver::start(Inbox::new()).await.unwrap();
    let definition = json!({
        "name": "crm", "endpoint": "https://api.example.com/v1/cases", "integrationType": "Custom", "status": "inactive",
        "authentication": {"authenticationType": "Basic", "username": "crm", "password": "crm-password"}, "dataMapping": [],
    });
    let answer: Value = client
        .post(INTEGRATIONS)
        .with_json(&definition)
        .json()
        .await
        .unwrap();
    let id = answer["id"].as_str().unwrap();
    let url = receiver.url().as_url().as_str();
    let plain = WebhookRegistration::for_status_of(id, url).build().unwrap();
    let template = WebhookRegistration::for_status_of(id, url)
        .with_payload(
            r#"{"event":"integration.status.changed","integrationId":"{{integration.id}}",
                "oldStatus":"{{integration.oldStatus}}","newStatus":"{{integration.status}}","timestamp":"{{timestamp}}"}"#,
        )
        .build()
        .unwrap();
    let mut changes = receiver.inbox().changes(id).await.unwrap();
    let states = [
        (plain, "active", Status::Inactive, Status::Active),
        (template, "inactive", Status::Active, Status::Inactive),
    ];
    for (registration, status, old, new) in states {
        GuideWebhooks::new(client.clone())
            .ensure(&registration)
            .await
            .unwrap();
        client
            .patch("/api/v2/integrations/{id}")
            .segment("id", id)
            .with_json(&json!({"status": status}))
            .empty()
            .await
            .unwrap();
        let change = changes.next().await.unwrap().unwrap();
        assert_eq!((change.old, change.new), (old, new));
    }
    sandbox
        .wait_for_delivery(
            |delivery| delivery.is_delivered() && delivery.payload["newStatus"] == "inactive",
            Duration::from_secs(10),
        )
        .await
        .unwrap();
}
