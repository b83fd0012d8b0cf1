//! The guide profile on the wire.

use genesys_core::test_util::Reply;
use genesys_core::{ErrorKind, TransportErrorKind};
use genesys_integrations::{
    Change, GuideWidgets, IntegrationId, IntegrationState, IntendedState, Widgets,
};

use super::*;
use crate::support::{Rig, page, seconds};

const LIST: &str = "GET /api/v2/integrations?pageSize=100&pageNumber=1";
const POST: &str = "POST /api/v2/integrations";
const PATCH: &str = "PATCH /api/v2/integrations/w-1";

fn guide(rig: &Rig) -> GuideWidgets {
    GuideWidgets::new(rig.client.clone())
}

fn id() -> IntegrationId {
    IntegrationId::new("w-1").unwrap()
}

/// A definition of document 000, which the same collection lists.
fn definition() -> Value {
    json!({"id": "i-9", "name": WIDGET, "integrationType": "Custom", "endpoint": "https://a.example"})
}

#[tokio::test(start_paused = true)]
async fn the_bytes_that_were_validated_are_the_bytes_that_are_sent() {
    // errata WID-18, ALL-18
    let rig = Rig::new();
    rig.push(200, page(vec![definition()]))
        .push(201, json!({"id": "w-1", "name": WIDGET}));
    let widget = widget();
    let ensured = guide(&rig).ensure(&widget).await.unwrap();
    assert_eq!(
        (ensured.change, ensured.integration.id),
        (Change::Created, id())
    );
    assert_eq!(rig.lines(), [LIST, POST]);
    let sent = &rig.transport.sent()[1];
    assert_eq!(sent.body, widget.document());
    assert_eq!(sent.headers["content-type"], "application/json");
    let validated = guide(&rig).validate(&widget).await.unwrap();
    assert_eq!(&*validated.documents()[0].bytes, widget.document());
}

#[tokio::test(start_paused = true)]
async fn what_is_as_defined_is_left_alone_and_what_differs_is_replaced_inactive() {
    // errata ALL-18
    let rig = Rig::new();
    rig.push(200, page(vec![object("active")]));
    let ensured = guide(&rig).ensure(&widget()).await.unwrap();
    assert_eq!(
        (ensured.change, ensured.integration.state),
        (Change::Unchanged, IntegrationState::Active)
    );
    let mut other = object("active");
    other["settings"]["dimensions"]["height"] = json!(400);
    rig.push(200, page(vec![other]))
        .push(200, object("inactive"));
    let ensured = guide(&rig).ensure(&widget()).await.unwrap();
    assert_eq!(
        (ensured.change, ensured.integration.state),
        (Change::Updated, IntegrationState::Inactive)
    );
    assert_eq!(rig.lines()[2], "PUT /api/v2/integrations/w-1");
    assert_eq!(rig.body(2)["status"], "inactive");

    rig.push(200, page(vec![object("active"), object("inactive")]));
    let error = guide(&rig).ensure(&widget()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_an_id_is_an_error_and_no_call_on_the_collection_follows() {
    // errata WID-31, ALL-15, ALL-17
    for answer in [json!({"name": WIDGET}), json!({"id": "", "name": WIDGET})] {
        let rig = Rig::new();
        rig.push(200, page(vec![])).push(201, answer);
        for _ in 0..8 {
            rig.push(200, page(vec![])).push(201, json!({}));
        }
        let error = guide(&rig).ensure(&widget()).await.unwrap_err();
        assert_eq!(error.cause(), ErrorKind::Decode, "{error:?}");
        assert!(
            rig.lines().iter().all(|line| line == LIST || line == POST),
            "{:?}",
            rig.lines()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_creation_whose_answer_is_lost_is_looked_up_and_not_repeated() {
    // errata WID-11, ALL-07
    let rig = Rig::new();
    rig.push(200, page(vec![]));
    rig.transport.push(Reply::fail(TransportErrorKind::Reset));
    rig.push(200, page(vec![object("inactive")]));
    let ensured = guide(&rig).ensure(&widget()).await.unwrap();
    assert_eq!(ensured.change, Change::Created);
    assert_eq!(rig.lines(), [LIST, POST, LIST]);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_creation_has_four_attempts_and_keeps_the_last_answer() {
    // errata WID-08, WID-09, WID-10, WID-14
    let rig = Rig::new();
    rig.push(200, page(vec![]));
    for wait in ["7", "1", "2", "3"] {
        rig.transport.push(
            Reply::json(429, &json!({"message": "slow down", "status": 429}))
                .with_header("retry-after", wait),
        );
    }
    let started = rig.now();
    let error = guide(&rig).ensure(&widget()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status().map(|status| status.as_u16())),
        (ErrorKind::RateLimited, Some(429))
    );
    assert_eq!(error.attempts().len(), 4);
    assert_eq!(rig.lines().iter().filter(|line| *line == POST).count(), 4);
    assert!(rig.since(started) >= seconds(7 + 1 + 2));
}

#[tokio::test(start_paused = true)]
async fn an_activation_has_three_attempts_with_growing_pauses() {
    // errata WID-07, ALL-08, ALL-11
    let rig = Rig::new();
    for _ in 0..3 {
        rig.transport.push(Reply::fail(TransportErrorKind::Connect));
    }
    let widgets = guide(&rig);
    let error = widgets
        .set_state(&id(), IntendedState::Enabled)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(rig.lines(), [PATCH; 3]);
    assert_eq!(error.attempts().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_activation_is_confirmed_by_what_is_reported() {
    let rig = Rig::new();
    rig.push(200, json!({"id": "w-1", "name": WIDGET}))
        .push(200, object("inactive"))
        .push(200, object("active"));
    let change = guide(&rig)
        .set_state(&id(), IntendedState::Enabled)
        .await
        .unwrap();
    assert_eq!(change.reported, IntegrationState::Active);
    assert_eq!(rig.body(0), json!({"status": "active"}));
    let read = "GET /api/v2/integrations/w-1";
    assert_eq!(rig.lines(), [PATCH, read, read]);
}

#[tokio::test(start_paused = true)]
async fn only_widgets_are_seen_and_purged() {
    let rig = Rig::new();
    rig.push(200, page(vec![definition(), object("active")]));
    let listed = guide(&rig).list().all().await.unwrap();
    assert_eq!(listed.len(), 1);
    assert!(listed[0].created_at.is_some());
    rig.push(200, definition());
    assert_eq!(guide(&rig).get(&id()).await.unwrap(), None);
    rig.push(200, page(vec![definition(), object("active")]));
    rig.transport.push(Reply::status(204));
    assert!(guide(&rig).purge(WIDGET).await.unwrap());
    assert_eq!(rig.lines()[3], "DELETE /api/v2/integrations/w-1");
    rig.push(200, page(vec![definition()]));
    assert!(!guide(&rig).purge(WIDGET).await.unwrap());
}

/// A payload that has no JSON form.
struct Unencodable;

impl serde::Serialize for Unencodable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("not today"))
    }
}

#[tokio::test(start_paused = true)]
async fn a_payload_that_cannot_be_encoded_is_an_error_and_is_not_sent_empty() {
    // errata WID-33
    let rig = Rig::new();
    let call = rig
        .client
        .patch("/api/v2/integrations/{id}")
        .segment("id", "w-1")
        .with_json(&Unencodable);
    let error = call.empty().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(rig.lines().is_empty());
}
