//! Real sockets, real time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use genesys_auth::{ClientCredentials, OAuth, TokenCache, TokenSource, TokenWire};
use genesys_core::transport::ReqwestTransport;
use genesys_core::{ErrorKind, Hosts};
use resilience::{Backoff, Jitter, RetryPolicy};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use wiremock::matchers::{basic_auth, body_json, body_string, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const SECRET: &str = "p&s+s=w%r d";

fn cache(server: &MockServer, wire: TokenWire) -> TokenCache {
    let quick = Backoff::clamp(
        Duration::from_millis(1),
        1.0,
        Duration::from_millis(1),
        Jitter::None,
    );
    let oauth = OAuth::builder(
        Hosts::from_base(&server.uri()).unwrap(),
        ClientCredentials::new("client", SECRET).unwrap(),
    )
    .with_transport(Arc::new(ReqwestTransport::builder().build().unwrap()))
    .with_retry(
        RetryPolicy::default()
            .with_transient(quick)
            .with_throttle(quick),
    )
    .with_wire(wire)
    .build()
    .unwrap();
    TokenCache::new(oauth)
}

fn granted() -> ResponseTemplate {
    ResponseTemplate::new(200)
        .set_body_json(json!({"access_token": "t", "token_type": "Bearer", "expires_in": 300}))
}

#[tokio::test]
async fn the_platform_form_on_the_wire() {
    // errata ALL-02, RST-01, WID-02
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/oauth/token"))
        .and(basic_auth("client", SECRET))
        .and(header("content-type", "application/x-www-form-urlencoded"))
        .and(body_string("grant_type=client_credentials"))
        .respond_with(granted())
        .expect(1)
        .mount(&server)
        .await;
    let cache = cache(&server, TokenWire::Basic);
    for _ in 0..10 {
        assert_eq!(cache.token().await.unwrap().authorization(), "Bearer t");
    }
}

#[tokio::test]
async fn the_tutorial_forms_on_the_wire() {
    // errata ALL-02, WID-02
    let encoded =
        "grant_type=client_credentials&client_id=client&client_secret=p%26s%2Bs%3Dw%25r+d";
    let scope = || String::from("a:write a:read");
    let server = MockServer::start().await;
    Mock::given(path("/oauth/token"))
        .and(header("content-type", "application/x-www-form-urlencoded"))
        .and(body_string(encoded))
        .respond_with(granted())
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(path("/api/v2/oauth/token"))
        .and(header("content-type", "application/x-www-form-urlencoded"))
        .and(body_string(format!("{encoded}&scope=a%3Awrite+a%3Aread")))
        .respond_with(granted())
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(path("/oauth/token"))
        .and(header("content-type", "application/json"))
        .and(body_json(json!({
            "grant_type": "client_credentials", "client_id": "client", "client_secret": SECRET, "scope": scope(),
        })))
        .respond_with(granted())
        .expect(1)
        .mount(&server)
        .await;
    let wires = [
        TokenWire::Form,
        TokenWire::FormScope { scope: scope() },
        TokenWire::JsonScope { scope: scope() },
    ];
    for wire in wires {
        cache(&server, wire).token().await.unwrap();
    }
}

#[tokio::test]
async fn a_throttled_login_is_repeated_and_a_closed_port_is_a_connect_error() {
    // errata WID-05
    let server = MockServer::start().await;
    let throttled = json!({"error": "invalid_request", "description": "rate limit exceeded; wait"});
    Mock::given(path("/oauth/token"))
        .respond_with(ResponseTemplate::new(400).set_body_json(throttled))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    Mock::given(path("/oauth/token"))
        .respond_with(granted())
        .expect(1)
        .mount(&server)
        .await;
    cache(&server, TokenWire::Basic).token().await.unwrap();

    // A bound socket that does not listen: its port is nobody else's and refuses connections.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let base = format!("http://{}", socket.local_addr().unwrap());
    let oauth = OAuth::builder(
        Hosts::from_base(&base).unwrap(),
        ClientCredentials::new("client", SECRET).unwrap(),
    )
    .with_transport(Arc::new(ReqwestTransport::builder().build().unwrap()))
    .build()
    .unwrap();
    let error = TokenCache::new(oauth).token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(!error.was_sent());
}

#[tokio::test]
async fn token_requests_share_one_connection() {
    // errata WID-06
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    tokio::spawn({
        let connections = Arc::clone(&connections);
        async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(grant_until_closed(stream));
            }
        }
    });
    let oauth = OAuth::builder(
        Hosts::from_base(&base).unwrap(),
        ClientCredentials::new("client", SECRET).unwrap(),
    )
    .with_transport(Arc::new(ReqwestTransport::builder().build().unwrap()))
    .build()
    .unwrap();
    let cache = TokenCache::new(oauth);
    for generation in 1..=3 {
        let token = cache.token().await.unwrap();
        assert_eq!(token.generation(), generation);
        cache.invalidate(&token).await;
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

/// A login host that keeps its connections alive.
async fn grant_until_closed(stream: TcpStream) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        stream.read_exact(&mut vec![0; length]).await.unwrap();
        let body = r#"{"access_token":"t","token_type":"bearer","expires_in":300}"#;
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}
