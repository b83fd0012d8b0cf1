//! The guarded transport: what its refusals and failures mean for a retry.

use std::sync::Arc;
use std::time::Duration;

use endpoint_probe::{EgressPolicy, Error as GuardError, Guard, GuardedClient};
use genesys_core::transport::GuardedTransport;
use genesys_core::vocabulary::{Bytes, RetryPolicy};
use genesys_core::{Client, ErrorKind, Hosts, StaticToken, Transport, TransportErrorKind};
use url::Url;

use crate::wire::{Deed, serve};

fn transport(base: &str) -> GuardedTransport {
    let base: Url = base.parse().unwrap();
    let policy = EgressPolicy::new()
        .allow_plain_http_to_loopback()
        .allow_port(base.port().unwrap_or(443));
    let client = GuardedClient::builder(Guard::system(policy))
        .with_body_limit(64)
        .with_total_timeout(Duration::from_millis(500))
        .with_max_redirects(5);
    GuardedTransport::new(client.build().unwrap())
}

async fn kind(transport: &GuardedTransport, base: &str) -> TransportErrorKind {
    let request = http::Request::get(format!("{base}/x?secret=hush"))
        .body(Bytes::new())
        .unwrap();
    let error = transport.send(request).await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("hush"), "{shown}");
    error.kind()
}

#[tokio::test]
async fn every_failure_keeps_its_retry_class() {
    // errata ALL-07, ALL-13
    use TransportErrorKind as Kind;

    let cases = [
        (Deed::Reset, Kind::Reset),
        (Deed::Close, Kind::Reset),
        (Deed::Stall, Kind::Timeout),
        (
            Deed::Answer("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{\"cut\":"),
            Kind::Truncated,
        ),
        (
            Deed::Answer("HTTP/1.1 200 OK\r\ncontent-length: 65\r\n\r\n"),
            Kind::BodyTooLarge,
        ),
        (Deed::Answer("what is HTTP?\r\n\r\n"), Kind::Other),
    ];
    for (deed, expected) in cases {
        let base = serve(deed).await;
        assert_eq!(kind(&transport(&base), &base).await, expected, "{deed:?}");
    }
    let unused = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    assert_eq!(kind(&transport(&unused), &unused).await, Kind::Connect);
}

#[tokio::test]
async fn what_the_guard_refuses_is_asked_once_and_says_why() {
    // errata ALL-27
    let base = serve(Deed::Answer(
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
    ))
    .await;
    let strict = transport("https://elsewhere.example.com");
    assert_eq!(kind(&strict, &base).await, TransportErrorKind::Request);

    let client = |transport: GuardedTransport| {
        Client::builder(Hosts::from_base(&base).unwrap())
            .with_token_source(StaticToken::new("a token".into()).unwrap())
            .with_transport(Arc::new(transport))
            .with_retry(RetryPolicy::default())
            .build()
            .unwrap()
    };
    let error = client(strict).get("/x").empty().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(error.attempts().len(), 1);
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    assert!(
        cause.is::<GuardError>() || cause.to_string().contains("blocked"),
        "{cause}"
    );
    assert!(client(transport(&base)).get("/x").empty().await.is_ok());
}

#[tokio::test]
async fn a_redirect_is_not_followed_whatever_the_client_was_told() {
    // errata ALL-14
    let base = serve(Deed::Answer(
        "HTTP/1.1 302 Found\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n",
    ))
    .await;
    let request = http::Request::get(&base).body(Bytes::new()).unwrap();
    let answer = transport(&base).send(request).await.unwrap();
    assert_eq!(answer.status(), 302);
}
