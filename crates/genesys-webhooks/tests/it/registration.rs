//! Registration in both profiles.

use genesys_core::audit::AuditPhase;
use genesys_core::catalogue::EventName;
use genesys_core::test_util::Reply;
use genesys_core::transport::TransportErrorKind;
use genesys_core::{ErrorKind, Profile};
use genesys_webhooks::{
    EnsuredState, GuideWebhooks, PlatformWebhooks, WebhookId, WebhookRegistration, WebhookShape,
    Webhooks, for_profile,
};
use serde_json::{Value, json};

use crate::support::{page, status_webhook, world};

const URL: &str = "https://monitor.example.com/genesys";

fn registration() -> WebhookRegistration {
    WebhookRegistration::for_status_of("int-1", URL)
        .build()
        .unwrap()
}

fn body(world: &crate::support::World, index: usize) -> Value {
    serde_json::from_slice(&world.transport.sent()[index].body).unwrap()
}

#[tokio::test]
async fn both_documented_shapes_come_from_one_model() {
    // errata DEP-35
    let world = world();
    let webhooks = GuideWebhooks::new(world.client.clone());
    world.push_all([
        Reply::json(201, &status_webhook("wh-1", URL)),
        Reply::json(
            201,
            &json!({"id": "wh-2", "name": "iac-architecture-sync", "url": URL, "type": "REST", "method": "POST",
                "contentType": "application/json", "enabled": false, "description": "sync",
                "events": ["architecture.dependency.mapped", "routing.queue.updated"], "payload": "{\"a\":{{x}}}"}),
        ),
    ]);

    let webhook = webhooks.register(&registration()).await.unwrap();
    assert_eq!(webhook.id.as_str(), "wh-1");
    assert!(webhook.matches(&registration()) && webhook.created_at.is_some());
    assert_eq!(
        body(&world, 0),
        json!({"name": "integration-status-int-1", "targetUrl": URL, "httpMethod": "POST",
            "event": "integration.status.changed", "contentType": "application/json"})
    );

    let sync = WebhookRegistration::builder("iac-architecture-sync", URL)
        .with_description("sync")
        .with_enabled(false)
        .with_event("architecture.dependency.mapped")
        .with_event("routing.queue.updated")
        .with_payload("{\"a\":{{x}}}")
        .build()
        .unwrap();
    assert_eq!(sync.shape(), WebhookShape::Template);
    assert!(webhooks.register(&sync).await.unwrap().matches(&sync));
    assert_eq!(
        body(&world, 1),
        json!({"name": "iac-architecture-sync", "description": "sync", "enabled": false, "type": "REST", "url": URL,
            "method": "POST", "contentType": "application/json",
            "events": ["architecture.dependency.mapped", "routing.queue.updated"], "payload": "{\"a\":{{x}}}"})
    );
}

#[tokio::test]
async fn ensuring_creates_once_then_leaves_alone_then_updates() {
    // errata ALL-18
    let world = world();
    let webhooks = GuideWebhooks::new(world.client.clone());
    let mine = status_webhook("wh-1", URL);
    let other =
        json!({"id": "wh-0", "name": "other", "url": URL, "events": ["routing.queue.updated"]});
    let moved_url = "https://monitor.example.com/moved";
    world.push_all([
        page(std::slice::from_ref(&other)),
        Reply::json(201, &mine),
        page(&[other.clone(), mine.clone()]),
        page(&[other, mine]),
        Reply::json(200, &status_webhook("wh-1", moved_url)),
    ]);
    let moved = WebhookRegistration::for_status_of("int-1", moved_url)
        .build()
        .unwrap();

    let states = [
        webhooks.ensure(&registration()).await.unwrap().state,
        webhooks.ensure(&registration()).await.unwrap().state,
        webhooks.ensure(&moved).await.unwrap().state,
    ];
    assert_eq!(
        states,
        [
            EnsuredState::Created,
            EnsuredState::Unchanged,
            EnsuredState::Updated
        ]
    );
    assert_eq!(
        world.calls(),
        [
            "GET /api/v2/webhooks",
            "POST /api/v2/webhooks",
            "GET /api/v2/webhooks",
            "GET /api/v2/webhooks",
            "PUT /api/v2/webhooks/wh-1",
        ]
    );
    assert_eq!(body(&world, 4)["targetUrl"], moved_url);
}

#[tokio::test]
async fn an_unknown_outcome_is_looked_up_before_it_is_sent_again() {
    // errata ALL-18, ALL-07
    for (lost, applied, calls, state) in [
        (
            Reply::fail(TransportErrorKind::Reset),
            true,
            "GET POST GET",
            EnsuredState::Created,
        ),
        (
            Reply::fail(TransportErrorKind::Reset),
            false,
            "GET POST GET POST",
            EnsuredState::Created,
        ),
        (
            Reply::status(500),
            true,
            "GET POST GET",
            EnsuredState::Created,
        ),
        // Accepted, and the answer tells nothing.
        (
            Reply::body(201, "text/html", "<html>"),
            true,
            "GET POST GET",
            EnsuredState::Created,
        ),
        // Another process was faster, with the same webhook.
        (
            Reply::status(409),
            true,
            "GET POST GET",
            EnsuredState::Unchanged,
        ),
    ] {
        let world = world();
        let webhooks = GuideWebhooks::new(world.client.clone());
        let mine = status_webhook("wh-1", URL);
        world.push_all([page(&[]), lost]);
        if applied {
            world.push_all([page(&[mine])]);
        } else {
            world.push_all([page(&[]), Reply::json(201, &mine)]);
        }
        let ensured = world
            .clock
            .drive(webhooks.ensure(&registration()))
            .await
            .unwrap();
        assert_eq!(ensured.state, state);
        let methods: Vec<String> = world
            .transport
            .sent()
            .iter()
            .map(|request| request.method.to_string())
            .collect();
        assert_eq!(methods.join(" "), calls);
    }
}

#[tokio::test]
async fn what_stays_unknown_is_said_to_be_unknown() {
    // errata ALL-18, ALL-19
    let world = world();
    let webhooks = GuideWebhooks::new(world.client.clone());
    world.push_all([
        page(&[]),
        Reply::fail(TransportErrorKind::Reset),
        page(&[]),
        Reply::fail(TransportErrorKind::Reset),
        page(&[]),
    ]);
    let error = world
        .clock
        .drive(webhooks.ensure(&registration()))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.cause()),
        (ErrorKind::OutcomeUnknown, ErrorKind::Reset)
    );
    assert_eq!(
        world
            .calls()
            .iter()
            .filter(|call| call.starts_with("POST"))
            .count(),
        2
    );
}

#[tokio::test]
async fn two_webhooks_of_one_name_are_a_conflict_and_not_a_guess() {
    // errata ALL-18
    let world = world();
    world.push_all([page(&[
        status_webhook("wh-1", URL),
        status_webhook("wh-2", URL),
    ])]);
    let error = GuideWebhooks::new(world.client.clone())
        .ensure(&registration())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("wh-1, wh-2"), "{error}");
}

#[tokio::test]
async fn only_2xx_with_a_complete_webhook_is_success() {
    // errata ALL-14, ALL-15
    for (reply, kind) in [
        (
            Reply::status(301).with_header("location", "https://evil.example/"),
            ErrorKind::Redirect,
        ),
        (Reply::status(400), ErrorKind::BadRequest),
        (Reply::status(204), ErrorKind::OutcomeUnknown),
        (Reply::json(201, &json!({})), ErrorKind::OutcomeUnknown),
        (
            Reply::json(
                201,
                &json!({"id": "", "name": "n", "url": URL, "event": "a.b"}),
            ),
            ErrorKind::OutcomeUnknown,
        ),
        (
            Reply::json(201, &json!({"id": "wh-1", "name": "n", "url": URL})),
            ErrorKind::OutcomeUnknown,
        ),
        (
            Reply::json(
                201,
                &json!({"id": "wh-1", "name": "n", "url": "none", "event": "a.b"}),
            ),
            ErrorKind::OutcomeUnknown,
        ),
    ] {
        let world = world();
        world.push_all([reply]);
        let error = GuideWebhooks::new(world.client.clone())
            .register(&registration())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
}

#[tokio::test]
async fn a_missing_member_of_a_list_is_named_with_its_place() {
    // errata ALL-15
    let world = world();
    world.push_all([page(&[
        status_webhook("wh-1", URL),
        json!({"id": "wh-2", "url": URL, "event": "a.b"}),
    ])]);
    let error = GuideWebhooks::new(world.client.clone())
        .list()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(
        error.to_string().contains("missing field `name` at [1]"),
        "{error}"
    );
}

#[tokio::test]
async fn optional_members_may_be_missing_or_null() {
    // errata ALL-15
    let world = world();
    world.push_all([page(&[
        json!({"id": "wh-1", "name": "n", "url": URL, "events": ["new.event"], "description": null, "payload": null,
            "event": null, "enabled": null, "contentType": null, "createdAt": null}),
    ])]);
    let list = GuideWebhooks::new(world.client.clone())
        .list()
        .await
        .unwrap();
    assert_eq!(list[0].events, [EventName::unlisted("new.event").unwrap()]);
    assert!(list[0].enabled && list[0].description.is_none());
}

#[tokio::test]
async fn ids_are_encoded_and_a_missing_webhook_is_none() {
    // errata ALL-17
    let world = world();
    let webhooks = GuideWebhooks::new(world.client.clone());
    world.push_all([Reply::status(404), Reply::status(204), Reply::status(404)]);
    let id = WebhookId::new("a/../b?c").unwrap();
    assert_eq!(webhooks.get(&id).await.unwrap(), None);
    assert!(webhooks.delete(&id).await.unwrap());
    assert!(!webhooks.delete(&id).await.unwrap());
    assert_eq!(world.calls()[0], "GET /api/v2/webhooks/a%2F..%2Fb%3Fc");
    assert!(WebhookId::new("").is_err());
}

#[tokio::test]
async fn no_error_and_no_debug_shows_a_credential_of_the_target() {
    // errata ALL-16
    let world = world();
    let webhooks = GuideWebhooks::new(world.client.clone());
    let url = "https://logic.example.com/run?tenant=7&sig=hunter2%2Bx";
    let target = genesys_webhooks::TargetUrl::parse_with_query_credentials(url).unwrap();
    let registration = WebhookRegistration::for_status_of("int-1", "https://unused.example.com/")
        .with_target(target)
        .build()
        .unwrap();
    // The server quotes what it refuses, as it stood and as it reads it.
    let echo = Reply::json(
        400,
        &json!({"code": "bad.request", "message": format!("{url} is not reachable"),
            "messageParams": {"sig": "hunter2+x"}, "status": 400}),
    );
    let answered = status_webhook("wh-1", url);
    let moved = status_webhook("wh-1", "https://moved.example.com/?sig=hunter2");
    world.push_all([
        page(&[]),
        echo.clone(),
        page(&[moved]),
        echo,
        page(&[]),
        Reply::json(201, &answered),
    ]);

    let create = webhooks.ensure(&registration).await.unwrap_err();
    let replace = webhooks.ensure(&registration).await.unwrap_err();
    let ensured = webhooks.ensure(&registration).await.unwrap();
    for error in [&create, &replace] {
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::BadRequest, Some("bad.request"))
        );
        assert!(error.to_string().contains("tenant=7"), "{error}");
    }
    assert_eq!(body(&world, 5)["targetUrl"], url);
    let shown = format!(
        "{create} {create:?} {replace} {replace:?} {ensured:?} {registration:?} {webhooks:?}"
    );
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[tokio::test]
async fn registering_is_a_step_and_leaves_the_audit_to_the_operation() {
    // errata INT-34
    let world = world();
    let webhooks = GuideWebhooks::new(world.client.clone());
    let mine = status_webhook("wh-1", URL);
    world.push_all([
        page(&[]),
        Reply::json(201, &mine),
        Reply::json(201, &mine),
        Reply::status(204),
    ]);
    let operation = world
        .client
        .recorder()
        .begin("DEPLOY", "int-1")
        .await
        .unwrap();
    webhooks.ensure(&registration()).await.unwrap();
    let webhook = webhooks.register(&registration()).await.unwrap();
    webhooks.delete(&webhook.id).await.unwrap();
    operation.finish(Ok(())).await.unwrap();
    let actions: Vec<_> = world
        .audit
        .entries()
        .iter()
        .map(|entry| (entry.action.to_string(), entry.phase))
        .collect();
    assert_eq!(
        actions,
        [
            ("DEPLOY".to_owned(), AuditPhase::Intent),
            ("DEPLOY".to_owned(), AuditPhase::Outcome),
        ]
    );
}

#[tokio::test]
async fn the_platform_says_what_to_use_instead_and_sends_nothing() {
    // errata INT-03, DEP-32
    let world = world();
    let webhooks = for_profile(Profile::Platform, &world.client);
    assert_eq!(webhooks.profile(), Profile::Platform);
    let id = WebhookId::new("wh-1").unwrap();
    let errors = [
        webhooks
            .ensure(&registration())
            .await
            .map(drop)
            .unwrap_err(),
        webhooks
            .register(&registration())
            .await
            .map(drop)
            .unwrap_err(),
        webhooks.find("any").await.map(drop).unwrap_err(),
        webhooks.list().await.map(drop).unwrap_err(),
        webhooks.get(&id).await.map(drop).unwrap_err(),
        PlatformWebhooks::new()
            .delete(&id)
            .await
            .map(drop)
            .unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        let text = error.to_string();
        assert!(
            text.contains("Watch") && text.contains("trigger") && text.contains("EventBridge"),
            "{text}"
        );
    }
    assert_eq!(world.calls(), [""; 0]);
    assert_eq!(
        for_profile(Profile::Guide, &world.client).profile(),
        Profile::Guide
    );
}
