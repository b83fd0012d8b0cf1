//! The platform profile on the wire.

use genesys_core::test_util::Reply;
use genesys_core::{ErrorKind, TransportErrorKind};
use genesys_integrations::widgets::{Display, HeaderSet, WidgetError};
use genesys_integrations::{
    Change, IntegrationId, IntegrationState, IntendedState, PlatformWidgets, WidgetKind, Widgets,
};

use super::*;
use crate::support::{Rig, page};

const APPS: &str =
    "GET /api/v2/integrations?integrationType=embedded-client-app&pageSize=100&pageNumber=1";
const INTERACTIONS: &str = "GET /api/v2/integrations?integrationType=embedded-client-app-interaction-widget&pageSize=100&pageNumber=1";
const SCHEMA: &str = "GET /api/v2/integrations/types/embedded-client-app/configschemas/properties";
const CONFIG: &str = "GET /api/v2/integrations/w-1/config/current";
const PUT: &str = "PUT /api/v2/integrations/w-1/config/current";

fn app() -> WidgetBuilder {
    Widget::builder(
        WIDGET,
        "https://widgets.example.com/?env={{gcTargetEnv}}&host={{gcHostOrigin}}",
    )
    .with_dimensions(750, 500)
    .with_display(Display::Widget)
    .with_sandbox(["allow-scripts", "allow-same-origin", "allow-forms"])
}

fn platform_widget() -> Widget {
    app().build(&platform_rules()).unwrap()
}

fn platform(rig: &Rig) -> PlatformWidgets {
    PlatformWidgets::new(rig.client.clone())
}

fn schema() -> Value {
    json!({
        "$schema": "http://json-schema.org/draft-04/schema#",
        "type": "object",
        "required": ["url"],
        "properties": {
            "url": {"type": "string", "pattern": "^https://"},
            "sandbox": {"type": "string"},
            "displayType": {"type": "string", "enum": ["standalone", "widget"]},
        },
        "additionalProperties": false,
    })
}

fn seen(kind: &str, intended: &str, reported: &str) -> Value {
    json!({
        "id": "w-1",
        "name": WIDGET,
        "integrationType": {"id": kind, "name": "Client Application"},
        "intendedState": intended,
        "reportedState": {"code": reported, "effective": reported},
    })
}

fn off() -> Value {
    seen("embedded-client-app", "DISABLED", "INACTIVE")
}

fn config(version: u64) -> Value {
    json!({"id": "w-1", "name": WIDGET, "version": version, "properties": {}, "advanced": {"lifecycle": {"ephemeral": false}}, "notes": "", "credentials": {}})
}

fn properties() -> Value {
    json!({
        "url": "https://widgets.example.com/?env={{gcTargetEnv}}&host={{gcHostOrigin}}",
        "displayType": "widget",
        "sandbox": "allow-scripts,allow-same-origin,allow-forms",
    })
}

fn done(version: u64) -> Value {
    let mut done = config(version);
    let fingerprint = platform_widget().fingerprint();
    done["notes"] = json!(format!(
        "Deployed by genesys-integrations, widget {fingerprint}"
    ));
    done["properties"] = properties();
    done
}

fn empty_lists(rig: &Rig) {
    rig.push(200, page(vec![])).push(200, page(vec![]));
}

fn found(rig: &Rig, seen: Value) {
    rig.push(200, page(vec![seen])).push(200, page(vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_widget_becomes_an_integration_of_its_type_configured_in_the_validated_bytes() {
    // errata WID-18, WID-29
    let rig = Rig::new();
    empty_lists(&rig);
    rig.push(200, schema())
        .push(200, off())
        .push(200, config(1))
        .push(200, done(2))
        .push(200, off());
    let widget = platform_widget();
    let ensured = platform(&rig).ensure(&widget).await.unwrap();
    assert_eq!(
        (ensured.change, ensured.integration.state),
        (Change::Created, IntegrationState::Inactive)
    );
    assert_eq!(
        rig.lines(),
        [
            APPS,
            INTERACTIONS,
            SCHEMA,
            "POST /api/v2/integrations",
            CONFIG,
            PUT,
            "GET /api/v2/integrations/w-1",
        ]
    );
    assert_eq!(
        rig.body(3),
        json!({"name": WIDGET, "integrationType": {"id": "embedded-client-app"}})
    );
    let put = rig.body(5);
    assert_eq!(
        (&put["properties"], &put["version"]),
        (&properties(), &json!(1))
    );
    assert_eq!(put["advanced"], config(1)["advanced"], "it stays");
    assert_eq!(put["notes"], done(1)["notes"]);

    // What is shown before is what is sent, up to the version and what the platform adds of its own.
    let rig = Rig::new();
    rig.push(200, schema());
    let validation = platform(&rig).validate(&widget).await.unwrap();
    assert_eq!(rig.lines(), [SCHEMA], "validating writes nothing");
    assert_eq!(validation.unsent(), ["dimensions"]);
    let shown: Value = serde_json::from_slice(&validation.documents()[1].bytes).unwrap();
    assert_eq!(
        (&shown["properties"], &shown["notes"]),
        (&put["properties"], &put["notes"])
    );
}

#[tokio::test(start_paused = true)]
async fn what_the_platforms_own_schema_refuses_is_not_created() {
    let rig = Rig::new();
    empty_lists(&rig);
    let mut strict = schema();
    strict["properties"]["displayType"]["enum"] = json!(["standalone"]);
    rig.push(200, strict);
    let error = platform(&rig).ensure(&platform_widget()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    let source = std::error::Error::source(&error).unwrap();
    let refused = source.downcast_ref::<WidgetError>().unwrap();
    assert!(refused.has("W020"), "{refused}");
    assert_eq!(rig.lines(), [APPS, INTERACTIONS, SCHEMA]);

    // A schema that cannot be used is an error of its own, and can be left out.
    let rig = Rig::new();
    rig.push(
        200,
        json!({"$ref": "https://elsewhere.example/schema.json"}),
    );
    let error = platform(&rig)
        .validate(&platform_widget())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    let unchecked = platform(&rig).with_schema_check(false);
    assert!(
        unchecked
            .validate(&platform_widget())
            .await
            .unwrap()
            .is_accepted()
    );
    assert_eq!(rig.lines(), [SCHEMA]);
    // A type that the catalogue does not have.
    let rig = Rig::new();
    rig.push(
        404,
        json!({"message": "not found", "code": "not.found", "status": 404}),
    );
    let error = platform(&rig)
        .validate(&platform_widget())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_does_not_admit_the_regions_apps_is_refused() {
    // errata WID-28
    let rig = Rig::new();
    rig.push(200, schema());
    let headers = HeaderSet::new().with_header("Content-Security-Policy", "frame-ancestors 'none'");
    // Built under rules that know no embedder: the adapter knows its region's.
    let rules = default_rules(
        Profile::Platform,
        &Hosts::from_base("https://gateway.example").unwrap(),
    );
    let widget = app().with_headers(headers).build(&rules.unwrap()).unwrap();
    let validation = platform(&rig).validate(&widget).await.unwrap();
    assert!(!validation.is_accepted());
    let error = validation.accepted().unwrap_err();
    assert!(error.has("W640"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_is_as_defined_is_left_alone_and_what_differs_is_switched_off_and_replaced() {
    // errata ALL-18
    let rig = Rig::new();
    found(&rig, seen("embedded-client-app", "ENABLED", "ACTIVE"));
    // A property that the platform filled in by itself is no difference.
    let mut filled = done(2);
    filled["properties"]["featureCategory"] = json!("");
    rig.push(200, filled);
    let ensured = platform(&rig).ensure(&platform_widget()).await.unwrap();
    assert_eq!(
        (ensured.change, ensured.integration.state),
        (Change::Unchanged, IntegrationState::Active)
    );
    assert_eq!(rig.lines(), [APPS, INTERACTIONS, CONFIG]);

    let rig = Rig::new();
    found(&rig, seen("embedded-client-app", "ENABLED", "ACTIVE"));
    let mut other = done(4);
    other["properties"]["displayType"] = json!("standalone");
    other["properties"]["groups"] = json!(["g-1"]);
    rig.push(200, other)
        .push(200, schema())
        .push(200, off())
        .push(200, done(5))
        .push(200, off());
    let ensured = platform(&rig).ensure(&platform_widget()).await.unwrap();
    assert_eq!(ensured.change, Change::Updated);
    let lines = rig.lines();
    assert_eq!(lines[4..6], ["PATCH /api/v2/integrations/w-1", PUT]);
    assert_eq!(rig.body(4), json!({"intendedState": "DISABLED"}));
    assert_eq!(rig.body(5)["properties"], properties());
    assert_eq!(rig.body(5)["version"], 4);
}

#[tokio::test(start_paused = true)]
async fn a_stale_version_is_read_again_and_a_lost_write_is_looked_up() {
    // errata WID-30, ALL-07
    let rig = Rig::new();
    empty_lists(&rig);
    let stale = json!({"message": "The supplied version 1 does not match the current version 2", "status": 400, "code": "bad.request"});
    rig.push(200, schema())
        .push(200, off())
        .push(200, config(1))
        .push(400, stale)
        .push(200, config(2));
    rig.transport.push(Reply::fail(TransportErrorKind::Reset));
    // The client repeats a PUT by itself; the second one meets the version that the first one made.
    let newer = json!({"message": "The supplied version 2 does not match the current version 3", "status": 400, "code": "bad.request"});
    rig.push(400, newer).push(200, done(3)).push(200, off());
    let ensured = platform(&rig).ensure(&platform_widget()).await.unwrap();
    assert_eq!(ensured.change, Change::Created);
    let versions: Vec<_> = rig
        .lines()
        .iter()
        .enumerate()
        .filter(|(_, line)| *line == PUT)
        .map(|(index, _)| rig.body(index)["version"].as_u64().unwrap())
        .collect();
    assert_eq!(versions, [1, 2, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_cannot_be_configured_is_taken_back() {
    // errata WID-32, ALL-19
    let rig = Rig::new();
    empty_lists(&rig);
    rig.push(200, schema())
        .push(200, off())
        .push(200, config(1))
        .push(
            403,
            json!({"message": "no", "code": "missing.permissions", "status": 403}),
        )
        .push(200, off());
    let error = platform(&rig).ensure(&platform_widget()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert_eq!(
        rig.lines().last().unwrap(),
        "DELETE /api/v2/integrations/w-1"
    );
}

#[tokio::test(start_paused = true)]
async fn a_widget_of_another_kind_is_not_overwritten() {
    let rig = Rig::new();
    rig.push(200, page(vec![])).push(
        200,
        page(vec![seen(
            WidgetKind::Interaction.type_id(),
            "ENABLED",
            "ACTIVE",
        )]),
    );
    let error = platform(&rig).ensure(&platform_widget()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(rig.lines(), [APPS, INTERACTIONS]);
}

#[tokio::test(start_paused = true)]
async fn activation_sets_the_intended_state_and_waits_for_the_reported_one() {
    // errata WID-30
    let rig = Rig::new();
    let kind = "embedded-client-app";
    rig.push(200, seen(kind, "ENABLED", "INACTIVE"))
        .push(200, seen(kind, "ENABLED", "ACTIVATING"))
        .push(200, seen(kind, "ENABLED", "ACTIVE"));
    let id = IntegrationId::new("w-1").unwrap();
    let change = platform(&rig)
        .set_state(&id, IntendedState::Enabled)
        .await
        .unwrap();
    assert_eq!(change.reported, IntegrationState::Active);
    assert_eq!(rig.body(0), json!({"intendedState": "ENABLED"}));
}

#[tokio::test(start_paused = true)]
async fn other_integrations_are_no_widgets() {
    let rig = Rig::new();
    let id = IntegrationId::new("w-1").unwrap();
    rig.push(200, seen("custom-rest-actions", "ENABLED", "ACTIVE"));
    assert_eq!(platform(&rig).get(&id).await.unwrap(), None);
    // A server that ignores the filter does not make its other integrations widgets.
    let other = seen("custom-rest-actions", "ENABLED", "ACTIVE");
    rig.push(200, page(vec![other.clone(), off()]))
        .push(200, page(vec![other, off()]));
    assert_eq!(platform(&rig).list().all().await.unwrap().len(), 1);
    found(&rig, off());
    rig.push(200, off());
    assert!(platform(&rig).purge(WIDGET).await.unwrap());
}
