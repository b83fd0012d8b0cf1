//! Routes to EventBridge, by integrations of its type.

use genesys_core::ErrorKind;
use genesys_core::test_util::Reply;
use genesys_core::transport::TransportErrorKind;
use genesys_routing::{
    Change, EventBridgeTarget, EventRoute, EventRoutes, PlatformRoutes, RouteId, RouteState,
    WorkflowTarget,
};
use serde_json::{Value, json};

use crate::support::{World, cursor_page, page, with, world};

const TOPIC: &str = "v2.detail.events.conversation.{id}.customer.end";
const INTEGRATIONS: &str = "/api/v2/integrations";

fn to(suffix: &str) -> EventRoute {
    let target = EventBridgeTarget::new("123456789012", "eu-west-1", suffix);
    EventRoute::event_bridge("calls", target)
        .with_event(TOPIC)
        .with_event("v2.flows.{id}")
        .build()
        .unwrap()
}

fn route() -> EventRoute {
    to("calls")
}

fn integration(intended: &str, code: &str) -> Value {
    json!({"id": "i-1", "name": "calls", "integrationType": {"id": "amazon-eventbridge-source", "name": "x"},
        "intendedState": intended, "reportedState": {"code": code, "detail": {"message": "waiting for AWS"}}})
}

fn bare(version: u64) -> Value {
    json!({"id": "c-1", "name": "", "version": version, "properties": {}, "advanced": {}, "notes": "", "credentials": {}})
}

fn configured(version: u64, suffix: &str) -> Value {
    with(
        bare(version),
        json!({"name": "calls", "notes": "made by hand",
        "properties": {"awsAccountId": "123456789012", "awsAccountRegion": "eu-west-1", "eventSourceSuffix": suffix,
            // The platform may answer them in another order.
            "eventFilter": ["v2.flows.{id}", TOPIC], "filledIn": true}}),
    )
}

fn routes(world: &World) -> PlatformRoutes {
    PlatformRoutes::new(world.client.clone())
}

#[tokio::test]
async fn creating_configures_and_switches_on() {
    // errata EVR-04, ALL-18
    let world = world();
    let routes = routes(&world);
    world.push_all([
        page(&[]),
        Reply::json(200, &integration("DISABLED", "INACTIVE")),
        // It cannot be read at once.
        Reply::status(404),
        Reply::json(200, &bare(1)),
        Reply::json(200, &configured(2, "calls")),
        Reply::json(200, &integration("ENABLED", "ACTIVATING")),
        Reply::json(200, &configured(2, "calls")),
    ]);
    let ensured = world.drive(routes.ensure(&route())).await.unwrap();
    assert_eq!(ensured.change, Change::Created);
    assert_eq!(ensured.deployed.route, Some(route()));
    assert_eq!(ensured.deployed.version, Some(2));
    assert_eq!(ensured.deployed.state, RouteState::Changing);
    assert_eq!(ensured.deployed.detail.as_deref(), Some("waiting for AWS"));
    assert_eq!(
        world.calls(),
        [
            format!("GET {INTEGRATIONS}"),
            format!("POST {INTEGRATIONS}"),
            format!("GET {INTEGRATIONS}/i-1/config/current"),
            format!("GET {INTEGRATIONS}/i-1/config/current"),
            format!("PUT {INTEGRATIONS}/i-1/config/current"),
            format!("PATCH {INTEGRATIONS}/i-1"),
            format!("GET {INTEGRATIONS}/i-1/config/current"),
        ]
    );
    assert_eq!(
        world.body(1),
        json!({"name": "calls", "integrationType": {"id": "amazon-eventbridge-source"}})
    );
    assert_eq!(
        world.body(4),
        json!({"name": "calls", "version": 1, "notes": "", "advanced": {}, "credentials": {}, "properties": {
            "awsAccountId": "123456789012", "awsAccountRegion": "eu-west-1", "eventSourceSuffix": "calls",
            "eventFilter": [TOPIC, "v2.flows.{id}"]}})
    );
    assert_eq!(world.body(5), json!({"intendedState": "ENABLED"}));
}

#[tokio::test]
async fn ensuring_again_changes_nothing_and_a_difference_is_written_over() {
    // errata EVR-25
    let world = world();
    let routes = routes(&world);
    let on = integration("ENABLED", "ACTIVE");
    world.push_all([
        page(std::slice::from_ref(&on)),
        Reply::json(200, &configured(2, "calls")),
    ]);
    assert_eq!(
        world.drive(routes.ensure(&route())).await.unwrap().change,
        Change::Unchanged
    );
    world.push_all([
        page(std::slice::from_ref(&on)),
        Reply::json(200, &configured(2, "calls")),
        Reply::json(200, &configured(2, "calls")),
        Reply::json(200, &configured(3, "other")),
        Reply::json(200, &on),
        Reply::json(200, &configured(3, "other")),
    ]);
    assert_eq!(
        world
            .drive(routes.ensure(&to("other")))
            .await
            .unwrap()
            .change,
        Change::Updated
    );
    let put = world.body(5);
    assert_eq!(
        (&put["version"], &put["notes"]),
        (&json!(2), &json!("made by hand"))
    );
    assert_eq!(put["properties"]["filledIn"], Value::Null);
}

#[tokio::test]
async fn one_that_is_off_is_switched_on() {
    let world = world();
    world.push_all([
        page(&[integration("DISABLED", "INACTIVE")]),
        Reply::json(200, &configured(2, "calls")),
        Reply::json(200, &configured(2, "calls")),
        Reply::json(200, &configured(3, "calls")),
        Reply::json(200, &integration("ENABLED", "ACTIVE")),
        Reply::json(200, &configured(3, "calls")),
    ]);
    let ensured = world.drive(routes(&world).ensure(&route())).await.unwrap();
    assert_eq!(
        (ensured.change, ensured.deployed.enabled),
        (Change::Updated, true)
    );
}

#[tokio::test]
async fn what_fails_halfway_is_removed() {
    // errata ALL-19
    let world = world();
    world.push_all([
        page(&[]),
        Reply::json(200, &integration("DISABLED", "INACTIVE")),
        Reply::json(200, &bare(1)),
        Reply::json(400, &json!({"message": "awsAccountId is not yours"})),
        Reply::status(204),
    ]);
    let error = world
        .drive(routes(&world).ensure(&route()))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadRequest);
    assert_eq!(
        world.calls().last().unwrap(),
        &format!("DELETE {INTEGRATIONS}/i-1")
    );
}

#[tokio::test]
async fn a_creation_whose_answer_is_lost_is_found_and_finished() {
    // errata ALL-07, ALL-18
    let world = world();
    world.push_all([
        page(&[]),
        Reply::fail(TransportErrorKind::Reset),
        page(&[integration("DISABLED", "INACTIVE")]),
        Reply::json(200, &bare(1)),
        Reply::json(200, &bare(1)),
        Reply::json(200, &configured(2, "calls")),
        Reply::json(200, &integration("ENABLED", "ACTIVE")),
        Reply::json(200, &configured(2, "calls")),
    ]);
    let ensured = world.drive(routes(&world).ensure(&route())).await.unwrap();
    assert_eq!(ensured.change, Change::Created);
    assert_eq!(world.methods().matches("POST").count(), 1);
}

#[tokio::test]
async fn a_stale_configuration_is_read_again() {
    // errata EVR-25
    let world = world();
    let on = integration("ENABLED", "ACTIVE");
    world.push_all([
        page(std::slice::from_ref(&on)),
        Reply::json(200, &configured(2, "old")),
        // Somebody writes between the two reads: the version that was compared is the one that is named.
        Reply::json(200, &configured(3, "older")),
        Reply::status(409),
        Reply::json(200, &on),
        Reply::json(200, &configured(3, "older")),
        Reply::json(200, &configured(3, "older")),
        Reply::json(200, &configured(4, "calls")),
        Reply::json(200, &on),
        Reply::json(200, &configured(4, "calls")),
    ]);
    let ensured = world.drive(routes(&world).ensure(&route())).await.unwrap();
    assert_eq!(
        (ensured.change, ensured.deployed.version),
        (Change::Updated, Some(4))
    );
    assert_eq!(
        (&world.body(3)["version"], &world.body(7)["version"]),
        (&json!(2), &json!(3))
    );
}

#[tokio::test]
async fn both_kinds_are_listed_and_one_cannot_become_the_other() {
    let world = world();
    let routes = routes(&world);
    let other = json!({"id": "i-9", "name": "x", "integrationType": {"id": "webhook"}});
    world.push_all([
        cursor_page(&[
            json!({"id": "t-1", "name": "t", "topicName": TOPIC, "enabled": true, "version": 1}),
        ]),
        page(&[integration("ENABLED", "ERROR"), other]),
        Reply::json(200, &configured(2, "calls")),
    ]);
    let listed = routes.list().await.unwrap();
    let found: Vec<(&str, RouteState, bool)> = listed
        .iter()
        .map(|route| (route.id.as_str(), route.state, route.route.is_some()))
        .collect();
    assert_eq!(
        found,
        [
            ("t-1", RouteState::Active, false),
            ("i-1", RouteState::Failed, true)
        ]
    );
    let workflow = EventRoute::workflow("calls", WorkflowTarget::new("f"))
        .with_event(TOPIC)
        .build()
        .unwrap();
    let error = routes.update(&listed[1], &workflow).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    // The id is that of an integration.
    world.push_all([
        Reply::status(404),
        Reply::json(200, &integration("ENABLED", "ACTIVE")),
        Reply::status(204),
    ]);
    assert!(routes.delete(&RouteId::new("i-1").unwrap()).await.unwrap());
}
