//! The reqwest transport against raw listeners: resets, cut bodies, redirects, limits.

use std::sync::Arc;
use std::time::Duration;

use genesys_core::transport::ReqwestTransport;
use genesys_core::vocabulary::{Bytes, RetryPolicy};
use genesys_core::{Client, ErrorKind, Hosts, StaticToken, Transport, TransportErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What the server does with a connection once the request's head has arrived.
#[derive(Debug, Clone, Copy)]
pub enum Deed {
    Reset,
    Close,
    Answer(&'static str),
    Stall,
}

pub async fn serve(deed: Deed) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.windows(4).any(|window| window == b"\r\n\r\n") {
                    if socket.read_buf(&mut head).await.unwrap_or(0) == 0 {
                        return;
                    }
                }
                match deed {
                    // Zero linger turns the close into a true reset.
                    Deed::Reset => socket.set_zero_linger().unwrap(),
                    Deed::Close => {}
                    Deed::Answer(text) => {
                        let _ = socket.write_all(text.as_bytes()).await;
                        let _ = socket.shutdown().await;
                    }
                    Deed::Stall => std::future::pending().await,
                }
            });
        }
    });
    format!("http://{address}")
}

async fn send(
    transport: &ReqwestTransport,
    base: &str,
) -> Result<http::Response<Bytes>, TransportErrorKind> {
    let request = http::Request::get(format!("{base}/x?secret=1"))
        .body(Bytes::new())
        .unwrap();
    transport.send(request).await.map_err(|error| {
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("secret=1"), "{shown}");
        error.kind()
    })
}

#[tokio::test]
async fn every_way_to_fail_is_told_apart() {
    // errata ALL-13
    let transport = ReqwestTransport::builder()
        .with_body_limit(64)
        .build()
        .unwrap();
    let cases = [
        (Deed::Reset, TransportErrorKind::Reset),
        (Deed::Close, TransportErrorKind::Reset),
        (
            Deed::Answer("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{\"cut\":"),
            TransportErrorKind::Truncated,
        ),
        (
            Deed::Answer("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"cut\r\n"),
            TransportErrorKind::Truncated,
        ),
        (
            Deed::Answer("HTTP/1.1 200 OK\r\ncontent-length: 65\r\n\r\n"),
            TransportErrorKind::BodyTooLarge,
        ),
        (
            Deed::Answer(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n80\r\n0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\r\n0\r\n\r\n",
            ),
            TransportErrorKind::BodyTooLarge,
        ),
    ];
    for (deed, kind) in cases {
        let base = serve(deed).await;
        assert_eq!(send(&transport, &base).await.unwrap_err(), kind, "{deed:?}");
    }
    let unused = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    assert_eq!(
        send(&transport, &unused).await.unwrap_err(),
        TransportErrorKind::Connect
    );
}

#[tokio::test]
async fn a_redirect_is_an_error_of_the_call_and_followed_by_nobody() {
    // errata ALL-14
    let target = serve(Deed::Answer(
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
    ))
    .await;
    let text: &'static str = Box::leak(
        format!("HTTP/1.1 302 Found\r\nlocation: {target}/stolen\r\ncontent-length: 0\r\n\r\n")
            .into_boxed_str(),
    );
    let base = serve(Deed::Answer(text)).await;
    let error = client(&base)
        .get("/x")
        .json::<serde_json::Value>()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Redirect);
}

#[tokio::test]
async fn a_stalled_answer_ends_at_the_attempt_limit() {
    let base = serve(Deed::Stall).await;
    let error = client(&base)
        .get("/x")
        .attempt_timeout(Duration::from_millis(50))
        .empty()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn a_connection_goes_back_to_the_pool_after_an_error_status() {
    // errata ALL-13, EVR-29, RST-41
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        for status in ["500 Oops", "404 Not Found", "200 OK"] {
            let mut head = Vec::new();
            while !head.windows(4).any(|window| window == b"\r\n\r\n") {
                assert_ne!(socket.read_buf(&mut head).await.unwrap(), 0);
            }
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
            );
            socket.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let client = client(&base);
    client.get("/x").empty().await.unwrap_err();
    client.get("/x").empty().await.unwrap_err();
    client.get("/x").empty().await.unwrap();
    // The one connection that was accepted carried all three.
    server.await.unwrap();
}

#[tokio::test]
async fn a_body_in_gzip_is_read_like_any_other() {
    let server = wiremock::MockServer::start().await;
    // `{"ok":true}` by gzip.
    let gzip: &[u8] = &[
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xab, 0x56, 0xca, 0xcf, 0x56,
        0xb2, 0x2a, 0x29, 0x2a, 0x4d, 0xad, 0x05, 0x00, 0x90, 0x5f, 0xd4, 0xa7, 0x0b, 0x00, 0x00,
        0x00,
    ];
    wiremock::Mock::given(wiremock::matchers::any())
        .respond_with(
            wiremock::ResponseTemplate::new(200)
                .insert_header("content-encoding", "gzip")
                .set_body_raw(gzip, "application/json"),
        )
        .mount(&server)
        .await;
    let answer: serde_json::Value = client(&server.uri()).get("/x").json().await.unwrap();
    assert_eq!(answer["ok"], true);
}

#[tokio::test]
async fn https_without_a_tls_feature_is_an_error_and_a_wrong_root_too() {
    let result = ReqwestTransport::builder()
        .with_root_certificates_pem("no pem")
        .build();
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Config);
    let result = ReqwestTransport::builder().with_proxy("::no url::").build();
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Config);
}

fn client(base: &str) -> Client {
    Client::builder(Hosts::from_base(base).unwrap())
        .with_token_source(StaticToken::new("token".into()).unwrap())
        .with_transport(Arc::new(ReqwestTransport::builder().build().unwrap()))
        .with_retry(RetryPolicy::none())
        .build()
        .unwrap()
}
