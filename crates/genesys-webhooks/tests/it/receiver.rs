//! The receiver over real sockets.

use futures_util::StreamExt;
use genesys_core::transport::ReqwestTransport;
use genesys_core::{Transport, TransportErrorKind};
use genesys_webhooks::{
    Inbox, MAX_DELIVERY, Notification, Notifier, Status, StatusReceiver, Verifier, Watch,
};
use http::{Method, Request};
use serde_json::json;

use crate::support::key;

fn delivery() -> serde_json::Value {
    json!({"event": "integration.status.changed", "integrationId": "int-1", "oldStatus": "inactive",
        "newStatus": "active", "timestamp": "2026-01-31T12:00:00Z"})
}

fn request(
    receiver: &StatusReceiver,
    method: Method,
    content_type: &str,
    body: impl Into<bytes::Bytes>,
) -> Request<bytes::Bytes> {
    Request::builder()
        .method(method)
        .uri(receiver.url().as_url().as_str())
        .header("content-type", content_type)
        .body(body.into())
        .unwrap()
}

#[tokio::test]
async fn a_signed_notification_arrives_as_a_change() {
    // errata INT-31
    let inbox = Inbox::new().with_verifier(Verifier::new([key(1)]).unwrap());
    let receiver = StatusReceiver::start(inbox).await.unwrap();
    let mut changes = receiver.inbox().changes("int-1").await.unwrap();
    let transport: std::sync::Arc<dyn Transport> =
        std::sync::Arc::new(ReqwestTransport::builder().build().unwrap());
    let notification = Notification::json(&delivery()).unwrap();

    let receipt = Notifier::new(transport.clone(), key(1))
        .send(receiver.url(), &notification)
        .await
        .unwrap();
    assert_eq!(receipt.status.as_u16(), 200);
    assert_eq!(changes.next().await.unwrap().unwrap().new, Status::Active);

    let forged = Notifier::new(transport, key(2))
        .send(receiver.url(), &notification)
        .await
        .unwrap_err();
    assert_eq!(forged.status().unwrap().as_u16(), 401);
}

#[tokio::test]
async fn each_way_to_be_wrong_has_its_status() {
    // errata ALL-25, ALL-26
    let receiver = StatusReceiver::start(Inbox::new()).await.unwrap();
    let transport = ReqwestTransport::builder().build().unwrap();
    let good = delivery().to_string();
    for (method, content_type, body, status) in [
        (Method::POST, "application/json", good.clone(), 200),
        (Method::GET, "application/json", String::new(), 405),
        (Method::PUT, "application/json", good.clone(), 405),
        (
            Method::POST,
            "application/json",
            " ".repeat(MAX_DELIVERY + 1),
            413,
        ),
        (Method::POST, "text/plain", good.clone(), 415),
        (
            Method::POST,
            "application/json",
            "{\"event\":".to_owned(),
            400,
        ),
        (
            Method::POST,
            "application/json",
            json!({"event": "integration.status.changed"}).to_string(),
            400,
        ),
    ] {
        let answer = transport
            .send(request(&receiver, method.clone(), content_type, body))
            .await
            .unwrap();
        assert_eq!(answer.status().as_u16(), status, "{method} {content_type}");
    }
}

#[tokio::test]
async fn a_closed_receiver_takes_no_connection() {
    let receiver = StatusReceiver::start(Inbox::new()).await.unwrap();
    let request = request(
        &receiver,
        Method::POST,
        "application/json",
        delivery().to_string(),
    );
    receiver.close().await;
    let error = ReqwestTransport::builder()
        .build()
        .unwrap()
        .send(request)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Connect);
}

#[tokio::test]
async fn a_dropped_receiver_closes_its_port() {
    let receiver = StatusReceiver::start(Inbox::new()).await.unwrap();
    let address = receiver.url().as_url().socket_addrs(|| None).unwrap();
    drop(receiver);
    // The server's task notices the drop when it next runs.
    while tokio::net::TcpStream::connect(&address[..]).await.is_ok() {
        tokio::task::yield_now().await;
    }
}
