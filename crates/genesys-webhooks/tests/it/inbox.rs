//! Watching by deliveries.

use std::sync::Arc;

use futures_util::{FutureExt, StreamExt};
use genesys_core::ErrorKind;
use genesys_webhooks::{
    Inbox, MAX_DELIVERY, MessageId, RejectedKind, Status, StatusSource, Verifier, Watch,
};
use http::{HeaderMap, HeaderValue};
use resilience::Clock;
use resilience::test_util::FakeClock;
use serde_json::{Value, json};

use crate::support::key;

fn headers(content_type: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static(content_type),
    )])
}

fn delivery(id: &str, old: &str, new: &str) -> Value {
    json!({"event": "integration.status.changed", "integrationId": id, "oldStatus": old, "newStatus": new,
        "timestamp": "2026-01-31T12:00:00Z", "addedLater": {"x": [1]}})
}

fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

#[tokio::test]
async fn a_delivery_reaches_everyone_who_watches_that_integration() {
    // errata INT-03
    let inbox = Inbox::new();
    let mut first = inbox.changes("int-1").await.unwrap();
    let mut second = inbox.changes("int-1").await.unwrap();
    let mut other = inbox.changes("int-2").await.unwrap();
    let json = headers("application/json; charset=utf-8");
    inbox
        .accept(&json, &bytes(&delivery("int-1", "inactive", "active")))
        .unwrap()
        .unwrap();
    for changes in [&mut first, &mut second] {
        let change = changes.next().await.unwrap().unwrap();
        assert_eq!(
            (change.old, change.new, change.source),
            (Status::Inactive, Status::Active, StatusSource::Delivery)
        );
    }
    assert!(other.next().now_or_never().is_none());
    drop(inbox);
    assert!(first.next().await.is_none());
    assert!(Inbox::new().changes("").await.is_err());
}

#[test]
fn an_event_of_another_name_is_taken_and_not_looked_at() {
    let validation = json!({"event": "webhook.validation", "timestamp": 7});
    assert_eq!(
        Inbox::new().accept(&headers("application/json"), &bytes(&validation)),
        Ok(None)
    );
}

#[test]
fn what_is_not_understood_is_rejected_with_its_path_and_without_its_value() {
    // errata ALL-15, ALL-16, ALL-25
    let inbox = Inbox::new();
    let good = delivery("int-1", "inactive", "active");
    let without = |member: &str| {
        let mut value = good.clone();
        value.as_object_mut().unwrap().remove(member);
        bytes(&value)
    };
    let with = |member: &str, changed: Value| {
        let mut value = good.clone();
        value[member] = changed;
        bytes(&value)
    };
    for (body, part) in [
        (b"".to_vec(), ""),
        (b"{".to_vec(), ""),
        (b"[1]".to_vec(), ""),
        (b"\xff\xfe".to_vec(), ""),
        (
            [bytes(&good), bytes(&good)].concat(),
            "more than one JSON value",
        ),
        (without("event"), "missing field `event`"),
        (without("integrationId"), "missing field `integrationId`"),
        (without("newStatus"), "missing field `newStatus`"),
        (
            with("oldStatus", json!({"secret": "hunter2"})),
            "at oldStatus",
        ),
        (with("timestamp", json!("hunter2")), "`timestamp`"),
        (with("integrationId", json!("")), "empty `integrationId`"),
    ] {
        let rejected = inbox
            .accept(&headers("application/json"), &body)
            .unwrap_err();
        assert_eq!(
            (rejected.kind(), rejected.status().as_u16()),
            (RejectedKind::Malformed, 400)
        );
        let text = rejected.to_string();
        assert!(text.contains(part) && !text.contains("hunter2"), "{text}");
    }
}

#[test]
fn size_and_content_type_come_first() {
    // errata ALL-25
    let inbox = Inbox::new();
    let rejected = inbox
        .accept(&headers("application/json"), &vec![b' '; MAX_DELIVERY + 1])
        .unwrap_err();
    assert_eq!(
        (rejected.kind(), rejected.status().as_u16()),
        (RejectedKind::TooLarge, 413)
    );
    for headers in [
        headers("text/plain"),
        headers("application/x-www-form-urlencoded"),
        HeaderMap::new(),
    ] {
        let rejected = inbox.accept(&headers, b"{}").unwrap_err();
        assert_eq!(
            (rejected.kind(), rejected.status().as_u16()),
            (RejectedKind::ContentType, 415)
        );
    }
}

#[tokio::test]
async fn a_watcher_that_is_too_slow_is_told_and_the_others_are_not_held_up() {
    let inbox = Inbox::new();
    let mut slow = inbox.changes("int-1").await.unwrap();
    for round in 0..300 {
        inbox
            .accept(
                &headers("application/json"),
                &bytes(&delivery("int-1", "a", &format!("s{round}"))),
            )
            .unwrap();
    }
    let error = slow.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(
        error.to_string().contains("44 deliveries were missed"),
        "{error}"
    );
    assert!(slow.next().await.is_none());
}

#[tokio::test]
async fn a_verifying_inbox_takes_nothing_unsigned() {
    // errata INT-31
    let clock = FakeClock::new();
    let verifier = Verifier::new([key(1)])
        .unwrap()
        .with_clock(Arc::new(clock.clone()));
    let inbox = Inbox::new().with_verifier(verifier);
    let mut changes = inbox.changes("int-1").await.unwrap();
    let body = bytes(&delivery("int-1", "inactive", "active"));
    let mut signed = headers("application/json");
    assert_eq!(
        inbox.accept(&signed, &body).unwrap_err().kind(),
        RejectedKind::Header
    );

    let now = clock
        .wall()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let id = MessageId::new("msg_1").unwrap();
    signed.insert("webhook-id", HeaderValue::from_static("msg_1"));
    signed.insert("webhook-timestamp", HeaderValue::from(now));
    signed.insert(
        "webhook-signature",
        key(2).sign(&id, now, &body).parse().unwrap(),
    );
    let rejected = inbox.accept(&signed, &body).unwrap_err();
    assert_eq!(
        (rejected.kind(), rejected.status().as_u16()),
        (RejectedKind::Signature, 401)
    );
    assert!(changes.next().now_or_never().is_none());

    signed.insert(
        "webhook-signature",
        key(1).sign(&id, now, &body).parse().unwrap(),
    );
    assert!(inbox.accept(&signed, &body).unwrap().is_some());
    assert!(changes.next().await.unwrap().is_ok());
}
