//! Routes to workflows, by process-automation triggers.

use std::time::Duration;

use genesys_core::test_util::Reply;
use genesys_core::transport::TransportErrorKind;
use genesys_core::{ErrorKind, Profile};
use genesys_routing::{
    Change, DataFormat, EventRoute, EventRoutes, MatchCriterion, MatchOperator, PlatformRoutes,
    RouteId, RouteState, TargetKind, WorkflowTarget, for_profile,
};
use serde_json::{Value, json};

use crate::support::{World, cursor_page, page, with, world};

const TOPIC: &str = "v2.detail.events.conversation.{id}.customer.end";
const OTHER_TOPIC: &str = "v2.detail.events.conversation.{id}.acd.start";
const TRIGGERS: &str = "/api/v2/processautomation/triggers";

fn target() -> WorkflowTarget {
    WorkflowTarget::new("flow-1")
        .with_data_format(DataFormat::Json)
        .with_criterion(MatchCriterion::new(
            "mediaType",
            MatchOperator::Equal,
            "VOICE",
        ))
        .with_criterion(MatchCriterion::any_of(
            "queueId",
            MatchOperator::In,
            ["q-1", "q-2"],
        ))
        .with_time_to_live(Duration::from_secs(60))
        .with_description("calls that ended")
}

fn route() -> EventRoute {
    EventRoute::workflow("calls", target())
        .with_event(TOPIC)
        .build()
        .unwrap()
}

fn moved() -> EventRoute {
    EventRoute::workflow("calls", WorkflowTarget::new("flow-2"))
        .with_event(TOPIC)
        .build()
        .unwrap()
}

fn body(version: Option<u64>) -> Value {
    let body = json!({
        "name": "calls", "topicName": TOPIC, "enabled": true,
        "target": {"type": "Workflow", "id": "flow-1", "workflowTargetSettings": {"dataFormat": "Json"}},
        "matchCriteria": [
            {"jsonPath": "mediaType", "operator": "Equal", "value": "VOICE"},
            {"jsonPath": "queueId", "operator": "In", "values": ["q-1", "q-2"]},
        ],
        "eventTTLSeconds": 60,
        "description": "calls that ended",
    });
    match version {
        Some(version) => with(body, json!({"version": version})),
        None => body,
    }
}

fn seen(version: u64) -> Value {
    with(body(Some(version)), json!({"id": "t-1", "selfUri": "/x"}))
}

fn routes(world: &World) -> PlatformRoutes {
    PlatformRoutes::new(world.client.clone())
}

#[tokio::test]
async fn ensuring_creates_once_then_leaves_alone_then_updates() {
    // errata EVR-04, EVR-25, ALL-18
    let world = world();
    let routes = routes(&world);
    world.push_all([
        cursor_page(&[]),
        Reply::json(200, &seen(1)),
        cursor_page(&[seen(1)]),
        cursor_page(&[seen(1)]),
        Reply::json(
            200,
            &with(
                seen(2),
                json!({"target": {"type": "Workflow", "id": "flow-2"}}),
            ),
        ),
    ]);
    let created = world.drive(routes.ensure(&route())).await.unwrap();
    assert_eq!(created.change, Change::Created);
    assert_eq!(created.deployed.kind, TargetKind::Workflow);
    assert_eq!(created.deployed.route, Some(route()));
    assert_eq!(
        world.drive(routes.ensure(&route())).await.unwrap().change,
        Change::Unchanged
    );
    assert_eq!(
        world.drive(routes.ensure(&moved())).await.unwrap().change,
        Change::Updated
    );
    assert_eq!(
        world.calls(),
        [
            format!("GET {TRIGGERS}"),
            format!("POST {TRIGGERS}"),
            format!("GET {TRIGGERS}"),
            format!("GET {TRIGGERS}"),
            format!("PUT {TRIGGERS}/t-1"),
        ]
    );
    assert_eq!(world.body(1), body(None));
    let put = json!({"name": "calls", "topicName": TOPIC, "enabled": true, "version": 1, "matchCriteria": [],
        "target": {"type": "Workflow", "id": "flow-2", "workflowTargetSettings": {"dataFormat": "TopLevelPrimitives"}}});
    assert_eq!(world.body(4), put);
}

#[tokio::test]
async fn every_page_is_looked_at() {
    let world = world();
    let other = with(seen(1), json!({"id": "t-0", "name": "other"}));
    world.push_all([
        Reply::json(
            200,
            &json!({"entities": [other], "nextUri": "/api/v2/processautomation/triggers?after=c-2&pageSize=200"}),
        ),
        cursor_page(&[seen(4)]),
    ]);
    let ensured = world.drive(routes(&world).ensure(&route())).await.unwrap();
    assert_eq!(ensured.change, Change::Unchanged);
    let sent = world.transport.sent();
    assert_eq!(sent.len(), 2);
    assert!(sent[1].uri.query().unwrap().contains("after=c-2"));
}

#[tokio::test]
async fn a_trigger_that_is_off_is_switched_on() {
    let world = world();
    let routes = routes(&world);
    let off = with(seen(1), json!({"enabled": false}));
    world.push_all([cursor_page(&[off]), Reply::json(200, &seen(2))]);
    let ensured = world.drive(routes.ensure(&route())).await.unwrap();
    assert_eq!(
        (ensured.change, ensured.deployed.state),
        (Change::Updated, RouteState::Active)
    );
}

#[tokio::test]
async fn the_topic_of_a_trigger_cannot_change() {
    let world = world();
    let routes = routes(&world);
    let route = EventRoute::workflow("calls", target())
        .with_event(OTHER_TOPIC)
        .build()
        .unwrap();
    world.push_all([cursor_page(&[seen(1)]), cursor_page(&[seen(1)])]);
    for error in [
        world.drive(routes.ensure(&route)).await.unwrap_err(),
        routes.dry_run(&route, None).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("topic"), "{error}");
    }
    assert_eq!(world.methods(), "GET GET");
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_and_a_stale_version_read_again() {
    // errata ALL-07, EVR-25
    let world = world();
    let routes = routes(&world);
    world.push_all([
        cursor_page(&[]),
        Reply::fail(TransportErrorKind::Reset),
        cursor_page(&[]),
        cursor_page(&[seen(1)]),
    ]);
    assert_eq!(
        world.drive(routes.ensure(&route())).await.unwrap().change,
        Change::Created
    );
    assert_eq!(world.methods(), "GET POST GET GET");

    // The platform says a mismatch by a 400 as well.
    let mismatch =
        json!({"message": "Version 1 does not match the current version 2", "code": "bad.request"});
    world.push_all([
        cursor_page(&[with(seen(1), json!({"enabled": false}))]),
        Reply::json(400, &mismatch),
        Reply::json(200, &with(seen(2), json!({"enabled": false}))),
        Reply::json(200, &seen(3)),
    ]);
    assert_eq!(
        world.drive(routes.ensure(&route())).await.unwrap().change,
        Change::Updated
    );
    assert_eq!(world.body(7)["version"], 2);
}

#[tokio::test]
async fn an_event_is_tried_by_the_platforms_own_test() {
    let world = world();
    let routes = routes(&world);
    let event = json!({"mediaType": "VOICE"});
    world.push_all([
        cursor_page(&[]),
        Reply::json(
            200,
            &json!({
                "schemaValidation": {"name": "schema", "step": 1, "matches": true, "details": ["fits"]},
                "triggerMatchValidation": {"matchedTriggers": [{"id": "t-9", "name": "other"}], "unmatchedTriggers": []},
            }),
        ),
        cursor_page(&[seen(1)]),
        Reply::json(
            200,
            &json!({
                "schemaValidation": {"matches": true},
                "targetValidation": {"matches": false, "details": ["the flow is not published\r\nforged"]},
                "jsonPathValidation": {"matches": false, "details": [
                    {"jsonPath": "mediaType", "operator": "Equal", "value": "VOICE", "match": true},
                    {"jsonPath": "queueId", "operator": "In", "match": false}]},
                "triggerMatches": false,
            }),
        ),
    ]);
    let before = routes.dry_run(&route(), Some(&event)).await.unwrap();
    assert_eq!(before.change, Change::Created);
    let test = before.test.unwrap();
    assert_eq!(
        (test.schema_valid, test.matched_triggers.as_slice()),
        (Some(true), ["other".to_owned()].as_slice())
    );
    let after = routes.dry_run(&route(), Some(&event)).await.unwrap();
    assert_eq!(after.change, Change::Unchanged);
    let test = after.test.unwrap();
    assert_eq!(
        (test.schema_valid, test.target_valid, test.matches),
        (Some(true), Some(false), Some(false))
    );
    assert_eq!(
        test.details,
        [
            "the flow is not published\u{fffd}\u{fffd}forged",
            "mediaType Equal: met",
            "queueId In: not met"
        ]
    );
    let calls = world.calls();
    assert_eq!(
        calls[1],
        format!("POST {TRIGGERS}/topics/v2.detail.events.conversation.%7Bid%7D.customer.end/test")
    );
    assert_eq!(calls[3], format!("POST {TRIGGERS}/t-1/test"));
    // The contract takes a text: the event's JSON.
    assert_eq!(world.body(3), Value::from(event.to_string()));
}

#[tokio::test]
async fn an_id_is_looked_for_among_triggers_first_and_deleted_where_it_is() {
    let world = world();
    let routes = routes(&world);
    let id = RouteId::new("t-1").unwrap();
    world.push_all([Reply::json(200, &seen(1)), Reply::status(204)]);
    assert_eq!(routes.get(&id).await.unwrap().unwrap().route, Some(route()));
    assert!(routes.delete(&id).await.unwrap());
    // No trigger, and an integration of another type: it is left alone.
    let other = json!({"id": "t-1", "name": "n", "integrationType": {"id": "custom-rest-actions"}, "intendedState": "ENABLED"});
    world.push_all([
        Reply::status(404),
        Reply::json(200, &other),
        Reply::status(404),
        Reply::json(200, &other),
    ]);
    assert_eq!(routes.get(&id).await.unwrap(), None);
    assert!(!routes.delete(&id).await.unwrap());
    assert_eq!(world.methods(), "GET DELETE GET GET DELETE GET");
}

#[tokio::test]
async fn a_name_is_looked_for_in_both_kinds() {
    let world = world();
    let routes = routes(&world);
    let bridge = json!({"id": "i-1", "name": "calls", "integrationType": {"id": "amazon-eventbridge-source"},
        "intendedState": "ENABLED"});
    world.push_all([
        cursor_page(&[seen(1)]),
        page(&[]),
        cursor_page(&[seen(1)]),
        page(&[bridge]),
        Reply::status(404),
    ]);
    assert_eq!(
        routes.find("calls").await.unwrap().unwrap().id.as_str(),
        "t-1"
    );
    let error = routes.find("calls").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn https_is_unsupported_before_anything_is_sent() {
    // errata EVR-04
    let world = world();
    let routes = for_profile(Profile::Platform, &world.client);
    let route = EventRoute::https("n", "https://hooks.example.com/")
        .with_event(TOPIC)
        .build()
        .unwrap();
    let error = world.drive(routes.ensure(&route)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("EventBridge"), "{error}");
    assert!(routes.dry_run(&route, None).await.is_err());
    assert_eq!(world.calls(), [] as [String; 0]);
}

#[tokio::test]
async fn a_thousand_look_ups_share_the_reads_of_the_list() {
    let world = world();
    let routes = routes(&world);
    world.transport.handle(|_| async {
        tokio::task::yield_now().await;
        cursor_page(&[seen(1)])
    });
    let wanted = route();
    let all = (0..1_000).map(|_| routes.ensure(&wanted));
    for ensured in futures_util::future::join_all(all).await {
        assert_eq!(ensured.unwrap().change, Change::Unchanged);
    }
    assert!(world.calls().len() <= 2, "{}", world.calls().len());
}
